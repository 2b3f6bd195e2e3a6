"""When a product was looked for and not seen: between two scans that saw it, some that did not.

A row of numbers is written only where a number changed, so rows don't tell the two apart: a product
that stays as it is, and one that is not there. The scans' lists do.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from watcher.model import Instant, ScanState
from watcher.store.sql.listing import LastSeen, PackedList
from watcher.store.sql.scanrows import PROVES
from watcher.store.sqlite.connection import Connection


@dataclass(frozen=True, slots=True)
class Absence:
    """A product was seen at ``seen`` (0: before the time that is looked at), was not on a complete
    list at ``missing``, and was seen again at ``back``."""

    seen: Instant
    missing: Instant
    back: Instant


@dataclass(slots=True)
class _Sightings:
    """What all watches found of one product: ``runs`` are times in which every list of some watch
    had it, ``missing`` the complete lists that had it not."""

    runs: list[tuple[Instant, Instant]] = field(default_factory=list)
    missing: list[Instant] = field(default_factory=list)

    def absences(self) -> Iterator[Absence]:
        """The times that no watch's run covers, with a list that lacked the product."""
        missing = sorted(self.missing)
        seen = 0
        for begin, end in sorted(self.runs):
            place = bisect_right(missing, seen)
            if place < len(missing) and missing[place] < begin:
                yield Absence(seen, missing[place], begin)
            seen = max(seen, end)


def absences(
    db: Connection, products: Sequence[int], since: Instant
) -> dict[int, tuple[Absence, ...]]:
    """Of products (store keys) of one region those absences that end after ``since``.

    A scan that was cut off, failed or is doubted proves nothing. What one watch does not list,
    another may.
    """
    found = {product: _Sightings() for product in products}
    last_product = db.number("SELECT max(id) FROM products")
    for watch, listed in _watches(db, products):
        looks: dict[int, list[tuple[Instant, bool]]] = {product: [] for product in listed}
        for at, complete, size, blob in _scans(db, watch, since):
            for product, there in zip(
                listed, PackedList.holds(listed, blob, size, last_product), strict=True
            ):
                if there or complete:
                    looks[product].append((at, there))
        for product, each in looks.items():
            found[product].runs += _runs(each)
            found[product].missing += [at for at, there in each if not there]
    return {product: tuple(sightings.absences()) for product, sightings in found.items()}


def _watches(db: Connection, products: Sequence[int]) -> Iterator[tuple[str, list[int]]]:
    """The watches that ever listed some of the products, and which."""
    keys = np.array(products, np.int64)
    for watch, seen, size in db.rows(
        "SELECT watch, seen, size FROM watches WHERE region = (SELECT region FROM products "
        "WHERE id = ?)",
        (next(iter(products), 0),),
    ):
        listed = keys[LastSeen.unpack(seen, size).last(keys) > 0].tolist()
        if listed:
            yield watch, listed


def _scans(
    db: Connection, watch: str, since: Instant
) -> Iterator[tuple[Instant, bool, int, bytes]]:
    """The watch's scans from ``since`` on and the last one before that proves an absence: its
    time, whether it proves one, its length and the list."""
    for at, proves, size, blob in db.execute(
        f"SELECT at, {PROVES}, size, products FROM scans AS s WHERE watch = ?1 AND state <> ?2 "
        f"AND id >= coalesce((SELECT max(id) FROM scans AS s WHERE watch = ?1 AND {PROVES} "
        "AND at <= ?3), 0) ORDER BY at",
        (watch, ScanState.FAILED.value, since),
    ):
        yield at, bool(proves), size, blob


def _runs(looks: Iterable[tuple[Instant, bool]]) -> Iterator[tuple[Instant, Instant]]:
    """The first and the last sighting of each row of them."""
    begin = end = None
    for at, there in looks:
        if there:
            begin, end = at if begin is None else begin, at
        elif begin is not None and end is not None:
            yield begin, end
            begin = end = None
    if begin is not None and end is not None:
        yield begin, end
