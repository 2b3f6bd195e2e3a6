"""Each alert once, when some target was told of it first: whatever channels, reminders, digests
and joined messages told of it besides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from watcher.model import Instant
from watcher.notification.policy import Decision
from watcher.store.ports import Store
from watcher.store.records import Delivered, FiredAlert

BEGINS = (Decision.FIRES.value, Decision.MISSED.value)  # that an alert fires, for the first time
_REMINDER = Decision.REMINDER.value


@dataclass(slots=True)
class ToldOf:
    """What was told of one rule: its alerts with the time of the first data that told each, and
    how many messages each channel got."""

    alerts: dict[int, tuple[FiredAlert, Instant]] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)
    first: Instant | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """By rule what was told since ``since``; ``messages`` by channel are those of all rules, one
    of several rules once."""

    since: Instant
    by_rule: Mapping[str, ToldOf]
    messages: Counter[str]


def told_since(database: Store, rules: Sequence[str], since: Instant, until: Instant) -> Told:
    """What targets took of these rules' messages from ``since`` to ``until``: a clock that was set
    back has messages of after it."""
    messages = database.tellings.delivered(rules, since, until)
    ids = {one for message in messages for found in message.alerts.values() for one in found}
    alerts = database.tellings.told_alerts(sorted(ids))
    by_rule = {name: ToldOf() for name in rules}
    channels = Counter[str]()
    for message in messages:
        names = _take(message, alerts, by_rule, since)
        channels[message.channel] += bool(names)
        for name in names:
            by_rule[name].messages[message.channel] += 1
    return Told(since, by_rule, channels)


def _take(
    message: Delivered,
    alerts: Mapping[int, FiredAlert],
    by_rule: Mapping[str, ToldOf],
    since: Instant,
) -> set[str]:
    """Note what a message tells; the rules that it tells of."""
    names = set()
    for decision, ids in message.alerts.items():
        for one in ids:
            alert = alerts.get(one)
            name = message.rule or (alert.rule if alert is not None else "")
            if alert is None or name not in by_rule:
                continue
            names.add(name)
            told = by_rule[name]
            told.first = message.about if told.first is None else told.first
            if _begins(decision, alert, since):
                told.alerts.setdefault(one, (alert, message.about))
    return names


def _begins(decision: str, alert: FiredAlert, since: Instant) -> bool:
    """Whether that may be the first word on an alert.

    A reminder is, where the message before it never arrived; of an alert that fired before the
    time that is looked at, that message is not known.
    """
    return decision in BEGINS or (decision == _REMINDER and alert.fired_at >= since)
