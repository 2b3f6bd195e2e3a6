"""Messages that tell of one alert, found by the rule and the time of their data: in no table stands
which alerts a message told of, but in the message."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

from watcher.model import Instant
from watcher.store.records import Row
from watcher.store.sql.connection import Face

LOOKED_THROUGH = 150  # messages of the rule, and as many of several rules: bodies are large
_KINDS = frozenset(["alerts", "digest", "joined"])
_SELECT = "SELECT m.id, m.about, m.body FROM messages AS m"


class _Also(Struct):
    """Another rule's word on a product of a message."""

    alert: str = ""
    kind: str = ""


class _Item(_Also):
    """A product of a message."""

    also: tuple[_Also, ...] = ()


class _Body(Struct):
    """The parts of a message that say which alerts it tells of."""

    kind: str
    alerts: Mapping[str, tuple[int, ...]] = {}
    items: tuple[_Item, ...] = ()

    def said_of(self, alert: int) -> str:
        """The decision by which the alert is told; empty where nothing is said of it."""
        if self.kind not in _KINDS:
            return ""
        told = (what for what, ids in self.alerts.items() if alert in ids)
        named = (
            each.kind
            for item in self.items
            for each in (item, *item.also)
            if each.alert == f"A{alert}"
        )
        return next(told, next(named, ""))


_decode = msgspec.json.Decoder(_Body).decode


class Mention(Struct, frozen=True):
    """A notification that tells of an alert: ``what`` it says of it, by data of ``about``."""

    notification: int
    what: str
    about: Instant


class AlertMessages(Face):
    """Messages by an alert that they tell of."""

    def mentions(self, alert: int, rule: str, product: int, since: Instant) -> list[Mention]:
        """All that tell of the alert of a rule and product, which began to fire then, the oldest
        first; of very many messages the first are looked through, and each channel's last."""
        said = {
            message: (what, about)
            for message, about, body in self._candidates(alert, rule, product, since)
            if (what := _decode(body).said_of(alert))
        }
        rows = self._db.rows(
            "SELECT n.id, n.message FROM notifications AS n "
            f"WHERE n.message IN {self._sql.among()} ORDER BY n.id",
            (self._sql.listed(said),),
        )
        return [Mention(notification, *said[message]) for notification, message in rows]

    def _candidates(self, alert: int, rule: str, product: int, since: Instant) -> Iterator[Row]:
        for name in (rule, ""):  # those of several rules have none
            yield from self._db.rows(
                f"{_SELECT} WHERE m.rule = ? AND m.about >= ? ORDER BY m.about, m.id LIMIT ?",
                (name, since, LOOKED_THROUGH),
            )
        yield from self._db.rows(
            f"{_SELECT} WHERE m.id IN (SELECT n.message FROM told AS t "
            "JOIN notifications AS n ON n.id = t.notification "
            "WHERE t.rule = ? AND t.product = ? AND t.alert = ?)",
            (rule, product, alert),
        )
