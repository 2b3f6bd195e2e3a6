"""Tests of daemon/scheduling."""
