"""Books on a server: who holds which, and the work on those that this daemon holds."""
