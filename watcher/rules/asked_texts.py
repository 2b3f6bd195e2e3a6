"""The texts that rules ask for beyond those of each scan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from watcher.attributes import MADE, TEXT_OF
from watcher.rules.conditions.base import Condition
from watcher.rules.metrics import Figure
from watcher.rules.rulebook import Rule


def followed_texts(rules: Iterable[Rule]) -> frozenset[str]:
    """The texts that some rules hold against what was known of them last."""
    return frozenset(each.name for asking in _asking(rules) for each in asking.follows)


def made_texts(rules: Iterable[Rule]) -> tuple[str, ...]:
    """The texts of those that are made of long ones which some rules ask for."""
    rules = [*rules]
    asked = {attribute.name for each in _asking(rules) for attribute in each.attributes}
    metrics = {metric for each in _asking(rules) for metric in each.metrics}
    metrics |= {metric for rule in rules for metric in rule.order_by.metrics}
    asked |= {TEXT_OF[name] for metric in metrics for name in metric.needs if name in TEXT_OF}
    return tuple(name for name in MADE if name in asked)


def _asking(rules: Iterable[Rule]) -> Iterator[Condition | Figure]:
    """Yield all that asks something of products: conditions, and the figures in them."""
    for rule in rules:
        yield from rule.spoken
        yield from rule.figures
