"""From alerts to notifications, a message for each channel a scan: ``policy`` decides,
``composing`` words, ``deferral`` remembers and ``flush_deferred`` tells what is held; this
writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.message import Message
from watcher.model import Bools, Instant, Ints, Severity
from watcher.notification.composing import Bundle, Owing, compose, compose_each, log_of_dropped
from watcher.notification.deferral import by_channel, defer, ends_owed, unheard_of
from watcher.notification.holds import Decided, Holds
from watcher.notification.policy import Decision, NotifyPolicy, is_heard, terms_of
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store
from watcher.store.records import Live
from watcher.store.sql.silences import Held, HeldGroup

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes what the rules owe to their channels after one scan. Cooldowns and reminders count on
    ``at``, the scan's time, holds on the clock's ``now``. ``waits`` are the channels that something
    waits for in an open round, ``urgent`` those of them that are owed something critical."""

    database: Store
    products: Products
    policies: Mapping[str, NotifyPolicy]
    at: Instant
    now: Instant
    holds: Holds
    written: list[int] = field(default_factory=list)
    waits: set[str] = field(default_factory=set)
    urgent: set[str] = field(default_factory=set)
    _gathered: dict[str, list[Owing]] = field(default_factory=dict)

    def gather(self, rules: Sequence[tuple[Rule, Sequence[Alert]]]) -> None:
        """Take what each channel of each rule is to be told of these alerts (living or just
        ended), and remember what is held."""
        for rule, alerts in rules:
            for name, each in self.owed(rule, alerts, rule.notify).items():
                self._gathered.setdefault(name, []).append(self.owing(rule, each))
                if self._by_rule(name):
                    self.holds.count(name)

    def tell(self) -> None:
        """Write what was gathered: a message for each channel, or for each of its rules."""
        bundles = [
            (name, Bundle(owing, self.policies[name].limit, whole=self.policies[name].whole))
            for name, everything in self._gathered.items()
            for owing in ([[each] for each in everything] if self._by_rule(name) else [everything])
        ]
        messages = compose_each(
            [bundle for _, bundle in bundles], self.now, self.database.alerts.explained
        )
        told = list[NotificationLogEntry]()
        for (name, bundle), message in zip(bundles, messages, strict=True):
            targets = self.policies[name].targets
            rows = self.database.outbox.add(name, targets, message, self.now)
            for owing in bundle.owing:
                told.extend(owing.entries(name, rows))
            self.written.extend(rows)
        if told:
            self.database.alerts.mark_told(told)

    def _by_rule(self, channel: str) -> bool:
        return self.policies[channel].by_rule

    def silent(self, rules: Sequence[Rule], live: Live, groups: Iterable[HeldGroup]) -> Bools:
        """(n,) the live alerts of ``rules``, in their order, that ``gather`` need not hear of where
        they go on as they are: no channel is owed them, and nothing of their rule is held."""
        held = {group.rule for group in groups}
        speaks = np.array([rule.name in held for rule in rules], np.bool_)[live.rules]
        for channel in dict.fromkeys(name for rule in rules for name in rule.notify):
            speaks |= ~self._heard(rules, live, self.policies[channel])
        for number, rule in enumerate(rules):
            if rule.again is not None:
                own = live.of(number)
                speaks[own] |= self._moved_on(rule, live.products[own])
        return ~(live.firing & speaks)

    def _moved_on(self, rule: Rule, products: Ints) -> Bools:
        """(n,) whether some channel's last word on each has moved on, as the rule's ``again``
        asks."""
        found = set[int]()
        for log in self._log(rule, products.tolist()).values():
            found |= self.products.moved_on(rule, log)
        return np.isin(products, [*found])

    def _log(
        self, rule: Rule, products: Sequence[int]
    ) -> dict[str, dict[int, NotificationLogEntry]]:
        """The last that each channel was told, by product; with values where the rule asks."""
        told = self.database.alerts.told
        return by_channel(told(rule.name, products, with_values=rule.remembers))

    def _heard(self, rules: Sequence[Rule], live: Live, policy: NotifyPolicy) -> Bools:
        """(n,) the firing alerts that the channel is not to be told, going on as they are."""
        name = policy.channel
        terms = [
            terms_of(rule, policy, self.holds.past, self.at, live.watch)
            if name in rule.notify
            else None
            for rule in rules
        ]
        listens = np.array([each is not None and each.tells for each in terms], np.bool_)
        deaf = ~listens[live.rules]
        if live.severities is not None:
            graded = np.array([bool(rule.grades) for rule in rules], np.bool_)[live.rules]
            tells = np.array([each is not None for each in terms], np.bool_)[live.rules]
            ranks, least, most = live.severities, policy.min_severity, policy.max_severity
            loud = (ranks >= least.rank) & (ranks <= most.rank)
            deaf = np.where(graded & (ranks >= 0), ~(tells & loud), deaf)
        told_at = self.database.alerts.heard_at(live, name)
        after = [_NEVER if each is None or each.remind is None else each.remind for each in terms]
        heard = is_heard(live, told_at, np.array(after, np.int64)[live.rules], self.at)
        return heard | deaf

    def owed(
        self, rule: Rule, alerts: Sequence[Alert], channels: Sequence[str]
    ) -> dict[str, list[Decided]]:
        """Alerts that each channel is to be told of now; what is held is remembered."""
        if not alerts:
            return {}
        held = by_channel(self.database.held.of_rule(rule.name))
        if not held and not rule.resolved:  # no end is told, and thousands may end at once
            alerts = [alert for alert in alerts if alert.state is AlertState.FIRING]
        log = self._log(rule, [each.product for each in alerts])
        found = {
            name: self._going(rule, alerts, name, held.get(name, {}), log.get(name, {}))
            for name in channels
        }
        return {name: going for name, going in found.items() if going}

    def _going(
        self, rule: Rule, alerts: Sequence[Alert], channel: str, held: Mapping[int, Held],
        log: Mapping[int, NotificationLogEntry],
    ) -> list[Decided]:  # fmt: skip
        """Alerts that a channel is to be told of now; ``held`` and ``log`` are its, by product."""
        policy, unheard = self.policies[channel], unheard_of(held)
        moved_on = self.products.moved_on(rule, log)
        decided = self.holds.judge(rule, policy, alerts, log, unheard, self.at, moved_on=moved_on)
        owing = ends_owed(rule, log) if held else {}
        defer(self.database, channel, decided, held, self.now, owing)
        if rule.muted_by:
            self._drop(rule, channel, decided, log)
        self._note_round(rule, channel, decided)
        return [each for each in decided if each.goes]

    def _note_round(self, rule: Rule, channel: str, decided: Sequence[Decided]) -> None:
        for each in decided:
            if each.hold is not None and each.hold.decision is Decision.ROUND:
                self.waits.add(channel)
                if rule.severity_of(each.alert) is Severity.CRITICAL:
                    self.urgent.add(channel)

    def _drop(
        self, rule: Rule, channel: str, decided: Sequence[Decided],
        log: Mapping[int, NotificationLogEntry],
    ) -> None:  # fmt: skip
        """Have what is muted count as told."""
        dropped = [
            log_of_dropped(rule, channel, each, log.get(each.alert.product), self.at)
            for each in decided
            if each.dropped is not None
        ]
        if dropped:
            self.database.alerts.mark_told(dropped)

    def summary(self, rule: Rule, fired: Sequence[Alert], resolved: Sequence[Alert]) -> Message:
        """A message that nobody is sent, of what began and what ended."""
        owed = [Decided(alert, Decision.FIRES) for alert in fired]
        owed += [Decided(alert, Decision.RESOLVED) for alert in resolved]
        bundle = Bundle([self.owing(rule, owed)])
        return compose(bundle, self.now, self.database.alerts.explained)

    def owing(self, rule: Rule, owed: Sequence[Decided]) -> Owing:
        return Owing(rule, owed, self.products, self.at)
