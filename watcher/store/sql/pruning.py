"""Removing what is old, in steps so short that no other writer waits long for one. How much a step
takes on follows from how long the last ones held the write lock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from watcher.model import Instant
from watcher.store.records import Pruned
from watcher.store.sql.connection import Connection
from watcher.units import DAY, utc_day

STEP_ROWS = 500  # of the first step
_FEWEST, _MOST = 10, 1_000
_CREDITS_KEPT = 31 * DAY  # longer than observations
_LONG, _SHORT = 0.012, 0.004  # seconds of a step after which the next one is halved, or doubled
# A product's newest row before the limit may still be in force after it.
_OLD_OBSERVATIONS = (
    "DELETE FROM observations WHERE id IN (SELECT o.id FROM observations AS o "
    "WHERE o.id BETWEEN :first AND :last AND o.at < :before AND EXISTS (SELECT 1 "
    "FROM observations AS n WHERE n.product = o.product AND n.at > o.at AND n.at < :before))"
)
# Each watch keeps its newest scan (its timer starts from there), its newest complete one, and the
# newest that proves an absence.
_OLD_SCANS = (
    "r.at < :before AND r.id <> (SELECT max(id) FROM scans WHERE watch = r.watch) "
    "AND r.id <> coalesce((SELECT max(id) FROM scans WHERE watch = r.watch "
    "AND state = 'complete'), 0) AND r.id <> coalesce((SELECT max(k.id) FROM scans AS k "
    "WHERE k.watch = r.watch AND k.state = 'complete' AND NOT EXISTS (SELECT 1 FROM doubts "
    "WHERE scan = k.id AND believed = 0)), 0)"
)


def _old(table: str, key: str, condition: str) -> str:
    """Removes some rows of a table, in which the condition calls a row ``r``."""
    some = f"SELECT {key} FROM {table} AS r WHERE {condition} LIMIT :step"
    return f"DELETE FROM {table} WHERE ({key}) IN ({some})"


# A finished notification's tries go with it; one that was joined goes after the one that tells
# it; a message when no target needs it any more; an alert when it ended; what was told when it is
# older than any message that tells of it.
_FINISHED = "state <> 'waiting' AND joined IS NULL AND coalesce(finished, created) < :before"
_UNUSED = "r.created < :before AND NOT EXISTS (SELECT 1 FROM notifications WHERE message = r.id)"
_FORGOTTEN = (
    "r.told_at < :before AND NOT EXISTS (SELECT 1 FROM alerts AS a WHERE a.rule = r.rule "
    "AND a.product = r.product AND a.state <> 'inactive')"
)
# The newest before the limit is in force after it.
_OLD_MADE_TEXTS = (
    "r.at < :before AND EXISTS (SELECT 1 FROM made_texts AS n WHERE n.product = r.product "
    "AND n.name = r.name AND n.at > r.at AND n.at < :before)"
)
# Whether an id was asked for matters to the scans from before it was taken out.
_NOT_ASKED = (
    "r.until IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM scans AS s WHERE s.watch = r.watch AND s.id < r.until)"
)
_ENDED = "state = 'inactive' AND coalesce(resolved_at, since) < :before"
_SPENT = "day < :day"
# After the observations: a kind of rows, how some are removed, and whose limit of age is theirs.
_KINDS = (
    ("scans", _old("scans", "id", _OLD_SCANS), "observations"),
    ("former texts", _old("former_texts", "until, product", "until < :before"), "observations"),
    ("made texts", _old("made_texts", "product, name, at", _OLD_MADE_TEXTS), "observations"),
    ("ids", _old("asked", "watch, product_id", _NOT_ASKED), "observations"),
    ("credits", _old("credits", "day, watch", _SPENT), "observations"),
    ("notifications", _old("notifications", "id", _FINISHED), "notifications"),
    ("messages", _old("messages", "id", _UNUSED), "notifications"),
    ("told", _old("told", "rule, product, channel", _FORGOTTEN), "notifications"),
    ("alerts", _old("alerts", "id", _ENDED), "notifications"),
    ("silences", _old("silences", "id", "ends < :before"), "notifications"),
)


@dataclass(slots=True)
class StepSize:
    """The amount that a step takes on, from how long the last one took."""

    size: int

    def took(self, seconds: float, size: int) -> None:
        if seconds > _LONG:
            self.size = max(_FEWEST, size // 2)
        elif seconds < _SHORT:
            self.size = min(_MOST, size * 2)


class StorePruner:
    """``ports.Pruner``, but for what an engine does with the room that becomes free."""

    def __init__(self, db: Connection, clock: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._clock = clock
        self._stage = 0
        self._next_row = 0
        self._rows = StepSize(STEP_ROWS)

    def step(
        self,
        observations_before: Instant,
        notifications_before: Instant,
        *,
        rows: int | None = None,
    ) -> Pruned:
        step = min(rows or _MOST, self._rows.size)
        if self._stage > len(_KINDS):
            given_back = self._give_back(observations_before)
            if not given_back.more:
                self._stage = 0
            return given_back
        if self._stage == 0:
            kind = "observations"
            removed, took, more = self._observations(observations_before, step)
        else:
            kind, statement, goes_with = _KINDS[self._stage - 1]
            before = observations_before if goes_with == "observations" else notifications_before
            day = f"{utc_day(before - _CREDITS_KEPT)}"
            removed, took = self._delete(statement, {"before": before, "step": step, "day": day})
            # To go may let others go: a notification those that it joined.
            more = removed > 0
        self._rows.took(took, step)
        if not more:
            self._stage += 1
        return Pruned(more=True, kind=kind, rows=removed, seconds=took)

    def _give_back(self, before: Instant) -> Pruned:
        """Some of the room that is free, of observations from before the limit too."""
        raise NotImplementedError

    def _delete(self, statement: str, values: Mapping[str, object]) -> tuple[int, float]:
        """The count of rows that went, and the seconds for which the lock was had."""
        with self._db.atomic():
            began = self._clock()
            removed = self._db.execute(statement, values).rowcount
        return removed, self._clock() - began

    def _observations(self, before: Instant, step: int) -> tuple[int, float, bool]:
        """Rows stand in the order in which they were written, so a step is a run of rows."""
        first = self._db.number(
            "SELECT id FROM observations WHERE id >= ? ORDER BY id LIMIT 1", (self._next_row,)
        )
        row = self._db.one("SELECT at FROM observations WHERE id = ?", (first,))
        if row is None or row[0] >= before:
            self._next_row = 0
            return 0, 0.0, False
        last = first + step - 1
        values = {"first": first, "last": last, "before": before}
        removed, took = self._delete(_OLD_OBSERVATIONS, values)
        self._next_row = last + 1
        return removed, took, True
