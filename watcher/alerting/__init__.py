"""The middle: a scan in, one transaction out."""
