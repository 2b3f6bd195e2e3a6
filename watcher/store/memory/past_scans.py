"""Stored scans read into memory, to be played once more: only the fields that are asked for, and of
each scan only the rows that it changed."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from watcher.fields import TEXTS
from watcher.model import Instant
from watcher.store.memory.former import FormerTexts
from watcher.store.memory.matrix import Matrix
from watcher.store.memory.replaying import Recalled
from watcher.store.memory.timeline import Timeline, Versions
from watcher.store.packing import EMPTY, LastSeen
from watcher.store.sql.baselines import HALF, product_rows
from watcher.store.sql.connection import Connection
from watcher.store.sql.dialect import TEXT

_TEXTS = tuple(text.name for text in TEXTS)


class Extent(Struct, frozen=True):
    """Scans to be read: those of some watches of some regions from ``since`` on, with the numbers
    of ``fields``; of ``shown``, which messages show of a product, when they are asked for.
    ``made`` names the texts made of long ones that are asked for. Of all products those are read
    whose key in the store ``every`` divides: one in so many, whenever it was found."""

    watches: frozenset[str]
    regions: frozenset[str]
    since: Instant
    fields: frozenset[str]
    shown: tuple[str, ...] = ()
    made: tuple[str, ...] = ()
    every: int = 1


class PastScans:
    """The scans of an extent, from the place ``first`` on among those of ``matrix``."""

    def __init__(self, db: Connection, extent: Extent) -> None:
        self._db = db
        self._extent = extent
        sql = f"SELECT seen, size FROM watches WHERE watch IN {db.dialect.among(sort=TEXT)}"
        lists = db.all(LastSeen.unpack, sql, (db.dialect.listed(extent.watches),))
        products = np.unique(np.concatenate([EMPTY, *(each.products for each in lists)]))
        products = products[products % extent.every == 0]
        first_seen = np.zeros(int(products.max(initial=0)) + 1, np.int64)
        first_seen[products] = [at for (at,) in product_rows(db, products, "p.first_seen")]
        timeline = Timeline(db, extent.regions, products, extent.watches)
        late = np.flatnonzero(timeline.at >= extent.since)
        self.first = int(late[0]) if len(late) else len(timeline)
        fields = sorted(extent.fields)
        versions = Versions(
            db, timeline, extent.regions, products, self.first, fields, every=extent.every
        )
        self.matrix = Matrix(db, timeline, versions, first_seen)
        begin, scan_id = (
            int(column[self.first]) if len(late) else 0 for column in (timeline.marks, timeline.ids)
        )
        # As stored, for who plays the scans judges only those from there on.
        doubted = db.rows(
            "SELECT scan, until FROM jumps WHERE scan < ? OR until = ?", (scan_id, HALF)
        )
        self.matrix.jumps.until.update(doubted)
        self._texts = FormerTexts(db, products, (*_TEXTS, *extent.made), begin)

    def recalled(self) -> Recalled:
        """The past before the first of the scans, to go on from there."""
        return Recalled(self._db, self.matrix, self._texts.anew(), self._extent.shown)
