"""From alerts to notifications: one message for each rule and channel a scan.

``notices.decide`` says what is owed, ``gates`` what is held back all the same, ``composing``
makes the message; this writes it: a row for each target of the channel, and what the channel
has now been told. What is held is remembered for the sweep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from watcher.model import Alert, AlertState, Bools, Instant, Message, Told
from watcher.notification.audiences import Audience, audiences_of
from watcher.notification.composing import Owed, compose_all
from watcher.notification.decision import Decision, Manner, decide, is_heard
from watcher.notification.holds import Gates
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store
from watcher.store.sql.alerts import Live
from watcher.store.sql.deferred import Held

__all__ = ["Audience", "Teller", "audiences_of", "manner_of"]

_NEVER = np.iinfo(np.int64).max


def manner_of(rule: Rule, audience: Audience) -> Manner:
    """How ``rule`` tells that channel."""
    return Manner(
        severity=rule.severity,
        min_severity=audience.min_severity,
        cooldown=rule.watch.least(rule.cooldown),
        remind=rule.watch.least(rule.remind) if rule.remind is not None else None,
        resolved=rule.resolved,
    )


class Teller:
    """Writes what the rules owe to their channels after one scan; ``written`` are the rows.

    ``at`` is the scan's time, on which cooldowns and reminders count; ``now`` is the clock's,
    on which the gates stand.
    """

    def __init__(
        self,
        database: Store,
        products: Products,
        audiences: Mapping[str, Audience],
        at: Instant,
        now: Instant,
        gates: Gates | None = None,
    ) -> None:
        self._database = database
        self._products = products
        self._audiences = audiences
        self._at = at
        self._now = now
        self._gates = gates or Gates(database, now)
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
            targets = self._audiences[name].targets
            rows = self._database.outbox.add(name, targets, message, self._now)
            self.mark(rule, each, name, rows)
            self.written += rows

    def silent(self, rules: Sequence[Rule], live: Live) -> Bools:
        """(n,) the live alerts of ``rules``, in their order, that ``tell`` need not hear of where
        they go on as they are: no channel is owed them, and nothing of their rule is held."""
        held = {group.rule for group in self._database.held.groups()}
        speaks = np.array([rule.name in held for rule in rules], np.bool_)[live.rules]
        for channel in dict.fromkeys(name for rule in rules for name in rule.notify):
            speaks |= ~self._heard(rules, live, self._audiences[channel])
        return ~(live.firing & speaks)

    def _heard(self, rules: Sequence[Rule], live: Live, audience: Audience) -> Bools:
        """(n,) the firing alerts that the channel is not to be told, going on as they are."""
        name = audience.channel
        manners = [manner_of(rule, audience) if name in rule.notify else None for rule in rules]
        remind = [manner.remind if manner is not None else None for manner in manners]
        listens = [manner is not None and manner.tells for manner in manners]
        told_at = self._database.alerts.heard_at(live, name)
        after = np.array([_NEVER if each is None else each for each in remind], np.int64)
        heard = is_heard(live, told_at, after[live.rules], self._at)
        return heard | ~np.array(listens, np.bool_)[live.rules]

    def owed(
        self, rule: Rule, alerts: Sequence[Alert], audiences: Sequence[Audience]
    ) -> dict[str, list[Owed]]:
        """By channel, what it is to be told now; what is held instead is remembered."""
        if not alerts:
            return {}
        held: dict[str, dict[int, Held]] = {}
        for each in self._database.held.of_rule(rule.name):
            held.setdefault(each.channel, {})[each.product] = each
        if not held and not rule.resolved:  # no end is told, and thousands may end at once
            alerts = [alert for alert in alerts if alert.state is AlertState.FIRING]
        told = self._told(rule, alerts)
        found: dict[str, list[Owed]] = {}
        for audience in audiences:
            name = audience.channel
            before = held.get(name, {})
            decided = self._decide(rule, alerts, told.get(name, {}), before, audience)
            free = self._hold_back(rule, decided, before, audience)
            if free:
                found[name] = free
        return found

    def message(self, rule: Rule, owed: Sequence[Owed]) -> Message:
        """What is owed of one rule, as a message."""
        (message,) = self._messages([(rule, owed)])
        return message

    def mark(self, rule: Rule, owed: Sequence[Owed], channel: str, rows: Sequence[int]) -> None:
        """Note that ``channel`` was told ``owed`` by the notifications ``rows``."""
        self._database.alerts.mark_told(
            Told(
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
        """What began and what ended, as a message that nobody is sent."""
        owed = [Owed(alert, Decision.FIRES) for alert in fired]
        owed += [Owed(alert, Decision.RESOLVED) for alert in resolved]
        return self.message(rule, owed)

    def _messages(self, parts: Sequence[tuple[Rule, Sequence[Owed]]]) -> list[Message]:
        explained = self._database.alerts.explained
        return compose_all(parts, self._products, self._at, self._now, explained)

    def _owed_to_all(self, rule: Rule, alerts: Sequence[Alert]) -> dict[str, list[Owed]]:
        return self.owed(rule, alerts, [self._audiences[name] for name in rule.notify])

    def _told(self, rule: Rule, alerts: Sequence[Alert]) -> dict[str, dict[int, Told]]:
        by_channel: dict[str, dict[int, Told]] = {}
        for told in self._database.alerts.told(rule.name, [alert.product for alert in alerts]):
            by_channel.setdefault(told.channel, {})[told.product] = told
        return by_channel

    def _decide(
        self,
        rule: Rule,
        alerts: Sequence[Alert],
        told: Mapping[int, Told],
        held: Mapping[int, Held],
        audience: Audience,
    ) -> list[Owed]:
        manner = manner_of(rule, audience)
        decided = []
        for alert in alerts:
            before = held.get(alert.product)
            waiting = before is not None and before.alert == alert.id and before.silence is None
            last = told.get(alert.product)
            decided.append(Owed(alert, decide(alert, last, manner, self._at, waiting=waiting)))
        return decided

    def _hold_back(
        self, rule: Rule, decided: Sequence[Owed], held: Mapping[int, Held], audience: Audience
    ) -> list[Owed]:
        """What of ``decided`` is owed and passes the gates; the rest of it is held."""
        owed = [each for each in decided if each.decision.owed]
        silenced = self._gates.silenced(rule.name, [each.alert.product for each in owed])
        closed = self._gates.closed(audience) if owed else None
        free: list[Owed] = []
        kept: dict[int, Held] = {}
        for each in owed:
            product = each.alert.product
            silence = silenced.get(product)
            if silence is None and closed is None:
                free.append(each)
            elif silence is None or each.decision is not Decision.MISSED:
                # What began and ended unheard, and is silenced now, is not told at all.
                by = silence.id if silence is not None else None
                since = self._waits_since(held.get(product), by)
                kept[product] = Held(rule.name, product, audience.channel, each.alert.id, since, by)
        told = {each.alert.product for each in free}
        put = [each for each in kept.values() if held.get(each.product) != each]
        released = [
            before
            for product, alert in (
                (each.alert.product, each.alert.id)
                for each in decided
                if each.decision is not Decision.CARRIED  # the edited rule has yet to speak
            )
            if product not in kept
            and (before := held.get(product)) is not None
            and (product in told or before.alert == alert)
        ]
        if put or released:  # hardly ever
            self._database.held.put(put)
            self._database.held.release(released)
        return free

    def _waits_since(self, before: Held | None, silence: int | None) -> Instant:
        """A digest collects from when nothing else held it: the end of a silence begins anew."""
        if before is None or (before.silence is not None and silence is None):
            return self._now
        return before.since
