"""The daemon: timers, workers, signals and reload around the middle."""
