"""Deferred messages: owed, and held; for whom, by which hold, until when. What a silence, quiet
hours, a digest, the messages of a day or a round holds is remembered row by row
(``store.sql.silences``); a cooldown holds what the next scan after it tells; and the operator's
messages in quiet hours stand in the outbox already. "Why was I not told?" is answered here, for one
alert (``channel_statuses``), for a list of them (``with_holds``) and in short (``waiting``)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from watcher.alert import Alert, NotificationLogEntry
from watcher.evaluation.again import moved_on
from watcher.evaluation.group_present import left_by
from watcher.language import gettext as _
from watcher.message import NotificationState
from watcher.model import Instant, Severity
from watcher.notification.holds import Decided, Holds, since_of
from watcher.notification.policy import LONGEST, Decision, NotifyPolicy, policies_of
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertHold, AlertRow
from watcher.store.sql.silences import Held, HeldGroup, Silence
from watcher.units import counted

HELD = "held for the channel"  # by what is not known without the rule file
_NAMED = 3  # rules that a text names
_Row = TypeVar("_Row", Held, NotificationLogEntry)
# What of a decision is worth a word beside an alert: the rest is as everybody expects it.
TOLD_OF = frozenset(
    {
        Decision.COOLDOWN,
        Decision.BELOW_SEVERITY,
        Decision.ABOVE_SEVERITY,
        Decision.CARRIED,
        Decision.MUTED,
    }
)


def defer(
    database: Store, channel: str, decided: Sequence[Decided], held: Mapping[int, Held],
    now: Instant, owing: Mapping[int, int] | None = None,
) -> None:  # fmt: skip
    """Remember what is owed to ``channel`` and held, and let go of what of one rule was ``held``
    (by product) and no longer is. ``owing`` are the alerts of which it was told the begin and, as
    far as it asks for it, not yet the end, by product."""
    kept = {
        each.alert.product: _remember(each, channel, held.get(each.alert.product), now)
        for each in decided
        if each.waits
    }
    put = [each for each in kept.values() if held.get(each.product) != each]
    free = {product: held[product] for product in held.keys() - kept.keys()}
    released: list[Held] = []
    if free:
        gone = _gone(decided)
        let_go = [*_released(decided, free, gone)]
        # The end of what was told before is owed still where what took its place is told to nobody.
        ends = [*_ends(let_go, gone, owing or {})]
        put += ends
        again = {each.product for each in ends}
        released = [each for each in let_go if each.product not in again]
    if put or released:  # hardly ever
        database.held.put(put)
        database.held.release(released)


def _released(
    decided: Sequence[Decided], free: Mapping[int, Held], gone: AbstractSet[int]
) -> Iterator[Held]:
    """Yield what is held for nothing: its product is told, or its alert not held again."""
    for each in decided:
        before = free.get(each.alert.product)
        if before is None or each.decision is Decision.CARRIED:  # the edited rule has yet to speak
            continue
        if before.product in gone or before.alert == each.alert.id:
            yield before


def _ends(
    released: Iterable[Held], gone: AbstractSet[int], owing: Mapping[int, int]
) -> Iterator[Held]:
    """Yield the ends that are owed in place of what is let go and told to nobody."""
    for each in released:
        before = owing.get(each.product, each.alert)
        if each.product not in gone and before != each.alert:
            yield replace(each, alert=before)


def _gone(decided: Iterable[Decided]) -> set[int]:
    """The products of which something is told now, or counts as told."""
    return {each.alert.product for each in decided if each.goes or each.dropped is not None}


def ends_owed(rule: Rule, log: Mapping[int, NotificationLogEntry]) -> dict[int, int]:
    """The alerts whose begin is the last that a channel was told, by product; none where the rule
    does not tell the end."""
    open_ = (each for each in log.values() if not (each.resolved_told or each.muted))
    return {each.product: each.alert for each in open_} if rule.resolved else {}


def _remember(decided: Decided, channel: str, before: Held | None, now: Instant) -> Held:
    """The hold of an alert as a row; ``before`` is that of its product, if it was held."""
    alert, hold = decided.alert, decided.hold
    silence = hold.silence.id if hold is not None and hold.silence is not None else None
    if before is not None and before.alert != alert.id and silence is not None:
        # If it ends in the silence, it is told to nobody: the end of the one before it is owed
        # still. The sweep finds what fires in its place.
        return before if before.silence is None else replace(before, silence=silence)
    # A digest collects from when nothing else held it: the end of a silence begins anew.
    is_new = before is None or (before.silence is not None and silence is None)
    since = now if before is None or is_new else before.since
    return Held(alert.rule, alert.product, channel, alert.id, since, silence)


def by_channel(rows: Iterable[_Row]) -> dict[str, dict[int, _Row]]:
    """A rule's rows, by channel and product."""
    found: dict[str, dict[int, _Row]] = {}
    for row in rows:
        found.setdefault(row.channel, {})[row.product] = row
    return found


