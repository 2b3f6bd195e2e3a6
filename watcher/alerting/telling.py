"""From alerts to notifications: one message for each rule and channel a scan.

``notices.decide`` says what is owed; this writes it: the strongest products first, in full up
to the rule's limit, the rest counted and named, a row for each target of the channel, and what
the channel has now been told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.alerting.notices import Decision, Manner, decide
from watcher.alerting.products import Products
from watcher.model import Alert, Instant, Item, Message, Severity, Told
from watcher.rules.rulebook import Channel, Rule
from watcher.store.database import Database

NAMED = 20  # names of the products beyond the limit; the others are only counted


@dataclass(frozen=True, slots=True)
class Audience:
    """A channel as the middle sees it: the names of its targets and the least severity."""

    channel: str
    targets: tuple[str, ...]
    min_severity: Severity = Severity.INFO


def audiences_of(channels: Mapping[str, Channel]) -> dict[str, Audience]:
    """The rule file's channels, without their URLs."""
    return {
        name: Audience(name, channel.targets, channel.min_severity)
        for name, channel in channels.items()
    }


@dataclass(frozen=True, slots=True)
class Owed:
    """An alert that one channel is to be told of, and why."""

    alert: Alert
    decision: Decision


class Teller:
    """Writes what the rules owe to their channels after one scan; ``written`` are the rows.

    ``at`` is the scan's time, on which cooldowns and reminders count; ``now`` is the clock's.
    """

    def __init__(
        self,
        database: Database,
        products: Products,
        audiences: Mapping[str, Audience],
        at: Instant,
        now: Instant,
    ) -> None:
        self._database = database
        self._products = products
        self._audiences = audiences
        self._at = at
        self._now = now
        self.written: list[int] = []

    def tell(self, rule: Rule, alerts: Sequence[Alert]) -> None:
        """Tell each channel of ``rule`` what it is owed of ``alerts`` (living or just ended)."""
        if not alerts:
            return
        told = self._told(rule, alerts)
        for name in rule.notify:
            audience = self._audiences[name]
            owed = self._owed(rule, alerts, told.get(name, {}), audience)
            if owed:
                self._write(rule, owed, audience)

    def summary(self, rule: Rule, fired: Sequence[Alert], resolved: Sequence[Alert]) -> Message:
        """What began and what ended, as a message that nobody is sent."""
        owed = [Owed(alert, Decision.FIRES) for alert in fired]
        owed += [Owed(alert, Decision.RESOLVED) for alert in resolved]
        return self._message(rule, self._strongest_first(rule, owed))

    def _told(self, rule: Rule, alerts: Sequence[Alert]) -> dict[str, dict[int, Told]]:
        by_channel: dict[str, dict[int, Told]] = {}
        for told in self._database.alerts.told(rule.name, [alert.product for alert in alerts]):
            by_channel.setdefault(told.channel, {})[told.product] = told
        return by_channel

    def _owed(
        self, rule: Rule, alerts: Sequence[Alert], told: Mapping[int, Told], audience: Audience
    ) -> list[Owed]:
        manner = Manner(
            severity=rule.severity,
            min_severity=audience.min_severity,
            cooldown=rule.cooldown,
            remind=rule.remind,
            resolved=rule.resolved,
        )
        decided = (
            Owed(alert, decide(alert, told.get(alert.product), manner, self._at))
            for alert in alerts
        )
        return [owed for owed in decided if owed.decision.owed]

    def _write(self, rule: Rule, owed: list[Owed], audience: Audience) -> None:
        ordered = self._strongest_first(rule, owed)
        message = self._message(rule, ordered)
        self.written += self._database.outbox.add(
            audience.channel, audience.targets, message, self._now
        )
        self._database.alerts.mark_told(
            [
                Told(
                    rule.name,
                    each.alert.product,
                    audience.channel,
                    each.alert.id,
                    self._at,
                    resolved_told=each.decision is Decision.RESOLVED,
                )
                for each in owed
            ]
        )

    def _strongest_first(self, rule: Rule, owed: list[Owed]) -> list[Owed]:
        """What fires before what ended; each by the rule's metric, products without it last."""
        strength = self._products.strength([each.alert.product for each in owed], rule.order_by)
        ended = np.array([each.decision is Decision.RESOLVED for each in owed])
        order = np.lexsort((np.nan_to_num(-strength, nan=np.inf), ended))
        return [owed[index] for index in order]

    def _message(self, rule: Rule, owed: list[Owed]) -> Message:
        shown, rest = owed[: rule.limit], owed[rule.limit :]
        named = [each.alert.product for each in rest[:NAMED]]
        return Message(
            kind="alerts",
            title=_title(rule, owed),
            severity=rule.severity,
            created=self._now,
            rule=rule.name,
            description=rule.description,
            region=rule.watch.query.region,
            data_at=self._at,
            items=tuple(self._items(shown)),
            more=tuple(self._products.name(product) for product in named),
            rest=len(rest),
        )

    def _items(self, owed: Sequence[Owed]) -> list[Item]:
        self._products.load([each.alert.product for each in owed])
        return [
            self._products.item(
                each.alert,
                each.decision.value,
                each.alert.reason if each.decision is Decision.RESOLVED else None,
            )
            for each in owed
        ]


def _title(rule: Rule, owed: Sequence[Owed]) -> str:
    """``[warning] beauty-rising: 3 products (US)``, or what began and what ended where both."""
    ended = sum(each.decision is Decision.RESOLVED for each in owed)
    told = len(owed) - ended
    count = f"{told} product{'' if told == 1 else 's'}" if told else ""
    over = f"{ended} ended" if ended else ""
    what = ", ".join(part for part in (count, over) if part)
    return f"[{rule.severity}] {rule.name}: {what} ({rule.watch.query.region})"
