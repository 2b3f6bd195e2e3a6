"""Parameters of operators: numbers of a metric, read as people write them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from watcher.rules.conditions.other_words import times
from watcher.rules.metrics import Metric
from watcher.units import (
    AMOUNTS,
    DAY,
    Unit,
    day_number,
    format_number,
    parse_day,
    parse_duration,
    parse_number,
)
from watcher.words import Wrong, either, kind, nearest, quoted


@dataclass(frozen=True, slots=True)
class Setting:
    """An operator's value, and the options beside it (``from``, ``min_change``)."""

    value: object
    options: Mapping[str, object] = field(default_factory=dict)


def number(value: object, metric: Metric | None = None) -> float:
    """The value as a number of ``metric``; ``ValueError`` says what is wrong with it."""
    if metric is not None and metric.unit is Unit.FLAG:
        return _flag(value, metric)
    if (factor := times(value)) is not None:
        raise Wrong(f"takes a number or a percentage, not {quoted(str(value))}{_so_many(factor)}")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Wrong(f"takes a number, not {kind(value)}")
    if metric is not None and metric.unit is Unit.DAY:
        return _day(value)
    if metric is not None and is_percent(value) and counted(metric):
        raise Wrong(
            f"takes a number, as 100: {metric.name} is no fraction that {quoted(str(value))} "
            "could be compared with; for a change there are rises and falls"
        )
    result = _plain(value, metric)
    if not math.isfinite(result) or abs(result) > 1e15:
        raise Wrong(f"{kind(value)} is too large")
    return result


def _so_many(factor: float) -> str:
    """A hint at how to write that a value became ``factor`` times as large."""
    if factor <= 1:
        return ""
    said, more = format_number(factor), format_number((factor - 1) * 100, 0)
    part = format_number(100 - 100 / factor, 0)
    return f': "rises: {more}%" is {said} times as much, "falls: {part}%" leaves 1/{said} of it'


def counted(metric: Metric) -> bool:
    """Whether it counts things, money, days or places: 50% of one says nothing."""
    return metric.unit in (Unit.COUNT, *AMOUNTS, Unit.DAYS, Unit.PLACE)


def several(value: object, what: str) -> list[object]:
    """The items of a list that is not empty; ``what`` says of what, and how it is written."""
    if not isinstance(value, list) or not value:
        raise Wrong(f"takes a list of {what}, not {'an empty one' if value == [] else kind(value)}")
    return value


def is_percent(value: object) -> bool:
    """Whether it is written with a percent sign."""
    return isinstance(value, str) and value.strip().endswith("%")


def _plain(value: float | str, metric: Metric | None) -> float:
    if not isinstance(value, str):
        return float(value)
    try:
        return parse_number(value)
    except ValueError:
        if metric is not None and metric.unit is Unit.DAYS:
            return parse_duration(value) / DAY  # age_days: {at_most: 2w}
        raise


def _flag(value: object, metric: Metric) -> float:
    """A flag by name, by number, or (where it has no names) by true and false."""
    names = dict(metric.names)
    choices = names or {"true": 1, "false": 0}
    if isinstance(value, str):
        # "yes" is text to YAML 1.2; a watch takes it too.
        spelled = choices if names else {**choices, "yes": 1, "no": 0}
        by_name = spelled.get(value.strip().casefold())
        if by_name is not None:
            return float(by_name)
        value = int(value) if value.strip().isdecimal() and len(value) < 5 else value
    if isinstance(value, bool) and not names:
        return float(value)
    # True is 1 to Python, and no trend to the user.
    if not isinstance(value, bool) and value in choices.values():
        return float(cast("float", value))
    said = either([f"{name} ({flag})" for name, flag in choices.items()])
    hint = nearest(value, choices, 1) if isinstance(value, str) else ""
    what = quoted(value) if isinstance(value, str) else kind(value)
    raise Wrong(f"{what} is no value of {metric.name}{hint or f': it is {said}'}")


def _day(value: float | str) -> float:
    """A day as yyyymmdd, or as 2026-11-23."""
    text = str(value).strip()
    try:
        if "-" in text:
            return float(day_number(date.fromisoformat(text)))
        if parse_day(int(text)) is not None:
            return float(int(text))
    except ValueError:
        pass
    hint = "; for an age there is age_days, as {at_most: 30}" if "ago" in text else ""
    raise Wrong(f"{quoted(text)} is no day: write it like 2026-11-23 or 20261123{hint}")
