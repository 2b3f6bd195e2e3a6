"""The page that links of messages lead to."""
