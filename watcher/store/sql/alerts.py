"""Alerts, their changes of state, and what each channel was told of them."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from watcher.model import (
    Alert,
    AlertState,
    Evidence,
    Instant,
    Ints,
    LatestEvidence,
    NotificationLogEntry,
    NotificationState,
)
from watcher.store.sql.live import Live, heard_at, live
from watcher.store.sqlite.connection import Connection, Row, listed
from watcher.store.sqlite.dialect import LAST_ALERT, LIVE, REPLACE, rows_of

__all__ = ["AlertHold", "AlertRow", "Brief", "Delivery", "Live", "SqlAlerts", "Transition"]

_FIELDS = (
    "rule, product, state, since, last_met, fired_at, resolved_at, reason, absent, carried, "
    "evidence"
)
_STAYS, _MOVES = _FIELDS.split(", ")[:2], _FIELDS.split(", ")[2:]
_INSERT = f"INSERT INTO alerts (id, {_FIELDS}) VALUES (?{', ?' * len(_STAYS + _MOVES)})"
_UPDATE = (
    f"UPDATE alerts SET ({', '.join(_MOVES)}) = ({'?, ' * (len(_MOVES) - 1)}coalesce(?, evidence)) "
    "WHERE id = ?"
)
_COLUMNS = [f"a.{name.strip()}" for name in f"id, {_FIELDS}".split(",")]
_STATE, _SELECT = ", ".join(_COLUMNS[:-1]), f"SELECT {', '.join(_COLUMNS)}"
_PRODUCT = "p.region, p.product_id, coalesce(p.product_name, p.product_id), p.currency"
_TOLD = "SELECT t.rule, t.product, t.channel, t.alert, t.told_at, t.resolved_told, t.notification"
_STATES: dict[str, AlertState] = {state.value: state for state in AlertState}
# What says why an alert fires.
Why: TypeAlias = Callable[[], tuple[Evidence, ...]]
_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode


class Transition(msgspec.Struct, frozen=True, gc=False):
    """An alert's change of state, or a change that is told (``reason`` names it)."""

    alert: int
    at: Instant
    before: AlertState
    after: AlertState
    reason: str | None = None


# An alert without its evidence, as a plain row, for there may be very many: its id, rule and
# product, and when it ended.
Brief: TypeAlias = tuple[int, str, int, Instant | None]


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of the last message about an alert: of one target, or not queued at all."""

    channel: str
    told_at: Instant
    target: str | None = None
    state: NotificationState | None = None

    def __str__(self) -> str:
        return f"{self.target or self.channel} {self.state.value if self.state else 'told'}"


@dataclass(frozen=True, slots=True)
class AlertHold:
    """Why a channel is not told of an alert now: ``until`` is when that ends by itself, if it does;
    ``silence`` is the id of the one that holds it."""

    channel: str
    why: str
    until: Instant | None = None
    silence: int | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert for people, with its product's names and what became of its last messages.

    ``holds`` is what is held back of it, ``known`` what is so now: they follow from the rules, so
    that the store leaves them empty.
    """

    alert: Alert
    region: str
    product_id: str
    name: str
    deliveries: tuple[Delivery, ...]
    currency: str | None = None
    holds: tuple[AlertHold, ...] = ()
    known: LatestEvidence | None = None


