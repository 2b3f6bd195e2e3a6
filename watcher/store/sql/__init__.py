"""Statements that every engine shares."""