def unheard_of(held: Mapping[int, Held]) -> set[int]:
    """The alerts that are held for the channel as a whole."""
    return {each.alert for each in held.values() if each.silence is None}


@dataclass(frozen=True, slots=True)
class TargetQueue:
    """One of a channel's targets: what became of the last message about an alert (None: there was
    none), and what its queue waits or died on."""

    target: str
    last: NotificationState | None = None
    waiting: int = 0
    next_try: Instant | None = None
    dead: int = 0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """The decision on an alert for one channel, and when time alone changes it (``opens``): what
    still holds is told then, or at the next scan after it. ``told_at`` is when the channel was last
    told of the rule and product; ``targets`` are given where one explains it. ``muted_by`` names
    the rule that mutes it; ``told_as`` is the highest severity that was told of the alert, where
    the data decide that."""

    channel: str
    decision: Decision
    told_at: Instant | None = None
    told_end: bool = False
    opens: Instant | None = None
    silence: Silence | None = None
    targets: tuple[TargetQueue, ...] = ()
    muted_by: str = ""
    told_as: Severity | None = None

    @property
    def reminds(self) -> bool:
        """Whether it was told: what opens then is a reminder, and not held back until."""
        return self.decision is Decision.ALREADY_TOLD


def channel_statuses(
    database: Store, rule: Rule, alert: Alert, policies: Mapping[str, NotifyPolicy],
    at: Instant, now: Instant,
) -> tuple[ChannelStatus, ...]:  # fmt: skip
    """The status of a product's newest ``alert`` with each channel of the rule; cooldowns and
    reminders count on ``at``, the time of the newest scan, all else on ``now``."""
    holds = _holds(database, policies, now, database.held.groups())
    return _Statuses(database, policies, at, now, holds).of(rule, [alert])[alert.id]


def _rounds_seen(
    groups: Iterable[HeldGroup], policies: Mapping[str, NotifyPolicy], now: Instant
) -> dict[str, Instant]:
    """Until when each channel waits for a round at the latest, by what is held: for who looks on,
    and does not know which watches are read. What nothing else held waits for a round."""
    return {
        channel: since + LONGEST
        for channel, since in since_of(groups).items()
        if now < since + LONGEST
        and (policy := policies.get(channel)) is not None
        and policy.hold(since) is None
    }


def _holds(
    database: Store, policies: Mapping[str, NotifyPolicy], now: Instant,
    groups: Sequence[HeldGroup],
) -> Holds:  # fmt: skip
    """All holds for who looks on; ``groups`` are what is held."""
    return Holds(database, now, groups, rounds=_rounds_seen(groups, policies, now))


def with_holds(
    database: Store, book: Rulebook | None, rows: Sequence[AlertRow], now: Instant
) -> list[AlertRow]:
    """The alerts with what holds them back by the clock ``now``; without a ``book`` (the rule file
    can't be read) what the database knows of it."""
    found = _remembered(database, rows, now) if book is None else _judged(database, book, rows, now)
    return [replace(row, holds=tuple(found.get(row.alert.id, ()))) for row in rows]


