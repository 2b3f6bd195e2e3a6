"""The table ``observations``, a partition a month of ``at`` (UTC), made when a row comes for it.

A new one is attached, for which nobody who reads has to wait; there is none for all other times, or
the newest row of a product could not be found month by month from the newest on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec import Struct

from watcher.model import Instant
from watcher.store.postgres.migrations import Tables

_NAME = re.compile(r"observations_(\d{4,})_(\d\d)")


class Month(Struct, frozen=True, order=True):
    """A month by its count from January 1970 on."""

    number: int

    @classmethod
    def of(cls, at: Instant) -> Month:
        """The month in which an instant lies."""
        return cls(int(np.datetime64(at, "s").astype("datetime64[M]").astype(int)))

    @property
    def begin(self) -> Instant:
        """Its first second."""
        return int(np.datetime64(self.number, "M").astype("datetime64[s]").astype(int))

    @property
    def end(self) -> Instant:
        """The first second after it."""
        return Month(self.number + 1).begin

    @property
    def partition(self) -> str:
        """The name of its table."""
        years, month = divmod(self.number, 12)
        return f"observations_{1970 + years:04}_{month + 1:02}"


def ensure(db: Tables, instants: Iterable[Instant]) -> None:
    """Make the partitions that rows of these instants need; in a transaction that writes."""
    for month in sorted({Month.of(at) for at in instants}):
        name = month.partition
        if db.rows(f"SELECT to_regclass('{name}') IS NOT NULL")[0][0]:
            continue
        db.execute(f"CREATE TABLE {name} (LIKE observations INCLUDING DEFAULTS)")
        db.execute(
            f"ALTER TABLE observations ATTACH PARTITION {name} "
            f"FOR VALUES FROM ({month.begin}) TO ({month.end})"
        )


def months(db: Tables) -> Sequence[Month]:
    """The months that have a partition, the oldest first."""
    rows = db.rows(
        "SELECT c.relname FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'observations'::regclass"
    )
    found = (_NAME.fullmatch(name) for (name,) in rows)
    return sorted(Month(12 * (int(each[1]) - 1970) + int(each[2]) - 1) for each in found if each)


def empty(db: Tables, before: Instant) -> Month | None:
    """The oldest month that was over at ``before`` and has no row any more."""
    for month in months(db):
        if month.end > before:
            return None
        if not db.rows(f"SELECT 1 FROM {month.partition} LIMIT 1"):
            return month
    return None
