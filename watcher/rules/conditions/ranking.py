"""RankChange in the list: climbs, drops, enters and leaves the first N."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from msgspec.structs import replace

from watcher.evidence import OUTSIDE, Criterion, Evidence
from watcher.model import Floats, Ints
from watcher.rules.conditions.base import Condition, LastList, Masks, Need, ScanColumns, Strength
from watcher.rules.conditions.change import BaselineCondition, Change, from_option
from watcher.rules.conditions.values import Setting, is_percent, number
from watcher.rules.metrics import Metric
from watcher.words import Wrong


class RankChange(Change):
    """The rank moved by so many places: to climb is to fall as a number."""

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """Places, of which there are few at the top: there a climb of 50% may be one."""
        now = table.number(self.metric)[rows]
        return self._moved(now, table.baseline(self.need)[0][rows]), -now

    @cached_property
    def criterion(self) -> Criterion:
        operator = "climbs" if self.direction == "falls" else "drops"
        return replace(super().criterion, operator=operator)


@dataclass(frozen=True, eq=False)
class Top(BaselineCondition):
    """Inside the first ``places`` now and outside at the last scan that read them. If ``leaves``,
    the reverse since the last complete scan: who leaves while a scan is cut off is not missed.
    Who is below the scanned depth is outside."""

    places: int
    leaves: bool = False

    @property
    def need(self) -> Need:
        return Need(self.metric, LastList() if self.leaves else LastList(self.places))

    def judge(self, table: ScanColumns) -> Masks:
        now, then = self._now(table), table.baseline(self.need)[0]
        known = ~np.isnan(now) & ~np.isnan(then)
        inside, outside = (then, now) if self.leaves else (now, then)
        return Masks((inside <= self.places) & (outside > self.places) & known, known)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """Places inside or outside; of those that are below the scanned depth, who was higher."""
        now, then = self._now(table)[rows], table.baseline(self.need)[0][rows]
        return (now - self.places, -then) if self.leaves else (self.places - now, then)

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        (plain,) = super().evidence(table, row)
        now, then = float(self._now(table)[row]), plain.baseline
        value = OUTSIDE if np.isinf(now) else plain.value
        return (replace(plain, value=value, baseline=OUTSIDE if then == np.inf else then),)

    def _now(self, table: ScanColumns) -> Floats:
        fallen = table.fallen()
        if self.leaves:  # who was on no list but one that was cut off had no place to leave
            fallen = fallen & np.isfinite(table.baseline(self.need)[0])
        return np.where(fallen, np.inf, table.number(self.metric))

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("leaves_top" if self.leaves else "enters_top", (self.places,))


def moves(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``climbs: places`` (the number falls) or ``drops: places``."""
    direction = "falls" if operator == "climbs" else "rises"
    return RankChange(metric, direction, float(_places(setting.value)), from_=from_option(setting))


def top(operator: str, metric: Metric, setting: Setting) -> Condition:
    """``enters_top: N`` or ``leaves_top: N``."""
    return Top(metric, _places(setting.value), operator == "leaves_top")


def _places(value: object) -> int:
    amount = 0.0 if is_percent(value) else number(value)
    if amount < 1 or amount != int(amount):
        raise Wrong("takes a number of places, as 10")
    return int(amount)
