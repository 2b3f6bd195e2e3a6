"""A scan in, verdicts and alerts out: tables, baselines, the life of alerts."""
