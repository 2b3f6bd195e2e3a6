"""Scans when they are due: timers, credits, and a scan from its begin to its commit."""
