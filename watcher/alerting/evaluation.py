"""A scan in, one transaction out: observations, verdicts, alerts, notifications.

Synchronous, and the time is an argument: the daemon, ``once``, the demo's past and rule tests all
call ``evaluate``: it records the scan, and has an ``Evaluator`` do what follows from that. A replay
asks only for the latter, of scans that are recorded long since. It runs on the store's thread.
Alerts live on the scan's own time (``at``), so that a timer that comes a second late does not make
``for: 24h`` wait another day; one that the clock has not reached (it was set back) counts as now.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Self, TypeAlias

import numpy as np
import structlog

from watcher.alerting.jumps import WAITS, Jump, judge_jump, needed
from watcher.alerting.lifecycle import Finding, Terms, step, step_absent
from watcher.alerting.listfacts import with_facts
from watcher.alerting.past import Archive
from watcher.alerting.present import Present
from watcher.alerting.products import Products
from watcher.alerting.standstill import LATE, is_late
from watcher.alerting.table import ScanTable
from watcher.alerting.telling import Audience, Teller
from watcher.model import Alert, AlertState, Instant, Message, Scan, ScanState, Verdict
from watcher.rules.conditions.base import Judge, Masks, Need
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Rule
from watcher.store.alerts import Transition
from watcher.store.database import Database
from watcher.store.history import Recorded

RULE = "rule"  # the kind of health

log = structlog.get_logger("watcher.rules")

# Alerts that are made and stored at a time. Their evidence is read back where it is told: that of
# thirty thousand at once would leave the daemon's memory in holes, for the rest of the day.
_AT_ONCE = 500

Report = Callable[[Message], None]
Change: TypeAlias = tuple[Alert | None, Alert]  # before and after


@dataclass(frozen=True, slots=True)
class Judged:
    """How many of the listed products met a rule's conditions, and of how many there was no data.

    ``compares``: the rule holds values against earlier ones, so a first scan has no data of it.
    """

    rule: str
    met: int
    no_data: int
    compares: bool


@dataclass(slots=True)
class Keys:
    """Alerts and their products by their keys in the store: there may be very many."""

    alerts: array[int] = field(default_factory=lambda: array("q"))
    products: array[int] = field(default_factory=lambda: array("q"))

    def __len__(self) -> int:
        return len(self.alerts)

    @classmethod
    def of(cls, alerts: Iterable[Alert]) -> Self:
        """Those of these alerts."""
        keys = cls()
        keys.add(alerts)
        return keys

    def add(self, alerts: Iterable[Alert]) -> None:
        """These as well."""
        for alert in alerts:
            self.alerts.append(alert.id)
            self.products.append(alert.product)


@dataclass(frozen=True, slots=True)
class Sequel:
    """What followed from a recorded scan: by rule the alerts that began to fire and that ended,
    the ids of the notifications written, and how each rule was judged."""

    fired: Mapping[str, Keys]
    resolved: Mapping[str, Keys]
    notifications: tuple[int, ...]
    judged: tuple[Judged, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scan changed: observations written, alerts that began to fire or ended, and the
    ids of the notifications written; how each rule was judged; and whether sales jumped."""

    scan: Scan
    changed: int = 0
    fired: Keys = field(default_factory=Keys)
    resolved: Keys = field(default_factory=Keys)
    notifications: tuple[int, ...] = ()
    judged: tuple[Judged, ...] = ()
    jump: Jump | None = None


def evaluate(
    database: Database,
    scan: Scan,
    rules: Sequence[Rule],
    audiences: Mapping[str, Audience],
    catalogue: Catalogue,
    now: Instant,
    *,
    report: Report | None = None,
) -> Outcome:
    """Record ``scan`` and all that follows from it for ``rules``, in one transaction.

    ``rules`` are those of the scan's watch; ``now`` is the clock's, for the outbox. ``report``
    hears, for each rule of which something began or ended, of that, whoever else is told.
    """
    with database.atomic():
        if database.times.ahead(now):
            database.times.mend(now)
        scan = with_facts(database, scan)
        recorded = database.history.record(scan)
        if scan.state is ScanState.FAILED:
            return Outcome(scan)
        table, jump = _tabled(database, scan, recorded, rules)
        evaluator = Evaluator(database, database, audiences, catalogue)
        sequel = evaluator.follow(table, rules, now, report=report)
        fired, resolved = (_joined(each) for each in (sequel.fired, sequel.resolved))
        return Outcome(
            scan, recorded.changed, fired, resolved, sequel.notifications, sequel.judged, jump
        )


