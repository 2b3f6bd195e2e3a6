"""Messages that are owed to whom: decided, composed, held back, joined."""
