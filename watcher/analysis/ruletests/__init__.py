"""Rule tests: a series for each product, and the alerts expected at given times.

``reading`` makes a suite of a YAML file, ``scenes`` a scan of a case, ``running`` plays the scans
through the ordinary evaluation and says what differs.
"""
