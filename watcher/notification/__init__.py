"""Messages owed to channels: decided, composed, held back, joined."""
