"""Data of the source that can't be right: fields that are lost, sales that jump, a standstill.

The operator hears of a cause once, however many watches it befell, and of its end when the last of
them is over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, tzinfo
from typing import Any

import msgspec
import numpy as np

from watcher.evaluation.freshness import LIVELY, LOOK_BACK, is_lively
from watcher.evaluation.jumps import Jump, sales_of
from watcher.fields import NUMERIC_INDEX
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.model import Instant, Scan, ScanState
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.source.scan import ScanResult
from watcher.store.ports import Store
from watcher.units import DAY, HOUR, format_instant

FEWEST = 3  # products that must have had a value before: fewer may lose it by themselves
_SAMPLE = 100  # products asked for what they had before
_BEFORE = HOUR  # a scan is judged, and told of, a while after it ended
DAYS = 3
_LATE = HOUR  # a scan may come somewhat earlier in the day than the one before

# A product without a discount has none to tell: its absence is a value.
_MAY_BE_ABSENT = frozenset(("discount",))


def note_fields(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, result: ScanResult
) -> None:
    """Tell which fields the watch's scan, of that ``result``, lost or has again. Before it is
    recorded: then the newest values are those of the scans before.
    """
    if scan.state is not ScanState.COMPLETE or not len(scan):
        return
    database, now = operator.database, operator.now
    lost = {*result.missing, *result.mistyped} - _MAY_BE_ABSENT
    on = [each for each in database.health.incidents() if each.kind is IncidentKind.FIELDS_LOST]
    own = [each for each in on if each.subject == watch.name]
    known = {name for each in own for name in each.fields}
    others = {name for each in on if each.subject != watch.name for name in each.fields}
    begun = sorted(_had_before(database, scan, lost - known))
    over = known - lost
    if not begun and not over:
        return
    with database.atomic():
        if begun:
            incident = _lost(watch, begun).with_details(mistyped=dict(result.mistyped))
            database.health.raise_cause(_told(incident, begun, book), now)
            if news := [name for name in begun if name not in others]:
                operator.tell(_told(incident, news, book))
        for each in own:
            if over.isdisjoint(each.fields):
                continue
            database.health.clear_cause(each, now)
            if rest := set(each.fields) - over:  # it goes on without those that are back
                remains = msgspec.structs.replace(each, fields=tuple(sorted(rest)))
                database.health.raise_cause(remains.with_details(some_back=True), now)
        if back := sorted(over - others):
            operator.tell(_lost(watch, over).with_details(told=back), over=True)


def _lost(watch: Watch, fields: Iterable[str]) -> Incident:
    return Incident(IncidentKind.FIELDS_LOST, About.WATCH, watch.name, tuple(sorted(fields)))


def _told(incident: Incident, fields: Sequence[str], book: Rulebook) -> Incident:
    """The incident as it is told of these ``fields``, with the rules that use them."""
    rules = [rule.name for rule in book.rules if not _fields_of(rule).isdisjoint(fields)]
    return incident.with_details(told=fields, rules=rules)


def _had_before(database: Store, scan: Scan, names: AbstractSet[str]) -> set[str]:
    """Pick the fields of which at least half of the scan's known products had a value before."""
    if not names:
        return set()
    numbers, sample = names & NUMERIC_INDEX.keys(), scan.product_ids[:_SAMPLE]
    stored, counts = database.history.had_values(
        scan.region, sample, sorted(numbers), sorted(names - numbers)
    )
    return {name for name, count in counts.items() if count >= max(FEWEST, stored / 2)}


def _fields_of(rule: Rule) -> set[str]:
    """The API's fields that the rule's conditions read."""
    conditions = (rule.when, rule.until) if rule.until is not None else (rule.when,)
    numbers = {name for each in conditions for metric in each.metrics for name in metric.fields}
    return numbers | {text.name for each in conditions for text in each.attributes}


def note_jump(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, jump: Jump | None
) -> None:
    """Tell that the sales of a region jumped, once, and what became of it.

    One message is enough for what one cause does to many watches: it is over when none waits.
    """
    if jump is None:
        return
    database, incident = operator.database, _jumped(scan.region)
    if jump.waits and np.isnan(sales_of(scan)).all():
        return  # a field that is lost is told as that
    if jump.waits:
        before = format_instant(jump.before, book.zone)
        change = jump.change if np.isfinite(jump.change) else None
        operator.begin(incident.with_details(watch=watch.name, change=change, before=before))
    elif not database.jumps.waits(list(_watches(book, scan.region))):
        operator.end(incident, **_outcome(database, book, scan.region))


def _outcome(database: Store, book: Rulebook, region: str) -> dict[str, Any]:
    """The lists whose sales ``stay``, of so many ``lists`` that jumped together."""
    jumped = _jumped(region)
    since = next((on.since for on in database.health.incidents() if on.cause == jumped.cause), 0)
    names = _watches(book, region)
    became = database.jumps.outcomes(list(names), since - _BEFORE)
    stay = sorted(names[key] for key, believed in became.items() if believed)
    return {"stay": stay, "lists": len(became)}


def forget_jumps(database: Store, book: Rulebook, now: Instant) -> None:
    """End, untold, jumps that only watches were in that are no more."""
    for region in {watch.query.region for watch in book.used_watches}:
        if not database.jumps.waits(list(_watches(book, region))):
            database.health.clear_cause(_jumped(region), now)


def _jumped(region: str) -> Incident:
    return Incident(IncidentKind.JUMPED, About.REGION, region)


def _watches(book: Rulebook, region: str) -> dict[str, str]:
    """The names of the region's watches, by key."""
    return {each.key: each.name for each in book.used_watches if each.query.region == region}


def note_changes(operator: Operator, scan: Scan, zone: tzinfo = UTC) -> None:
    """Tell when no product of the scan's region has changed for three days although scans of
    three days saw some that should have; and when one changed again. After the scan is recorded.
    Times are told in ``zone``.
    """
    incident = Incident(IncidentKind.STANDS_STILL, About.REGION, scan.region)
    history = operator.database.history
    changed = history.last_change(scan.region, scan.at - LOOK_BACK)
    if changed is None:
        return
    if scan.at - changed.at < DAYS * DAY - _LATE:
        operator.end(incident)
        return
    days = history.days_scanned(scan.region, changed.scan_id, LIVELY)
    if days >= DAYS and is_lively(scan):
        operator.begin(incident.with_details(changed=format_instant(changed.at, zone), days=days))
