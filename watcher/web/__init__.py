"""The web page, health and metrics."""
