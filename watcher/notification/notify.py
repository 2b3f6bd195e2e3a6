"""From alerts to notifications: one message for each rule and channel a scan.

``policy`` decides what goes now, ``composing`` makes the message; this writes it: a row for each
target of the channel, and what the channel has now been told. ``deferral`` remembers what is held,
and ``flush_deferred`` tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from watcher.model import Alert, AlertState, Bools, Instant, Message, NotificationLogEntry
from watcher.notification.composing import compose_all
from watcher.notification.deferral import defer
from watcher.notification.policy import (
    Decided,
    Decision,
    Holds,
    NotifyPolicy,
    is_heard,
    terms_of,
)
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store
from watcher.store.sql.alerts import Live
from watcher.store.sql.deferred import Held

_NEVER = np.iinfo(np.int64).max


class Teller:
    """Writes what the rules owe to their channels after one scan; ``written`` are the rows.

    ``at`` is the scan's time, on which cooldowns and reminders count; ``now`` is the clock's,
    on which holds begin and end.
    """

    def __init__(
        self,
        database: Store,
        products: Products,
        policies: Mapping[str, NotifyPolicy],
        at: Instant,
        now: Instant,
        holds: Holds | None = None,
    ) -> None:
        self._database = database
        self._products = products
        self._policies = policies
        self._at = at
        self._now = now
        self._holds = holds or Holds(database, now)
        self.written: list[int] = []

    def tell(self, parts: Sequence[tuple[Rule, Sequence[Alert]]]) -> None:
        """Tell each channel of each rule what it is owed of the rule's alerts (living or just
        ended)."""
        owed = [
            (rule, name, each)
            for rule, alerts in parts
            for name, each in self._owed_to_all(rule, alerts).items()
        ]
        messages = self._messages([(rule, each) for rule, _, each in owed])
        for (rule, name, each), message in zip(owed, messages, strict=True):
            targets = self._policies[name].targets
            rows = self._database.outbox.add(name, targets, message, self._now)
            self.mark(rule, each, name, rows)
            self.written += rows

    def silent(self, rules: Sequence[Rule], live: Live) -> Bools:
        """(n,) the live alerts of ``rules``, in their order, that ``tell`` need not hear of where
        they go on as they are: no channel is owed them, and nothing of their rule is held."""
        held = {group.rule for group in self._database.held.groups()}
        speaks = np.array([rule.name in held for rule in rules], np.bool_)[live.rules]
        for channel in dict.fromkeys(name for rule in rules for name in rule.notify):
            speaks |= ~self._heard(rules, live, self._policies[channel])
        return ~(live.firing & speaks)

    def _heard(self, rules: Sequence[Rule], live: Live, policy: NotifyPolicy) -> Bools:
        """(n,) the firing alerts that the channel is not to be told, going on as they are."""
        name = policy.channel
        terms = [terms_of(rule, policy) if name in rule.notify else None for rule in rules]
        remind = [each.remind if each is not None else None for each in terms]
        listens = [each is not None and each.tells for each in terms]
        told_at = self._database.alerts.heard_at(live, name)
        after = np.array([_NEVER if each is None else each for each in remind], np.int64)
        heard = is_heard(live, told_at, after[live.rules], self._at)
        return heard | ~np.array(listens, np.bool_)[live.rules]

    def owed(
        self, rule: Rule, alerts: Sequence[Alert], policies: Sequence[NotifyPolicy]
    ) -> dict[str, list[Decided]]:
        """The alerts, by channel, that it is to be told of now; what is held is remembered."""
        if not alerts:
            return {}
        held: dict[str, dict[int, Held]] = {}
        for each in self._database.held.of_rule(rule.name):
            held.setdefault(each.channel, {})[each.product] = each
        if not held and not rule.resolved:  # no end is told, and thousands may end at once
            alerts = [alert for alert in alerts if alert.state is AlertState.FIRING]
        log = self._log(rule, alerts)
        found: dict[str, list[Decided]] = {}
        for policy in policies:
            name = policy.channel
            before = held.get(name, {})
            unheard = {each.alert for each in before.values() if each.silence is None}
            decided = self._holds.judge(rule, policy, alerts, log.get(name, {}), unheard, self._at)
            defer(self._database, name, decided, before, self._now)
            if going := [each for each in decided if each.goes]:
                found[name] = going
        return found

    def message(self, rule: Rule, owed: Sequence[Decided]) -> Message:
        """One rule's message."""
        (message,) = self._messages([(rule, owed)])
        return message

    def mark(self, rule: Rule, owed: Sequence[Decided], channel: str, rows: Sequence[int]) -> None:
        """Note that ``channel`` was told ``owed`` by the notifications ``rows``."""
        self._database.alerts.mark_told(
            NotificationLogEntry(
                rule.name,
                each.alert.product,
                channel,
                each.alert.id,
                self._at,
                resolved_told=each.decision.of_an_end,
                notification=rows[0] if rows else None,
            )
            for each in owed
        )

    def summary(self, rule: Rule, fired: Sequence[Alert], resolved: Sequence[Alert]) -> Message:
        """A message that nobody is sent, of what began and what ended."""
        owed = [Decided(alert, Decision.FIRES) for alert in fired]
        owed += [Decided(alert, Decision.RESOLVED) for alert in resolved]
        return self.message(rule, owed)

    def _messages(self, parts: Sequence[tuple[Rule, Sequence[Decided]]]) -> list[Message]:
        explained = self._database.alerts.explained
        return compose_all(parts, self._products, self._at, self._now, explained)

    def _owed_to_all(self, rule: Rule, alerts: Sequence[Alert]) -> dict[str, list[Decided]]:
        return self.owed(rule, alerts, [self._policies[name] for name in rule.notify])

    def _log(
        self, rule: Rule, alerts: Sequence[Alert]
    ) -> dict[str, dict[int, NotificationLogEntry]]:
        """The last that was told, by channel and product."""
        by_channel: dict[str, dict[int, NotificationLogEntry]] = {}
        for entry in self._database.alerts.told(rule.name, [alert.product for alert in alerts]):
            by_channel.setdefault(entry.channel, {})[entry.product] = entry
        return by_channel
