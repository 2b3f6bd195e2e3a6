"""Tests of the store, on real SQLite: in files where files matter, else in memory."""
