"""The values of a watch's parameters: as a user writes them, and as the API takes them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from watcher.model import Instant
from watcher.source.endpoint import Endpoint, Parameter, ParameterType
from watcher.units import (
    LARGEST,
    day_number,
    parse_day,
    parse_duration,
    parse_number,
    utc_day,
    written_duration,
)
from watcher.words import did_you_mean, kind, quoted

_LONGEST_GUESS = 80  # characters of a name that nearest ones are looked for


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """The UTC day that lies ``seconds`` before the scan."""

    seconds: int

    def __str__(self) -> str:
        return f"{written_duration(self.seconds)} ago"


Value: TypeAlias = int | float | str | RelativeDay


def near(name: str, known: Iterable[str]) -> list[str]:
    """The names that a mistyped one may mean, the likeliest first."""
    return difflib.get_close_matches(name[:_LONGEST_GUESS], known, n=2, cutoff=0.6)


def region(value: object, _: Endpoint) -> str:
    """A market's code."""
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z]{2}", value):
        takes = "write a market's code of two letters, as US"
        raise ValueError(f"{shown(value)} is no region: {takes}")
    return value.upper()


def sort(value: object, endpoint: Endpoint) -> tuple[str, bool]:
    """A field, and whether the highest come first."""
    words = value.split() if isinstance(value, str) else []
    field, order = (*words, "desc")[:2] if words else ("", "")
    if order.lower() not in ("desc", "asc") or len(words) > 2:
        takes = "write a field and desc or asc, as total_sale_7d_cnt desc"
        raise ValueError(f"{shown(value)} is no sort: {takes}")
    if field not in endpoint.sorts:
        nearest = did_you_mean(near(field, endpoint.sorts))
        all_of = f"it sorts by {', '.join(endpoint.sorts)}"
        help_text = nearest or f": {all_of if endpoint.sorts else 'this list has one order only'}"
        raise ValueError(f'KeyAPI can\'t sort by "{field}"{help_text}')
    return field, order.lower() == "desc"


def top(value: object, endpoint: Endpoint) -> int:
    """The number of products to read."""
    number = _amount(value)
    if not number.is_integer() or not 1 <= number <= endpoint.longest:
        raise ValueError(f"{shown(value)} is outside 1 to {endpoint.longest:,} (products to read)")
    return int(number)


def _written(value: object) -> str:
    """A text or an integer as it was written; empty of anything else."""
    return str(value).strip() if isinstance(value, str | int) else ""


def _digits(value: object, _: Parameter) -> str:
    text = _written(value)
    if not re.fullmatch("[0-9]{1,40}", text):
        raise ValueError(f'{shown(value)} is no id: write its digits, as "601450"')
    return text


def _whole(value: object, parameter: Parameter) -> int:
    is_share = isinstance(value, str) and value.strip().endswith("%")
    if is_share or not (number := _number(value, parameter)).is_integer():
        raise ValueError(f"{shown(value)} is no whole number")
    return int(number)


def _number(value: object, _: Parameter) -> float:
    number = _amount(value)
    if number < 0:
        raise ValueError(f"{shown(value)} is below 0")
    return number


def _amount(value: object) -> float:
    number = parse_number(value) if isinstance(value, str) else value
    if isinstance(number, int | float) and not isinstance(number, bool):
        if abs(number) <= LARGEST:
            return float(number)
        raise ValueError(f"{shown(value)} is too large")  # infinite and NaN too
    raise ValueError(f"{shown(value)} is no number")


def _flag(value: object, parameter: Parameter) -> int:
    names = dict(parameter.names)
    spelled = {**names, **{str(number): number for number in names.values()}}
    if "true" in names:
        spelled |= {"yes": 1, "no": 0}
    number = spelled.get(_written(value).lower())
    if number is None:
        choices = ", ".join(f"{name} ({number})" for name, number in names.items())
        raise ValueError(f"{shown(value)} is none of {choices}")
    return number


def _day(value: object, _: Parameter) -> int | RelativeDay:
    text = _written(value)
    if ago := re.fullmatch(r"(\S+)\s+ago", text):
        return RelativeDay(parse_duration(ago[1]))
    plain = re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", text, re.ASCII)
    number = int("".join(plain.groups())) if plain else 0
    if parse_day(number) is None:
        raise ValueError(f"{shown(value)} is no day: write it like 2026-11-01 or 30d ago")
    return number


READERS: Mapping[ParameterType, Callable[[object, Parameter], Value]] = {
    ParameterType.TEXT: _digits,
    ParameterType.INTEGER: _whole,
    ParameterType.NUMBER: _number,
    ParameterType.DAY: _day,
    ParameterType.FLAG: _flag,
}


def upside_down(filters: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The least of a range that is above its most, and what is wrong with it."""
    for low, least in filters.items():
        high = f"max_{low.removeprefix('min_')}"
        if low.startswith("min_") and high in filters and _above(least, filters[high]):
            most = value_text(filters[high])
            yield low, f"{value_text(least)} is above {high} ({most})"


def _above(least: Value, most: Value) -> bool:
    match least, most:
        case RelativeDay(), RelativeDay():
            return least.seconds < most.seconds  # fewer days ago is the later day
        case int() | float(), int() | float():
            return least > most
    return False  # a fixed day and one that moves: it depends on when


# ------------------------------------------------------------------ texts


def shown(value: object) -> str:
    """A value that a user wrote, in words."""
    if value is None:
        return "an empty value"
    return kind(value) if isinstance(value, bool | Mapping | list) else quoted(str(value))


def value_text(value: Value, now: Instant | None = None) -> str:
    """A value; with ``now``, as the API takes it."""
    if now is not None and isinstance(value, RelativeDay):
        return str(day_number(utc_day(now - value.seconds)))
    if isinstance(value, float):
        # No exponents: a server that reads 1e-05 as a number may not exist.
        return f"{value:.12f}".rstrip("0").rstrip(".")
    return str(value)
