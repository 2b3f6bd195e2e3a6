"""Tests of rules/files."""
