"""The rule file in a real editor's language server."""
