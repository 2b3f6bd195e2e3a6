"""The numbers of products from scan to scan, in memory: a version for each change."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from watcher.model import Floats, Ints
from watcher.store.columns import expression
from watcher.store.memory.timeline import Timeline, Wholes
from watcher.store.sql.baselines import numbers_in_force
from watcher.store.sqlite.connection import Connection, listed
from watcher.store.sqlite.dialect import among, rows_of

_FETCHED = 20_000
_TIMES = 1 << 31  # more than there are scans


class Versions:
    """What some products had of ``fields`` from the scan at the place ``first`` on.

    A version is a row of numbers; it is in force from the scan that brought it to the next one of
    its product. -1 is no version: no number has a value.
    """

    def __init__(
        self,
        db: Connection,
        timeline: Timeline,
        regions: Iterable[str],
        products: Ints,
        first: int,
        fields: Sequence[str],
    ) -> None:
        self.first = first
        self.fields = frozenset(fields)
        keys, columns = [np.zeros(0, np.int64)], [[np.zeros(0)] for _ in fields]
        for found, at, values in _rows(db, timeline, listed(regions), products, first, fields):
            keys.append(found.astype(np.int64) * _TIMES + at)
            for parts, value in zip(columns, values, strict=True):
                parts.append(value)
        joined = np.concatenate(keys)
        keys.clear()  # a year of a large list is many millions of numbers
        order = np.argsort(joined, kind="stable")
        self._keys = joined[order]
        self._number_lists(timeline, joined, order)
        del joined
        # One beyond the last, which -1 finds too, is no value.
        self._columns = dict[str, Floats]()
        for name, parts in zip(fields, columns, strict=True):
            column = np.concatenate(parts)
            parts.clear()
            self._columns[name] = np.append(column[order], np.nan)

    def _number_lists(self, timeline: Timeline, keys: Ints, order: Ints) -> None:
        """Note in the lists that are kept which versions they showed: to look each up takes longer.

        ``keys`` are in the order of time, and ``order`` puts them in ours.
        """
        ranks = np.empty(len(order), np.int32)
        ranks[order] = np.arange(len(order), dtype=np.int32)
        products, times = (part.astype(np.int32) for part in (keys // _TIMES, keys % _TIMES))
        in_force = np.full(int(products.max(initial=0)) + 1, -1, np.int32)
        begin = 0
        for place in timeline.kept(self.first):
            end = int(np.searchsorted(times, place + 1, side="right"))
            in_force[products[begin:end]] = ranks[begin:end]
            listing, begin = timeline.list_of(place), end
            known = np.minimum(listing.products, len(in_force) - 1)
            listing.versions = np.where(known == listing.products, in_force[known], -1)

    def of(self, products: Wholes, scans: Wholes | int) -> Wholes:
        """(n,) the version of each product at a scan, or each at its own; those before ``first``
        are not known."""
        wanted = products.astype(np.int64) * _TIMES + (np.asarray(scans, np.int64) + 1)
        rows = np.searchsorted(self._keys, wanted, side="right") - 1
        if not len(self._keys):
            return np.full(len(products), -1, np.int32)
        hit = self._keys[rows] // _TIMES == products
        return np.where(hit & (rows >= 0), rows, -1).astype(np.int32)

    def values(self, name: str, versions: Wholes) -> Floats:
        """The field of each version, in the same shape; NaN is absent."""
        return self._columns[name][versions]


def _rows(
    db: Connection, timeline: Timeline, regions: str, products: Ints, first: int,
    fields: Sequence[str],
) -> Iterator[tuple[Wholes, Ints, Sequence[Floats]]]:  # fmt: skip
    """Products (m,), when each begins to be in force (a scan's place and 1, or ``first`` where
    that was before it), and k columns of values (m,)."""
    if first >= len(timeline):
        return
    if len(products):
        marks = np.full(len(products), timeline.marks[first] - 1)
        values, found = numbers_in_force(db, products, marks, fields)
        yield products[found], np.full(int(found.sum()), first), [*values[found].T]
    largest = int(products.max(initial=0))
    known = np.zeros(largest + 2, np.bool_)
    known[products] = True
    columns = "".join(f", {expression(name)}" for name in fields)
    cursor = db.execute(
        f"SELECT o.product, o.at{columns} FROM {rows_of()} CROSS JOIN observations AS o "
        "ON o.id BETWEEN json_extract(w.value, '$[0]') AND json_extract(w.value, '$[1]') "
        "ORDER BY w.key, o.id",
        (listed(_runs(db, int(timeline.ids[first]), regions)),),
    )
    # In parts: rows as Python objects take many times what they do as an array.
    while part := cursor.fetchmany(_FETCHED):
        table = np.array(part, np.float64)
        table = table[known[np.minimum(table[:, 0], largest + 1).astype(np.int64)]]
        at = np.searchsorted(timeline.marks, table[:, 1].astype(np.int64)) + 1
        yield table[:, 0].astype(np.int32), at, [column.copy() for column in table[:, 2:].T]


def _runs(db: Connection, scan_id: int, regions: str) -> list[tuple[int, int]]:
    """From which row to which the numbers stand that were written from a scan on: all but those of
    other regions' scans. Of a scan that is pruned the rows may still be there."""
    begin = db.number("SELECT first_row FROM scans WHERE id = ?", (scan_id,))
    end = db.number("SELECT max(id) FROM observations")
    runs = []
    for first, after in db.execute(
        "SELECT first_row, first_row + rows FROM scans WHERE id > ? AND rows > 0 "
        f"AND region NOT IN {among()} ORDER BY first_row",
        (scan_id, regions),
    ):
        if begin < first:
            runs.append((begin, first - 1))
        begin = after
    return [*runs, (begin, end)] if begin <= end else runs
