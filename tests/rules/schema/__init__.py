"""Tests of rules/schema."""
