"""Messages that some target took: their bodies are read here, for the JSON of PostgreSQL can't hold
all that a text may have in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from watcher.model import Instant
from watcher.store.records import Delivered
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.tellings import StoredTellings

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


class PostgresTellings(StoredTellings):
    """``ports.Tellings`` in PostgreSQL."""

    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        rows = self._db.stream(
            "SELECT m.rule, (SELECT n.channel FROM notifications AS n WHERE n.message = m.id "
            "ORDER BY n.id LIMIT 1), m.about, m.body FROM messages AS m "
            f"WHERE m.rule IN {self._sql.among('?1', TEXT)} AND m.about BETWEEN ?2 AND ?3 "
            "AND EXISTS (SELECT 1 FROM notifications AS n WHERE n.message = m.id "
            "AND n.state = 'sent') ORDER BY m.about, m.id",
            (self._sql.listed(dict.fromkeys([*rules, ""])), since, until),
        )
        found = ((rule, channel, about, _decode(body)) for rule, channel, about, body in rows)
        return [
            Delivered(rule, body.kind, channel, about, body.told())
            for rule, channel, about, body in found
            if body.kind in _KINDS
        ]
