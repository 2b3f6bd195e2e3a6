"""Stored times that lie in the future, for the clock was ahead: they are mended once where they
stand, to count as now. Left as they are, an alert that was told under a clock a year ahead would be
in its cooldown for a year."""

from __future__ import annotations

from watcher.model import Instant
from watcher.store.sql.connection import Face
from watcher.store.sql.silences import ENDLESS
from watcher.units import DAY, MINUTE, utc_day

AHEAD = 10 * MINUTE  # a clock that is set back by less is no matter
# The times of scans rise from one to the next, so one that is less ahead keeps its own.
_SCANS_AHEAD = DAY
_LONGEST_WAIT = 2 * DAY  # of a message: quiet hours, or a service that asks for time

# Every column that holds a time which has passed.
PAST = {
    "products": ("first_seen", "last_changed"),
    "product_texts": ("changed", "read"),
    "rules": ("began", "ended"),
    "alerts": ("since", "last_met", "fired_at", "resolved_at", "acknowledged"),
    "transitions": ("at",),
    "told": ("told_at",),
    "messages": ("about", "created"),
    "notifications": ("created", "first_try", "finished"),
    "tries": ("at",),
    "health": ("failing_since", "last_ok"),
    "causes": ("since", "ended"),
    "held": ("since",),
    "silences": ("announced",),
    "scans": ("started", "finished"),
    "doubts": ("since",),
    "data_days": ("began", "quiet", "fresh"),
    "looks": ("at",),
    "asked": ("since", "until"),
    "followed": ("since",),
    "lookups": ("added", "done"),
    "probes": ("at",),
    "categories": ("read",),
    "category_names": ("since",),
    "own_files": ("at",),
    "page_rules": ("at",),
    "links": ("revoked",),
    "deeds": ("at", "undone"),
    "reports": ("since", "due", "told", "skipped"),
    "people": ("made", "revoked"),
    "audit": ("at",),
}
# What was learned of refreshes under a clock that was far ahead: nothing of it is so, and a region
# whose last data day is next year's would not be read until then.
_LEARNED = (
    "DELETE FROM scan_days WHERE scan IN (SELECT id FROM scans WHERE at > ?)",
    "DELETE FROM data_days WHERE began > ?",
    "DELETE FROM looks WHERE at > ?",
)
# Written at each turn of what the daemon does: the newest rows show that the clock was ahead.
_NEWEST = (
    "SELECT finished FROM scans ORDER BY id DESC LIMIT 1",
    "SELECT at FROM looks ORDER BY id DESC LIMIT 1",
    "SELECT at FROM tries ORDER BY id DESC LIMIT 1",
    "SELECT at FROM transitions ORDER BY id DESC LIMIT 1",
    "SELECT created FROM messages ORDER BY id DESC LIMIT 1",
    "SELECT begins FROM silences ORDER BY id DESC LIMIT 1",
    "SELECT made FROM links ORDER BY id DESC LIMIT 1",
    "SELECT max(since) FROM causes",
    f"SELECT max(next_try) - {_LONGEST_WAIT} FROM notifications WHERE state = 'waiting'",
)


class StoredTimes(Face):
    """``ports.Times``."""

    def ahead(self, now: Instant, *, thorough: bool = False) -> int:
        queries = [*_NEWEST]
        if thorough:
            times = ((table, column) for table, columns in PAST.items() for column in columns)
            queries += [f"SELECT max({column}) FROM {table}" for table, column in times]
            queries.append(f"SELECT max(at) - {_SCANS_AHEAD} FROM scans")
        each = " UNION ALL ".join(f"SELECT ({query}) AS latest" for query in queries)
        latest = self._db.number(f"SELECT max(latest) FROM ({each}) AS t")
        return latest - now if latest - now > AHEAD else 0

    def mend(self, now: Instant) -> None:
        with self._db.atomic():
            # All that waits is tried now: when each was put off is not known.
            self._db.execute(
                "UPDATE notifications SET next_try = ?1 WHERE state = 'waiting' AND next_try > ?1",
                (now,),
            )
            self._db.execute("UPDATE lookups SET next_try = ?1 WHERE next_try > ?1", (now,))
            for statement in _LEARNED:
                self._db.execute(statement, (now + _SCANS_AHEAD,))
            for table, columns in PAST.items():
                for column in columns:
                    self._db.execute(
                        f"UPDATE {table} SET {column} = ?1 WHERE {column} > ?1", (now,)
                    )
            self._db.execute(
                "UPDATE silences SET begins = ?1, ends = CASE WHEN ends = ?2 THEN ends "
                "ELSE ?1 + ends - begins END WHERE begins > ?1",
                (now, ENDLESS),
            )
            self._db.execute(
                "UPDATE links SET made = ?1, expires = ?1 + expires - made WHERE made > ?1", (now,)
            )
            self._mend_credits(now)
            self._mend_scans(now)

    def _mend_credits(self, now: Instant) -> None:
        """Move what was spent on days to come to today."""
        today = f"{utc_day(now)}"
        self._db.execute(
            "INSERT INTO credits (day, watch, used) SELECT ?1, watch, sum(used) FROM credits "
            "WHERE day > ?1 GROUP BY watch "
            "ON CONFLICT (day, watch) DO UPDATE SET used = credits.used + excluded.used",
            (today,),
        )
        self._db.execute("DELETE FROM credits WHERE day > ?", (today,))
        self._db.execute("UPDATE reservations SET day = ?1 WHERE day > ?1", (today,))

    def _mend_scans(self, now: Instant) -> None:
        """The times of their data, and their marks, which rise strictly from scan to scan."""
        self._mend_instants(now)
        ahead = self._db.rows(
            "SELECT mark, id, first_row, rows FROM scans WHERE mark > ? ORDER BY mark",
            (now + _SCANS_AHEAD,),
        )
        last = self._db.number("SELECT max(mark) FROM scans WHERE mark <= ?", (now + _SCANS_AHEAD,))
        begin = max(last + 1, now - len(ahead) + 1)
        # From the oldest on: each one's new mark lies before all that are still to be mended.
        for mark, (old, scan, first, rows) in enumerate(ahead, start=begin):
            self._make_room(mark)
            self._db.execute(
                "UPDATE observations SET at = ? WHERE id BETWEEN ? AND ?",
                (mark, first, first + rows - 1),
            )
            self._db.execute("UPDATE scans SET mark = ? WHERE id = ?", (mark, scan))
            self._db.execute("UPDATE former_texts SET until = ? WHERE until = ?", (mark, old))
            self._db.execute("UPDATE made_texts SET at = ? WHERE at = ?", (mark, old))

    def _make_room(self, mark: int) -> None:
        """Have observations of that time find their place."""

    def _mend_instants(self, now: Instant) -> None:
        """A watch has one scan of a time: those ahead are of the seconds right before now, of which
        its next one may be."""
        ahead = self._db.rows(
            "SELECT id, watch FROM scans WHERE at > ? ORDER BY id DESC", (now + _SCANS_AHEAD,)
        )
        latest = dict[str, Instant]()
        for scan, watch in ahead:
            at = latest.get(watch, now - 1)
            while self._db.has("SELECT 1 FROM scans WHERE watch = ? AND at = ?", (watch, at)):
                at -= 1
            self._db.execute("UPDATE scans SET at = ? WHERE id = ?", (at, scan))
            latest[watch] = at
