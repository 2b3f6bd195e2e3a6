"""The fate of what rules told: went on or fell back, held or undone; and thresholds by it."""
