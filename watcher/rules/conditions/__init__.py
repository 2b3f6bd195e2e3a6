"""The operators of conditions, one file a family."""
