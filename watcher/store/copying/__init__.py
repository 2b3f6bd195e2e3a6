"""A store's rows carried over to another store, and both compared."""
