"""Tests mirror the modules."""
