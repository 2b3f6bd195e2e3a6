"""Tests of watcher.analysis.ruletests."""
