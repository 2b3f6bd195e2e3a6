"""Deferred messages: owed, and held; for whom, by which hold, until when.

What is owed and held by a silence, quiet hours or a digest is remembered row by row
(``store.sql.deferred``); a cooldown holds what the next scan after it tells; and the operator's
messages in quiet hours stand in the outbox already. "Why was I not told?" is answered here, for one
alert (``channel_statuses``), for a list of them (``with_holds``) and in short (``waiting``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from watcher.model import Alert, Instant, NotificationLogEntry
from watcher.notification.policy import (
    Decided,
    Decision,
    Holds,
    NotifyPolicy,
    policies_of,
    terms_of,
)
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.sql.alerts import AlertHold, AlertRow
from watcher.store.sql.deferred import Held, HeldGroup
from watcher.store.sql.silences import Silence
from watcher.units import count_of

HELD = "held for the channel"  # by what is not known without the rule file
_NAMED = 3  # rules that a text names
# What of a decision is worth a word beside an alert: the rest is as everybody expects it.
_TOLD_OF = frozenset({Decision.COOLDOWN, Decision.BELOW_SEVERITY, Decision.CARRIED})


def defer(
    database: Store,
    channel: str,
    decided: Sequence[Decided],
    held: Mapping[int, Held],
    now: Instant,
) -> None:
    """Remember what is owed to ``channel`` and held, and let go of what of one rule was ``held``
    (by product) and no longer is."""
    kept: dict[int, Held] = {}
    goes: set[int] = set()
    for each in decided:
        alert, hold = each.alert, each.hold
        if each.goes:
            goes.add(alert.product)
        # What began and ended unheard, and is silenced now, is not told at all.
        elif hold is not None and not (hold.silence and each.decision is Decision.MISSED):
            by = hold.silence.id if hold.silence is not None else None
            since = _waits_since(held.get(alert.product), by, now)
            kept[alert.product] = Held(alert.rule, alert.product, channel, alert.id, since, by)
    put = [each for each in kept.values() if held.get(each.product) != each]
    released = [
        before
        for each in decided
        if each.decision is not Decision.CARRIED  # the edited rule has yet to speak
        and each.alert.product not in kept
        and (before := held.get(each.alert.product)) is not None
        and (each.alert.product in goes or before.alert == each.alert.id)
    ]
    if put or released:  # hardly ever
        database.held.put(put)
        database.held.release(released)


def _waits_since(before: Held | None, silence: int | None, now: Instant) -> Instant:
    """A digest collects from when nothing else held it: the end of a silence begins anew."""
    if before is None or (before.silence is not None and silence is None):
        return now
    return before.since


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """The decision on an alert for one channel, and until when time alone leaves it so.

    ``told`` is what the channel was last told of the rule and product. ``silence`` is the one
    that holds, where one does.
    """

    channel: str
    decision: Decision
    until: Instant | None = None
    told: NotificationLogEntry | None = None
    silence: Silence | None = None


def channel_statuses(
    database: Store,
    rule: Rule,
    alert: Alert,
    policies: Mapping[str, NotifyPolicy],
    at: Instant,
    now: Instant,
) -> tuple[ChannelStatus, ...]:
    """The status of ``alert``, the rule's newest of a product, with each channel of the rule.

    ``at`` is the time of the watch's newest scan, on which cooldowns and reminders count; ``now``
    is the clock's.
    """
    return _Statuses(database, policies, at, now).of(rule, [alert])[alert.id]


def with_holds(
    database: Store, book: Rulebook | None, rows: Sequence[AlertRow], now: Instant
) -> list[AlertRow]:
    """The same alerts with what holds them back by the clock ``now``; without a ``book`` (the rule
    file can't be read) what the database knows of it."""
    if book is None:
        known = _remembered(database, rows, now)
        return [replace(row, holds=tuple(known.get(row.alert.id, ()))) for row in rows]
    statuses = _Statuses(database, policies_of(book.channels), now, now)
    holds: dict[int, tuple[AlertHold, ...]] = {}
    for rule in book.rules:
        alerts = [row.alert for row in rows if row.alert.rule == rule.name]
        for alert, each in statuses.of(rule, alerts).items() if alerts else ():
            holds[alert] = tuple(map(_alert_hold, filter(_is_hold, each)))
    return [replace(row, holds=holds.get(row.alert.id, ())) for row in rows]


class _Statuses:
    """Alerts and the channels of their rules; ``at`` and ``now`` as above."""

    def __init__(
        self,
        database: Store,
        policies: Mapping[str, NotifyPolicy],
        at: Instant,
        now: Instant,
    ) -> None:
        self._database = database
        self._policies = policies
        self._at = at
        self._now = now
        self._holds = Holds(database, now, database.held.groups())

    def of(self, rule: Rule, alerts: Sequence[Alert]) -> dict[int, tuple[ChannelStatus, ...]]:
        """By alert, all of one rule, and for each channel of it."""
        entries = self._database.alerts.told(rule.name, [alert.product for alert in alerts])
        held = self._database.held.of_alerts(alert.id for alert in alerts)
        found: dict[int, list[ChannelStatus]] = {alert.id: [] for alert in alerts}
        for name in rule.notify:
            log = {each.product: each for each in entries if each.channel == name}
            unheard = {each.alert for each in held if each.channel == name and not each.silence}
            policy = self._policies[name]
            for each in self._holds.judge(rule, policy, alerts, log, unheard, self._at):
                last = log.get(each.alert.product)
                found[each.alert.id].append(self._status(rule, name, each, last))
        return {alert: tuple(each) for alert, each in found.items()}

    def _status(
        self, rule: Rule, channel: str, decided: Decided, told: NotificationLogEntry | None
    ) -> ChannelStatus:
        decision, hold, until = decided.decision, decided.hold, None
        if hold is not None:
            return ChannelStatus(channel, hold.decision, hold.until, told, hold.silence)
        if told is not None:
            told_at = min(told.told_at, self._now)
            if decision is Decision.COOLDOWN:
                until = told_at + rule.watch.least(rule.cooldown)
            elif decision is Decision.ALREADY_TOLD and rule.remind and not told.resolved_told:
                until = told_at + rule.watch.least(rule.remind)
        return ChannelStatus(channel, decision, until, told)


def _is_hold(status: ChannelStatus) -> bool:
    return status.decision.of_a_hold or status.decision in _TOLD_OF


def _alert_hold(status: ChannelStatus) -> AlertHold:
    silence = status.silence.id if status.silence is not None else None
    return AlertHold(status.channel, status.decision.value, status.until, silence)


def _remembered(
    database: Store, rows: Sequence[AlertRow], now: Instant
) -> dict[int, list[AlertHold]]:
    """By alert, the holds at the last scan."""
    ends = {silence.id: silence.ends for silence in database.silences.active(now)}
    found: dict[int, list[AlertHold]] = {}
    for each in database.held.of_alerts(row.alert.id for row in rows):
        if each.silence is None:
            hold = AlertHold(each.channel, HELD)
        else:
            why, until = Decision.SILENCED.value, ends.get(each.silence, now)
            hold = AlertHold(each.channel, why, until, each.silence)
        found.setdefault(each.alert, []).append(hold)
    return found


@dataclass(frozen=True, slots=True)
class Waiting:
    """``alerts`` of ``rules``, or else ``messages`` to the operator, that a channel hears later.

    ``why`` is a decision's name, ``since`` when the first began to wait. ``until`` is when the hold
    ends by itself, in a cooldown that of the first; None where the rule file was not read.
    """

    channel: str
    why: str
    alerts: int = 0
    rules: tuple[str, ...] = ()
    messages: int = 0
    since: Instant = 0
    until: Instant | None = None
    silence: int | None = None

    @property
    def what(self) -> str:
        """``3 alerts of beauty-rising``, ``2 messages to the operator``."""
        if not self.alerts:
            return f"{count_of(self.messages, 'message')} to the operator"
        named = ", ".join(self.rules[:_NAMED])
        rest = len(self.rules) - _NAMED
        more = f" and {count_of(rest, 'rule')} more" if rest > 0 else ""
        return f"{count_of(self.alerts, 'alert')} of {named}{more}"


def waiting(database: Store, book: Rulebook | None, now: Instant) -> tuple[Waiting, ...]:
    """All that is held back at ``now``, by channel; without a ``book`` what the database knows."""
    policies = policies_of(book.channels) if book is not None else {}
    found = [
        *_held(database, book, policies, now),
        *(_cooling(database, book, policies, now) if book is not None else ()),
        *_quiet(database, policies, now),
    ]
    return tuple(sorted(found, key=lambda each: (each.channel, each.until or 0, each.why)))


def _held(
    database: Store, book: Rulebook | None, policies: dict[str, NotifyPolicy], now: Instant
) -> Iterator[Waiting]:
    """Alerts held by silences, quiet hours and digests: all rules together for each of these."""
    tellings = set(book.tellings) if book is not None else None
    groups = [
        each
        for each in database.held.groups()
        if tellings is None or (each.rule, each.channel) in tellings
    ]
    ends = {silence.id: silence.ends for silence in database.silences.active(now)}
    holds = Holds(database, now, groups)
    by_hold: dict[tuple[str, int | None], list[HeldGroup]] = {}
    for each in groups:
        by_hold.setdefault((each.channel, each.silence), []).append(each)
    for (channel, silence), held in by_hold.items():
        if silence is not None:
            why, until = Decision.SILENCED.value, ends.get(silence, now)
        elif channel not in policies:
            why, until = HELD, None
        else:
            hold = holds.on(policies[channel])
            digest = policies[channel].digest is not None
            open_now = Decision.DIGEST if digest else Decision.QUIET  # told within the minute
            why, until = (
                (open_now.value, now) if hold is None else (hold.decision.value, hold.until)
            )
        yield Waiting(
            channel,
            why,
            alerts=sum(each.count for each in held),
            rules=tuple(sorted(each.rule for each in held)),
            since=min(now, *(each.since for each in held)),
            until=until,
            silence=silence,
        )


def _cooling(
    database: Store, book: Rulebook, policies: dict[str, NotifyPolicy], now: Instant
) -> Iterator[Waiting]:
    """Alerts that fire anew soon after it was told, rule by rule: each has its own cooldown."""
    rules = {rule.name: rule for rule in book.rules if rule.cooldown}
    cooldowns = {name: rule.watch.least(rule.cooldown) for name, rule in rules.items()}
    for name, channel, count, told_at in database.alerts.cooling(cooldowns, now):
        rule = rules[name]
        if channel in rule.notify and terms_of(rule, policies[channel]).tells:
            until = told_at + cooldowns[rule.name]
            why = Decision.COOLDOWN.value
            yield Waiting(channel, why, alerts=count, rules=(name,), since=told_at, until=until)


def _quiet(database: Store, policies: dict[str, NotifyPolicy], now: Instant) -> Iterator[Waiting]:
    """Messages to the operator that were written in the channel's quiet hours."""
    for channel, created, until, count in database.outbox.put_off(now):
        policy = policies.get(channel)
        hold = policy.urgent_hold(created) if policy is not None else None
        if hold is not None and hold.until == until:
            why = Decision.QUIET.value
            yield Waiting(channel, why, messages=count, since=created, until=until)
