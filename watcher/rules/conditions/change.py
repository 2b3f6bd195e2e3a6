"""Moves of a metric from a baseline: rises, falls, changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, TypeVar

import numpy as np
from msgspec.structs import replace

from watcher.evidence import Criterion
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.base import (
    Ago,
    From,
    Last,
    Masks,
    MetricCondition,
    Need,
    ScanColumns,
    Statistic,
    Strength,
    present,
    remembered,
)
from watcher.rules.conditions.values import Setting, counted, is_percent, number
from watcher.rules.metrics import Metric
from watcher.units import format_duration, parse_duration
from watcher.words import Wrong, WrongOption, kind, quoted

_T = TypeVar("_T")

STATISTICS = ("median", "mean", "min", "max")
_OTHER_STATISTICS = {
    "average": "mean",
    "avg": "mean",
    "minimum": "min",
    "lowest": "min",
    "maximum": "max",
    "highest": "max",
}
# A move of 30% must count as one although 0.3 has no exact binary form.
_SLACK = 1e-9
_LAST = Last()


class BaselineCondition(MetricCondition):
    """A condition on one metric now against one baseline."""

    @property
    def need(self) -> Need:
        return level_before(self.metric)

    @property
    def leading(self) -> Metric | None:
        return self.metric

    def now_and_then(self, table: ScanColumns) -> tuple[Floats, Floats, Bools]:
        """The value, the baseline, and where both are there."""
        then, _ = table.baseline(self.need)
        return table.comparable(self.need), then, present(table, self.metric) & ~np.isnan(then)


def level_before(metric: Metric) -> Need:
    """The last known value, as it was."""
    return Need(metric, _LAST, level=bool(metric.figures))


class _Move(NamedTuple):
    """Moves in one direction, the ``size`` of what they began from and the ``slack`` of a limit;
    where both values are ``known``, and where a move is ``sized``: it began from something."""

    moved: Floats
    size: Floats
    slack: Floats
    known: Bools
    sized: Bools


@dataclass(frozen=True, eq=False)
class Change(BaselineCondition):
    """The value moved by at least ``amount``, if ``percent`` of the baseline's size: of 0 that has
    no value, and with ``min_change`` that floor decides alone."""

    direction: str
    amount: float
    percent: bool = False
    from_: From = _LAST
    min_change: float | None = None

    @cached_property
    def need(self) -> Need:
        return Need(self.metric, self.from_)

    def judge(self, table: ScanColumns) -> Masks:
        move = remembered(table, (self.need, self.direction), lambda: self._move(table))
        least = self.amount * move.size if self.percent else self.amount
        met = move.moved >= least - move.slack
        known = move.sized if self.percent and self.min_change is None else move.known
        if self.min_change is not None:
            met &= move.moved >= self.min_change - move.slack
        return Masks(met & known, known)

    def _move(self, table: ScanColumns) -> _Move:
        now, then, known = self.now_and_then(table)
        size = np.abs(then)
        slack = _SLACK * np.maximum(np.abs(now), size)
        return _Move(self._moved(now, then), size, slack, known, known & (then != 0))

    def idle(self, table: ScanColumns, row: int) -> str:
        """The reason for which no move of a product would do; empty where one would."""
        return ""

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """The relative change, as messages tell it; from 0 on, and of equals, the absolute one."""
        then = table.baseline(self.need)[0][rows]
        moved = self._moved(table.comparable(self.need)[rows], then)
        return relative(moved, then), moved

    def _moved(self, now: Floats, then: Floats) -> Floats:
        moved = then - now if self.direction == "falls" else now - then
        return np.abs(moved) if self.direction == "changes" else moved

    def canonical(self) -> str:
        floor = "" if self.min_change is None else f" min_change {self.min_change!r}"
        amount = f"{self.amount!r}{'%' if self.percent else ''}"
        return f"{self.metric.canonical} {self.direction} {amount} from {self.from_}{floor}"

    @cached_property
    def criterion(self) -> Criterion:
        match self.from_:
            case Ago(seconds):
                baseline = "ago"
            case Statistic(baseline, seconds):
                pass
            case _:
                baseline, seconds = "last", 0
        asked = Criterion(self.direction, (self.amount,), 0, self.percent, baseline, seconds)
        return asked if self.min_change is None else replace(asked, floor=self.min_change)


def relative(moved: Floats, then: Floats) -> Floats:
    """A move as a fraction of the size it began from; from 0 it is infinite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        # Rounded, for 3 to 3.3 and 10 to 11 are the same rise.
        return np.where(moved == 0, 0.0, np.round(moved / np.abs(then), 9))


