"""Live alerts as columns: of the thousands that go on as they are, no object is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from watcher.model import Alert, AlertState, Bools, Ints
from watcher.store.packing import positions
from watcher.store.sqlite.connection import Connection, listed
from watcher.store.sqlite.dialect import LIVE, rows_of

_COLUMNS = (
    "w.key, a.id, a.product, a.state = 'firing', a.since, a.last_met, coalesce(a.fired_at, -1), "
    "a.absent, a.carried"
)
_WIDTH = 9
_LIVE = (
    f"FROM {rows_of()} CROSS JOIN alerts AS a {LIVE} ON a.rule = w.value "
    "{} WHERE a.state <> 'inactive'"
)
_AT_ONCE = 2_000  # rows that are Python's objects before they are columns


@dataclass(frozen=True)
class Live:
    """The pending and firing alerts of some rules: rule by rule, the oldest first.

    ``names`` are the rules'. Each column is (n,): ``rules`` has an alert's rule by its place in
    ``names``; ``fired_at`` is -1 where an alert is pending.
    """

    names: Sequence[str]
    rules: Ints
    ids: Ints
    products: Ints
    firing: Bools
    since: Ints
    last_met: Ints
    fired_at: Ints
    absent: Ints
    carried: Bools

    def __len__(self) -> int:
        return len(self.ids)

    def of(self, rule: int) -> slice:
        """Return where the alerts of a rule stand."""
        return slice(*self._bounds[rule : rule + 2])

    def alerts(self, part: slice, mask: Bools) -> Iterator[Alert]:
        """Those of a part that the mask (n,) marks as objects, without their stored evidence."""
        if part.start == part.stop:  # most rules have none
            return
        which = part.start + np.flatnonzero(mask[part])
        columns = (
            self.rules, self.ids, self.products, self.firing, self.since, self.last_met,
            self.fired_at, self.absent, self.carried,
        )  # fmt: skip
        for rule, alert, product, firing, since, last_met, fired_at, absent, carried in zip(
            *(column[which].tolist() for column in columns), strict=True
        ):
            state = AlertState.FIRING if firing else AlertState.PENDING
            yield Alert(
                alert, self.names[rule], product, state, since, last_met,
                fired_at if fired_at >= 0 else None, absent=absent, carried=carried,
            )  # fmt: skip

    @cached_property
    def _bounds(self) -> list[int]:
        bounds: list[int] = np.searchsorted(self.rules, np.arange(len(self.names) + 1)).tolist()
        return bounds


def live(db: Connection, names: Sequence[str]) -> Live:
    """All pending and firing alerts of these rules."""
    rows = _read(db, f"SELECT {_COLUMNS} {_LIVE.format('')}", (listed(names),), _WIDTH)
    columns = rows[:, np.lexsort((rows[1], rows[0]))]
    rules, ids, products, firing, since, last_met, fired_at, absent, carried = columns
    return Live(
        names, rules, ids, products, firing == 1, since, last_met, fired_at, absent, carried == 1
    )


def heard_at(db: Connection, live: Live, channel: str) -> Ints:
    """(n,) when ``channel`` was last told of each of them; -1 where it was never, or was told of
    another alert of the rule and product since."""
    join = (
        "CROSS JOIN told AS t ON t.rule = a.rule AND t.product = a.product AND t.channel = ? "
        "AND t.alert = a.id"
    )
    sql, values = f"SELECT a.id, t.told_at {_LIVE.format(join)}", (listed(live.names), channel)
    ids, times = _read(db, sql, values, 2)
    found = np.full(len(live), -1, np.int64)
    found[positions(live.ids, ids)] = times
    return found


def _read(db: Connection, sql: str, values: Sequence[object], width: int) -> Ints:
    """(width, n) whole numbers."""
    cursor, parts = db.execute(sql, values), [np.zeros((0, width), np.int64)]
    while rows := cursor.fetchmany(_AT_ONCE):
        parts.append(np.array(rows, np.int64))
    return np.concatenate(parts).T
