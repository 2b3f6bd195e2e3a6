"""What is owed to a channel, and held back by a silence, quiet hours or a digest.

Firing alerts are decided anew at every scan; this remembers what scans do not come back to: that
something waits at all, since when, and what began and ended while it was held.
"""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.model import Instant
from watcher.store.sqlite.connection import Connection, Row, listed
from watcher.store.sqlite.dialect import REPLACE, among, pairs

_FIELDS = "rule, product, channel, alert, since, silence"


@dataclass(frozen=True, slots=True)
class Held:
    """Something of ``alert`` that ``channel`` is to be told, held since that time of the clock.

    ``silence`` is the silence that holds it; None: it is held for the channel as a whole.
    """

    rule: str
    product: int
    channel: str
    alert: int
    since: Instant
    silence: int | None = None


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """All that is held of one rule for one channel by one silence, or for the channel (None):
    since when the oldest, and how many alerts."""

    rule: str
    channel: str
    silence: int | None
    since: Instant
    count: int


class SqlHolding:
    """``ports.Holding`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def groups(self) -> builtins.list[HeldGroup]:
        rows = self._db.rows(
            "SELECT rule, channel, silence, min(since), count(*) FROM held "
            "GROUP BY rule, channel, silence"
        )
        return [HeldGroup(*row) for row in rows]

    def of_rule(self, rule: str) -> builtins.list[Held]:
        return _held(self._db.rows(f"SELECT {_FIELDS} FROM held WHERE rule = ?", (rule,)))

    def of_alerts(self, alerts: Iterable[int]) -> builtins.list[Held]:
        return _held(
            self._db.rows(
                f"SELECT {_FIELDS} FROM held WHERE alert IN {among()}",
                (listed(alerts),),
            )
        )

    def put(self, held: Iterable[Held]) -> None:
        held = [*held]
        if not held:
            return
        with self._db.atomic():
            self._db.many(
                f"{REPLACE} INTO held ({_FIELDS}) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    (each.rule, each.product, each.channel, each.alert, each.since, each.silence)
                    for each in held
                ),
            )

    def release(self, held: Iterable[Held]) -> None:
        held = [*held]
        if not held:
            return
        with self._db.atomic():
            self._db.many(
                "DELETE FROM held WHERE rule = ? AND product = ? AND channel = ?",
                ((each.rule, each.product, each.channel) for each in held),
            )

    def keep_only(self, tellings: Sequence[tuple[str, str]]) -> None:
        self._db.execute(
            f"DELETE FROM held WHERE (rule, channel) NOT IN {pairs()}",
            (listed(tellings),),
        )


def _held(rows: Iterable[Row]) -> list[Held]:
    return [Held(*row) for row in rows]
