"""Doubts about rules that are well formed: what can never fire, or always does."""
