"""Tests of ``watcher.store.copying``."""
