"""What is owed to whom: decided, composed, held back, joined."""
