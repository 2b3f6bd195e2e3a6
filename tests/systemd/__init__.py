"""The unit, as systemd itself reads it."""
