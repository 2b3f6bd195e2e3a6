"""Stored scans read into memory, to be played once more.

Only the fields that are asked for are read. What a scan costs is the rows that it changed, not
the products that it listed.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watcher.fields import TEXTS
from watcher.model import Instant, Ints
from watcher.store.memory.matrix import Matrix
from watcher.store.memory.recalled import Recalled
from watcher.store.memory.timeline import Timeline
from watcher.store.memory.versions import Versions
from watcher.store.sql.former import FormerTexts
from watcher.store.sql.listing import EMPTY, LastSeen
from watcher.store.sqlite.connection import Connection, listed
from watcher.store.sqlite.dialect import among, rows_of

_TEXTS = tuple(text.name for text in TEXTS)


@dataclass(frozen=True, slots=True)
class Extent:
    """What is to be read of some watches of some regions: their scans from ``since`` on.

    ``fields`` are those of which the numbers are read; ``shown`` are those that messages show of
    a product, which are read when they are asked for.
    """

    watches: frozenset[str]
    regions: frozenset[str]
    since: Instant
    fields: frozenset[str]
    shown: tuple[str, ...] = ()


class PastScans:
    """The scans of an extent in memory. ``matrix`` has them all; those from the place ``first`` on
    are in the extent."""

    def __init__(self, db: Connection, extent: Extent) -> None:
        self._db = db
        self._extent = extent
        products = _ever_listed(db, extent)
        timeline = Timeline(db, extent.regions, products, extent.watches)
        late = np.flatnonzero(timeline.at >= extent.since)
        self.first = int(late[0]) if len(late) else len(timeline)
        fields = sorted(extent.fields)
        versions = Versions(db, timeline, extent.regions, products, self.first, fields)
        self.matrix = Matrix(db, timeline, versions, _first_seen(db, products))
        begin, scan_id = (
            int(column[self.first]) if len(late) else 0 for column in (timeline.marks, timeline.ids)
        )
        self.matrix.jumps.load(_doubted_before(db, scan_id))
        self._texts = FormerTexts(db, products, _TEXTS, begin)

    def recalled(self) -> Recalled:
        """The past before the first of the scans, to go on from there."""
        return Recalled(self._db, self.matrix, self._texts.anew(), self._extent.shown)


def _ever_listed(db: Connection, extent: Extent) -> Ints:
    """All products that the watches ever listed, in rising order."""
    rows = db.rows(
        f"SELECT seen, size FROM watches WHERE watch IN {among()}",
        (listed(extent.watches),),
    )
    return np.unique(np.concatenate([EMPTY, *(LastSeen.unpack(*row).products for row in rows)]))


def _doubted_before(db: Connection, scan_id: int) -> dict[int, int]:
    """The scans before this one that jumped, and up to which scan each is doubted: as stored, for
    who plays the scans judges only those from there on."""
    return dict(db.rows("SELECT scan, until FROM jumps WHERE scan < ?", (scan_id,)))


def _first_seen(db: Connection, products: Ints) -> Ints:
    """By the store's key, when any scan saw each of the products first."""
    found = np.zeros(int(products.max(initial=0)) + 1, np.int64)
    rows = db.execute(
        f"SELECT p.id, p.first_seen FROM {rows_of()} CROSS JOIN products AS p ON p.id = w.value",
        (listed(products.tolist()),),
    )
    for key, at in rows:
        found[key] = at
    return found