def of_option(option: str, read: Callable[[], _T]) -> _T:
    """The value that ``read`` gives; its errors stand at the option, not at the operator."""
    try:
        return read()
    except ValueError as error:
        raise WrongOption(option, str(error)) from None


def from_option(setting: Setting) -> From:
    """The baseline beside an operator; by default the last observation."""
    return of_option("from", lambda: from_of(setting.options.get("from", "last")))


def duration_option(setting: Setting, option: str, default: int, least: int) -> int:
    """The seconds of a duration beside an operator, ``least`` or more."""

    def read() -> int:
        value = setting.options[option]
        if not isinstance(value, str):
            raise Wrong(f'"{option}" takes a time as {format_duration(default)}, not {kind(value)}')
        seconds = parse_duration(value)
        if seconds < least:
            raise Wrong(f'"{option}: {value}" is too short: {format_duration(least)} is the least')
        return seconds

    return of_option(option, read) if option in setting.options else default


def from_of(value: object) -> From:
    """``last``, ``<duration> ago`` or ``median <duration>``; ``ValueError`` for what is none."""
    if not isinstance(value, str):
        raise Wrong(f'"from" takes "last" or a time as "7d ago", not {kind(value)}')
    words = value.split()
    match words:
        case ["last"]:
            return Last()
        case [duration, "ago"]:
            none = f'"from: {value}" is now: write how long ago, as 7d ago'
            return Ago(_some_time(duration, none))
        case [statistic, duration] if statistic in STATISTICS:
            none = f'"from: {value}" has no time in it: write it as {statistic} 14d'
            return Statistic(statistic, _some_time(duration, none))
        case _:
            raise Wrong(_no_baseline(value, words))


def _some_time(duration: str, none: str) -> int:
    """The seconds of a duration; ``none`` is said of one that is 0."""
    seconds = parse_duration(duration)
    if seconds <= 0:
        raise Wrong(none)
    return seconds


def _no_baseline(value: str, words: list[str]) -> str:
    """The message of what is no baseline, with the one that it is near to."""
    match words:
        case [word, duration] if word in _OTHER_STATISTICS:
            better = f"{_OTHER_STATISTICS[word]} {duration}"
            return f'{quoted(value)} is no baseline: did you mean "{better}"?'
        case [statistic] if statistic in STATISTICS:
            return f'"from: {value}" needs a time, as "{value} 14d"'
        case [duration] if _is_duration(duration):
            return f'"from: {value}" needs "ago": did you mean "{value} ago"?'
        case _:
            return (
                f'{quoted(value)} is no baseline: write "last", a time as "7d ago", '
                'or a statistic as "median 14d"'
            )


def _is_duration(text: str) -> bool:
    try:
        parse_duration(text)
    except ValueError:
        return False
    return True


def least_move(options: Mapping[str, object], metric: Metric) -> float | None:
    """The absolute floor beside an operator; None where there is none."""
    if "min_change" not in options:
        return None
    floor = number(options["min_change"])
    if is_percent(options["min_change"]) and counted(metric):
        raise Wrong('"min_change" takes an absolute amount, as 500: a percentage goes to rises')
    if floor <= 0:
        raise Wrong('"min_change" must be above 0')
    return floor


def above_zero(value: object, direction: str) -> float:
    """The amount by which a value is to move; ``ValueError`` says what is wrong with it."""
    if isinstance(value, bool):
        raise Wrong("takes how much, as 100 or 30%")
    amount = number(value)
    if amount <= 0:
        other = {"rises": "falls", "falls": "rises"}.get(direction)
        hint = f'; for the other way there is "{other}"' if other and amount < 0 else ""
        raise Wrong(f"takes how much, above 0, as 100 or 30%{hint}")
    return amount
