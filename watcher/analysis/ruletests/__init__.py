"""Rule tests: a series for each product, and the alerts expected at given times."""
