"""One module a page: what it reads, and how it answers; each names its routes."""
