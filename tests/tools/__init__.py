"""The tools around the code, and the files that others' programs read."""
