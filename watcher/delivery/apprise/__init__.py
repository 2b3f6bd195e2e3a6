"""The adapter to Apprise: one try at one target, a typed outcome; its only user."""
