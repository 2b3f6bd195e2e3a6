"""Reports of the rule file: since when each is known, and the last time that was dealt with."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from watcher.model import Instant
from watcher.store.sql.connection import Face


class ReportState(Struct, frozen=True):
    """A report as it is known ``since`` then, by the digest of its ``schedule``. ``due`` is the
    last of its times that was dealt with, ``told`` when it was told last, ``skipped`` its last time
    for which it was too late; None for never."""

    name: str
    schedule: str
    since: Instant
    due: Instant | None = None
    told: Instant | None = None
    skipped: Instant | None = None

    @property
    def after(self) -> Instant:
        """The instant after which its times are still to come."""
        return max(self.since, self.due or 0)


class Reports(Face):
    """Each report that was ever in force, until it is gone from the rule file."""

    def states(self) -> dict[str, ReportState]:
        """Return them by name."""
        rows = self._db.rows("SELECT name, schedule, since, due, told, skipped FROM reports")
        return {row[0]: ReportState(*row) for row in rows}

    def begin(self, name: str, schedule: str, now: Instant) -> None:
        """Note one that is new, or has other times: only those from ``now`` on count."""
        self._db.execute(
            self._sql.upsert("reports", ("name", "schedule", "since"), ("name",)),
            (name, schedule, now),
        )

    def told(self, name: str, due: Instant, now: Instant) -> None:
        """Note that it was told for that time."""
        self._db.execute("UPDATE reports SET due = ?, told = ? WHERE name = ?", (due, now, name))

    def skipped(self, name: str, due: Instant) -> None:
        """Note that it was too late to tell it for that time."""
        self._db.execute("UPDATE reports SET due = ?1, skipped = ?1 WHERE name = ?2", (due, name))

    def forget(self, names: Iterable[str]) -> None:
        """Forget those that the rule file has no more."""
        self._db.many("DELETE FROM reports WHERE name = ?", ((name,) for name in names))
