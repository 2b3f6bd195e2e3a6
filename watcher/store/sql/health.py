"""The state of watches, rules and parts of the daemon, and what the operator was told."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

import builtins

import msgspec

from watcher.incident import About, Incident, IncidentKind
from watcher.model import Health, Instant
from watcher.store.sqlite.connection import Connection, Row

_SELECT = "SELECT kind, name, failing_since, failures, last_error, last_ok FROM health"
_INCIDENT = "kind, about, subject, fields, details, since"


class SqlHealthBook:
    """``ports.HealthBook`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def ok(self, kind: str, name: str, now: Instant) -> None:
        self._db.execute(
            "INSERT INTO health (kind, name, failures, last_ok) VALUES (?1, ?2, 0, ?3) "
            "ON CONFLICT (kind, name) DO UPDATE SET failing_since = NULL, failures = 0, "
            "last_error = NULL, last_ok = ?3",
            (kind, name, now),
        )

    def failing(self, kind: str, name: str, error: str, now: Instant) -> Health:
        self._db.execute(
            "INSERT INTO health (kind, name, failing_since, failures, last_error) "
            "VALUES (?1, ?2, ?3, 1, ?4) ON CONFLICT (kind, name) DO UPDATE SET "
            "failing_since = coalesce(failing_since, ?3), failures = failures + 1, last_error = ?4",
            (kind, name, now, error),
        )
        return self.get(kind, name)

    def forget(self, kind: str, name: str) -> None:
        self._db.execute("DELETE FROM health WHERE kind = ? AND name = ?", (kind, name))

    def get(self, kind: str, name: str) -> Health:
        row = self._db.one(f"{_SELECT} WHERE kind = ? AND name = ?", (kind, name))
        return Health(*row) if row else Health(kind, name)

    def raise_cause(self, incident: Incident, now: Instant) -> bool:
        return bool(
            self._db.execute(
                "INSERT INTO causes (cause, since, kind, about, subject, fields, details, text) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '') ON CONFLICT (cause) "
                "DO UPDATE SET details = ?7, since = ?2, ended = NULL WHERE ended IS NOT NULL",
                (
                    incident.cause,
                    now,
                    incident.kind.value,
                    incident.about.value,
                    incident.subject,
                    msgspec.json.encode(incident.fields).decode(),
                    msgspec.json.encode(incident.details).decode(),
                ),
            ).rowcount
        )

    def clear_cause(self, incident: Incident, now: Instant) -> Incident | None:
        rows: list[Row] = self._db.execute(
            f"UPDATE causes SET ended = ? WHERE cause = ? AND ended IS NULL RETURNING {_INCIDENT}",
            (now, incident.cause),
        ).fetchall()
        return _incident(rows[0]) if rows else None

    def incidents(self) -> builtins.list[Incident]:
        rows = self._db.rows(
            f"SELECT {_INCIDENT} FROM causes WHERE ended IS NULL ORDER BY since, cause"
        )
        return [_incident(row) for row in rows]

    def list(self, kind: str | None = None) -> builtins.list[Health]:
        rows = self._db.rows(
            f"{_SELECT} WHERE ?1 IS NULL OR kind = ?1 ORDER BY kind, name", (kind,)
        )
        return [Health(*row) for row in rows]


def _incident(row: Row) -> Incident:
    kind, about, subject, fields, details, since = row
    names = msgspec.json.decode(fields, type=tuple[str, ...])
    values = msgspec.json.decode(details)
    return Incident(IncidentKind(kind), About(about), subject, names, values, since)
