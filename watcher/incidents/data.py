"""Data of the source that can't be right: fields that are lost, sales that jump, a standstill.

The operator hears of a cause once, however many watches it befell, and of its end when the last of
them is over it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any

import msgspec
import numpy as np

from watcher.evaluation.freshness import LIVELY, LOOK_BACK, is_lively
from watcher.evaluation.jumps import Jump, sales_of
from watcher.fields import COMMISSION, NUMERIC_INDEX
from watcher.incident import About, Incident, IncidentKind, moment
from watcher.incidents.operator import Operator
from watcher.model import Instant, Scan, ScanState
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.source.scan import ScanResult
from watcher.store.ports import Store
from watcher.units import DAY, HOUR

FEWEST = 3  # products that must have had a value before: fewer may lose it by themselves
_SAMPLE = 100  # products asked for what they had before
_BEFORE = HOUR  # a scan is judged, and told of, a while after it ended
DAYS = 3
_LATE = HOUR  # a scan may come somewhat earlier in the day than the one before

# A product without a discount has none to tell: its absence is a value.
_MAY_BE_ABSENT = frozenset(("discount",))
# What one seller may take from all products at once; and how many products must agree where they
# may be a few, or all of one seller.
_OF_SELLERS = frozenset((COMMISSION,))
FEWEST_OF_OWN = 10


def note_fields(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, result: ScanResult
) -> None:
    """Tell which fields the watch's scan, of that ``result``, lost or has again. Before it is
    recorded: then the newest values are those of the scans before.
    """
    if scan.state is not ScanState.COMPLETE or not len(scan):
        return
    database = operator.database
    lost = {*result.missing, *result.mistyped} - _MAY_BE_ABSENT
    if not scan.of_market:
        lost -= _OF_SELLERS
    on = operator.on(IncidentKind.FIELDS_LOST)
    own = [each for each in on if each.subject == watch.name]
    others = _fields(each for each in on if each.subject != watch.name)
    losses = _Losses(operator, book, watch, others)
    with database.atomic():
        if begun := _had_before(database, scan, lost - _fields(own)):
            losses.begin(begun, result.mistyped)
        losses.end(own, _fields(own) - lost)


def _fields(incidents: Iterable[Incident]) -> set[str]:
    return {name for each in incidents for name in each.fields}


@dataclass(frozen=True, slots=True)
class _Losses:
    """Fields that a watch loses and has again; ``others`` are told already, of other watches."""

    operator: Operator
    book: Rulebook
    watch: Watch
    others: AbstractSet[str]

    def begin(self, fields: AbstractSet[str], mistyped: Mapping[str, str]) -> None:
        """Note ``fields`` as lost, and tell those of which nobody knows yet."""
        incident = self._incident(fields).with_details(mistyped=dict(mistyped))
        told = self._told(incident, sorted(fields))
        self.operator.database.health.raise_cause(told, self.operator.now)
        if news := sorted(fields - self.others):
            self.operator.tell(self._told(incident, news))

    def end(self, known: Iterable[Incident], fields: AbstractSet[str]) -> None:
        """Note ``fields`` as back in the ``known`` incidents; tell those that all watches have."""
        for incident in known:
            if not fields.isdisjoint(incident.fields):
                self._shrink(incident, fields)
        if back := sorted(fields - self.others):
            self.operator.tell(self._incident(fields).with_details(told=back), over=True)

    def _shrink(self, incident: Incident, back: AbstractSet[str]) -> None:
        """Have it go on, if at all, without the fields that are back."""
        health, now = self.operator.database.health, self.operator.now
        health.clear_cause(incident, now)
        if rest := sorted(set(incident.fields) - back):
            remains = msgspec.structs.replace(incident, fields=tuple(rest))
            health.raise_cause(remains.with_details(some_back=True), now)

    def _incident(self, fields: Iterable[str]) -> Incident:
        named = tuple(sorted(fields))
        return Incident(IncidentKind.FIELDS_LOST, About.WATCH, self.watch.name, named)

    def _told(self, incident: Incident, fields: Sequence[str]) -> Incident:
        """The incident as it is told of these ``fields``, with the rules that use them."""
        rules = [rule.name for rule in self.book.enabled if not _read_by(rule).isdisjoint(fields)]
        return incident.with_details(told=fields, rules=rules)


def _had_before(database: Store, scan: Scan, names: AbstractSet[str]) -> set[str]:
    """Pick the fields of which at least half of the scan's known products had a value before."""
    if not names:
        return set()
    numbers, sample = names & NUMERIC_INDEX.keys(), scan.product_ids[:_SAMPLE]
    stored, counts = database.history.had_values(
        scan.region, sample, sorted(numbers), sorted(names - numbers)
    )
    fewest = FEWEST if scan.of_market else FEWEST_OF_OWN
    return {name for name, count in counts.items() if count >= max(fewest, stored / 2)}


def _read_by(rule: Rule) -> set[str]:
    """The API's fields that the rule's conditions read."""
    conditions = rule.spoken
    numbers = {name for each in conditions for metric in each.metrics for name in metric.fields}
    return numbers | {text.name for each in conditions for text in each.attributes}


def note_jump(
    operator: Operator, book: Rulebook, watch: Watch, scan: Scan, jump: Jump | None
) -> None:
    """Tell that the sales of a region jumped, once, and what became of it. One message is enough
    for what one cause does to many watches: it is over when none waits."""
    if jump is None or not scan.of_market:  # all products of one seller may well jump together
        return
    incident = _jumped(scan.region)
    if not jump.waits:
        if not operator.database.jumps.waits(list(_watches(book, scan.region))):
            operator.end(incident, **_outcome(operator, book, scan.region))
    elif not np.isnan(sales_of(scan)).all():  # a field that is lost is told as that
        before = moment(jump.before, book.zone)
        change = jump.change if np.isfinite(jump.change) else None
        operator.begin(incident.with_details(watch=watch.name, change=change, before=before))


def _outcome(operator: Operator, book: Rulebook, region: str) -> dict[str, Any]:
    """The lists whose sales ``stay``, of so many ``lists`` that jumped together."""
    on = (each for each in operator.on(IncidentKind.JUMPED) if each.subject == region)
    since = max((each.since for each in on), default=0)
    names = _watches(book, region)
    became = operator.database.jumps.outcomes(list(names), since - _BEFORE)
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
    return {each.key: each.name for each in book.watches_in(region)}


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
        operator.begin(incident.with_details(changed=moment(changed.at, zone), days=days))
