"""Whether what was told of an alert has moved on: a rule's ``again``, whose conditions compare the
values of now with those that a channel was last told with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from watcher.evaluation.present import Present, safely
from watcher.model import Bools, Criterion, Evidence, Floats, Gap, Instant, Ints, ToldWith
from watcher.rules.conditions.again import metrics_told
from watcher.rules.conditions.base import Judge, Masks, Need
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule

TOLD = "told"  # the baseline of its evidence
UNKNOWN = "what it was last told with is not known: it counts from the next message on"


class AgainTable:
    """Some rows of a scan as conditions see them; the last values are those that a channel was told
    with."""

    def __init__(self, judge: Judge, rows: Sequence[int], told: Sequence[ToldWith | None]) -> None:
        self.at = judge.at
        self.size = len(rows)
        self._judge = judge
        self._rows = rows
        self._told = told

    @property
    def waits(self) -> str:
        return self._judge.waits or ("" if any(self._told) else UNKNOWN)

    def number(self, metric: Metric) -> Floats:
        return np.array([self.value(metric, row) for row in range(self.size)], np.float64)

    def value(self, metric: Metric, row: int) -> float:
        return self._judge.value(metric, self._rows[row])

    def text(self, name: str) -> Sequence[str | None]:
        texts = self._judge.text(name)
        return [texts[row] for row in self._rows]

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        values, at = np.full(self.size, np.nan), np.zeros(self.size, np.int64)
        if self._judge.waits:
            return values, at
        for row, told in enumerate(self._told):
            value = told.values.get(need.metric.canonical) if told is not None else None
            if told is not None and value is not None:
                values[row], at[row] = value, told.at
        return values, at

    def gap(self, _need: Need, _row: int) -> Gap | None:
        return None

    def count(self, _need: Need, _row: int) -> int:
        return 0

    def days(self, _need: Need, _row: int) -> int | None:
        return None

    def fallen(self) -> Bools:
        return np.zeros(self.size, np.bool_)

    def appeared(self) -> Masks:
        return Masks(self.fallen(), self.fallen())


def moved_on(
    rule: Rule, present: Present | None, told: Mapping[int, ToldWith | None]
) -> frozenset[int]:
    """The products, of those that the scan at hand lists, whose ``again`` is met against what was
    ``told`` of them."""
    if rule.again is None or present is None:
        return frozenset()
    listed = {
        product: present.rows[product]
        for product, values in told.items()
        if values is not None and product in present.rows
    }
    if not listed:
        return frozenset()
    again = rule.again
    table = AgainTable(present.judge, [*listed.values()], [told[product] for product in listed])
    masks = safely(rule, lambda: Judge(table)(again))
    met = np.flatnonzero(masks.met).tolist() if masks is not None else []
    products = [*listed]
    return frozenset(products[row] for row in met)


def told_with(
    rule: Rule, present: Present | None, products: Sequence[int], at: Instant
) -> list[ToldWith | None]:
    """What is to be remembered of each product that is told now, with data of ``at``."""
    if rule.again is None or present is None:
        return [None] * len(products)
    metrics = metrics_told(rule.again)
    found = safely(rule, lambda: present.values(rule, products, metrics))
    if found is None:
        return [None] * len(products)
    return [ToldWith(at, values) if values else None for values in found]


def evidence_of(
    rule: Rule, present: Present | None, product: int, told: ToldWith | None
) -> tuple[Evidence, ...]:
    """The reasons why a product is told again; empty where the scan at hand does not list it."""
    row = present.rows.get(product) if present is not None else None
    if rule.again is None or present is None or row is None:
        return ()
    again, table = rule.again, AgainTable(present.judge, [row], [told])
    found = safely(rule, lambda: again.evidence(Judge(table), 0))
    return tuple(map(against_told, found or ()))


def against_told(evidence: Evidence) -> Evidence:
    """Evidence that says what it is held against: not the last value, but what was told."""
    asked = evidence.condition
    if isinstance(asked, Criterion) and asked.baseline == "last":
        return replace(evidence, condition=replace(asked, baseline=TOLD))
    return evidence