def _joined(by_rule: Mapping[str, Keys]) -> Keys:
    joined = Keys()
    for keys in by_rule.values():
        joined.alerts.extend(keys.alerts)
        joined.products.extend(keys.products)
    return joined


def _tabled(
    database: Database, scan: Scan, recorded: Recorded, rules: Sequence[Rule]
) -> tuple[ScanTable, Jump | None]:
    """The recorded scan as ``rules`` judge it, and whether its sales jumped."""
    schedule = rules[0].watch.schedule if rules else None
    asked = needed(database, scan, recorded)
    needs = [*needs_of(rules), *asked]
    table = ScanTable(scan, recorded, database.history, needs, schedule)
    jump = judge_jump(database, scan, recorded, table) if asked else None
    if jump is not None and jump.waits:
        table.waits = WAITS
    elif any(map(compares, rules)) and is_late(database, scan):
        table.waits = LATE
    return table, jump


class Evaluator:
    """What follows from recorded scans: alerts and messages, in ``database``.

    ``archive`` is asked what was seen, of which the daemon's database is one itself.
    """

    def __init__(
        self,
        database: Database,
        archive: Archive,
        audiences: Mapping[str, Audience],
        catalogue: Catalogue,
    ) -> None:
        self._database = database
        self._archive = archive
        self._audiences = audiences
        self._catalogue = catalogue

    def follow(
        self,
        table: ScanTable,
        rules: Sequence[Rule],
        now: Instant,
        *,
        report: Report | None = None,
    ) -> Sequel:
        """All that follows from a recorded scan for ``rules``, those of its watch.

        ``table`` has the baselines that they need, and says whether what compares waits.
        """
        at = min(table.at, now)
        round_ = _Round(self._database, self._archive, table, rules, at)
        products = Products(self._archive.history, round_.present, self._catalogue)
        teller = Teller(self._database, products, self._audiences, at, now)
        fired, resolved = dict[str, Keys](), dict[str, Keys]()
        for rule in rules:
            moved = round_.advance(rule)
            teller.tell(rule, moved.speaking)
            if report is not None and (moved.fired or moved.resolved):
                report(teller.summary(rule, moved.fired, moved.resolved))
            fired[rule.name] = Keys.of(moved.fired)
            resolved[rule.name] = Keys.of(moved.resolved)
        return Sequel(fired, resolved, tuple(teller.written), tuple(round_.judged))


@dataclass(frozen=True, slots=True)
class Moved:
    """A rule's alerts after a scan: those that messages may speak of, what began, what ended.

    All without their evidence, which is stored.
    """

    speaking: list[Alert]
    fired: list[Alert]
    resolved: list[Alert]


