"""Faults that really happen, and what the daemon makes of them."""
