"""The past in memory, for replays."""
