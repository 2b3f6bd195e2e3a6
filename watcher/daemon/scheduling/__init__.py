"""When watches are read, and by what: timers, credits, scans."""
