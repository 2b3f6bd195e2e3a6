"""Parameters of operators: numbers of a metric, read as people write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from watcher.rules.conditions.other_words import times
from watcher.rules.metrics import Catalogue, Metric
from watcher.units import (
    AMOUNTS,
    DAY,
    Unit,
    day_number,
    format_duration,
    format_number,
    parse_day,
    parse_duration,
    parse_number,
)
from watcher.words import Wrong, either, is_number, kind, nearest, quoted


@dataclass(frozen=True, slots=True)
class Setting:
    """An operator's value, and the options beside it (``from``, ``min_change``); ``metrics`` are
    those whose names may stand for a number."""

    value: object
    options: Mapping[str, object] = field(default_factory=dict)
    metrics: Catalogue | None = None


class FileValues(list[object]):
    """The values that stand in a file of the user's, which is called ``file``; ``lines`` says in
    which of its lines."""

    def __init__(
        self, values: Iterable[object], file: str, lines: Mapping[str, int] | None = None
    ) -> None:
        super().__init__(values)
        self.file, self.lines = file, lines or {}


def file_of(value: object) -> str:
    """The name of the file that values are from; empty of others."""
    return value.file if isinstance(value, FileValues) else ""


def number(value: object, metric: Metric | None = None) -> float:
    """The value as a number of ``metric``; ``ValueError`` says what is wrong with it."""
    if metric is not None:
        return _of_metric(value, metric)
    return _plain(_written(value), parse_number)


def _of_metric(value: object, metric: Metric) -> float:
    if metric.unit is Unit.FLAG:
        return _flag(value, metric)
    written = _written(value)
    if metric.unit is Unit.DAY:
        return _day(written)
    if is_percent(written) and counted(metric):
        raise Wrong(
            f"takes a number, as 100: {metric.name} is no fraction that {quoted(str(value))} "
            "could be compared with; for a change there are rises and falls"
        )
    return _plain(written, _days if metric.unit is Unit.DAYS else parse_number)


def _written(value: object) -> float | str:
    """The value, where a number may be written so."""
    if (factor := times(value)) is not None:
        raise Wrong(f"takes a number or a percentage, not {quoted(str(value))}{_so_many(factor)}")
    if not isinstance(value, str) and not is_number(value):
        raise Wrong(f"takes a number, not {kind(value)}")
    return value


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


def seconds_of(value: object, example: int) -> int:
    """A time with its unit, in seconds; ``example`` is one, for who wrote something else."""
    shown = format_duration(example)
    if not isinstance(value, str):
        raise Wrong(f"takes a time, as {shown}, not {kind(value)}")
    if is_percent(value):
        raise Wrong(f"takes a time, as {shown}, not a percentage")
    seconds = parse_duration(value)
    if seconds <= 0:
        raise Wrong(f"takes how far back to look, as {shown}")
    return seconds


def only_true(value: object, written: str, more: str = "") -> None:
    """Raise ``Wrong`` of anything but true; ``written`` is the whole condition, as
    ``appears: true``."""
    if value is False:
        raise Wrong(f'takes only true; for the reverse write "not: {{{written}}}"')
    if value is not True:
        raise Wrong(f"takes only true, as {quoted(written)}, not {kind(value)}{more}")


def is_percent(value: object) -> bool:
    """Whether it is written with a percent sign."""
    return isinstance(value, str) and value.strip().endswith("%")


def _plain(value: float | str, parse: Callable[[str], float]) -> float:
    result = parse(value) if isinstance(value, str) else float(value)
    if not abs(result) <= 1e15:  # as it is of NaN
        raise Wrong(f"{kind(value)} is too large")
    return result


def _days(text: str) -> float:
    """Days as their number, or as a time: ``age_days: {at_most: 2w}``."""
    try:
        return parse_number(text)
    except ValueError:
        return parse_duration(text) / DAY


_TRUTHS = {"true": 1, "false": 0}
_SPELLED = {**_TRUTHS, "yes": 1, "no": 0}  # "yes" is text to YAML 1.2; a watch takes it too


def _flag(value: object, metric: Metric) -> float:
    """A flag by name, by number, or (where it has no names) by true and false."""
    choices = dict(metric.names) or _TRUTHS
    given = _flag_of_text(value, choices) if isinstance(value, str) else value
    # True is 1 to Python, and no trend to the user.
    if given in choices.values() and not (metric.names and isinstance(given, bool)):
        return float(cast("float", given))
    raise Wrong(_no_flag(given, metric.name, choices))


def _flag_of_text(text: str, choices: Mapping[str, int]) -> int | str:
    """The number that a text names, or is; the text, where it is neither."""
    word = text.strip().casefold()
    spelled = _SPELLED if choices is _TRUTHS else choices
    if word in spelled:
        return spelled[word]
    return int(text) if word.isdecimal() and len(text) < 5 else text


def _no_flag(value: object, name: str, choices: Mapping[str, int]) -> str:
    """The message of a value that is none of a flag's."""
    said = f": it is {either([f'{name} ({flag})' for name, flag in choices.items()])}"
    if isinstance(value, str):
        return f"{quoted(value)} is no value of {name}{nearest(value, choices, 1) or said}"
    return f"{kind(value)} is no value of {name}{said}"


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
