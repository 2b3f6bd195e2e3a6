"""Tests of daemon/supervision."""
