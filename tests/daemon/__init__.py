"""Tests of watcher.daemon."""
