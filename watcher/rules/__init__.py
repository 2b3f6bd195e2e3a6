"""Rule files, which the user edits, into a Rulebook. Pure."""
