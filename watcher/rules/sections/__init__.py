"""The rule file's sections, one module each."""
