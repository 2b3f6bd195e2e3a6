"""What the daemon costs, measured beside the least that the bare libraries need for the same."""
