"""Faults that really happen to the real daemon: kills, and reloads under load."""
