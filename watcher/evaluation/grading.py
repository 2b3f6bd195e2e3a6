"""Alerts' severities where a rule has the data decide them: the highest whose conditions are met.
No data changes nothing: an alert keeps the severity of which there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from watcher.alert import Alert
from watcher.evaluation.present import Present, safely
from watcher.evidence import Evidence
from watcher.model import Bools, Ints, Severity, Verdict
from watcher.rules.conditions.base import Judge, Masks
from watcher.rules.rulebook import Grade, Rule

_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Graded:
    """A rule's grades, the highest first, with what each says of every row of a scan; of what meets
    none the severity is ``least``."""

    grades: Sequence[tuple[Grade, Masks]]
    least: Severity

    def ranks(self, rows: Ints, before: Ints) -> Ints:
        """(n,) the severities' ranks of alerts on these rows that had others ``before`` (-1: none
        so far)."""
        found = np.full(len(rows), self.least.rank, np.int64)
        kept = found.copy()
        for grade, (met, known) in reversed(self.grades):
            found[met[rows]] = grade.severity.rank
            kept[~known[rows] & (before == grade.severity.rank)] = grade.severity.rank
        return np.maximum(found, kept)

    def changed(self, rows: Ints, before: Ints) -> Bools:
        """(n,) whether these alerts have another severity now."""
        other: Bools = self.ranks(rows, before) != before
        return other

    def of(self, alert: Alert, row: int) -> Severity:
        """The severity of an alert on the product of a row now."""
        before = -1 if alert.severity is None else alert.severity.rank
        return _SEVERITIES[int(self.ranks(np.array([row]), np.array([before]))[0])]


def graded(rule: Rule, judge: Judge) -> Graded | None:
    """The rule's grades at a scan; None of one that has none."""
    if not rule.grades:
        return None
    return Graded([(grade, judge(grade.when)) for grade in rule.grades], rule.severity)


def grade_evidence(rule: Rule, present: Present | None, alert: Alert) -> tuple[Evidence, ...]:
    """Find what is met of the conditions that make an alert as severe as it is; empty where the
    scan at hand does not list its product."""
    row = present.rows.get(alert.product) if present is not None else None
    asked = next((grade for grade in rule.grades if grade.severity is alert.severity), None)
    if asked is None or present is None or row is None:
        return ()
    judge, when = present.judge, asked.when
    found = safely(rule, lambda: when.evidence(judge, row))
    return tuple(each for each in found or () if each.verdict is Verdict.MET)
