"""The source: KeyAPI's product list (analytics)."""
