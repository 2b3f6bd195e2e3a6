"""Tests of ``watcher source``."""
