"""The JSON Schema for editors."""
