"""Whether the parts move and are well, and what is done where not."""
