"""The real daemon against a real source and real services."""
