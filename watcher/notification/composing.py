"""Messages of what is owed: the strongest products first, in full up to the rule's limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

import msgspec
import numpy as np

from watcher.alert import Alert, NotificationLogEntry, ToldWith
from watcher.message import Item, Message, RuleCount
from watcher.model import Instant, Severity
from watcher.notification.policy import Decided, Decision
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule

Explained: TypeAlias = Callable[[Sequence[Alert]], Sequence[Alert]]

NAMED = 20  # names of the products beyond the limit; the others are only counted


@dataclass(frozen=True, slots=True)
class Part:
    """A rule's part of what a channel is told; its message has the time of its data."""

    rule: Rule
    owed: Sequence[Decided]
    message: Message
    told_with: Sequence[ToldWith | None] = ()

    def entries(self, channel: str, rows: Sequence[int]) -> Iterator[NotificationLogEntry]:
        """The channel's log of it, once the notifications ``rows`` are written."""
        values = self.told_with or [None] * len(self.owed)
        for each, told_with in zip(self.owed, values, strict=True):
            ended = each.decision.of_an_end
            yield NotificationLogEntry(
                self.rule.name,
                each.alert.product,
                channel,
                each.alert.id,
                self.message.data_at or 0,
                resolved_told=ended,
                notification=rows[0] if rows else None,
                # The end of one is no step of the next: that goes on from what fired.
                told_with=each.before if ended else told_with,
                severity=_highest(self.rule, each, each.decision),
            )


def log_of_dropped(
    rule: Rule, channel: str, dropped: Decided, before: NotificationLogEntry | None, at: Instant
) -> NotificationLogEntry:
    """The log of what another rule muted: it counts as told. What was told ``before`` of the same
    alert stays what it was."""
    alert, owed = dropped.alert, dropped.dropped or dropped.decision
    own = before if before is not None and before.alert == alert.id else None
    return NotificationLogEntry(
        rule.name,
        alert.product,
        channel,
        alert.id,
        at,
        resolved_told=owed.of_an_end,
        notification=own.notification if own is not None else None,
        told_with=before.told_with if before is not None else None,
        severity=_highest(rule, dropped, owed),
        muted=own.muted if own is not None else dropped.muted_by,
    )


def _highest(rule: Rule, told: Decided, decision: Decision) -> Severity | None:
    """The highest severity that was told of an alert once this is; of a new one, its own."""
    if not rule.grades:
        return None
    own, before = rule.severity_of(told.alert), told.told_as
    if before is None or decision in (Decision.FIRES, Decision.MISSED):
        return own
    return max(own, before, key=lambda each: each.rank)


def compose_all(
    parts: Sequence[tuple[Rule, Sequence[Decided]]], products: Products, at: Instant, now: Instant,
    explained: Explained,
) -> list[Part]:  # fmt: skip
    """One part of each rule, of data of ``at``, written ``now``. ``explained`` gives the evidence
    of the alerts that are shown in full, of all rules at once."""
    ordered = [_strongest_first(rule, owed, products) for rule, owed in parts]
    shown = [
        each.alert
        for (rule, _), owed in zip(parts, ordered, strict=True)
        for each in owed[: rule.limit]
    ]
    products.load([alert.product for alert in shown])
    whole = {alert.id: alert for alert in explained(shown)}
    return [
        Part(
            rule,
            owed,
            _message(rule, strongest, products, (at, now), whole),
            products.told_with(rule, [each.alert.product for each in owed], at),
        )
        for (rule, owed), strongest in zip(parts, ordered, strict=True)
    ]


def _message(
    rule: Rule, ordered: Sequence[Decided], products: Products, times: tuple[Instant, Instant],
    whole: Mapping[int, Alert],
) -> Message:  # fmt: skip
    """``whole`` are the alerts that are shown, by id, with their evidence."""
    shown, rest = ordered[: rule.limit], ordered[rule.limit :]
    data_at, now = times
    told, ended = _counted(ordered)
    items = tuple(_item(rule, products, each, whole[each.alert.id]) for each in shown)
    return Message(
        kind="alerts",
        title="",
        severity=_severity(rule, ordered),
        created=now,
        rule=rule.name,
        description=rule.description,
        region=_region(rule, ordered, items),
        data_at=data_at,
        items=items,
        more=tuple(products.name(each.alert.product) for each in rest[:NAMED]),
        rest=len(rest),
        alerts=_ids(ordered),
        told=told,
        ended=ended,
    )


