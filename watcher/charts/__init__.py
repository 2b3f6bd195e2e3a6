"""Charts of products: one core for the page, the terminal, and a message's picture."""
