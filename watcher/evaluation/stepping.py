"""One scan's verdicts, applied to the alerts in the store. All live alerts are looked at as
columns; only those that change become objects, and take their step one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as _dataclass_replace
from typing import TypeAlias

import numpy as np
import structlog
from msgspec.structs import replace

from watcher.alert import Alert, AlertState
from watcher.evaluation.grading import Graded, graded
from watcher.evaluation.lifecycle import (
    TAKEN_OUT,
    Terms,
    Verdicts,
    begin,
    end,
    stays,
    step,
    step_absent,
)
from watcher.evaluation.present import Present, SubjectTable
from watcher.model import Bools, Instant, Ints
from watcher.rules.conditions.base import Judge, Masks
from watcher.rules.rulebook import Rule, Watch
from watcher.schedule import longest_gap
from watcher.store.packing import positions
from watcher.store.ports import Store
from watcher.store.records import Live, Transition, Whose
from watcher.store.sql.alerts import Alerts

RULE = "rule"  # the kind of health

log = structlog.get_logger("watcher.rules")

# Alerts that are made and stored at a time. Their evidence is read back where it is told: that of
# thirty thousand at once would leave the daemon's memory in holes, for the rest of the day.
_AT_ONCE = 500

Change: TypeAlias = tuple[Alert | None, Alert]  # before and after
# Which of some rules' live alerts have nothing to say where they go on as they are.
Silent: TypeAlias = Callable[[Sequence[Rule], Live], Bools]


@dataclass(frozen=True, slots=True)
class Judged:
    """The number of listed products that met a rule's conditions, and of those without data.
    ``compares``: the rule holds values against earlier ones, so a first scan has no data of it."""

    rule: str
    met: int
    no_data: int
    compares: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A rule's alerts after a scan, without evidence: those to speak of, what began, what ended."""

    rule: Rule
    speaking: list[Alert] = field(default_factory=list)
    fired: list[Alert] = field(default_factory=list)
    resolved: list[Alert] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Case:
    """A rule that could be judged, and what its conditions say of every row. ``gone`` are products
    that meet them as they were seen last, each with its row there: of a rule on such."""

    rule: Rule
    terms: Terms
    when: Masks
    until: Masks | None
    graded: Graded | None = None
    gone: Mapping[int, tuple[Judge, int]] = field(default_factory=dict)