def _judged(
    database: Store, book: Rulebook, rows: Sequence[AlertRow], now: Instant
) -> dict[int, list[AlertHold]]:
    """Holds by the rule file, by alert."""
    policies = policies_of(book.channels)
    holds = _holds(database, policies, now, database.held.groups())
    statuses = _Statuses(database, policies, now, now, holds)
    found: dict[int, list[AlertHold]] = {}
    for rule in book.rules:
        if alerts := [row.alert for row in rows if row.alert.rule == rule.name]:
            for alert, each in statuses.of(rule, alerts).items():
                found[alert] = list(_alert_holds(each))
    return found


@dataclass(frozen=True, slots=True)
class _Statuses:
    """Alerts and the channels of their rules; ``at`` and ``now`` as above."""

    database: Store
    policies: Mapping[str, NotifyPolicy]
    at: Instant
    now: Instant
    holds: Holds

    def of(self, rule: Rule, alerts: Sequence[Alert]) -> dict[int, tuple[ChannelStatus, ...]]:
        products = [alert.product for alert in alerts]
        again, told_of = rule.again is not None, self.database.alerts.told
        log = by_channel(told_of(rule.name, products, with_values=rule.remembers))
        present = left_by(self.database, rule, alerts) if again else None
        held = by_channel(self.database.held.of_alerts(alert.id for alert in alerts))
        found: dict[int, list[ChannelStatus]] = {alert.id: [] for alert in alerts}
        for name in rule.notify:
            told, unheard = log.get(name, {}), unheard_of(held.get(name, {}))
            policy = self.policies[name]
            values = {product: entry.told_with for product, entry in told.items()}
            moved = moved_on(rule, present, values)
            decided = self.holds.judge(rule, policy, alerts, told, unheard, self.at, moved_on=moved)
            for each in decided:
                last = told.get(each.alert.product)
                # What is not held by now waits for no round: none may be open.
                free = _of_round(each) and each.alert.id not in unheard
                seen = each.held_by(None) if free else each
                found[each.alert.id].append(self._status(rule, name, seen, last))
        return {alert: tuple(each) for alert, each in found.items()}

    def _status(
        self, rule: Rule, channel: str, decided: Decided, told: NotificationLogEntry | None
    ) -> ChannelStatus:
        decision, silence = decided.decision, None
        opens = self._opens(rule, decided, told) if told is not None else None
        if (hold := decided.hold) is not None:
            decision, opens, silence = hold.decision, hold.until, hold.silence
            opens = silence.until if silence is not None else opens
        if decided.muted_by:
            return ChannelStatus(channel, decision, muted_by=decided.muted_by)
        if told is None:
            return ChannelStatus(channel, decision, opens=opens, silence=silence)
        status = ChannelStatus(
            channel, decision, told.told_at, told.resolved_told, opens, silence,
            told_as=decided.told_as,
        )  # fmt: skip
        if told.muted and told.alert == decided.alert.id and not decision.owed:
            return dataclasses.replace(status, decision=Decision.MUTED, muted_by=told.muted)
        return status

    def _opens(self, rule: Rule, decided: Decided, told: NotificationLogEntry) -> Instant | None:
        """The end of a cooldown, or the time of the next reminder."""
        waits = {Decision.COOLDOWN: rule.cooldown}
        if not told.resolved_told:
            waits[Decision.ALREADY_TOLD] = rule.remind or 0
        seconds = waits.get(decided.decision)
        if not seconds:
            return None
        since = min(told.told_at, self.now)
        return rule.over(seconds, self.database.history, since, decided.alert.watch)


def _of_round(decided: Decided) -> bool:
    return decided.hold is not None and decided.hold.decision is Decision.ROUND


