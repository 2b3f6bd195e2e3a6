"""A rule's reasons on a product, read only: judged at the newest scan that says something of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import cached_property

import numpy as np

from watcher.alert import Alert, AlertState
from watcher.analysis.reasons import Reason, reason_of
from watcher.errors import WatcherError
from watcher.evaluation.absence import gone_products
from watcher.evaluation.group_present import newest
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.tabling import needs_of
from watcher.model import Instant, ProductFacts, Severity, Verdict
from watcher.rules.conditions.base import Judge, LastList
from watcher.rules.groups import LEAST_PRODUCTS
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import ScanRow, Sighting
from watcher.store.sql.followed import LOOKUPS


@dataclass(frozen=True, slots=True)
class Looked:
    """Reasons at ``at``; ``fallen``: of a product that fell off that list; ``added``: that no scan
    has listed yet, read when it was added. ``grades`` are the reasons for a severity by the
    data."""

    at: Instant
    when: Reason
    until: Reason | None
    fallen: bool = False
    added: bool = False
    grades: tuple[tuple[Severity, Reason], ...] = ()


class Glance:
    """One product on one list, for some of its rules: what was read of it last, and the baselines
    that they ask for, are read once. ``newest`` is the list's newest scan."""

    def __init__(
        self, database: Store, watch: Watch, rules: Sequence[Rule], product: ProductFacts,
        newest: ScanRow,
    ) -> None:  # fmt: skip
        self._database, self._watch, self._rules = database, watch, rules
        self._product, self._newest = product.product, newest
        self._judges: dict[str, tuple[Judge, int] | None] = {}

    @cached_property
    def seen(self) -> Sighting | None:
        """The last scan that listed the product, or what was read when it was added to a list of
        one's own; None of who was never there."""
        seen = self._database.history.sighting(self._watch.key, self._product)
        if seen is None and self._watch.query.of_ids:
            seen = self._database.history.sighting(LOOKUPS, self._product)
        return seen

    def look(self, rule: Rule, zone: tzinfo) -> Looked | None:
        """Judge the newest scan if it lists the product, or says something of one that fell off it;
        else what was seen last. None where its values are not kept."""
        seen = self.seen
        if seen is None:
            return None
        if seen.scan.id != self._newest.id and _asks_lists(rule):
            fallen = self._looked(rule, "fallen", Sighting.absent(self._newest), zone)
            if fallen is not None and fallen.when.verdict is not Verdict.NO_DATA:
                return replace(fallen, fallen=True)
        return self._looked(rule, "gone" if rule.when.of_gone else "seen", seen, zone)

    def _looked(self, rule: Rule, how: str, seen: Sighting, zone: tzinfo) -> Looked | None:
        if how not in self._judges:
            self._judges[how] = self._judge(how, seen)
        place = self._judges[how]
        if place is None:
            return None
        added = seen.scan.watch == LOOKUPS
        return _reasoned(rule, *place, zone, at=seen.scan.at, added=added)

    def _judge(self, how: str, seen: Sighting) -> tuple[Judge, int] | None:
        """The scan as its rules judge it, and the product's row; None where it knows nothing of
        the product."""
        needs = needs_of([rule for rule in self._rules if _IS_ASKED[how](rule)])
        table = stored_table(
            self._database, seen.row, seen.recorded, needs, self._watch.schedule,
            wanted=np.array([self._product]),
        )  # fmt: skip
        table.gone_at = self._gone_at(seen) if how == "gone" else None
        rows = np.flatnonzero(table.products == self._product).tolist()
        return (Judge(table), rows[0]) if rows else None

    def _gone_at(self, seen: Sighting) -> Instant | None:
        """The newest scan's time, where it proved that what was seen last is gone."""
        if seen.scan.id == self._newest.id:
            return None
        last = Sighting.absent(self._newest)
        gone = gone_products(self._database, last.row, self._newest.id)
        return self._newest.at if np.isin(seen.recorded.products, gone).any() else None