class Round:
    """One scan's verdicts on its products or on groups of them, the rows of ``table``, and the
    steps of the alerts of its ``rules``."""

    def __init__(
        self,
        database: Store,
        present: Present,
        table: SubjectTable,
        rules: Sequence[Rule],
        at: Instant,
    ) -> None:
        self._database = database
        self._table = table
        self._rules = rules
        self._at = at
        self.present = present
        self._judge = self.present.judge
        self.judged: list[Judged] = []
        self._taken_out: set[int] = set()

    def moves(self, silent: Silent) -> Iterator[list[Moved]]:
        """Move every alert by one step, and save those that changed: some rules, then the next. A
        rule whose judgement breaks is noted as failing and holds its alerts as they are; what the
        store can't do is raised, and ends the transaction."""
        cases = self._cases()
        live = self._live(cases)
        self.present.claim(live.products.tolist())
        places = positions(self._table.products, live.products)
        mine = self._mine(cases, live, places)
        stay = self._staying(cases, live, places) & ~self._taken_out_of(live, places)
        stay &= ~self._regraded(cases, live, places)
        speaking = stay & mine & ~silent([case.rule for case in cases], live)
        stay |= ~mine
        saving = _Saving(self._database.alerts, self._at)
        for number, case in enumerate(cases):
            moved = Moved(case.rule)
            own = live.of(number)
            moved.speaking.extend(live.alerts(own, speaking))
            for alert in live.alerts(own, ~stay):
                saving.put(moved, (alert, self._next(case, alert)))
            for alert in self._begun(case, places[own], live.products[own]):
                saving.put(moved, (None, alert))
            if done := saving.done(moved):
                yield done
        yield saving.rest()

    def _cases(self) -> list[_Case]:
        """The rules that can be judged, and what was said."""
        health = self._database.health
        failing = {each.name for each in health.list(RULE) if each.failing_since is not None}
        cases: list[_Case] = []
        for rule in self._rules:
            try:
                case = self._case(rule)
            except Exception as error:  # one broken rule must not stop the others
                log.exception("a rule could not be judged", rule=rule.name)
                health.failing(RULE, rule.name, f"{type(error).__name__}: {error}", self._at)
                continue
            if rule.name in failing:
                health.ok(RULE, rule.name, self._at)
            self.judged.append(self._counted(case))
            cases.append(case)
        return cases

    def _live(self, cases: Sequence[_Case]) -> Live:
        names = [case.rule.name for case in cases]
        several = any(len(case.rule.watches) > 1 for case in cases)
        watch = self._table.scan.watch if several else None
        graded = any(case.graded is not None for case in cases)
        return self._database.alerts.columns(names, watch, graded=graded)

    def _mine(self, cases: Sequence[_Case], live: Live, places: Ints) -> Bools:
        """(n,) the live alerts that this scan may move: of a rule of several watches those that its
        own watch opened. One that belongs to none of them, for the rule was edited, is the first's
        who lists it; until then the watch that looks most seldom sees whether it is gone."""
        if live.whose is None:
            return np.ones(len(live), np.bool_)
        watch = self._table.scan.watch
        rules = [case.rule for case in cases]
        alone = np.array([len(rule.watches) == 1 for rule in rules], np.bool_)[live.rules]
        last = np.array([_most_seldom(rule).key == watch for rule in rules], np.bool_)[live.rules]
        free = (live.whose == Whose.NOBODY) & ~alone
        taken = free & (places >= 0) & (places < self._table.listed)
        if taken.any():
            self._database.alerts.hand_over(live.ids[taken].tolist(), watch)
        mine: Bools = alone | (live.whose == Whose.OWN) | taken | (free & last)
        return mine

    def _case(self, rule: Rule) -> _Case:
        when = self._judge(rule.when)
        until = self._judge(rule.until) if rule.until is not None else None
        least = self._table.durations.least
        terms = Terms(least(rule.for_, self._at), least(rule.keep_firing_for, self._at))
        gone = dict(self._gone(rule)) if rule.when.of_gone else {}
        return _Case(rule, terms, when, until, graded(rule, self._judge), gone)

    def _gone(self, rule: Rule) -> Iterator[tuple[int, tuple[Judge, int]]]:
        for judge, rows in self.present.last_sights(rule):
            met = judge(rule.when).met
            for row in rows[met[rows]].tolist():
                yield int(judge.products[row]), (judge, row)

    def _counted(self, case: _Case) -> Judged:
        listed = self._table.listed
        met, known = (int(np.count_nonzero(mask[:listed])) for mask in case.when)
        return Judged(case.rule.name, met, listed - known, compares(case.rule))

    def _staying(self, cases: Sequence[_Case], live: Live, places: Ints) -> Bools:
        """(n,) the live alerts that this scan leaves as they are; ``places`` are their rows."""
        listed = (places >= 0) & (places < self._table.listed)
        met, known, waits = np.zeros((3, len(live)), np.bool_)
        for number, case in enumerate(cases):
            own = live.of(number)
            here = np.flatnonzero(listed[own])
            if len(here):
                rows, alerts = places[own][here], own.start + here
                met[alerts], known[alerts] = case.when.met[rows], case.when.known[rows]
                waits[alerts] = case.until is not None and ~case.until.met[rows]
        keep = np.array([case.terms.keep_firing_for for case in cases], np.int64)[live.rules]
        stay = stays(live, met, known, waits, keep, self._at)
        return np.where(listed, stay, not self._table.scan.proves_absence)

    def _regraded(self, cases: Sequence[_Case], live: Live, places: Ints) -> Bools:
        """(n,) the alerts that fire on listed products and are more or less severe than before."""
        found = np.zeros(len(live), np.bool_)
        if live.severities is None:
            return found
        fires = live.firing & (places >= 0) & (places < self._table.listed)
        for number, case in enumerate(cases):
            if case.graded is not None:
                own = live.of(number)
                rows = own.start + np.flatnonzero(fires[own])
                found[rows] = case.graded.changed(places[rows], live.severities[rows])
        return found

    def _taken_out_of(self, live: Live, places: Ints) -> Bools:
        """(n,) the live alerts on products that the user took out of the watch's own list."""
        missing = places < 0
        gone = np.zeros(len(live), np.bool_)
        gone[missing] = self._table.taken_out(live.products[missing])
        self._taken_out = {*live.products[gone].tolist()}
        return gone

    def _begun(self, case: _Case, live: Ints, products: Ints) -> Iterator[Alert]:
        """Yield alerts that begin; ``live`` are the rows of those that did before, and
        ``products`` their products."""
        begins = case.when.met.copy()
        begins[live[live >= 0]] = False
        for row in np.flatnonzero(begins).tolist():
            product = self.present.keys[row]
            alert = begin(case.rule.name, product, case.terms, self._at, self._table.scan.watch)
            if product in self.present.fallen:
                alert = step_absent(alert, self._at)
            alert = self._with_severity(case, alert, row)
            yield self._with_evidence(case, alert, self._judge, row)
        alive = {*products.tolist()} if case.gone else ()
        for product, place in case.gone.items():
            if product not in alive:  # the next scan that proves that it is not there ends it
                alert = begin(case.rule.name, product, case.terms, self._at, self._table.scan.watch)
                alert = self._with_severity_of_gone(case, step_absent(alert, self._at), *place)
                yield self._with_evidence(case, alert, *place)

    def _next(self, case: _Case, alert: Alert) -> Alert:
        row = self.present.rows.get(alert.product)
        return self._absent(case, alert) if row is None else self._stepped(case, alert, row)

    def _absent(self, case: _Case, alert: Alert) -> Alert:
        """Step after a scan that proves that it did not list the product. That it fell below the
        scanned depth may itself be what the rule is about."""
        if alert.product in self._taken_out:
            return end(alert, TAKEN_OUT, self._at)
        row = self.present.fallen.get(alert.product)
        if row is not None and case.when.known[row]:
            alert = self._stepped(case, alert, row)
        return alert if alert.state is AlertState.INACTIVE else step_absent(alert, self._at)

    def _stepped(self, case: _Case, alert: Alert, row: int) -> Alert:
        until = case.until.verdict(row) if case.until is not None else None
        verdicts = Verdicts(case.when.verdict(row), until)
        after = step(alert, case.rule.name, alert.product, verdicts, case.terms, self._at)
        if after is None:
            return alert
        after = self._with_severity(case, after, row)
        if after is alert:
            return alert
        return self._with_evidence(case, after, self._judge, row)

    def _with_severity(self, case: _Case, alert: Alert, row: int) -> Alert:
        """The alert with the severity that the data of a row give it, while it fires."""
        if case.graded is None or alert.state is not AlertState.FIRING:
            return alert
        severity = case.graded.of(alert, row)
        if severity is alert.severity:
            return alert
        after = replace(alert, severity=severity)
        if alert.severity is None and alert.id and alert.fired_at != self._at:
            self._database.alerts.grade([after])
        return after

    def _with_severity_of_gone(self, case: _Case, alert: Alert, judge: Judge, row: int) -> Alert:
        """Grade the alert of a product that is gone: by its last values."""
        last = graded(case.rule, judge)
        return self._with_severity(_dataclass_replace(case, graded=last), alert, row)

    def _with_evidence(self, case: _Case, alert: Alert, judge: Judge, row: int) -> Alert:
        if not _just_fired(alert, self._at):
            return alert
        return self._database.alerts.witness(alert, lambda: case.rule.when.evidence(judge, row))


