"""Sellers and categories that a rule names, with the way to their pages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.fields import IDS, SELLER
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.logic import Combination
from watcher.rules.conditions.text import OneOf
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store

MOST = 20


@dataclass(frozen=True, slots=True)
class NamedByRule:
    """A seller, or else a category, of which products were found in a region; ``name`` is empty
    where nobody knows it."""

    of_seller: bool
    region: str
    value: str
    name: str


def named_by(database: Store, book: Rulebook, rule: Rule) -> list[NamedByRule]:
    """All that its watches and conditions name, in the regions that it is of; none that nothing was
    found of: they have no page."""
    ids = [*dict.fromkeys(_ids(rule))][:MOST]
    regions = {watch.query.region for watch in rule.watches}
    names = {**database.categories.names(ids), **book.sellers} if ids else {}
    found = {
        (by == SELLER, region, value): NamedByRule(
            by == SELLER, region, value, names.get(value, "")
        )
        for value in ids
        for region, by in database.assortments.places(value)
        if "" in regions or region in regions
    }
    return [*found.values()]


def _ids(rule: Rule) -> Iterator[str]:
    for watch in rule.watches:
        yield from (str(value) for name, value in watch.query.filters if name in IDS)
    for condition in (rule.when, rule.until, *(grade.when for grade in rule.grades)):
        if condition is not None:
            yield from _of(condition)


def _of(condition: Condition) -> Iterator[str]:
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from _of(part)
    elif isinstance(condition, OneOf) and condition.attribute.name in IDS:
        yield from condition.values
