"""Tests of who may open the page, and of what they write."""
