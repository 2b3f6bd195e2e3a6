"""Tests of watcher.alerting."""