class _Saving:
    """Stores so many changes at a time: those of several rules together."""

    def __init__(self, alerts: Alerts, at: Instant) -> None:
        self._alerts = alerts
        self._at = at
        self._waiting: list[tuple[Moved, Change]] = []
        self._done: list[Moved] = []

    def put(self, moved: Moved, change: Change) -> None:
        self._waiting.append((moved, change))
        if len(self._waiting) >= _AT_ONCE:
            self._save()

    def done(self, moved: Moved) -> list[Moved]:
        """Note that the rule has no more changes; where all is stored by now, return those not told
        of yet."""
        self._done.append(moved)
        return self._stored() if not self._waiting else []

    def rest(self) -> list[Moved]:
        self._save()
        return self._stored()

    def _stored(self) -> list[Moved]:
        done, self._done = self._done, []
        return done

    def _save(self) -> None:
        """Store what changed, with a transition where the state did; new alerts get their ids."""
        waiting, self._waiting = self._waiting, []
        saved = self._alerts.save([after for _, (_, after) in waiting])
        changes: list[Transition] = []
        for (moved, (before, _)), after in zip(waiting, saved, strict=True):
            state = before.state if before is not None else AlertState.INACTIVE
            if state is not after.state:
                changes.append(Transition(after.id, self._at, state, after.state, after.reason))
            if after.fired_at is not None:
                moved.speaking.append(after)
            if _just_fired(after, self._at):
                moved.fired.append(after)
            if after.resolved_at is not None:
                moved.resolved.append(after)
        self._alerts.record(changes)


def _just_fired(alert: Alert, at: Instant) -> bool:
    return alert.state is AlertState.FIRING and alert.fired_at == at


def _most_seldom(rule: Rule) -> Watch:
    return max(rule.watches, key=lambda watch: longest_gap(watch.schedule))


def compares(rule: Rule) -> bool:
    """Whether the rule holds values against earlier ones."""
    return any(each.needs or each.follows for each in rule.spoken)
