"""Tests of the way from a stored message to a service."""