def _asks_lists(rule: Rule) -> bool:
    """Whether it says something of who fell off a list."""
    return any(isinstance(need.from_, LastList) for need in rule.needs)


# The rules that are judged by a scan that is read in each way.
_IS_ASKED: Mapping[str, Callable[[Rule], bool]] = {
    "fallen": _asks_lists,
    "gone": lambda rule: rule.when.of_gone,
    "seen": lambda rule: not rule.when.of_gone,
}


def look(
    database: Store, book: Rulebook, whose: tuple[Rule, Watch], product: ProductFacts, scan: ScanRow
) -> Looked:
    """``Glance.look`` of one rule, or of one on groups; raises ``WatcherError`` where there is
    nothing to look at."""
    (rule, watch), zone = whose, book.zone
    if rule.group is not None:
        return _look_at_group(database, rule, watch, product, zone)
    glance = Glance(database, watch, [rule], product, scan)
    if glance.seen is None:
        read = "; ".join(each.query.describe(book.sellers) for each in rule.watches)
        which = "the watch" if len(rule.watches) == 1 else "no watch"
        raise WatcherError(
            f'{which} of rule "{rule.name}" has {"not " * (len(rule.watches) == 1)}listed '
            f"{product.product_id} ({product.name}): it reads {read}"
        )
    judged = glance.look(rule, zone)
    if judged is None:
        raise WatcherError(f"{product.product_id} ({product.name}): its values are not kept")
    return judged


def _look_at_group(
    database: Store, rule: Rule, watch: Watch, group: ProductFacts, zone: tzinfo
) -> Looked:
    """Judge the newest scan if it has the group; else the last one that had."""
    present = newest(database, watch.key, [rule], [group.product])
    place = present.place_of(rule, group.product) if present is not None else None
    if place is None and present is not None:
        place = present.last_place(rule, group.product)
    if place is None:
        raise WatcherError(
            f'no list of rule "{rule.name}" had {group.product_id} with {LEAST_PRODUCTS} products '
            f"or more: it speaks of {rule.group.said if rule.group is not None else ''}"
        )
    judge, row = place
    return _reasoned(rule, judge, row, zone, at=judge.at, added=False)


def _reasoned(
    rule: Rule, judge: Judge, row: int, zone: tzinfo, *, at: Instant, added: bool
) -> Looked:
    try:
        when = reason_of(rule.when, judge, row, zone)
        until = reason_of(rule.until, judge, row, zone) if rule.until is not None else None
        grades = tuple(
            (grade.severity, reason_of(grade.when, judge, row, zone)) for grade in rule.grades
        )
    except Exception as error:
        what = f"{type(error).__name__}: {error}"
        raise WatcherError(f'rule "{rule.name}" can\'t be judged: {what}') from error
    return Looked(at, when, until, added=added, grades=grades)


def watch_of(database: Store, rule: Rule, product: ProductFacts, alert: Alert | None) -> Watch:
    """The watch of a rule that opened the live alert, else the one that saw the product last, else
    the first that was read at all."""
    if len(rule.watches) == 1:
        return rule.watch
    if alert is not None and alert.state is not AlertState.INACTIVE and rule.reads(alert.watch):
        return rule.watch_of(alert.watch)
    history = database.history
    if rule.group is not None:
        return _watch_of_group(database, rule, rule.group.by, product)
    seen = {each: history.sighting(each.key, product.product) for each in rule.watches}
    found = [(each.scan.id, watch) for watch, each in seen.items() if each is not None]
    if found:
        return max(found, key=lambda pair: pair[0])[1]
    read = (each for each in rule.watches if history.newest_scan(each.key) is not None)
    return next(read, rule.watch)


def _watch_of_group(database: Store, rule: Rule, by: str, group: ProductFacts) -> Watch:
    """The watch of a rule whose scan had the group last."""
    had = {each: database.groups.newest_with(each.key, by, group.product) for each in rule.watches}
    return max(rule.watches, key=lambda each: had[each] or 0)