def _alert_holds(statuses: Iterable[ChannelStatus]) -> Iterator[AlertHold]:
    for each in statuses:
        if each.decision.of_a_hold or each.decision in TOLD_OF:
            silence = each.silence.id if each.silence is not None else None
            why = f"{each.decision.value} by {each.muted_by}" if each.muted_by else each.decision
            yield AlertHold(each.channel, str(why), each.opens, silence)


def _remembered(
    database: Store, rows: Sequence[AlertRow], now: Instant
) -> dict[int, list[AlertHold]]:
    """Holds at the last scan, by alert."""
    ends = {silence.id: silence.until for silence in database.silences.active(now)}
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
    ends by itself, in a cooldown that of the first; None where the rule file was not read."""

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
            return counted(
                "{count} message to the operator", "{count} messages to the operator", self.messages
            )
        alerts = counted("{count} alert", "{count} alerts", self.alerts)
        named, rest = _(", ").join(self.rules[:_NAMED]), len(self.rules) - _NAMED
        if rest <= 0:
            return _("{alerts} of {rules}").format(alerts=alerts, rules=named)
        more = counted("{count} rule more", "{count} rules more", rest)
        return _("{alerts} of {rules} and {more}").format(alerts=alerts, rules=named, more=more)


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
    groups = _groups(database, book)
    ends = {silence.id: silence.until for silence in database.silences.active(now)}
    holds = _holds(database, policies, now, groups)
    rules_of = {rule.name: rule for rule in book.rules} if book is not None else {}
    by_hold: dict[tuple[str, int | None, str, Instant | None], list[HeldGroup]] = {}
    until: Instant | None
    for each in groups:
        if each.silence is not None:
            why, until = Decision.SILENCED.value, ends.get(each.silence, now)
        else:
            rule = rules_of.get(each.rule)
            why, until = _hold_of(policies.get(each.channel), rule, holds, now)
        by_hold.setdefault((each.channel, each.silence, why, until), []).append(each)
    for (channel, silence, why, until), held in by_hold.items():
        alerts, rules = sum(each.count for each in held), sorted(each.rule for each in held)
        since = min(now, *(each.since for each in held))
        yield Waiting(channel, why, alerts, tuple(rules), 0, since, until, silence)


def _groups(database: Store, book: Rulebook | None) -> list[HeldGroup]:
    """All that is held; by a ``book``, of the rules and channels that there are."""
    groups = database.held.groups()
    if book is None:
        return groups
    tellings = set(book.tellings)
    return [each for each in groups if (each.rule, each.channel) in tellings]


def _hold_of(
    policy: NotifyPolicy | None, rule: Rule | None, holds: Holds, now: Instant
) -> tuple[str, Instant | None]:
    """The name of the hold on a channel as a whole, or on what the rule tells it, and its end."""
    if policy is None or rule is None:
        return HELD, None
    if (hold := holds.on_rule(rule, policy)) is not None:
        return hold.decision.value, hold.until
    # It is told within the minute.
    of_rule = rule.quiet is not None and policy.quiet is None
    was = Decision.QUIET if policy.quiet is not None else Decision.ROUND
    was = Decision.RULE_QUIET if of_rule else was
    return (Decision.DIGEST if policy.digest is not None else was).value, now


def _cooling(
    database: Store, book: Rulebook, policies: dict[str, NotifyPolicy], now: Instant
) -> Iterator[Waiting]:
    """Alerts that fire anew soon after it was told, rule by rule: each has its own cooldown."""
    rules = {rule.name: rule for rule in book.enabled if rule.cooldown}
    past = database.history
    cooldowns = {
        name: max(rule.least(rule.cooldown, past, now, watch.key) for watch in rule.watches)
        for name, rule in rules.items()
    }
    for name, channel, count, told_at in database.alerts.cooling(cooldowns, now):
        rule = rules[name]
        if channel in rule.notify and policies[channel].hears_of(rule):
            ends = (rule.over(rule.cooldown, past, told_at, watch.key) for watch in rule.watches)
            until = max(ends)
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
