"""Marks of what changes in a store, for those who look whether it did: open pages."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import crc32

from watcher.store.sql.connection import Face

# By kind: numbers of which one differs after whatever a page shows of that kind changed. Each is
# an end of an index, or a count of rows that are few: they are asked for every other second.
_MARKS = {
    "alerts": (
        "max(id) FROM transitions",
        "max(id) FROM audit",  # acknowledged, and all else that somebody does
        "max(id) FROM deeds",
        "count(*) FROM silences",
        "CAST(sum(ends) AS bigint) FROM silences",
    ),
    "scans": (
        "max(mark) FROM scans",
        "max(id) FROM looks",
        "count(*) FROM followed",
        "max(since) FROM followed",
    ),
    "messages": (
        "max(id) FROM notifications",
        "max(id) FROM tries",
        "count(*) FROM notifications WHERE state = 'waiting'",
        "count(*) FROM notifications WHERE state = 'dead'",
    ),
    "health": (
        "count(*) FROM causes WHERE ended IS NULL",
        "CAST(sum(since) AS bigint) FROM causes",
        "count(*) FROM health WHERE failing_since IS NOT NULL",
        "CAST(sum(failing_since) AS bigint) FROM health",
    ),
}
KINDS = tuple(_MARKS)
SQL = f"SELECT {', '.join(f'(SELECT {each})' for of in _MARKS.values() for each in of)}"


class ChangeMarks(Face):
    """Marks that change with what is stored, without a look at what that is."""

    def marks(self) -> Mapping[str, int]:
        """A number for each kind of ``KINDS``: another one, as good as surely, once something of
        that kind changed."""
        found = iter(self._db.one(SQL) or ())
        return {
            kind: crc32(repr([next(found) for _ in numbers]).encode())
            for kind, numbers in _MARKS.items()
        }
