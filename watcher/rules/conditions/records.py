"""A value against all that is known of a time: the lowest, the highest, one that never moved."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from watcher.evidence import Criterion, Evidence
from watcher.model import Ints
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    Need,
    ScanColumns,
    Statistic,
    Strength,
    Throughout,
    present,
    value_at,
)
from watcher.rules.conditions.change import BaselineCondition, relative
from watcher.rules.conditions.operands import refuse_fact
from watcher.rules.conditions.peers import among_peers, asks_of_peers
from watcher.rules.conditions.values import Setting, seconds_of
from watcher.rules.metrics import Metric
from watcher.units import DAY, Unit
from watcher.words import Wrong, kind

_SLACK = 1e-9  # of what has no exact binary form
_LONGEST = 60 * DAY  # of an example


@dataclass(frozen=True, eq=False)
class Record(BaselineCondition):
    """No value of the ``seconds`` before now was lower (if ``lowest``) or higher; one that was as
    low counts. The baseline is the lowest before the present one."""

    seconds: int
    lowest: bool

    @cached_property
    def need(self) -> Need:
        return Need(self.metric, Statistic("min" if self.lowest else "max", self.seconds))

    def judge(self, table: ScanColumns) -> Masks:
        now, then, known = self.now_and_then(table)
        beyond = then - now if self.lowest else now - then
        return Masks((beyond >= -_SLACK * np.maximum(np.abs(now), np.abs(then))) & known, known)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """The distance from the record before, relative to it."""
        then = table.baseline(self.need)[0][rows]
        now = table.comparable(self.need)[rows]
        beyond = then - now if self.lowest else now - then
        return relative(beyond, then), beyond

    def canonical(self) -> str:
        return f"{self.metric.canonical} {self.criterion.operator} {self.seconds}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("lowest" if self.lowest else "highest", seconds=self.seconds)


@dataclass(frozen=True, eq=False)
class Unchanged(BaselineCondition):
    """The present value was in force all of the ``seconds`` before now. One that is known to have
    been another is not met; where the product was not seen for long, nobody knows."""

    seconds: int

    @property
    def need(self) -> Need:
        return self.needs[0]

    @cached_property
    def needs(self) -> tuple[Need, ...]:
        return tuple(
            Need(self.metric, Throughout(kind, self.seconds)) for kind in ("min", "max", "hole")
        )

    @property
    def leading(self) -> Metric | None:
        return None

    def judge(self, table: ScanColumns) -> Masks:
        now = table.comparable(self.need)
        low, high, hole = (table.baseline(need)[0] for need in self.needs)
        far = np.maximum(np.abs(high - now), np.abs(now - low))
        same = far <= _SLACK * np.maximum(np.abs(now), np.abs(low))
        known = present(table, self.metric) & ~np.isnan(low) & (~same | (hole == 0))
        return Masks(same & known, known)

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        """The baseline is a value that was another, where there was one."""
        (plain,) = super().evidence(table, row)
        high = value_at(table.baseline(self.needs[1])[0], row)
        return (replace(plain, baseline=high) if plain.baseline == plain.value else plain,)

    def hole(self, table: ScanColumns, row: int) -> float:
        """The most seconds in which the product was not seen, where these are too many; else 0, and
        NaN where the begin is not known."""
        return float(table.baseline(self.needs[2])[0][row])

    def canonical(self) -> str:
        return f"{self.metric.canonical} unchanged {self.seconds}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("unchanged", seconds=self.seconds)


def record(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``lowest: 60d`` or ``highest: 90d``; ``lowest: 5%`` is said of peers."""
    if asks_of_peers(setting):
        return among_peers(operator, metric, setting)
    refuse_fact(metric, operator)
    if metric.unit in (Unit.FLAG, Unit.DAY):
        raise Wrong(f"is for amounts: no {metric.name} is lower than another")
    if not isinstance(setting.value, str):
        peers = f"a part of the peers, as {{{operator}: 5%, among: category_l3_id}}"
        raise Wrong(f"takes a time, as 60d, or {peers}, not {kind(setting.value)}")
    return Record(metric, seconds_of(setting.value, _LONGEST), operator == "lowest")


def unchanged(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``unchanged: 30d``."""
    refuse_fact(metric, operator)
    return Unchanged(metric, seconds_of(setting.value, _LONGEST // 2))
