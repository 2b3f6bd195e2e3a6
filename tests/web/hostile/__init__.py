"""A hostile visitor, on every page by itself: the addresses come from the table of routes."""
