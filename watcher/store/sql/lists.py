"""Whole lists of the past: the last that counts for places, when a watch was read, and what its
lists said of themselves."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watcher.model import Floats, Instant, Ints, ScanState
from watcher.store.packing import positions
from watcher.store.sql.baselines import BELIEVED
from watcher.store.sql.listing import EMPTY, PackedList
from watcher.store.sql.scanrows import PROVES
from watcher.store.sqlite.connection import Connection


@dataclass(frozen=True, slots=True)
class EarlierList:
    """The list that a scan at ``at`` read: products (n,) and ranks (n,), 0 for none.

    ``whole``: to its end; else only its first places.
    """

    at: Instant
    products: Ints
    ranks: Ints
    whole: bool = True

    def ranks_of(self, products: Ints) -> Floats:
        """(m,) infinite for who was not on the list, NaN where the list has no ranks."""
        places = positions(self.products, products)
        ranks = np.append(self.ranks, 0)[places].astype(np.float64)
        return np.where(places < 0, np.inf, np.where(ranks > 0, ranks, np.nan))


def standing(db: Connection, watch: str, scan_id: int, places: int) -> EarlierList | None:
    """The list of the watch's last scan before ``scan_id`` that read its first ``places`` without
    a gap, and whose counters had not jumped.

    Who is missing on one that proves no absence stands where the scan before it has them, and so
    on, back to the newest that does. None where none does.
    """
    newest, whole, products, ranks = None, True, EMPTY, EMPTY
    for at, state, blob, size, found, proves in db.execute(
        f"SELECT at, state, products, size, id, {PROVES} FROM scans AS s "
        "WHERE watch = ?1 AND id < ?2 "
        "AND (state = ?3 OR id IN (SELECT scan FROM depths WHERE places >= ?4)) "
        f"AND {BELIEVED.format('?2')} ORDER BY id DESC",
        (watch, scan_id, ScanState.COMPLETE.value, places),
    ):
        listing = PackedList.unpack(blob, size, found)
        missing = positions(products, listing.products) < 0
        products = np.concatenate([products, listing.products[missing]])
        ranks = np.concatenate([ranks, listing.ranks[missing]])
        newest = at if newest is None else newest
        whole &= state == ScanState.COMPLETE.value
        if proves or state != ScanState.COMPLETE.value:
            return EarlierList(newest, products, ranks, whole)
    return None


def recent(db: Connection, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
    """When the watch's scans before ``scan_id`` were that read something it does not doubt, the
    newest first and back to ``since``, and whether each proves an absence."""
    found = []
    cursor = db.execute(
        f"SELECT at, state, {PROVES} FROM scans AS s WHERE watch = ?1 AND id < ?2 "
        f"AND {BELIEVED.format('?2')} ORDER BY id DESC",
        (watch, scan_id),
    )
    for at, state, proves in cursor:
        if at < since:
            break
        if state != ScanState.FAILED.value:
            found.append((at, bool(proves)))
    return found


def idle_shares(db: Connection, watch: str, *, below: float, limit: int) -> list[float]:
    """The shares of idle products at the watch's last scans that had one ``below`` that, the
    newest first."""
    return [
        share
        for (share,) in db.execute(
            "SELECT list_idle FROM scans WHERE watch = ? AND list_idle < ? "
            "ORDER BY id DESC LIMIT ?",
            (watch, below, limit),
        )
    ]


def largest_is_sparse(db: Connection, region: str, since: Instant) -> bool:
    """Whether the region's largest list was sparse when it was last read whole; of those that
    were since then, and of which so much can be said."""
    newest = (
        "SELECT s.id FROM scans AS s WHERE s.watch = w.watch AND s.state = 'complete' "
        "AND s.size > 0 ORDER BY s.id DESC LIMIT 1"
    )
    row = db.one(
        f"SELECT list_sparse FROM scans WHERE id IN (SELECT ({newest}) FROM watches AS w "
        "WHERE w.region = ?) AND at >= ? AND list_idle IS NOT NULL "
        "ORDER BY size DESC, id DESC LIMIT 1",
        (region, since),
    )
    return bool(row and row[0])