class _Round:
    """One scan's verdicts, applied rule by rule to the alerts in the store."""

    def __init__(
        self,
        database: Database,
        archive: Archive,
        table: ScanTable,
        rules: Sequence[Rule],
        at: Instant,
    ) -> None:
        self._at = at
        self._terms = {rule.name: _terms(rule) for rule in rules}
        self._alerts = database.alerts
        self._health = database.health
        self._failing = {
            health.name for health in self._health.list(RULE) if health.failing_since is not None
        }
        self._scan = table.scan
        self.table = table
        keys: list[int] = table.products.tolist()
        self._keys = keys
        self.rows = {key: row for row, key in enumerate(keys[: table.listed])}
        self._fallen = {
            key: row for row, key in enumerate(keys[table.listed :], start=table.listed)
        }
        self._judge = Judge(self.table)
        self.present = Present(archive, table.scan.watch, self._judge, self.rows, self._fallen)
        self.judged: list[Judged] = []

    def advance(self, rule: Rule) -> Moved:
        """Move every alert of ``rule`` by one step, and save those that changed.

        A rule whose judgement breaks is noted as failing and holds its alerts as they are; what the
        store can't do is raised, and ends the transaction.
        """
        try:
            when = self._judge(rule.when)
            until = self._judge(rule.until) if rule.until is not None else None
        except Exception as error:  # noqa: BLE001 - one broken rule must not stop the others
            self._broken(rule, error)
            return Moved([], [], [])
        self.judged.append(_judged(rule, when, self.table.listed))
        if rule.name in self._failing:
            self._health.ok(RULE, rule.name, self._at)
        active = self._alerts.live([rule.name])
        steady: list[Alert] = []
        saved: list[Alert] = []
        changes = self._changes(rule, active, when, until, steady)
        while batch := list(islice(changes, _AT_ONCE)):
            saved += self._save(batch)
        return Moved(
            speaking=[alert for alert in [*steady, *saved] if alert.fired_at is not None],
            fired=[alert for alert in saved if _just_fired(alert, self._at)],
            resolved=[alert for alert in saved if alert.resolved_at is not None],
        )

    def _broken(self, rule: Rule, error: Exception) -> None:
        log.error("a rule could not be judged", rule=rule.name, exc_info=error)
        self._health.failing(RULE, rule.name, f"{type(error).__name__}: {error}", self._at)

    def _changes(
        self, rule: Rule, active: Sequence[Alert], when: Masks, until: Masks | None,
        steady: list[Alert],
    ) -> Iterator[Change]:  # fmt: skip
        """Alerts that change now; those that don't are put to the ``steady`` ones."""
        for alert in active:
            after = self._next(rule, alert, when, until)
            if after is alert:
                steady.append(alert)
            else:
                yield alert, after
        yield from self._beginning(rule, when, {alert.product for alert in active})

    def _save(self, pairs: Sequence[Change]) -> list[Alert]:
        """Store what changed, with a transition where the state did; new alerts get their ids."""
        saved = self._alerts.save([after for _, after in pairs])
        moves = [
            Transition(after.id, self._at, state, after.state, after.reason)
            for (before, _), after in zip(pairs, saved, strict=True)
            if (state := before.state if before else AlertState.INACTIVE) is not after.state
        ]
        self._alerts.record(moves)
        return saved

    def _beginning(self, rule: Rule, when: Masks, active: set[int]) -> Iterator[Change]:
        """Alerts that begin to be pending or firing now."""
        for row in np.flatnonzero(when.met).tolist():
            product = self._keys[row]
            if product not in active:
                finding = Finding(Verdict.MET)
                after = step(None, rule.name, product, finding, self._terms[rule.name], self._at)
                if after is not None:
                    if product in self._fallen:
                        after = step_absent(after, self._at)
                    yield None, self._with_evidence(rule, None, after, row)

    def _next(self, rule: Rule, alert: Alert, when: Masks, until: Masks | None) -> Alert:
        row = self.rows.get(alert.product)
        if row is None:
            return self._absent(rule, alert, when, until)
        return self._judged(rule, alert, when, until, row)

    def _absent(self, rule: Rule, alert: Alert, when: Masks, until: Masks | None) -> Alert:
        """After a scan that did not list the product, which may prove nothing.

        That it fell below the scanned depth may itself be what the rule is about.
        """
        if not self._scan.proves_absence:
            return alert
        row = self._fallen.get(alert.product)
        if row is not None and when.known[row]:
            alert = self._judged(rule, alert, when, until, row)
        return alert if alert.state is AlertState.INACTIVE else step_absent(alert, self._at)

    def _judged(
        self, rule: Rule, alert: Alert, when: Masks, until: Masks | None, row: int
    ) -> Alert:
        finding = Finding(when.verdict(row), until.verdict(row) if until is not None else None)
        after = step(alert, rule.name, alert.product, finding, self._terms[rule.name], self._at)
        return self._with_evidence(rule, alert, after, row) if after is not None else alert

    def _with_evidence(self, rule: Rule, before: Alert | None, after: Alert, row: int) -> Alert:
        if after is before or not _just_fired(after, self._at):
            return after
        return replace(after, evidence=rule.when.evidence(self._judge, row))


def _terms(rule: Rule) -> Terms:
    return Terms(rule.watch.least(rule.for_), rule.watch.least(rule.keep_firing_for))


def _just_fired(alert: Alert, at: Instant) -> bool:
    return alert.state is AlertState.FIRING and alert.fired_at == at


def _judged(rule: Rule, when: Masks, listed: int) -> Judged:
    met, known = (int(mask[:listed].sum()) for mask in when)
    return Judged(rule.name, met, listed - known, compares(rule))


def compares(rule: Rule) -> bool:
    """Whether the rule holds values against earlier ones."""
    return bool(rule.when.needs or (rule.until is not None and rule.until.needs))


def needs_of(rules: Sequence[Rule]) -> Iterable[Need]:
    """The baselines that the conditions of ``rules`` declare."""
    for rule in rules:
        yield from rule.when.needs
        yield from rule.order_by.needs
        if rule.until is not None:
            yield from rule.until.needs