def _severity(rule: Rule, owed: Sequence[Decided]) -> Severity:
    """That of the most severe alert."""
    found = [rule.severity_of(each.alert) for each in owed] if rule.grades else ()
    return max(found, key=lambda each: each.rank, default=rule.severity)


def _region(rule: Rule, owed: Sequence[Decided], items: Sequence[Item]) -> str:
    """The regions of the lists that the products were found by; of shops and lookups those of the
    products that are shown."""
    watches = [rule.watch_of(each.alert.watch) for each in owed] if owed else rule.watches
    regions = [watch.query.region for watch in watches if watch.query.of_market]
    if len(regions) < len(watches):
        regions += [item.region for item in items]
    return ", ".join(filter(None, dict.fromkeys(regions)))


def combine(parts: Sequence[Part]) -> Message:
    """The messages of several rules as one: the most severe rules first, a line about each."""
    order = sorted(parts, key=lambda part: -part.message.severity.rank)
    messages = [part.message for part in order]
    everything = list(chain.from_iterable(part.owed for part in parts))
    told, ended = _counted(everything)
    return Message(
        kind="digest",
        title="",
        severity=messages[0].severity,
        created=messages[0].created,
        region=_joined(messages),
        data_at=max(message.data_at or 0 for message in messages),
        items=tuple(_items(messages)),
        more=tuple(chain.from_iterable(message.more for message in messages))[:NAMED],
        rest=sum(message.rest for message in messages),
        alerts=_ids(everything),
        told=told,
        ended=ended,
        parts=tuple(
            RuleCount(part.rule.name, *_counted(part.owed), part.rule.description) for part in order
        ),
    )


def _joined(messages: Sequence[Message]) -> str:
    """All their regions, each once."""
    regions = chain.from_iterable(message.region.split(", ") for message in messages)
    return ", ".join(filter(None, dict.fromkeys(regions)))


def _items(messages: Sequence[Message]) -> Iterator[Item]:
    """Products of several rules, each with the name of its rule."""
    for message in messages:
        for item in message.items:
            yield msgspec.structs.replace(item, rule=message.rule)


def _counted(owed: Sequence[Decided]) -> tuple[int, int]:
    """Products that are told of, and those whose end is; one of two rules counts once."""
    ended = len({each.alert.product for each in owed if each.decision.of_an_end})
    told = len({each.alert.product for each in owed if not each.decision.of_an_end})
    return told, ended


def _ids(owed: Sequence[Decided]) -> dict[str, tuple[int, ...]]:
    """The ids of the alerts, by why they are told."""
    found: dict[str, list[int]] = {}
    for each in owed:
        found.setdefault(each.decision.value, []).append(each.alert.id)
    return {why: tuple(ids) for why, ids in found.items()}


def _strongest_first(rule: Rule, owed: Sequence[Decided], products: Products) -> list[Decided]:
    """Order what fires before what ended; of each, what the scan lists before what it does not.
    Within these by the rule's order, without a value last; of equals the alert that is older, and
    of those of one scan the product that is higher on the list."""
    keys, here = products.strength(rule, [each.alert.product for each in owed])
    ended = np.array([each.decision.of_an_end for each in owed])
    ids = np.array([each.alert.id for each in owed])
    absent = np.isnan(keys)  # an infinite strength's opposite is no lack of one
    weakness = np.where(absent, np.inf, -keys)
    by_key = np.stack((absent, weakness), axis=1).reshape(2 * len(keys), len(owed))
    order = np.lexsort((ids, *by_key[::-1], ~here, ended))
    return [owed[index] for index in order]


def _item(rule: Rule, products: Products, owed: Decided, alert: Alert) -> Item:
    ended = owed.decision.of_an_end
    kind = (Decision.RESOLVED if ended else owed.decision).value
    return products.item(rule, alert, kind, alert.reason if ended else None, owed.before)
