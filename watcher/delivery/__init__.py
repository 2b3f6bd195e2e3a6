"""From notifications in the store to services."""
