"""Alerts, their changes of state, and what each channel was told of them."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np
from msgspec.structs import astuple, replace

from watcher.alert import Alert, AlertState, NotificationLogEntry, ToldWith
from watcher.evidence import Evidence
from watcher.message import NotificationState
from watcher.model import Instant, Ints, Severity
from watcher.store.packing import positions
from watcher.store.records import (
    AlertRow,
    Begun,
    Brief,
    Delivery,
    Live,
    Row,
    Transition,
    Whose,
    Why,
)
from watcher.store.sql.connection import Connection, Face
from watcher.store.sql.dialect import TEXT

_FIELDS = (
    "rule, product, watch, state, since, last_met, fired_at, resolved_at, reason, absent, carried, "
    "severity, evidence"
)
_STATE_FIELDS = _FIELDS.replace("evidence", "acknowledged, evidence")
_STAYS, _MOVES = _FIELDS.split(", ")[:3], _FIELDS.split(", ")[3:]
_INSERT = f"INSERT INTO alerts (id, {_FIELDS}) VALUES (?{', ?' * len(_STAYS + _MOVES)})"
_UPDATE = (
    f"UPDATE alerts SET ({', '.join(_MOVES)}) = ({'?, ' * (len(_MOVES) - 1)}coalesce(?, evidence)) "
    "WHERE id = ?"
)
# Never saved with the rest: who acknowledges does so beside the scans.
_COLUMNS = [f"a.{name.strip()}" for name in f"id, {_STATE_FIELDS}".split(",")]
_STATE, _SELECT = ", ".join(_COLUMNS[:-1]), f"SELECT {', '.join(_COLUMNS)}"
_PRODUCT = "p.region, p.product_id, coalesce(p.product_name, p.product_id), p.currency, p.seller_id"
_TOLD_COLUMNS = (
    "rule", "product", "channel", "alert", "told_at", "resolved_told", "notification", "told_with",
    "severity", "muted",
)  # fmt: skip
_TOLD = "SELECT t.rule, t.product, t.channel, t.alert, t.told_at, t.resolved_told, t.notification"
_STATES: dict[str, AlertState] = {state.value: state for state in AlertState}
_SEVERITIES: dict[str | None, Severity | None] = {
    None: None, **{severity.value: severity for severity in Severity}
}  # fmt: skip
_decode_told_with = msgspec.json.Decoder(ToldWith).decode
_decode_evidence = msgspec.json.Decoder(tuple[Evidence, ...]).decode
_LIVE_COLUMNS = (
    "w.key, a.id, a.product, CASE a.state WHEN 'firing' THEN 1 ELSE 0 END, a.since, a.last_met, "
    "coalesce(a.fired_at, -1), a.absent, a.carried"
)
_WIDTH = 9
_SEVERITY = " ".join(
    [
        "CASE a.severity",
        *(f"WHEN '{each.value}' THEN {each.rank}" for each in Severity),
        "ELSE -1 END",
    ]
)
# Whose it is where a rule has several watches: that of the scan, of none so far, of another one.
_WHOSE = (
    f"CASE WHEN a.watch = ?2 THEN {Whose.OWN} WHEN a.watch = '' THEN {Whose.NOBODY} "
    f"ELSE {Whose.OTHER} END"
)


class Alerts(Face):
    """One alert for each rule and product is live (pending or firing) at most."""

    def active(self, rules: Sequence[str]) -> builtins.list[Alert]:
        """All pending and firing alerts of these rules, the oldest first."""
        return [_alert(row) for row in self._live(_SELECT, rules)]

    def live(self, rules: Sequence[str]) -> builtins.list[Alert]:
        """Return ``active`` without evidence: most of what is live is told no more."""
        return [_alert_of(row) for row in self._live(f"SELECT {_STATE}", rules)]

    def columns(
        self, rules: Sequence[str], watch: str | None = None, *, graded: bool = False
    ) -> Live:
        """Return ``live`` in columns, rule by rule; where a ``watch`` is given, with whose each is
        as seen by it; where they are ``graded``, with their severities."""
        listed, columns, width = self._sql.listed(rules), _LIVE_COLUMNS, _WIDTH
        values: tuple[object, ...] = (listed,)
        if graded:
            columns, width = f"{columns}, {_SEVERITY}", width + 1
        if watch is not None:
            columns, width, values = f"{columns}, {_WHOSE}", width + 1, (listed, watch)
        rows = _read(self._db, f"SELECT {columns} {self._of_live(of='?1')}", values, width)
        rows = rows[:, np.lexsort((rows[1], rows[0]))]
        places, ids, products, firing, since, last_met, fired_at, absent, carried = rows[:_WIDTH]
        return Live(
            rules, places, ids, products, firing == 1, since, last_met, fired_at, absent,
            carried == 1, None if watch is None else rows[-1], watch or "",
            rows[_WIDTH] if graded else None,
        )  # fmt: skip

    def muting(self, rule: str, channel: str, products: Sequence[int]) -> set[int]:
        """The products, of these, whose alert of the rule fires, and was told to the channel."""
        rows = self._db.rows(
            f"SELECT w.value FROM {self._sql.rows_of('?1')} {self._sql.join} told AS t "
            "ON t.rule = ?2 AND t.product = w.value AND t.channel = ?3 "
            f"{self._sql.join} alerts AS a ON a.id = t.alert WHERE a.state = 'firing'",
            (self._sql.listed(products), rule, channel),
        )
        return {product for (product,) in rows}

    def grade(self, alerts: Sequence[Alert]) -> None:
        """Take the severity of these alerts, whose rule had one for all before, for what was told
        of them: only what is above it is news."""
        self._db.many(
            "UPDATE told SET severity = ? WHERE rule = ? AND product = ? AND alert = ? "
            "AND severity IS NULL",
            (
                (each.severity.value, each.rule, each.product, each.id)
                for each in alerts
                if each.severity is not None
            ),
        )

    def heard_at(self, alerts: Live, channel: str) -> Ints:
        """(n,) when the channel was last told of each of these; -1 where it was not."""
        join = (
            f"{self._sql.join} told AS t ON t.rule = a.rule AND t.product = a.product "
            "AND t.channel = ? AND t.alert = a.id"
        )
        sql = f"SELECT a.id, t.told_at {self._of_live(join)}"
        ids, times = _read(self._db, sql, (self._sql.listed(alerts.names), channel), 2)
        found = np.full(len(alerts), -1, np.int64)
        found[positions(alerts.ids, ids)] = times
        return found

    def _live(self, select: str, rules: Sequence[str]) -> builtins.list[Row]:
        return self._db.rows(
            f"{select} {self._of_live()} ORDER BY a.id", (self._sql.listed(dict.fromkeys(rules)),)
        )

    def _of_live(self, join: str = "", of: str = "?") -> str:
        return (
            f"FROM {self._sql.rows_of(of, TEXT)} {self._sql.join} alerts AS a {self._sql.live} "
            f"ON a.rule = w.value {join} WHERE a.state <> 'inactive'"
        )

    def explained(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        """These alerts with their evidence: where one has none, it is what is stored."""
        stored = {
            alert.id: alert.evidence
            for alert in self.by_id([each.id for each in alerts if not each.evidence])
        }
        return [
            replace(each, evidence=stored[each.id]) if each.id in stored else each
            for each in alerts
        ]

    def begun(self, rules: Sequence[str], watch: str, since: Instant) -> builtins.list[Begun]:
        """The alerts of these rules that a watch began to fire from a time on, the oldest first;
        and those of which it is not known who did."""
        return self._db.all(
            Begun,
            f"SELECT a.rule, a.product, a.fired_at FROM {self._sql.rows_of('?1', TEXT)} "
            f"{self._sql.join} alerts AS a ON a.rule = w.value "
            "WHERE a.fired_at >= ?2 AND a.watch IN (?3, '') ORDER BY a.id",
            (self._sql.listed(dict.fromkeys(rules)), since, watch),
        )

    def by_id(self, ids: Iterable[int]) -> builtins.list[Alert]:
        """The alerts of these ids that there are, the oldest first."""
        return [_alert(row) for row in self._of_ids(_SELECT, ids)]

    def stated(self, ids: Iterable[int]) -> builtins.list[Alert]:
        """Return ``by_id`` without evidence: of many that are held, few are shown."""
        return [_alert_of(row) for row in self._of_ids(f"SELECT {_STATE}", ids)]

    def _of_ids(self, select: str, ids: Iterable[int]) -> builtins.list[Row]:
        return self._db.rows(
            f"{select} FROM {self._sql.rows_of()} {self._sql.join} alerts AS a "
            "ON a.id = w.value ORDER BY a.id",
            (self._sql.listed(dict.fromkeys(ids)),),
        )

    def brief(self, ids: Iterable[int]) -> builtins.list[Brief]:
        """The alerts of these ids that there are in short, the oldest first."""
        return self._db.rows(
            f"SELECT a.id, a.rule, a.product, a.resolved_at, a.watch FROM {self._sql.rows_of()} "
            f"{self._sql.join} alerts AS a ON a.id = w.value ORDER BY a.id",
            (self._sql.listed(ids),),
        )

    def save(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        """Store the alerts and return them in order: those that had no id (0) with one now, all
        without their evidence, which is stored: it stays where an alert comes without. One that
        ends without ever having fired leaves no trace: it is deleted, or not stored."""
        with self._db.atomic():
            batch = _Batch(self._db.number(self._sql.first_free("alerts")))
            saved = [batch.take(alert) for alert in alerts]
            self._db.many("DELETE FROM alerts WHERE id = ?", batch.deletes)
            # Updates first: one that ends makes room for its successor. Rule and product stay, and
            # the indexes on them: to name them would write each anew.
            self._db.many(_UPDATE, batch.updates)
            self._db.many(_INSERT, batch.inserts)
        return saved

    def witness(self, alert: Alert, why: Why) -> Alert:
        """The alert, which fires now, with the evidence of that, to be saved."""
        return replace(alert, evidence=why())

    def acknowledge(self, ids: Iterable[int], now: Instant) -> int:
        """Nobody wants reminders of these, as far as they fire; of how many that is new."""
        done = self._db.execute(
            f"UPDATE alerts SET acknowledged = ?2 WHERE id IN {self._sql.among('?1')} "
            "AND state = 'firing' AND acknowledged IS NULL",
            (self._sql.listed(ids), now),
        )
        return done.rowcount

    def take_back(self, ids: Iterable[int]) -> int:
        """Have reminders of these told again; of how many they were not."""
        done = self._db.execute(
            f"UPDATE alerts SET acknowledged = NULL WHERE id IN {self._sql.among('?1')} "
            "AND acknowledged IS NOT NULL",
            (self._sql.listed(ids),),
        )
        return done.rowcount

    def acknowledged(self, ids: Iterable[int]) -> set[int]:
        """Return those of these alerts of which nobody wants reminders."""
        rows = self._db.rows(
            f"SELECT a.id FROM {self._sql.rows_of()} {self._sql.join} alerts AS a "
            "ON a.id = w.value WHERE a.acknowledged IS NOT NULL",
            (self._sql.listed(ids),),
        )
        return {alert for (alert,) in rows}

    def hand_over(self, alerts: Iterable[int], watch: str) -> None:
        """Have these belong to a watch."""
        self._db.execute(
            f"UPDATE alerts SET watch = ?2 WHERE id IN {self._sql.among('?1')}",
            (self._sql.listed(alerts), watch),
        )

    def record(self, transitions: Iterable[Transition]) -> None:
        """Remembers changes of state; those of alerts that left no trace leave none either."""
        given = [*transitions]
        with self._db.atomic():
            ids = self._sql.listed({each.alert for each in given})
            there = {
                alert
                for (alert,) in self._db.rows(
                    f"SELECT id FROM alerts WHERE id IN {self._sql.among()}", (ids,)
                )
            }
            self._db.many(
                "INSERT INTO transitions (alert, at, before, after, reason) VALUES (?, ?, ?, ?, ?)",
                (
                    (each.alert, each.at, each.before.value, each.after.value, each.reason)
                    for each in given
                    if each.alert in there
                ),
            )

    def transitions(self, alert: int) -> builtins.list[Transition]:
        """Return the changes of one alert, the oldest first."""
        rows = self._db.rows(
            "SELECT alert, at, before, after, reason FROM transitions WHERE alert = ? ORDER BY id",
            (alert,),
        )
        return [
            Transition(alert_id, at, AlertState(before), AlertState(after), reason)
            for alert_id, at, before, after, reason in rows
        ]

    def told(
        self, rule: str, products: Sequence[int], *, with_values: bool = False
    ) -> builtins.list[NotificationLogEntry]:
        """Return the last that every channel was told about these products of the rule; with what
        a rule ``remembers`` of it where that is asked for."""
        columns = f"{_TOLD}{', t.told_with, t.severity, t.muted' if with_values else ''}"
        rows = self._db.rows(
            f"{columns} FROM {self._sql.rows_of('?1')} {self._sql.join} told AS t "
            "ON t.rule = ?2 AND t.product = w.value ORDER BY t.product, t.channel",
            (self._sql.listed(int(product) for product in products), rule),
        )
        return [_told(row) for row in rows]

    def cooling(
        self, cooldowns: Mapping[str, int], now: Instant
    ) -> builtins.list[tuple[str, str, int, Instant]]:
        """Alerts that fire anew within their cooldown (seconds, by rule) since they were told: how
        many by rule and channel, and when the first was told; a future time counts as ``now``."""
        return self._db.rows(
            f"SELECT t.rule, t.channel, count(*), {self._sql.least('min(t.told_at)', '?2')} "
            f"FROM {self._sql.rows_of_mapped('?1')} "
            f"{self._sql.join} alerts AS a {self._sql.live} ON a.rule = w.key "
            f"{self._sql.join} told AS t ON t.rule = a.rule AND t.product = a.product "
            "WHERE a.state <> 'inactive' AND a.state = 'firing' AND a.carried = 0 "
            "AND t.alert <> a.id AND t.told_at > ?2 - w.value "
            "GROUP BY t.rule, t.channel ORDER BY t.rule, t.channel",
            (self._sql.mapped(cooldowns), now),
        )

    def mark_told(self, told: Iterable[NotificationLogEntry]) -> None:
        """Replaces what the channel was told about the rule and product before."""
        with self._db.atomic():
            self._db.many(
                self._sql.upsert("told", _TOLD_COLUMNS, _TOLD_COLUMNS[:3]),
                map(_told_row, told),
            )

    def list(
        self, rule: str | None = None, state: AlertState | None = None,
        since: Instant | None = None, limit: int = 100, product: int | None = None,
    ) -> builtins.list[AlertRow]:  # fmt: skip
        """The newest first. ``since``: those that were live at that time or later."""
        asked = {
            "a.rule = ?": rule,
            "a.product = ?": product,
            "a.state = ?": state.value if state else None,
            "(a.state <> 'inactive' OR a.resolved_at >= ?)": since,
        }
        # Only what is asked for is said, or no index would be used.
        given = {text: value for text, value in asked.items() if value is not None}
        rows = self._db.rows(
            f"{_SELECT}, {_PRODUCT} FROM alerts AS a "
            f"{self._sql.join} products AS p ON p.id = a.product "
            f"WHERE {' AND '.join(given) or 'TRUE'} ORDER BY a.id DESC LIMIT ?",
            (*given.values(), limit),
        )
        return self._shown(rows)

    def shown(self, ids: Sequence[int]) -> builtins.list[AlertRow]:
        """The alerts of these ids that there are, in the same order."""
        rows = self._db.rows(
            f"{_SELECT}, {_PRODUCT} FROM {self._sql.rows_of()} "
            f"{self._sql.join} alerts AS a ON a.id = w.value "
            f"{self._sql.join} products AS p ON p.id = a.product ORDER BY w.key",
            (self._sql.listed(ids),),
        )
        return self._shown(rows)

    def _shown(self, rows: Sequence[Row]) -> builtins.list[AlertRow]:
        alerts = [_alert(row) for row in rows]
        deliveries = self._deliveries(alerts)
        return [
            AlertRow(alert, *product, deliveries.get(alert.id, ()), currency, seller_id=seller_id)
            for alert, (*_, region, product_id, name, currency, seller_id) in zip(
                alerts, rows, strict=True
            )
            for product in [(region, product_id, name)]
        ]

    def counts(self) -> dict[tuple[str, AlertState], int]:
        """Count the alerts of each rule that are pending and firing."""
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
            f"FROM {self._sql.rows_of()} "
            f"{self._sql.join} alerts AS a ON a.id = w.value "
            f"{self._sql.join} told AS t ON t.rule = a.rule AND t.product = a.product "
            "AND t.alert = a.id LEFT JOIN notifications AS f ON f.id = t.notification "
            "LEFT JOIN notifications AS n ON n.message = f.message AND n.channel = t.channel "
            "LEFT JOIN notifications AS j ON j.id = n.joined "
            "ORDER BY t.channel, n.id",
            (self._sql.listed(alert.id for alert in alerts),),
        )
        for alert, channel, told_at, target, state in rows:
            delivery = Delivery(
                channel, told_at, target, NotificationState(state) if state else None
            )
            found[alert] = (*found.get(alert, ()), delivery)
        return found


class _Batch:
    """Alerts to be stored, by what is to become of their rows."""

    def __init__(self, next_id: int) -> None:
        self._next_id = next_id
        self.inserts, self.updates, self.deletes = list[Row](), list[Row](), list[Row]()

    def take(self, alert: Alert) -> Alert:
        """The alert as it will be stored, without its evidence."""
        if alert.leaves_trace:
            return self._update(alert) if alert.id else self._insert(alert)
        self.deletes.append((alert.id,))  # 0 is nobody's
        return alert

    def _insert(self, alert: Alert) -> Alert:
        row = (self._next_id, *_values(alert))
        self._next_id += 1
        self.inserts.append((*row, _evidence(alert)))
        return replace(alert, id=row[0], evidence=())

    def _update(self, alert: Alert) -> Alert:
        evidence = _evidence(alert) if alert.evidence else None
        self.updates.append((*_values(alert)[len(_STAYS) :], evidence, alert.id))
        return replace(alert, evidence=()) if alert.evidence else alert


def _values(alert: Alert) -> Row:
    return (
        alert.rule, alert.product, alert.watch, alert.state.value, alert.since, alert.last_met,
        alert.fired_at, alert.resolved_at, alert.reason, alert.absent, int(alert.carried),
        alert.severity.value if alert.severity is not None else None,
    )  # fmt: skip


def _evidence(alert: Alert) -> str:
    return msgspec.json.encode(alert.evidence).decode()


def _alert(row: Row) -> Alert:
    return _alert_of(row[:14], _decode_evidence(row[14]))


def _alert_of(row: Row, evidence: tuple[Evidence, ...] = ()) -> Alert:
    alert_id, rule, product, watch, state, since, last_met, fired_at, resolved_at, *rest = row
    reason, absent, carried, severity, acknowledged = rest
    return Alert(
        alert_id, rule, product, _STATES[state], since, last_met, fired_at, resolved_at, reason,
        absent, bool(carried), evidence, watch, _SEVERITIES[severity], acknowledged,
    )  # fmt: skip


def _told(row: Row) -> NotificationLogEntry:
    values = [*row]
    values[5] = bool(values[5])  # resolved_told
    if len(values) > 7:  # what is remembered is asked for
        values[7] = _decode_told_with(values[7]) if values[7] else None
        values[8] = _SEVERITIES[values[8]]
    return NotificationLogEntry(*values)


def _told_row(told: NotificationLogEntry) -> Row:
    severity = told.severity.value if told.severity is not None else None
    *fields, resolved, notification, values, _, muted = astuple(told)
    return (*fields, int(resolved), notification, _told_with(values), severity, muted)


def _told_with(values: ToldWith | None) -> str | None:
    return msgspec.json.encode(values).decode() if values is not None else None


def _read(db: Connection, sql: str, values: Sequence[object], width: int) -> Ints:
    """(width, n) whole numbers, none so large that a float could not hold it."""
    return db.table(sql, values, width).T.astype(np.int64, order="C")
