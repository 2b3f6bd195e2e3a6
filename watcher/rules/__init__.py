"""What the user edits: from rule files to a Rulebook. Pure."""
