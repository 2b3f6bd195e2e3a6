"""The short notation of a rule test: ``100x3 120+20x5 _ 90 -``."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

from watcher.rules.words import Wrong, either, nearest, quoted
from watcher.units import Unit, day_number, parse_day, parse_number

Series: TypeAlias = tuple[float | None, ...]

ABSENT: Final = None  # the product is not in the list
MISSING: Final = float("nan")  # it is, and has no value

LONGEST = 10_000

_MARKS: dict[str, float | None] = {"_": MISSING, "-": ABSENT}
_LOOSE_REPEAT = re.compile(r"\s+(?=x\d)")
_REPEATED = re.compile(r"(.+?)x(\d{1,6})", re.ASCII)
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3}|[kKmM%])?"
_POWER = re.compile(r"([-+]?[\d.]+)[eE]([-+]?\d{1,3})", re.ASCII)
_STEPS = re.compile(rf"([-+]?{_NUMBER})([-+]{_NUMBER})", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TRUTH = {"true": 1, "false": 0}


def parse_series(text: str, unit: Unit, names: Mapping[str, int]) -> Series:
    """The values of a field, one a scan: NaN where it has none, None where the product is absent.

    ``100x3`` is a value three times, ``120+20x5`` five values from 120 in steps of 20, ``_`` no
    value, ``-`` not in the list (both may be repeated). ``names`` are a flag's values by name.
    Raises ``Wrong``.
    """
    values: list[float | None] = []
    for word in _LOOSE_REPEAT.sub("", text.strip()).split():
        values += _word(word, unit, names)
        if len(values) > LONGEST:
            raise Wrong(f"has more than {LONGEST:,} values")
    if not values:
        raise Wrong("is empty: write values as 100x3 120 _ 90")
    return tuple(values)


def _word(word: str, unit: Unit, names: Mapping[str, int]) -> Iterator[float | None]:
    repeated = _REPEATED.fullmatch(word)
    single, count = (repeated[1], int(repeated[2])) if repeated else (word, 1)
    if not 1 <= count <= LONGEST:
        raise Wrong(f"{quoted(word)}: a value is repeated 1 to {LONGEST:,} times")
    if single in _MARKS:
        yield from [_MARKS[single]] * count
        return
    steps = _STEPS.fullmatch(single)
    if steps is None or _DATE.fullmatch(single):
        yield from [_value(single, unit, names)] * count
        return
    if repeated is None:
        raise Wrong(f"{quoted(word)} does not say how many values: write {word}x5")
    first, step = _number(steps[1]), _number(steps[2])
    # Rounded, for 0.1+0.1x3 ends at 0.3 to the reader.
    yield from (round(first + step * turn, 12) for turn in range(count))


def _value(word: str, unit: Unit, names: Mapping[str, int]) -> float:
    known = {**names, **(_TRUTH if unit is Unit.FLAG else {})}
    if word.casefold() in known:
        return float(known[word.casefold()])
    date = _DATE.fullmatch(word)
    if unit is Unit.DAY and date is not None:
        return _day(word, date)
    try:
        return _number(word)
    except Wrong:
        raise
    except ValueError:
        if word == "stale":  # as in promtool; "stable" is something else
            raise Wrong('"stale" is written "-": the product is not in the list') from None
        hint = nearest(word, known, 1)
        choice = f"{either(list(known))}, or " if known else ""
        raise Wrong(
            f"{quoted(word)} is no value{hint or f': it is {choice}a number as 100, _ or -'}"
        ) from None


def _number(word: str) -> float:
    """A number, also as ``1e3``; ``ValueError`` of what is none, or has no end."""
    power = _POWER.fullmatch(word)
    number = float(f"{parse_number(power[1])}e{power[2]}") if power else parse_number(word)
    if not math.isfinite(number):
        raise Wrong(f"{quoted(word)} is too large a number")
    return number


def _day(word: str, date: re.Match[str]) -> float:
    year, month, day = map(int, date.groups())
    found = parse_day(year * 10_000 + month * 100 + day)
    if found is None:
        raise Wrong(f"{quoted(word)} is no day")
    return float(day_number(found))
