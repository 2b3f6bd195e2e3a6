"""Messages that some target took, so that people were really told, and their alerts."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import msgspec

from watcher.evidence import Evidence
from watcher.model import Instant
from watcher.store.records import Delivered, FiredAlert
from watcher.store.sql.connection import Face

_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode


class StoredTellings(Face):
    """``ports.Tellings``, but what is read from the messages' bodies."""

    @abstractmethod
    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        """The port says what it gives."""

    def told_alerts(self, ids: Sequence[int]) -> dict[int, FiredAlert]:
        rows = self._db.rows(
            "SELECT a.id, a.rule, a.product, a.fired_at, a.resolved_at, a.watch "
            f"FROM {self._sql.rows_of()} {self._sql.join} alerts AS a ON a.id = w.value "
            "WHERE a.fired_at NOTNULL ORDER BY w.key",
            (self._sql.listed(ids),),
        )
        return {row[0]: FiredAlert(*row) for row in rows}

    def evidence_of(self, ids: Sequence[int]) -> dict[int, tuple[Evidence, ...]]:
        rows = self._db.execute(
            f"SELECT a.id, a.evidence FROM {self._sql.rows_of()} "
            f"{self._sql.join} alerts AS a ON a.id = w.value ORDER BY w.key",
            (self._sql.listed(ids),),
        )
        return {alert: _decode_evidence(text) for alert, text in rows}

    def known_from(self, rule: str, watch: str) -> Instant | None:
        began = "coalesce((SELECT began FROM rules WHERE name = ?1), s.at)"
        found: Instant | None = self._db.value(
            f"SELECT {self._sql.greatest(began, 's.at')} FROM scans AS s "
            "WHERE s.watch = ?2 AND s.size > 0 ORDER BY s.id LIMIT 1",
            (rule, watch),
        )
        return found

    def newest(self) -> tuple[int, int]:
        return (
            self._db.number("SELECT max(mark) FROM scans"),
            self._db.number("SELECT max(id) FROM tries"),
        )
