"""The state of watches, rules and parts of the daemon, and what the operator was told."""

from __future__ import annotations

import builtins
import json
from dataclasses import dataclass
from enum import StrEnum

from watcher.model import Health, Instant
from watcher.store.sqlite.connection import Connection, Row

_SELECT = "SELECT kind, name, failing_since, failures, last_error, last_ok FROM health"


class About(StrEnum):
    """The sort of thing that an incident befell."""

    WATCHER = ""
    WATCH = "watch"
    RULE = "rule"
    REGION = "region"
    TARGET = "target"
    PART = "part"


@dataclass(frozen=True, slots=True)
class Incident:
    """A trouble of the watcher itself: its kind, the ``subject`` that it befell, and the
    ``fields`` that it is about."""

    kind: str
    about: About = About.WATCHER
    subject: str = ""
    fields: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        """Its key in the store and its title. Nothing reads it: the columns say the same."""
        if not self.subject:
            return self.kind
        if self.about in {About.TARGET, About.PART}:
            return f"{self.kind} {self.subject}"
        fields = f" ({', '.join(self.fields)})" if self.fields else ""
        return f"{self.about} {self.subject}: {self.kind}{fields}"


@dataclass(frozen=True, slots=True)
class Cause:
    """Something the operator was told and whose end they have not heard of yet."""

    cause: str
    text: str
    since: Instant


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

    def raise_cause(self, incident: Incident, text: str, now: Instant) -> bool:
        return bool(
            self._db.execute(
                "INSERT INTO causes (cause, text, since, kind, about, subject, fields) "
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (cause) "
                "DO UPDATE SET text = ?2, since = ?3, ended = NULL WHERE ended IS NOT NULL",
                (
                    incident.cause,
                    text,
                    now,
                    incident.kind,
                    incident.about.value,
                    incident.subject,
                    json.dumps(incident.fields),
                ),
            ).rowcount
        )

    def clear_cause(self, incident: Incident, now: Instant) -> str | None:
        rows: list[Row] = self._db.execute(
            "UPDATE causes SET ended = ? WHERE cause = ? AND ended IS NULL RETURNING text",
            (now, incident.cause),
        ).fetchall()
        return str(rows[0][0]) if rows else None

    def incidents(self) -> builtins.list[Incident]:
        rows = self._db.rows(
            "SELECT kind, about, subject, fields FROM causes WHERE ended IS NULL "
            "ORDER BY since, cause"
        )
        return [
            Incident(kind, About(about), subject, tuple(json.loads(fields)))
            for kind, about, subject, fields in rows
        ]

    def subject_of(self, cause: str, about: About) -> str | None:
        row = self._db.one(
            "SELECT subject FROM causes WHERE cause = ? AND about = ?", (cause, about.value)
        )
        return str(row[0]) if row else None

    def causes(self) -> builtins.list[Cause]:
        rows = self._db.rows(
            "SELECT cause, text, since FROM causes WHERE ended IS NULL ORDER BY since, cause"
        )
        return [Cause(*row) for row in rows]

    def list(self, kind: str | None = None) -> builtins.list[Health]:
        rows = self._db.rows(
            f"{_SELECT} WHERE ?1 IS NULL OR kind = ?1 ORDER BY kind, name", (kind,)
        )
        return [Health(*row) for row in rows]
