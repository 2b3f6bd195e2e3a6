"""The alerts of a replay: in Python's memory, for it makes many thousand a second."""

from __future__ import annotations

import builtins
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Sequence
from functools import partial
from itertools import chain, count
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace

from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.evidence import Evidence
from watcher.message import Message
from watcher.model import Instant, Ints
from watcher.store.records import Brief, Live, Transition, Whose, Why
from watcher.store.sql.alerts import Alerts
from watcher.store.sql.outbox import Outbox

_COLUMNS = 9
_ID, _PRODUCT, _FIRING, _SINCE, _LAST_MET, _FIRED_AT, _ABSENT, _CARRIED, _SEVERITY = range(_COLUMNS)
_FEWEST = 64  # slots


_ToldOf: TypeAlias = dict[int, dict[str, NotificationLogEntry]]


class MemoryAlerts(Alerts):
    """Answers to what a scan and a sweep ask; what people ask has no answer. Evidence is made when
    it is asked for, as most is never shown: by what its scan left (``witness``), or later by
    ``again``; for rules in ``at_once``, and while ``all_at_once`` is set, when they fire."""

    def __init__(
        self, again: Callable[[Alert], tuple[Evidence, ...]], at_once: Container[str]
    ) -> None:
        self.all_at_once = False
        self._again = again
        self._at_once = at_once
        self._over: set[int] = set()
        self._slots = defaultdict[str, _Slots](_Slots)  # by rule
        self._alerts: dict[int, Alert] = {}
        self._why: dict[tuple[str, int, int | None], Why] = {}  # by when it fired, too
        self._evidence: dict[int, tuple[Evidence, ...]] = {}
        # By rule, product and channel.
        self._told = defaultdict[str, _ToldOf](partial(defaultdict, dict))
        self._ids = count(1)

    def witness(self, alert: Alert, why: Why) -> Alert:
        """Take note of why an alert fires, if it is asked before the next scan."""
        if self.all_at_once or alert.rule in self._at_once:
            return replace(alert, evidence=why())
        self._why[alert.rule, alert.product, alert.fired_at] = why
        return alert

    def forget(self, kept: Iterable[int]) -> None:
        """The next scan begins: nobody asks for the alerts that are over, but for some."""
        self._why.clear()
        gone = self._over - {*kept}
        for number in gone:
            del self._alerts[number]
            self._evidence.pop(number, None)
        self._over -= gone

    def active(self, rules: Sequence[str]) -> builtins.list[Alert]:
        return self.explained(self.live(rules))

    def live(self, rules: Sequence[str]) -> builtins.list[Alert]:
        ids = [self._slots[name].columns()[_ID].tolist() for name in dict.fromkeys(rules)]
        return [self._alerts[each] for each in sorted(chain.from_iterable(ids))]

    def columns(
        self, rules: Sequence[str], watch: str | None = None, *, graded: bool = False
    ) -> Live:
        parts = [self._slots[name].columns() for name in rules]
        sizes = [part.shape[1] for part in parts]
        table = np.concatenate([np.zeros((_COLUMNS, 0), np.int64), *parts], axis=1)
        return Live(
            rules, np.repeat(np.arange(len(rules)), sizes), table[_ID], table[_PRODUCT],
            table[_FIRING] == 1, table[_SINCE], table[_LAST_MET], table[_FIRED_AT], table[_ABSENT],
            table[_CARRIED] == 1,
            None if watch is None else self._whose(table[_ID], watch), watch or "",
            table[_SEVERITY] if graded else None,
        )  # fmt: skip

    def muting(self, rule: str, channel: str, products: Sequence[int]) -> set[int]:
        known, firing = self._told[rule], AlertState.FIRING
        told = {
            product: known[product][channel].alert
            for product in products
            if product in known and channel in known[product]
        }
        of_them = ((product, self._alerts.get(alert)) for product, alert in told.items())
        return {product for product, alert in of_them if alert and alert.state is firing}

    def grade(self, alerts: Sequence[Alert]) -> None:
        """In a replay every alert has its severity from its begin on."""

    def acknowledged(self, ids: Iterable[int]) -> set[int]:
        """In a replay nobody acts."""
        return set()

    def _whose(self, ids: Ints, watch: str) -> Ints:
        """In a replay every alert belongs to the watch that opened it."""
        own = (self._alerts[each].watch == watch for each in ids.tolist())
        return np.where(np.fromiter(own, np.bool_, len(ids)), Whose.OWN, Whose.OTHER)

    def heard_at(self, alerts: Live, channel: str) -> Ints:
        parts = [self._slots[name].heard_at(channel) for name in alerts.names]
        return np.concatenate([np.zeros(0, np.int64), *parts])

    def explained(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        return [
            each if each.evidence else replace(each, evidence=self._evidence_of(each))
            for each in alerts
        ]

    def by_id(self, ids: Iterable[int]) -> builtins.list[Alert]:
        return self.explained(self._of(ids))

    def stated(self, ids: Iterable[int]) -> builtins.list[Alert]:
        return self._of(ids)

    def brief(self, ids: Iterable[int]) -> builtins.list[Brief]:
        found = self._of(ids)
        return [(each.id, each.rule, each.product, each.resolved_at, each.watch) for each in found]

    def _of(self, ids: Iterable[int]) -> builtins.list[Alert]:
        return [self._alerts[each] for each in sorted(self._alerts.keys() & {*ids})]

    def save(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        return [self._keep(each) if each.leaves_trace else self._drop(each) for each in alerts]

    def _keep(self, alert: Alert) -> Alert:
        kept, slots = alert, self._slots[alert.rule]
        if alert.evidence or not alert.id:
            kept = replace(alert, id=alert.id or next(self._ids), evidence=())
        if alert.evidence:
            self._evidence[kept.id] = alert.evidence
        self._alerts[kept.id] = kept
        if kept.state is AlertState.INACTIVE:
            slots.remove(kept)
            self._over.add(kept.id)
        else:
            slots.put(kept)
        return kept

    def _drop(self, alert: Alert) -> Alert:
        if alert.id:
            del self._alerts[alert.id]
            self._slots[alert.rule].remove(alert)
        return alert

    def record(self, transitions: Iterable[Transition]) -> None:
        """Nobody looks back on them."""

    def told(
        self, rule: str, products: Sequence[int], *, with_values: bool = False
    ) -> builtins.list[NotificationLogEntry]:
        known = self._told[rule]
        return [
            told for product in products if product in known for told in known[product].values()
        ]

    def mark_told(self, told: Iterable[NotificationLogEntry]) -> None:
        for each in told:
            self._told[each.rule][each.product][each.channel] = each
            self._slots[each.rule].hear(each)

    def counts(self) -> dict[tuple[str, AlertState], int]:
        found: dict[tuple[str, AlertState], int] = {}
        for name, slots in self._slots.items():
            firing = int(np.count_nonzero(slots.columns()[_FIRING]))
            found[name, AlertState.FIRING] = firing
            found[name, AlertState.PENDING] = len(slots) - firing
        return {key: count for key, count in found.items() if count}

    def _evidence_of(self, alert: Alert) -> tuple[Evidence, ...]:
        if alert.fired_at is None:
            return ()
        found = self._evidence.get(alert.id)
        if found is None:
            why = self._why.get((alert.rule, alert.product, alert.fired_at))
            found = why() if why is not None else self._again(alert)
            self._evidence[alert.id] = found
        return found


class _Slots:
    """The live alerts of one rule as columns, the oldest first."""

    def __init__(self) -> None:
        self._table = np.zeros((_COLUMNS, _FEWEST), np.int64)
        self._heard: dict[str, Ints] = {}
        self._slot_of: dict[int, int] = {}  # by product
        self._size = 0

    def __len__(self) -> int:
        return len(self._slot_of)

    def put(self, alert: Alert) -> None:
        """A new alert, or one that changed."""
        slot = self._slot_of.get(alert.product)
        if slot is None:
            if self._size == self._table.shape[1]:
                self._make_room()
            # After all others, so that they stay in order.
            slot = self._slot_of[alert.product] = self._size
            self._size += 1
        self._table[:, slot] = (
            alert.id, alert.product, alert.state is AlertState.FIRING, alert.since,
            alert.last_met, -1 if alert.fired_at is None else alert.fired_at, alert.absent,
            alert.carried, -1 if alert.severity is None else alert.severity.rank,
        )  # fmt: skip

    def remove(self, alert: Alert) -> None:
        """It is over."""
        slot = self._slot_of.pop(alert.product)
        self._table[_ID, slot] = 0

    def hear(self, told: NotificationLogEntry) -> None:
        """The channel was told of the product; of another alert than this, or of this one."""
        slot = self._slot_of.get(told.product)
        if slot is not None:
            heard = self._heard.get(told.channel)
            if heard is None:
                heard = self._heard[told.channel] = np.full(self._table.shape[1], -1, np.int64)
            same = self._table[_ID, slot] == told.alert
            heard[slot] = told.told_at if same else -1

    def columns(self) -> Ints:
        """(9, n) of those that live."""
        return np.asarray(self._table[:, self._used()])

    def heard_at(self, channel: str) -> Ints:
        """(n,) when the channel was told of each; -1 where it was not."""
        heard, used = self._heard.get(channel), self._used()
        return np.full(len(used), -1, np.int64) if heard is None else np.asarray(heard[used])

    def _used(self) -> Ints:
        return np.flatnonzero(self._table[_ID, : self._size])

    def _make_room(self) -> None:
        """Close the gaps, and as much again."""
        used = self._used()
        room = max(_FEWEST, 2 * len(used))
        table = np.zeros((_COLUMNS, room), np.int64)
        table[:, : len(used)] = self._table[:, used]
        for channel, heard in self._heard.items():
            self._heard[channel] = np.full(room, -1, np.int64)
            self._heard[channel][: len(used)] = heard[used]
        self._table, self._size = table, len(used)
        products: list[int] = table[_PRODUCT, : len(used)].tolist()
        self._slot_of = {product: slot for slot, product in enumerate(products)}


class MemoryOutbox(Outbox):
    """An outbox, as far as it is written to."""

    def __init__(self) -> None:
        self._messages: dict[int, tuple[str, Message]] = {}
        self._of_rules = defaultdict[str, list[Instant]](list)  # when each was written, by channel
        self._last = 0

    def add(
        self,
        channel: str,
        targets: Sequence[str],
        message: Message,
        now: Instant,
        not_before: Instant | None = None,
    ) -> builtins.list[int]:
        ids = [self._last + number for number, _ in enumerate(targets, start=1)]
        self._last += len(ids)
        if message.kind == "alerts":
            self._of_rules[channel].append(now)
        self._messages.update(dict.fromkeys(ids, (channel, message)))
        return ids

    def told_since(self, channel: str, since: Instant) -> int:
        """Count what was written; nobody drops anything here."""
        begun = self._of_rules.get(channel, [])
        return len(begun) - bisect_left(begun, since)

    def take(self, ids: Iterable[int]) -> builtins.list[tuple[str, Message]]:
        """Return those messages with their channels, which are let go."""
        return [self._messages.pop(each) for each in ids]
