"""A rule's reasons on a product, read only: judged at the newest scan that says something of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

import numpy as np

from watcher.alert import Alert, AlertState
from watcher.analysis.reasons import Reason, reason_of
from watcher.errors import WatcherError
from watcher.evaluation.absence import gone_products
from watcher.evaluation.group_present import newest
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.tabling import needs_of
from watcher.model import Instant, ProductFacts, Severity, Verdict
from watcher.rules.conditions.base import Judge
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


def look(
    database: Store, book: Rulebook, whose: tuple[Rule, Watch], product: ProductFacts, scan: ScanRow
) -> Looked:
    """Judge the newest scan if it lists the product, or says something of one that fell off it;
    else the last one that listed it, or what was read when it was added to a list of one's own."""
    (rule, watch), zone = whose, book.zone
    if rule.group is not None:
        return _look_at_group(database, rule, watch, product, zone)
    seen = database.history.sighting(watch.key, product.product)
    if seen is None and watch.query.of_ids:
        seen = database.history.sighting(LOOKUPS, product.product)
    if seen is None:
        read = "; ".join(each.query.describe(book.sellers) for each in rule.watches)
        which = "the watch" if len(rule.watches) == 1 else "no watch"
        raise WatcherError(
            f'{which} of rule "{rule.name}" has {"not " * (len(rule.watches) == 1)}listed '
            f"{product.product_id} ({product.name}): it reads {read}"
        )
    if seen.scan.id != scan.id:
        fallen = _judged(database, rule, watch, Sighting.absent(scan), product, zone)
        if fallen is not None and fallen.when.verdict is not Verdict.NO_DATA:
            return replace(fallen, fallen=True)
    gone_at = _gone_at(database, rule, seen, scan)
    judged = _judged(database, rule, watch, seen, product, zone, gone_at=gone_at)
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


def _gone_at(database: Store, rule: Rule, seen: Sighting, newest: ScanRow) -> Instant | None:
    """The newest scan's time, where it proved that what was seen last is gone, as the rule asks."""
    if not rule.when.of_gone or seen.scan.id == newest.id:
        return None
    last = Sighting.absent(newest)
    gone = gone_products(database, last.row, newest.id)
    return newest.at if np.isin(seen.recorded.products, gone).any() else None


def _judged(
    database: Store, rule: Rule, watch: Watch, seen: Sighting, product: ProductFacts, zone: tzinfo,
    *, gone_at: Instant | None = None,
) -> Looked | None:  # fmt: skip
    """None where the scan knows nothing of the product."""
    needs = needs_of([rule])
    table = stored_table(database, seen.row, seen.recorded, needs, watch.schedule)
    table.gone_at = gone_at
    rows = np.flatnonzero(table.products == product.product).tolist()
    if not rows:
        return None
    added = seen.scan.watch == LOOKUPS
    return _reasoned(rule, Judge(table), rows[0], zone, at=seen.scan.at, added=added)


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
