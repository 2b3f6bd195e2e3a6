"""Tests of store/memory."""
