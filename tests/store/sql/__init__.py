"""Tests of store/sql."""
