"""What the pages about operations say, done with real servers and real processes."""
