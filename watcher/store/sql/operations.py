"""The daemon's own work, as it is kept: credits (what was spent, by UTC day and watch, and what is
set aside for requests under way), what is not well, and the times of reports that are done."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from watcher.incident import About, Incident, IncidentKind
from watcher.model import Health, Instant
from watcher.store.records import Row, Spent
from watcher.store.sql.connection import Face

_USED = "SELECT coalesce(sum(used), 0) FROM credits WHERE day BETWEEN ?1 AND ?2"
_SPENT = (
    "SELECT (SELECT coalesce(sum(used), 0) FROM credits WHERE day BETWEEN ?1 AND ?2) + "
    "(SELECT coalesce(sum(amount), 0) FROM reservations WHERE day BETWEEN ?1 AND ?2)"
)
_HEALTH = "SELECT kind, name, failing_since, failures, last_error, last_ok FROM health"
_INCIDENT = "kind, about, subject, fields, details, since"


class Ledger(Face):
    """Credits: those reserved count as spent until settled: a crash can only count too much."""

    def reserve(
        self, watch: str, amount: int, now: Instant, per_day: int | None, per_month: int | None
    ) -> int | None:
        """Set ``amount`` aside if both caps (None is no cap) leave it; the reservation's id. None,
        and nothing changed, where a cap does not leave it."""
        with self._db.atomic():
            spent = self.spent(now)
            if per_day is not None and spent.day + amount > per_day:
                return None
            if per_month is not None and spent.month + amount > per_month:
                return None
            return self._db.number(
                "INSERT INTO reservations (day, watch, amount) VALUES (?, ?, ?) RETURNING id",
                (_day(now), watch, amount),
            )

    def settle(self, reservation: int, used: int) -> None:
        """Book what was used of a reservation, on its day, and end it."""
        with self._db.atomic():
            row = self._db.one(
                "DELETE FROM reservations WHERE id = ? RETURNING day, watch", (reservation,)
            )
            self._add(row, used)

    def book(self, reservation: int, used: int) -> None:
        """Part of what was reserved is used; the rest stays set aside."""
        with self._db.atomic():
            row = self._db.one(
                "UPDATE reservations SET amount = amount - ? WHERE id = ? RETURNING day, watch",
                (used, reservation),
            )
            self._add(row, used)

    def settle_all(self, at_most: int) -> None:
        """End what a crash left open: of each reservation at most so much can have been used. Only
        for who holds the database: the reservations of another that lives are no crash's."""
        with self._db.atomic():
            for reservation, amount in self._db.rows(
                "SELECT id, amount FROM reservations ORDER BY id"
            ):
                self.settle(reservation, min(amount, at_most))

    def pay(
        self, watch: str, amount: int, now: Instant, per_day: int | None, per_month: int | None
    ) -> bool:
        """Count ``amount`` as used if both caps leave it; nothing stays set aside."""
        with self._db.atomic():
            reservation = self.reserve(watch, amount, now, per_day, per_month)
            if reservation is None:
                return False
            self.settle(reservation, amount)
            return True

    def charge(self, watch: str, used: int, now: Instant) -> None:
        """Count what was spent without a reservation, whatever the caps; below 0 takes back."""
        with self._db.atomic():
            self._add((_day(now), watch), used)

    def used(self, now: Instant) -> Spent:
        """Return ``spent``, without what is only set aside."""
        return self._sums(_USED, now)

    def spent(self, now: Instant) -> Spent:
        return self._sums(_SPENT, now)

    def _sums(self, sql: str, now: Instant) -> Spent:
        """Sums of the day and of its month, whose ends are days as they compare."""
        day = _day(now)
        month = day[:8] + "01", day[:8] + "31"
        return Spent(self._db.number(sql, (day, day)), self._db.number(sql, month))

    def set_aside(self, now: Instant) -> dict[str, int]:
        """Credits that are set aside for requests under way, by watch."""
        return dict(
            self._db.rows(
                "SELECT watch, sum(amount) FROM reservations WHERE day = ? "
                "GROUP BY watch ORDER BY watch",
                (_day(now),),
            )
        )

    def by_watch(self, day: Instant) -> dict[str, int]:
        """Credits of the UTC day in which ``day`` falls, the largest first."""
        return dict(
            self._db.rows(
                "SELECT watch, sum(n) FROM (SELECT watch, used AS n FROM credits WHERE day = ?1 "
                "UNION ALL SELECT watch, amount FROM reservations WHERE day = ?1) AS n "
                "GROUP BY watch ORDER BY sum(n) DESC, watch",
                (_day(day),),
            )
        )

    def _add(self, booked: Row | None, used: int) -> None:
        """Add to the credits of a day and watch."""
        if booked is not None and used:
            self._db.execute(
                "INSERT INTO credits (day, watch, used) VALUES (?, ?, ?) "
                "ON CONFLICT (day, watch) DO UPDATE SET used = credits.used + excluded.used",
                (*booked, used),
            )


