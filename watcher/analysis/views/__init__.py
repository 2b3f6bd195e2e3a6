"""A list of products as a table: which columns it has, what picks and sorts its rows, and the rule
that picks the same."""
