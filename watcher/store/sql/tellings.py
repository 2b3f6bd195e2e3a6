"""Messages that some target took, so that people were really told, and their alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from watcher.evidence import Evidence
from watcher.model import Instant
from watcher.store.records import Delivered, FiredAlert
from watcher.store.sql.connection import Face
from watcher.store.sql.dialect import TEXT

_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode
_KINDS = frozenset(["alerts", "digest", "joined"])


class _Item(Struct):
    """An alert that a message shows; ``alert`` is its id after a letter."""

    kind: str = ""
    alert: str = ""


class _Body(Struct):
    """The parts of a message that say which alerts it tells of."""

    kind: str
    alerts: Mapping[str, list[int]] | None = None
    items: list[_Item] = []

    def told(self) -> dict[str, list[int]]:
        """Ids of alerts by what is said of them."""
        if self.alerts is not None:
            return dict(self.alerts)
        # A message that was sent by an older version names only the alerts that it shows.
        found: dict[str, list[int]] = {}
        for item in self.items:
            found.setdefault(item.kind, []).append(int(item.alert[1:]))
        return found


_decode = msgspec.json.Decoder(_Body).decode


class Tellings(Face):
    """Stored messages that some target took, and their alerts."""

    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        """The messages of these rules, and those of several rules, whose data is of ``since`` to
        ``until`` and that were sent; the oldest data first. Of their texts nothing is read."""
        # Not by their state: an index of it would have all that was ever sent gone through.
        rows = self._db.stream(
            "SELECT m.rule, (SELECT n.channel FROM notifications AS n WHERE n.message = m.id "
            f"ORDER BY n.id LIMIT 1), m.about, m.body FROM {self._sql.rows_of('?1', TEXT)} "
            f"{self._sql.join} messages AS m ON m.rule = w.value AND m.about BETWEEN ?2 AND ?3 "
            "WHERE EXISTS (SELECT 1 FROM notifications AS n WHERE n.message = m.id "
            f"AND {self._sql.unindexed('n.state')} = 'sent') ORDER BY m.about, m.id",
            (self._sql.listed(dict.fromkeys([*rules, ""])), since, until),
        )
        found = ((rule, channel, about, _decode(body)) for rule, channel, about, body in rows)
        return [
            Delivered(rule, body.kind, channel, about, body.told())
            for rule, channel, about, body in found
            if body.kind in _KINDS
        ]

    def told_alerts(self, ids: Sequence[int]) -> dict[int, FiredAlert]:
        """The alerts of these ids that there are and that ever fired."""
        rows = self._db.rows(
            "SELECT a.id, a.rule, a.product, a.fired_at, a.resolved_at, a.watch "
            f"FROM {self._sql.rows_of()} {self._sql.join} alerts AS a ON a.id = w.value "
            "WHERE a.fired_at NOTNULL ORDER BY w.key",
            (self._sql.listed(ids),),
        )
        return {row[0]: FiredAlert(*row) for row in rows}

    def evidence_of(self, ids: Sequence[int]) -> dict[int, tuple[Evidence, ...]]:
        """Return why each of these alerts fired."""
        rows = self._db.execute(
            f"SELECT a.id, a.evidence FROM {self._sql.rows_of()} "
            f"{self._sql.join} alerts AS a ON a.id = w.value ORDER BY w.key",
            (self._sql.listed(ids),),
        )
        return {alert: _decode_evidence(text) for alert, text in rows}

    def known_from(self, rule: str, watch: str) -> Instant | None:
        """The time from which on the rule can have told something; None where it never could."""
        began = "coalesce((SELECT began FROM rules WHERE name = ?1), s.at)"
        found: Instant | None = self._db.value(
            f"SELECT {self._sql.greatest(began, 's.at')} FROM scans AS s "
            "WHERE s.watch = ?2 AND s.size > 0 ORDER BY s.id LIMIT 1",
            (rule, watch),
        )
        return found

    def newest(self) -> tuple[int, int]:
        """Return what changes whenever a scan is stored, or a message is sent or given up."""
        return (
            self._db.number("SELECT max(mark) FROM scans"),
            self._db.number("SELECT max(id) FROM tries"),
        )