def _day(now: Instant) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")


class HealthBook(Face):
    """Kept apart from alerts: a rule that can't be judged is no rule that is not met."""

    def ok(self, kind: str, name: str, now: Instant) -> None:
        self._db.execute(
            "INSERT INTO health (kind, name, failures, last_ok) VALUES (?1, ?2, 0, ?3) "
            "ON CONFLICT (kind, name) DO UPDATE SET failing_since = NULL, failures = 0, "
            "last_error = NULL, last_ok = ?3",
            (kind, name, now),
        )

    def failing(self, kind: str, name: str, error: str, now: Instant) -> Health:
        """One failure more; the first one's time stays."""
        self._db.execute(
            "INSERT INTO health (kind, name, failing_since, failures, last_error) "
            "VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT (kind, name) DO UPDATE SET "
            "failing_since = coalesce(health.failing_since, ?3), "
            "failures = health.failures + 1, last_error = ?4",
            (kind, name, now, error),
        )
        return self.get(kind, name)

    def forget(self, kind: str, name: str) -> None:
        """Drop the health of a watch or rule that is no more."""
        self._db.execute("DELETE FROM health WHERE kind = ? AND name = ?", (kind, name))

    def get(self, kind: str, name: str) -> Health:
        """Nothing bad of what was never heard of."""
        row = self._db.one(f"{_HEALTH} WHERE kind = ? AND name = ?", (kind, name))
        return Health(*row) if row else Health(kind, name)

    def raise_cause(self, incident: Incident, now: Instant) -> bool:
        """True if it has newly begun, so that the operator has not heard of it."""
        names, details = (
            msgspec.json.encode(each).decode() for each in (incident.fields, incident.details)
        )
        about = (incident.kind.value, incident.about.value, incident.subject)
        cursor = self._db.execute(
            "INSERT INTO causes (cause, since, kind, about, subject, fields, details, text) "
            "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '') ON CONFLICT (cause) "
            "DO UPDATE SET details = ?7, since = ?2, ended = NULL WHERE causes.ended IS NOT NULL",
            (incident.cause, now, *about, names, details),
        )
        return bool(cursor.rowcount)

    def clear_cause(self, incident: Incident, now: Instant) -> Incident | None:
        """The incident as it began, if it was on; it is on no more."""
        rows: list[Row] = self._db.execute(
            f"UPDATE causes SET ended = ? WHERE cause = ? AND ended IS NULL RETURNING {_INCIDENT}",
            (now, incident.cause),
        ).fetchall()
        return _incident(rows[0]) if rows else None

    def incidents(self) -> builtins.list[Incident]:
        """The incidents that are on, the oldest first."""
        rows = self._db.rows(
            f"SELECT {_INCIDENT} FROM causes WHERE ended IS NULL ORDER BY since, cause"
        )
        return [_incident(row) for row in rows]

    def list(self, kind: str | None = None) -> builtins.list[Health]:
        sql = f"{_HEALTH} WHERE CAST(?1 AS TEXT) IS NULL OR kind = ?1 ORDER BY kind, name"
        return self._db.all(Health, sql, (kind,))


def _incident(row: Row) -> Incident:
    kind, about, subject, fields, details, since = row
    names = msgspec.json.decode(fields, type=tuple[str, ...])
    values = msgspec.json.decode(details)
    return Incident(IncidentKind(kind), About(about), subject, names, values, since)


class ReportState(msgspec.Struct, frozen=True):
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
