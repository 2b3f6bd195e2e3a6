"""Tests of watcher.alerting.ruletests."""
