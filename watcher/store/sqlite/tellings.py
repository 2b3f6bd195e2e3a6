"""Messages that some target took: SQLite looks into their bodies."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from watcher.model import Instant
from watcher.store.records import Delivered
from watcher.store.sql.tellings import StoredTellings

_decode_ids = msgspec.json.Decoder(dict[str, list[int]]).decode
# A message that was sent by an older version names only the alerts that it shows.
_ALERTS = (
    "coalesce(json_extract(m.body, '$.alerts'), (SELECT json_group_object(i.kind, json(i.ids)) "
    "FROM (SELECT json_extract(value, '$.kind') AS kind, json_group_array(CAST(substr("
    "json_extract(value, '$.alert'), 2) AS INTEGER)) AS ids FROM json_each(m.body, '$.items') "
    "GROUP BY 1) AS i))"
)


class SqliteTellings(StoredTellings):
    """``ports.Tellings`` in SQLite."""

    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        # "+": left alone, the planner goes through all that was ever sent, for each message anew.
        rows = self._db.rows(
            "SELECT m.rule, json_extract(m.body, '$.kind') AS kind, (SELECT n.channel FROM "
            "notifications AS n WHERE n.message = m.id LIMIT 1), m.about, "
            f"{_ALERTS} FROM {self._sql.rows_of('?1')} "
            "CROSS JOIN messages AS m ON m.rule = w.value AND m.about BETWEEN ?2 AND ?3 "
            "WHERE EXISTS (SELECT 1 FROM notifications AS n WHERE n.message = m.id "
            "AND +n.state = 'sent') AND kind IN ('alerts', 'digest', 'joined') "
            "ORDER BY m.about, m.id",
            (self._sql.listed(dict.fromkeys([*rules, ""])), since, until),
        )
        return [
            Delivered(rule, kind, channel, about, _decode_ids(ids))
            for rule, kind, channel, about, ids in rows
        ]
