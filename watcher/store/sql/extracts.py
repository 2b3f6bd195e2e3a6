"""History in bulk for other programs: what is wanted of it, and alerts and scans, part by part.

Each part is a read of its own. The ids to read are known at the start, and nothing that is read
here ever changes its id: together the parts are the history up to that moment, while none of them
keeps the log from being written back into the file, as one long read would. What is pruned
meanwhile is missing; an alert's state is that of the moment when its part is read.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from watcher.model import Instant, Ints
from watcher.store.sqlite.connection import Connection, Row, chunks, listed
from watcher.store.sqlite.dialect import among

T = TypeVar("T")

PART = 2_000  # rows in memory at once
_FOR_EVER = 1 << 62
_OF_PRODUCTS = (
    "(:region IS NULL OR p.region = :region) AND (:rule IS NULL OR a.rule = :rule) "
    f"AND (:products IS NULL OR a.product IN {among(':products')})"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """What is wanted; all where nothing is given.

    ``products`` are the store's keys, ``watch`` is a watch's key. The time begins with ``since``
    and ends before ``until``.
    """

    products: Sequence[int] | None = None
    watch: str | None = None
    region: str | None = None
    rule: str | None = None
    since: Instant | None = None
    until: Instant | None = None

    def values(self) -> dict[str, object]:
        """As a statement's parameters."""
        return {
            "products": None if self.products is None else listed(self.products),
            "watch": self.watch,
            "region": self.region,
            "rule": self.rule,
            "since": self.since or 0,
            "until": _FOR_EVER if self.until is None else self.until,
        }


@dataclass(frozen=True, slots=True)
class Extract(Generic[T]):
    """Parts to be read one after the other, of ``total`` rows together at most."""

    total: int
    parts: Iterator[T]


class SqlExtracts:
    """``ports.Extracts`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def alerts(self, choice: Choice) -> Extract[Sequence[Row]]:
        return _extract(
            self._db,
            "a.id, a.rule, p.region, p.product_id, p.product_name, a.state, a.since, a.last_met, "
            "a.fired_at, a.resolved_at, a.reason, a.evidence",
            "alerts AS a CROSS JOIN products AS p ON p.id = a.product",
            "coalesce(a.fired_at, a.since) < :until "
            f"AND (a.state <> 'inactive' OR a.resolved_at >= :since) AND {_OF_PRODUCTS}",
            choice.values(),
        )

    def transitions(self, choice: Choice) -> Extract[Sequence[Row]]:
        return _extract(
            self._db,
            "t.id, t.alert, a.rule, p.region, p.product_id, p.product_name, t.at, t.before, "
            "t.after, t.reason",
            "transitions AS t CROSS JOIN alerts AS a ON a.id = t.alert "
            "CROSS JOIN products AS p ON p.id = a.product",
            f"t.at >= :since AND t.at < :until AND {_OF_PRODUCTS}",
            choice.values(),
        )

    def scans(self, choice: Choice) -> Extract[Sequence[Row]]:
        return _extract(
            self._db,
            "s.id, s.watch, s.region, s.at, s.started, s.finished, s.state, s.requests, s.pages, "
            "s.size, s.rows, s.error, s.interrupted, s.list_day, s.list_idle, s.list_sparse",
            "scans AS s",
            "s.at >= :since AND s.at < :until AND (:watch IS NULL OR s.watch = :watch) "
            "AND (:region IS NULL OR s.region = :region)",
            choice.values(),
        )


def ids_of(db: Connection, sql: str, values: Mapping[str, object]) -> Ints:
    """Return what the statement's one column gives, in rising order."""
    return np.sort(np.fromiter((row[0] for row in db.execute(sql, values)), np.int64))


def _extract(
    db: Connection, columns: str, tables: str, condition: str, values: Mapping[str, object]
) -> Extract[Sequence[Row]]:
    """The first of the columns is the id by which the parts are read."""
    key = columns.partition(",")[0]
    ids = ids_of(db, f"SELECT {key} FROM {tables} WHERE {condition}", values)
    part = f"SELECT {columns} FROM {tables} WHERE {key} IN {among()} ORDER BY {key}"
    return Extract(
        len(ids),
        (db.rows(part, (listed(ids[rows].tolist()),)) for rows in chunks(len(ids), PART)),
    )
