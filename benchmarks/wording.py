"""What was judged, as tables in Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from benchmarks.bootstrap import Interval
from benchmarks.frontier import Meaning, Row
from benchmarks.ruled import Ruling
from tools.marked import table

_NOTHING = "-"


def budget_table(budget: float, rows: Iterable[Row]) -> str:
    """The detectors at one number of alerts a day."""
    head = (
        f"at {budget:g} a day",
        "told a day",
        "good, 95% between",
        "half A / B",
        "strictly",
        "take-offs caught",
        "days late",
        "set off by one order",
    )
    return table(
        head,
        [
            (
                row.detector,
                f"{row.score.a_day:.2f}",
                _interval(row.precision),
                " / ".join(_percent(precision) for precision in row.precisions),
                _percent(row.score.strictly),
                _percent(row.score.recall),
                _NOTHING if math.isnan(row.score.delay) else f"{row.score.delay:g}",
                _percent(row.bulk),
            )
            for row in rows
        ],
    )


def meaning_table(meanings: Iterable[Meaning]) -> str:
    """What a value of each score means."""
    head = ("value", "reached by", "of these good", "alerts a day", "of these good")
    return table(
        head,
        [
            (
                f"{each.detector} {each.level:g}",
                f"{each.reached:.1%}",
                _percent(each.went_on),
                f"{each.a_day:.1f}",
                _percent(each.alerts_went_on),
            )
            for each in meanings
        ],
    )


def side_by_side(budget: float, markets: Mapping[str, Sequence[Row]]) -> str:
    """The detectors on several markets at one number of alerts a day; of each market in a cell what
    is good, strictly good, caught, and set off by one order."""
    head = (f"at {budget:g} a day", *markets)
    return table(
        head,
        [
            (same[0].detector, *(_cell(row) for row in same))
            for same in zip(*markets.values(), strict=True)
        ],
    )


def _cell(row: Row) -> str:
    shares = (row.precision.value, row.score.strictly, row.score.recall, row.bulk)
    return " / ".join(_percent(each) for each in shares)


def meanings_side_by_side(markets: Mapping[str, Sequence[Meaning]]) -> str:
    """What a value of each score means on several markets: of each how many alerts a day it gives,
    and what is good of them."""
    return table(
        ("value", *markets),
        [
            (
                f"{same[0].detector} {same[0].level:g}",
                *(f"{each.a_day:.1f} / {_percent(each.alerts_went_on)}" for each in same),
            )
            for same in zip(*markets.values(), strict=True)
        ],
    )


def rule_table(rulings: Iterable[Ruling]) -> str:
    """Whole rules; those that find what takes off are bold."""
    head = (
        "rule",
        "products a week",
        "good, 95% between",
        "half A / B",
        "above sales_growth",
        "above chance",
        "strictly",
        "take-offs caught",
        "fell, 95% between",
        "above chance",
    )
    return table(
        head,
        [
            (
                f"**{each.rule.name}**" if each.finds else each.rule.name,
                f"{each.a_week:.1f}",
                _interval(each.precision),
                " / ".join(_percent(precision) for precision in each.precisions),
                _points(each.above_growth),
                _points(each.above_chance),
                _percent(each.score.strictly),
                _percent(each.score.recall),
                _interval(each.fell),
                _points(each.fell_above_chance),
            )
            for each in rulings
        ],
    )


def price_table(rulings: Iterable[Ruling]) -> str:
    """What became of the prices that rules told of."""
    head = (
        "rule",
        "10% dearer in 4 days",
        "in 14 days",
        "3% cheaper in 14 days",
        "stayed 8% lower",
    )
    return table(
        head,
        [
            (
                each.rule.name,
                _percent(each.priced.undone),
                _percent(each.priced.dearer),
                _percent(each.priced.cheaper),
                _percent(each.priced.lasting),
            )
            for each in rulings
            if each.priced is not None
        ],
    )


def _percent(value: float) -> str:
    return _NOTHING if math.isnan(value) else f"{value:.0%}"


def _interval(interval: Interval) -> str:
    if math.isnan(interval.value):
        return _NOTHING
    return f"{interval.value:.0%}, {interval.low:.0%} to {interval.high:.0%}"


def _points(interval: Interval) -> str:
    """A difference of shares, in points."""
    if math.isnan(interval.value):
        return _NOTHING
    low, value, high = (100 * each for each in (interval.low, interval.value, interval.high))
    return f"{value:+.0f}, {low:+.0f} to {high:+.0f}"