class SqlAlerts:
    """``ports.Alerts`` in SQL."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def active(self, rules: Sequence[str]) -> builtins.list[Alert]:
        return [_alert(row) for row in self._live(_SELECT, rules)]

    def live(self, rules: Sequence[str]) -> builtins.list[Alert]:
        return [_alert_of(row) for row in self._live(f"SELECT {_STATE}", rules)]

    def columns(self, rules: Sequence[str]) -> Live:
        return live(self._db, rules)

    def heard_at(self, alerts: Live, channel: str) -> Ints:
        return heard_at(self._db, alerts, channel)

    def _live(self, select: str, rules: Sequence[str]) -> builtins.list[Row]:
        return self._db.rows(
            f"{select} FROM {rows_of()} CROSS JOIN alerts AS a {LIVE} "
            "ON a.rule = w.value WHERE a.state <> 'inactive' ORDER BY a.id",
            (listed(dict.fromkeys(rules)),),
        )

    def explained(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        stored = {
            alert.id: alert.evidence
            for alert in self.by_id([each.id for each in alerts if not each.evidence])
        }
        return [
            replace(each, evidence=stored[each.id]) if each.id in stored else each
            for each in alerts
        ]

    def by_id(self, ids: Iterable[int]) -> builtins.list[Alert]:
        rows = self._db.rows(
            f"{_SELECT} FROM {rows_of()} CROSS JOIN alerts AS a ON a.id = w.value ORDER BY a.id",
            (listed(dict.fromkeys(ids)),),
        )
        return [_alert(row) for row in rows]

    def brief(self, ids: Iterable[int]) -> builtins.list[Brief]:
        return self._db.rows(
            f"SELECT a.id, a.rule, a.product, a.resolved_at FROM {rows_of()} "
            "CROSS JOIN alerts AS a ON a.id = w.value ORDER BY a.id",
            (listed(ids),),
        )

    def save(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        with self._db.atomic():
            kept = [_is_kept(alert) for alert in alerts]
            following = 1 + self._db.number(LAST_ALERT)
            saved: builtins.list[Alert] = []
            updates: builtins.list[Row] = []
            inserts: builtins.list[Row] = []
            deletes: builtins.list[Row] = []
            for alert, keep in zip(alerts, kept, strict=True):
                if keep and not alert.id:
                    row = (following + len(inserts), *_values(alert))
                    inserts.append((*row, _evidence(alert)))
                    alert = _alert_of(row)  # noqa: PLW2901
                elif keep:
                    evidence = _evidence(alert) if alert.evidence else None
                    updates.append((*_values(alert)[len(_STAYS) :], evidence, alert.id))
                    if evidence is not None:
                        alert = replace(alert, evidence=())  # noqa: PLW2901
                elif alert.id:
                    deletes.append((alert.id,))
                saved.append(alert)
            self._db.many("DELETE FROM alerts WHERE id = ?", deletes)
            # Updates first: one that ends makes room for its successor. Rule and product stay, and
            # the indexes on them: to name them would write each anew.
            self._db.many(_UPDATE, updates)
            self._db.many(_INSERT, inserts)
        return saved

    def witness(self, alert: Alert, why: Why) -> Alert:
        return replace(alert, evidence=why())

    def record(self, transitions: Iterable[Transition]) -> None:
        with self._db.atomic():
            self._db.many(
                "INSERT INTO transitions (alert, at, before, after, reason) "
                "SELECT ?1, ?2, ?3, ?4, ?5 WHERE EXISTS (SELECT 1 FROM alerts WHERE id = ?1)",
                ((t.alert, t.at, t.before.value, t.after.value, t.reason) for t in transitions),
            )

    def transitions(self, alert: int) -> builtins.list[Transition]:
        rows = self._db.rows(
            "SELECT alert, at, before, after, reason FROM transitions WHERE alert = ? ORDER BY id",
            (alert,),
        )
        return [
            Transition(alert_id, at, AlertState(before), AlertState(after), reason)
            for alert_id, at, before, after, reason in rows
        ]

    def told(self, rule: str, products: Sequence[int]) -> builtins.list[NotificationLogEntry]:
        rows = self._db.rows(
            f"{_TOLD} FROM {rows_of()} CROSS JOIN told AS t ON t.rule = ? AND t.product = w.value",
            (listed(int(product) for product in products), rule),
        )
        return [_told(row) for row in rows]

    def told_of(
        self, rules: Sequence[str], at: Instant | None = None
    ) -> builtins.list[NotificationLogEntry]:
        rows = self._db.rows(
            f"{_TOLD} FROM {rows_of('?1')} CROSS JOIN told AS t ON t.rule = w.value "
            "WHERE ?2 IS NULL OR t.told_at = ?2",
            (listed(dict.fromkeys(rules)), at),
        )
        return [_told(row) for row in rows]

    def cooling(
        self, cooldowns: Mapping[str, int], now: Instant
    ) -> builtins.list[tuple[str, str, int, Instant]]:
        return self._db.rows(
            f"SELECT t.rule, t.channel, count(*), min(min(t.told_at), ?2) FROM {rows_of('?1')} "
            f"CROSS JOIN alerts AS a {LIVE} ON a.rule = w.key "
            "CROSS JOIN told AS t ON t.rule = a.rule AND t.product = a.product "
            "WHERE a.state <> 'inactive' AND a.state = 'firing' AND NOT a.carried "
            "AND t.alert <> a.id AND t.told_at > ?2 - w.value "
            "GROUP BY t.rule, t.channel",
            (msgspec.json.encode(cooldowns).decode(), now),
        )

    def mark_told(self, told: Iterable[NotificationLogEntry]) -> None:
        with self._db.atomic():
            self._db.many(
                f"{REPLACE} INTO told (rule, product, channel, alert, told_at, "
                "resolved_told, notification) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    (
                        t.rule,
                        t.product,
                        t.channel,
                        t.alert,
                        t.told_at,
                        int(t.resolved_told),
                        t.notification,
                    )
                    for t in told
                ),
            )

    def list(
        self, rule: str | None = None, state: AlertState | None = None,
        since: Instant | None = None, limit: int = 100, product: int | None = None,
    ) -> builtins.list[AlertRow]:  # fmt: skip
        asked = {
            "a.rule = ?": rule,
            "a.product = ?": product,
            "a.state = ?": state.value if state else None,
            "(a.state <> 'inactive' OR a.resolved_at >= ?)": since,
        }
        # Only what is asked for is said, or no index would be used.
        given = {text: value for text, value in asked.items() if value is not None}
        rows = self._db.rows(
            f"{_SELECT}, {_PRODUCT} FROM alerts AS a CROSS JOIN products AS p ON p.id = a.product "
            f"WHERE {' AND '.join(given) or 'TRUE'} ORDER BY a.id DESC LIMIT ?",
            (*given.values(), limit),
        )
        return self._shown(rows)

    def shown(self, ids: Sequence[int]) -> builtins.list[AlertRow]:
        rows = self._db.rows(
            f"{_SELECT}, {_PRODUCT} FROM {rows_of()} "
            "CROSS JOIN alerts AS a ON a.id = w.value "
            "CROSS JOIN products AS p ON p.id = a.product ORDER BY w.key",
            (listed(ids),),
        )
        return self._shown(rows)

    def _shown(self, rows: Sequence[Row]) -> builtins.list[AlertRow]:
        alerts = [_alert(row) for row in rows]
        deliveries = self._deliveries(alerts)
        return [
            AlertRow(alert, region, product_id, name, deliveries.get(alert.id, ()), currency)
            for alert, (*_, region, product_id, name, currency) in zip(alerts, rows, strict=True)
        ]

    def counts(self) -> dict[tuple[str, AlertState], int]:
        rows = self._db.rows(
            "SELECT rule, state, count(*) FROM alerts WHERE state <> 'inactive' "
            "GROUP BY rule, state"
        )
        return {(rule, AlertState(state)): count for rule, state, count in rows}

    def _deliveries(self, alerts: Sequence[Alert]) -> dict[int, tuple[Delivery, ...]]:
        """A message is found by the first of its notifications; one that was joined fares as
        the one that tells it."""
        found: dict[int, tuple[Delivery, ...]] = {}
        rows = self._db.rows(
            "SELECT a.id, t.channel, t.told_at, n.target, coalesce(j.state, n.state) "
            f"FROM {rows_of()} "
            "CROSS JOIN alerts AS a ON a.id = w.value "
            "CROSS JOIN told AS t ON t.rule = a.rule AND t.product = a.product AND t.alert = a.id "
            "LEFT JOIN notifications AS f ON f.id = t.notification "
            "LEFT JOIN notifications AS n ON n.message = f.message AND n.channel = t.channel "
            "LEFT JOIN notifications AS j ON j.id = n.joined "
            "ORDER BY t.channel, n.id",
            (listed(alert.id for alert in alerts),),
        )
        for alert, channel, told_at, target, state in rows:
            delivery = Delivery(
                channel, told_at, target, NotificationState(state) if state else None
            )
            found[alert] = (*found.get(alert, ()), delivery)
        return found


def _is_kept(alert: Alert) -> bool:
    return alert.state is not AlertState.INACTIVE or alert.fired_at is not None


def _values(alert: Alert) -> Row:
    return (
        alert.rule, alert.product, alert.state.value, alert.since, alert.last_met, alert.fired_at,
        alert.resolved_at, alert.reason, alert.absent, int(alert.carried),
    )  # fmt: skip


def _evidence(alert: Alert) -> str:
    return msgspec.json.encode(alert.evidence).decode()


def _alert(row: Row) -> Alert:
    return _alert_of(row[:11], _decode_evidence(row[11]))


def _alert_of(row: Row, evidence: tuple[Evidence, ...] = ()) -> Alert:
    alert_id, rule, product, state, since, last_met, fired_at, resolved_at, reason, *rest = row
    absent, carried = rest
    return Alert(
        alert_id, rule, product, _STATES[state], since, last_met, fired_at, resolved_at, reason,
        absent, bool(carried), evidence,
    )  # fmt: skip


def _told(row: Row) -> NotificationLogEntry:
    rule, product, channel, alert, told_at, resolved_told, notification = row
    return NotificationLogEntry(
        rule, product, channel, alert, told_at, bool(resolved_told), notification
    )
