"""A group of products for people: what of it the rules ask for, the past of that, and its products
as its lists had them last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watcher.evaluation.group_series import tracks_of_group
from watcher.evaluation.series import Track, number
from watcher.model import Floats, Instant, Listed, ProductFacts
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Group, Rulebook, Watch
from watcher.store.ports import Store
from watcher.subjects import WATCH, subject_parts

# Of its products, beside what its figures are made of.
SHOWN = ("total_sale_7d_cnt", "total_sale_gmv_7d_amt", "spu_avg_price")
MOST = 50  # products
_SORTED = 1_000  # of them: of more the first on the list


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
class GroupHistory:
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


def group_history(
    database: Store, book: Rulebook, facts: ProductFacts, since: Instant, *, listed: bool = True
) -> GroupHistory:
    """The past of a group from ``since`` on, as far as the rule file speaks of it; its lists where
    they are wanted as ``listed`` now."""
    groups = groups_of(book, facts.product_id)
    watches = {watch.key: watch for group in groups for watch in group.watches}
    wanted = watches.values() if listed else ()
    lists = (_list(database, facts, groups, watch) for watch in wanted)
    return GroupHistory(
        groups,
        tuple(tracks_of_group(database, groups, facts.product, since)),
        tuple(each for each in lists if each is not None and each.size),
    )


def _list(
    database: Store, facts: ProductFacts, groups: Sequence[Group], watch: Watch
) -> GroupList | None:
    """The group's products on a list; None where no scan of it is kept."""
    keys = database.groups.members(watch.key, facts.product)
    seen = database.history.newest_sighting(watch.key, keys[:_SORTED])
    if seen is None:
        return None
    row, products = seen.row, seen.recorded.products
    strength = _strength(_first_metric(groups), row)
    order = np.argsort(np.where(np.isnan(strength), np.inf, -strength), kind="stable")[:MOST]
    known = database.history.facts(products[order].tolist())
    members = tuple(_member(known[int(products[place])], row, place) for place in order.tolist())
    return GroupList(watch.name, row.at, len(keys), members)


def _member(facts: ProductFacts, row: Listed, place: int) -> GroupMember:
    values = {name: number(row.cell(name, place)) for name in SHOWN}
    return GroupMember(facts.region, facts.product_id, facts.name, values)


def _first_metric(groups: Sequence[Group]) -> Metric | None:
    """The first metric of products that some figure is made of, and a list has."""
    figures = (metric.figure for group in groups for metric in group.figures)
    metrics = (each.metric for each in figures if each is not None and each.metric is not None)
    return next((each for each in metrics if not each.facts and RANK not in each.needs), None)


def _strength(metric: Metric | None, row: Listed) -> Floats:
    if metric is None:
        return row.column(SHOWN[0])
    return metric.compute({name: row.column(name) for name in metric.needs}, row.at)
