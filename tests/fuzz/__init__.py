"""Hostile input without end: strategies, what must hold for each input, and long runs.

The suite runs a few hundred inputs each (``test_fuzz.py``); ``python -m tests.fuzz`` as many as
it is asked for.
"""
