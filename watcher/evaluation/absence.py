"""Products that are gone from a list: on it before, and missing from two scans in a row that prove
it. That is so at the second of these scans, and at no other."""

from __future__ import annotations

import numpy as np

from watcher.model import Ints, Listed
from watcher.store.past import Archive

_NOBODY = np.zeros(0, np.int64)


def gone_products(archive: Archive, scan: Listed, scan_id: int) -> Ints:
    """The store's keys of the products that this recorded scan is the first to prove gone.

    Those that were seen last before the scan at which they were missed first, and after the one at
    which that could be said the time before. A scan that proves no absence, or jumped, says nothing
    of anybody: what it leaves in doubt is decided by the next one."""
    if not scan.proves_absence or archive.jumps.is_doubted(scan_id):
        return _NOBODY
    past, watch = archive.history, scan.watch
    missed = past.proofs(watch, scan_id, 1)
    if not missed:
        return _NOBODY
    ((since, _),) = missed
    before = past.proofs(watch, past.judged_before(watch, scan_id), 1)
    first = before[0][0] if before else 0
    if first >= since:
        return _NOBODY
    listed, again = past.listed(watch, first, since), past.listed(watch, since, scan_id + 1)
    gone = np.setdiff1d(listed, again)
    # Of products that are asked for by name only those that both scans asked for.
    for asking in (since, scan_id):
        gone = gone[~past.taken_out(watch, asking, gone)] if len(gone) else gone
    return gone
