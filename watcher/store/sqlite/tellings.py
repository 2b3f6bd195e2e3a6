"""Messages that some target took, so that people were really told, and their alerts."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from watcher.model import Evidence, Instant
from watcher.store.records import Delivered, FiredAlert
from watcher.store.sql.connection import Face

_decode_ids = msgspec.json.Decoder(dict[str, list[int]]).decode
_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode
# A message that was sent by an older version names only the alerts that it shows.
_ALERTS = (
    "coalesce(json_extract(m.body, '$.alerts'), (SELECT json_group_object(i.kind, json(i.ids)) "
    "FROM (SELECT json_extract(value, '$.kind') AS kind, json_group_array(CAST(substr("
    "json_extract(value, '$.alert'), 2) AS INTEGER)) AS ids FROM json_each(m.body, '$.items') "
    "GROUP BY 1) AS i))"
)


class SqliteTellings(Face):
    """``ports.Tellings`` in SQLite."""

    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        # "+": left alone, the planner goes through all that was ever sent, for each message anew.
        rows = self._db.rows(
            "SELECT m.rule, json_extract(m.body, '$.kind') AS kind, (SELECT n.channel FROM "
            "notifications AS n WHERE n.message = m.id LIMIT 1), m.about, "
            f"{_ALERTS} FROM json_each(?1) AS w "
            f"{self._sql.join} messages AS m ON m.rule = w.value AND m.about BETWEEN ?2 AND ?3 "
            "WHERE EXISTS (SELECT 1 FROM notifications AS n WHERE n.message = m.id "
            "AND +n.state = 'sent') AND kind IN ('alerts', 'digest', 'joined') "
            "ORDER BY m.about, m.id",
            (self._sql.listed(dict.fromkeys([*rules, ""])), since, until),
        )
        return [
            Delivered(rule, kind, channel, about, _decode_ids(ids))
            for rule, kind, channel, about, ids in rows
        ]

    def told_alerts(self, ids: Sequence[int]) -> dict[int, FiredAlert]:
        return {
            row[0]: FiredAlert(*row)
            for row in self._db.rows(
                "SELECT a.id, a.rule, a.product, a.fired_at, a.resolved_at FROM json_each(?) AS w "
                f"{self._sql.join} alerts AS a ON a.id = w.value WHERE a.fired_at NOTNULL",
                (self._sql.listed(ids),),
            )
        }

    def evidence_of(self, ids: Sequence[int]) -> dict[int, tuple[Evidence, ...]]:
        return {
            alert: _decode_evidence(text)
            for alert, text in self._db.execute(
                "SELECT a.id, a.evidence FROM json_each(?) AS w "
                f"{self._sql.join} alerts AS a ON a.id = w.value",
                (self._sql.listed(ids),),
            )
        }

    def known_from(self, rule: str, watch: str) -> Instant | None:
        found: Instant | None = self._db.value(
            "SELECT max(coalesce((SELECT began FROM rules WHERE name = ?1), s.at), s.at) "
            "FROM scans AS s WHERE s.watch = ?2 AND s.size > 0 ORDER BY s.id LIMIT 1",
            (rule, watch),
        )
        return found

    def newest(self) -> tuple[int, int]:
        return (
            self._db.number("SELECT max(mark) FROM scans"),
            self._db.number("SELECT max(id) FROM tries"),
        )
