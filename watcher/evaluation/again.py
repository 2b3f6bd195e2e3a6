"""Whether what was told of an alert has moved on: a rule's ``again``, whose conditions compare the
values of now with those that a channel was last told with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from msgspec.structs import replace

from watcher.alert import ToldWith
from watcher.evaluation.present import Present, Presents, safely
from watcher.evaluation.unlisted import Unlisted
from watcher.evidence import Criterion, Evidence, Member
from watcher.model import Floats, Instant, Ints
from watcher.rules.conditions.again import metrics_told
from watcher.rules.conditions.base import Judge, Need, ScanColumns
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rule

TOLD = "told"  # the baseline of its evidence
UNKNOWN = "what it was last told with is not known: it counts from the next message on"


class AgainTable(Unlisted):
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

    @property
    def cut(self) -> bool:
        return self._judge.cut

    @property
    def products(self) -> Ints:
        found: Ints = self._judge.products[list(self._rows)]
        return found

    def number(self, metric: Metric) -> Floats:
        return np.array([self.value(metric, row) for row in range(self.size)], np.float64)

    def everyone(self) -> tuple[ScanColumns, Ints]:
        table, rows = self._judge.everyone()
        return table, rows[list(self._rows)]

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

    def comparable(self, need: Need) -> Floats:
        """It is the value itself that a channel was told."""
        return self.number(need.metric)

    def compared(self, _need: Need, _row: int) -> None:
        return None

    def members(self, metric: Metric, _need: Need | None, row: int) -> tuple[Member, ...]:
        return self._judge.members(metric, None, self._rows[row])

    def count(self, _need: Need, _row: int) -> int:
        return 0

    def days(self, _need: Need, _row: int) -> int | None:
        return None

    def regions(self) -> Sequence[str]:
        every = self._judge.regions()
        return [every[row] for row in self._rows]


def moved_on(
    rule: Rule, present: Present | Presents | None, told: Mapping[int, ToldWith | None]
) -> frozenset[int]:
    """The products, of those that the scan at hand lists, whose ``again`` is met against what was
    ``told`` of them."""
    again, found = rule.again, set[int]()
    if again is None or present is None:
        return frozenset()
    asked = [product for product, values in told.items() if values is not None]
    for part, products in _parts(present, asked):
        listed = [product for product in products if product in part.rows]
        if listed:
            rows, values = zip(*((part.rows[one], told[one]) for one in listed), strict=True)
            table = AgainTable(part.judge, rows, values)
            masks = safely(rule, partial(Judge(table), again))
            met = np.flatnonzero(masks.met).tolist() if masks is not None else []
            found.update(listed[row] for row in met)
    return frozenset(found)


def told_with(
    rule: Rule, present: Present | Presents | None, products: Sequence[int], at: Instant
) -> list[ToldWith | None]:
    """Values to remember of each product that is told now, with data of ``at``."""
    found: dict[int, ToldWith] = {}
    if rule.again is not None and present is not None:
        metrics = metrics_told(rule.again)
        for part, own in _parts(present, products):
            values = safely(rule, partial(part.values, rule, own, metrics))
            for product, one in zip(own, values or (), strict=values is not None):
                found[product] = ToldWith(at, one)
    return [each if (each := found.get(product)) and each.values else None for product in products]


def evidence_of(
    rule: Rule, present: Present | Presents | None, product: int, told: ToldWith | None
) -> tuple[Evidence, ...]:
    """The reasons why a product is told again; empty where the scan at hand does not list it."""
    part = present.part(product) if present is not None else None
    row = part.rows.get(product) if part is not None else None
    if rule.again is None or part is None or row is None:
        return ()
    again, table = rule.again, AgainTable(part.judge, [row], [told])
    found = safely(rule, lambda: again.evidence(Judge(table), 0))
    return tuple(map(against_told, found or ()))


def _parts(
    present: Present | Presents, products: Iterable[int]
) -> Iterator[tuple[Present, list[int]]]:
    """The products by the watch of which each is known."""
    found: dict[int, tuple[Present, list[int]]] = {}
    for product in products:
        if (part := present.part(product)) is not None:
            found.setdefault(id(part), (part, []))[1].append(product)
    yield from found.values()


def against_told(evidence: Evidence) -> Evidence:
    """Evidence that says what it is held against: not the last value, but what was told."""
    asked = evidence.condition
    if isinstance(asked, Criterion) and asked.baseline == "last":
        return replace(evidence, condition=replace(asked, baseline=TOLD))
    return evidence
