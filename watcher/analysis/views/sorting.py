"""The order of a list's rows."""

from __future__ import annotations

import numpy as np

from watcher.model import Floats, Ints


def order(rows: Ints, keys: Floats, *, descending: bool) -> Ints:
    """The ``rows`` by ``keys``, (n,) those of all; of equals in the order that they had. Who has no
    value comes last, either way."""
    own = keys[rows]
    signed = -own if descending else own
    return rows[np.argsort(signed, kind="stable")]  # NaN is sorted last
