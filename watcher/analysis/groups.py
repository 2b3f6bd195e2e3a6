"""A group of products for people: what of it the rules ask for, the past of that, and its products
as its lists had them last."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.evaluation.series import Track
from watcher.model import Instant, ProductFacts
from watcher.rules.groups import WATCH, Group, subject_parts
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store

# Of its products, beside what its figures are made of.
SHOWN = ("total_sale_7d_cnt", "total_sale_gmv_7d_amt", "spu_avg_price")
MOST = 50  # products


@dataclass(frozen=True, slots=True)
class GroupMember:
    """A product of a group as its list had it last: ``values`` by the names of ``SHOWN``."""

    region: str
    product_id: str
    name: str
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class GroupList:
    """The products of a group on one list at its newest scan: ``size`` of them, of which the first
    are ``members``, those with the most of the first figure."""

    watch: str
    at: Instant
    size: int
    members: tuple[GroupMember, ...]


@dataclass(frozen=True, slots=True)
class GroupPast:
    """A group from some time on. ``groups`` are those of the rule file that make it; without any,
    its figures are not known any more."""

    groups: tuple[Group, ...]
    tracks: tuple[Track, ...]
    lists: tuple[GroupList, ...]


def groups_of(book: Rulebook, subject: str) -> tuple[Group, ...]:
    """The groups of the rule file that rules speak of and that may make this one."""
    parts = subject_parts(subject)
    if parts is None:
        return ()
    by, value = parts
    used = {rule.group.name: rule.group for rule in book.enabled if rule.group is not None}
    return tuple(
        each
        for each in used.values()
        if each.by == by and (by != WATCH or value in {watch.name for watch in each.watches})
    )


def group_past(database: Store, book: Rulebook, facts: ProductFacts, since: Instant) -> GroupPast:
    """The past of a group from ``since`` on, as far as the rule file speaks of it."""
    groups = groups_of(book, facts.product_id)
    watches = {watch.key: watch for group in groups for watch in group.watches}
    lists = (_list(database, facts, groups, watch) for watch in watches.values())
    return GroupPast(
        groups,
        tuple(tracks(database, groups, facts, since)),
        tuple(each for each in lists if each is not None and each.size),
    )
