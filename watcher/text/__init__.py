"""Words for people, and texts from outside made harmless."""
