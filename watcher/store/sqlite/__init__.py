"""The SQLite engine: the file, its connection, schema and upkeep."""
