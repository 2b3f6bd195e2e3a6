"""Alerts as a message: the strongest products first, in full up to the rule's limit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import msgspec
import numpy as np

from watcher.model import Alert, Instant, Item, Message, RuleCount
from watcher.notification.policy import Decided, Decision
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule

Explained: TypeAlias = Callable[[Sequence[Alert]], Sequence[Alert]]

NAMED = 20  # names of the products beyond the limit; the others are only counted


def compose(
    rule: Rule, owed: Sequence[Decided], products: Products, at: Instant, now: Instant,
    explained: Explained,
) -> Message:  # fmt: skip
    """One message of a rule: ``at`` is the time of its data, ``now`` when it is written.
    ``explained`` gives the evidence of those alerts that are shown in full.
    """
    (message,) = compose_all([(rule, owed)], products, at, now, explained)
    return message


def compose_all(
    parts: Sequence[tuple[Rule, Sequence[Decided]]], products: Products, at: Instant, now: Instant,
    explained: Explained,
) -> list[Message]:  # fmt: skip
    """One message of several rules: what they show is read together."""
    ordered = [_strongest_first(rule, owed, products) for rule, owed in parts]
    shown = [
        each.alert
        for (rule, _), owed in zip(parts, ordered, strict=True)
        for each in owed[: rule.limit]
    ]
    products.load([alert.product for alert in shown])
    whole = {alert.id: alert for alert in explained(shown)}
    return [
        _message(rule, owed, products, (at, now), whole)
        for (rule, _), owed in zip(parts, ordered, strict=True)
    ]


def _message(
    rule: Rule, ordered: Sequence[Decided], products: Products, times: tuple[Instant, Instant],
    whole: Mapping[int, Alert],
) -> Message:  # fmt: skip
    """``whole`` are the alerts that are shown, by id, with their evidence."""
    shown, rest = ordered[: rule.limit], ordered[rule.limit :]
    named = [each.alert.product for each in rest[:NAMED]]
    data_at, now = times
    told, ended = counted(ordered)
    return Message(
        kind="alerts",
        title="",
        severity=rule.severity,
        created=now,
        rule=rule.name,
        description=rule.description,
        region=rule.watch.query.region,
        data_at=data_at,
        items=tuple(_item(rule, products, each, whole[each.alert.id]) for each in shown),
        more=tuple(products.name(product) for product in named),
        rest=len(rest),
        alerts=_ids(ordered),
        told=told,
        ended=ended,
    )


def combine(parts: Sequence[tuple[Rule, Sequence[Decided], Message]]) -> Message:
    """The messages of several rules as one: the most severe rules first, a line about each."""
    order = sorted(parts, key=lambda part: -part[2].severity.rank)
    messages = [message for _, _, message in order]
    everything = [each for _, owed, _ in parts for each in owed]
    regions = ", ".join(dict.fromkeys(message.region for message in messages))
    told, ended = counted(everything)
    return Message(
        kind="digest",
        title="",
        severity=messages[0].severity,
        created=messages[0].created,
        region=regions,
        data_at=max(message.data_at or 0 for message in messages),
        items=tuple(
            msgspec.structs.replace(item, rule=message.rule)
            for message in messages
            for item in message.items
        ),
        more=tuple(name for message in messages for name in message.more)[:NAMED],
        rest=sum(message.rest for message in messages),
        alerts=_ids(everything),
        told=told,
        ended=ended,
        parts=tuple(
            RuleCount(rule.name, *counted(owed), rule.description) for rule, owed, _ in order
        ),
    )


def counted(owed: Sequence[Decided]) -> tuple[int, int]:
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
    """Alerts that fire before those that ended; what the scan lists before what it does not.

    Within these by the rule's order, without a value last; of equals the alert that is older,
    and of those of one scan the product that is higher on the list.
    """
    keys, here = products.strength(rule, [each.alert.product for each in owed])
    ended = np.array([each.decision.of_an_end for each in owed])
    ids = np.array([each.alert.id for each in owed])
    weakness = [np.where(np.isnan(key), np.inf, -key) for key in keys]
    absent = [np.isnan(key) for key in keys]  # an infinite strength's opposite is no lack of one
    by_key = [each for pair in zip(absent, weakness, strict=True) for each in pair]
    order = np.lexsort((ids, *reversed(by_key), ~here, ended))
    return [owed[index] for index in order]


def _item(rule: Rule, products: Products, owed: Decided, alert: Alert) -> Item:
    ended = owed.decision.of_an_end
    kind = (Decision.RESOLVED if ended else owed.decision).value
    return products.item(rule, alert, kind, alert.reason if ended else None)
