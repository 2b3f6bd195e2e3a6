"""Views of lists."""
