"""Credits: what was spent, by UTC day and watch, and what is set aside for requests under way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from watcher.model import Instant
from watcher.store.sqlite.connection import Connection

_USED = "SELECT coalesce(sum(used), 0) FROM credits WHERE day BETWEEN ?1 AND ?2"
_SPENT = (
    "SELECT (SELECT coalesce(sum(used), 0) FROM credits WHERE day BETWEEN ?1 AND ?2) + "
    "(SELECT coalesce(sum(amount), 0) FROM reservations WHERE day BETWEEN ?1 AND ?2)"
)


@dataclass(frozen=True, slots=True)
class Spent:
    """Credits of a UTC day and of its month, those set aside included."""

    day: int
    month: int


class SqlLedger:
    """``ports.Ledger`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def reserve(
        self, watch: str, amount: int, now: Instant, per_day: int | None, per_month: int | None
    ) -> int | None:
        with self._db.atomic():
            spent = self.spent(now)
            if per_day is not None and spent.day + amount > per_day:
                return None
            if per_month is not None and spent.month + amount > per_month:
                return None
            return self._db.execute(
                "INSERT INTO reservations (day, watch, amount) VALUES (?, ?, ?)",
                (_day(now), watch, amount),
            ).lastrowid

    def settle(self, reservation: int, used: int) -> None:
        with self._db.atomic():
            row = self._db.one("SELECT day, watch FROM reservations WHERE id = ?", (reservation,))
            if row is None:
                return
            self._db.execute("DELETE FROM reservations WHERE id = ?", (reservation,))
            day, watch = row
            self._add(day, watch, used)

    def book(self, reservation: int, used: int) -> None:
        with self._db.atomic():
            row = self._db.one(
                "UPDATE reservations SET amount = amount - ? WHERE id = ? RETURNING day, watch",
                (used, reservation),
            )
            if row is not None:
                day, watch = row
                self._add(day, watch, used)

    def settle_all(self, at_most: int) -> None:
        with self._db.atomic():
            for reservation, amount in self._db.rows("SELECT id, amount FROM reservations"):
                self.settle(reservation, min(amount, at_most))

    def pay(
        self, watch: str, amount: int, now: Instant, per_day: int | None, per_month: int | None
    ) -> bool:
        with self._db.atomic():
            reservation = self.reserve(watch, amount, now, per_day, per_month)
            if reservation is None:
                return False
            self.settle(reservation, amount)
            return True

    def charge(self, watch: str, used: int, now: Instant) -> None:
        with self._db.atomic():
            self._add(_day(now), watch, used)

    def used(self, now: Instant) -> Spent:
        return Spent(
            self._db.number(_USED, (_day(now), _day(now))),
            self._db.number(_USED, _month(now)),
        )

    def spent(self, now: Instant) -> Spent:
        day = _day(now)
        return Spent(
            self._db.number(_SPENT, (day, day)),
            self._db.number(_SPENT, _month(now)),
        )

    def set_aside(self, now: Instant) -> dict[str, int]:
        return dict(
            self._db.rows(
                "SELECT watch, sum(amount) FROM reservations WHERE day = ? GROUP BY watch",
                (_day(now),),
            )
        )

    def by_watch(self, day: Instant) -> dict[str, int]:
        return dict(
            self._db.rows(
                "SELECT watch, sum(n) FROM (SELECT watch, used AS n FROM credits WHERE day = ?1 "
                "UNION ALL SELECT watch, amount FROM reservations WHERE day = ?1) "
                "GROUP BY watch ORDER BY sum(n) DESC, watch",
                (_day(day),),
            )
        )

    def _add(self, day: str, watch: str, used: int) -> None:
        if used:
            self._db.execute(
                "INSERT INTO credits (day, watch, used) VALUES (?, ?, ?) "
                "ON CONFLICT (day, watch) DO UPDATE SET used = used + excluded.used",
                (day, watch, used),
            )


def _month(now: Instant) -> tuple[str, str]:
    """The first and the last day, as they compare."""
    return _day(now)[:8] + "01", _day(now)[:8] + "31"


def _day(now: Instant) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
