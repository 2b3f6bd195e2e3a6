"""Tests of the books that a daemon holds on a server."""
