"""YAML text into values with positions; files, substitution, problems."""
