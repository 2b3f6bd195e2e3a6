"""The watcher's own trouble, and what the operator hears of it."""
