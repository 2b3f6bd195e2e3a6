"""A watch's parameters: checked once, then asked as often as needed.

``parse_query`` reads what a user wrote and reports everything wrong with it; past that there
is a frozen ``Query``, and two equal queries are one list, to be bought once.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from watcher.fields import BY_NAME
from watcher.model import Instant
from watcher.source.endpoint import Endpoint, Parameter, ParameterType, Use
from watcher.source.endpoints import ENDPOINTS, PARAMETERS, PRODUCT_LIST
from watcher.units import (
    LARGEST,
    day_number,
    format_duration,
    parse_day,
    parse_duration,
    parse_number,
    utc_day,
)
from watcher.words import did_you_mean, kind, quoted

_LONGEST_GUESS = 80  # characters of a name that nearest ones are looked for
DEFAULT_TOP = 100

# Where a problem stands (the key within the watch) and what it is, for the user.
Report: TypeAlias = Callable[[tuple[str, ...], str], None]


@dataclass(frozen=True, slots=True)
class RelativeDay:
    """The UTC day that lies ``seconds`` before the scan."""

    seconds: int

    def __str__(self) -> str:
        return f"{format_duration(self.seconds)} ago"


Value: TypeAlias = int | float | str | RelativeDay


@dataclass(frozen=True, slots=True)
class Query:
    """A list of products to read."""

    region: str
    filters: tuple[tuple[str, Value], ...] = ()  # sorted by the parameter's name
    sort: str | None = None  # a field; without one the order is arbitrary and there are no ranks
    descending: bool = True
    top: int = DEFAULT_TOP  # products to read
    endpoint: Endpoint = PRODUCT_LIST

    @property
    def ranked(self) -> bool:
        return self.sort is not None

    @property
    def pages(self) -> int:
        """Pages, and so credits, that a whole scan takes."""
        return -(-self.top // self.endpoint.page_size)

    def params(self, now: Instant) -> dict[str, str]:
        """The request's parameters but the page; ``now`` is what "30d ago" counts from."""
        asked = self.endpoint.frame(self.region)
        asked |= {name: _value_text(value, now) for name, value in self.filters}
        if self.sort is not None:
            asked |= self.endpoint.order(self.sort, descending=self.descending)
        return asked

    def limits_of(self, field: str) -> Iterator[tuple[str, float]]:
        """The filters by a field that are numbers."""
        for name, value in self.filters:
            if name.endswith(field) and isinstance(value, int | float):
                yield name, value

    def canonical(self) -> str:
        """Stable text of all there is, equal for equal queries: for hashes."""
        parts = [] if self.endpoint is PRODUCT_LIST else [f"list={self.endpoint.name}"]
        parts.append(f"region={self.region}")
        parts += [f"{name}={_value_text(value)}" for name, value in self.filters]
        order = "desc" if self.descending else "asc"
        sort = "none" if self.sort is None else f"{self.sort} {order}"
        return "&".join([*parts, f"sort={sort}", f"top={self.top}"])

    def describe(self) -> str:
        """One line for people: ``US, 30-day sales: at least 100, by 7-day sales, first 200``."""
        filters = (self.describe_filter(name, value) for name, value in self.filters)
        parts = [self.region, *filters]
        if self.sort is not None:
            order = "" if self.descending else ", lowest first"
            parts.append(f"by {BY_NAME[self.sort].label}{order}")
        return ", ".join([*parts, f"first {self.top}"])

    def describe_filter(self, name: str, value: Value) -> str:
        """A filter in words: ``30-day sales: at least 100``, ``trend rising``."""
        parameter = self.endpoint.by_name[name]
        by_name = next((name for name, number in parameter.names if number == value), None)
        label = BY_NAME[parameter.field].label if parameter.names else parameter.meaning
        return f"{label} {by_name or _value_text(value)}"


def query_warnings(query: Query) -> list[str]:
    """Warnings of what is allowed, but perhaps not meant."""
    if query.region == "UK":
        return ['region "UK" is not known: the code of the United Kingdom is GB']
    if query.region not in query.endpoint.regions:
        known = " ".join(query.endpoint.regions)
        return [f'region "{query.region}" is not known to work (known are {known})']
    return []


def parse_query(raw: Mapping[str, object], report: Report) -> Query | None:
    """Read a watch's mapping (without ``every`` and ``timezone``).

    Every problem goes to ``report``; None if there was one. Never raises for what a user wrote.
    """
    problems: list[tuple[str, str]] = []
    given = dict(raw)
    chosen = given.pop("list", PRODUCT_LIST.name) if len(ENDPOINTS) > 1 else PRODUCT_LIST.name
    endpoint = ENDPOINTS.get(str(chosen), PRODUCT_LIST)
    if endpoint.name != chosen:
        problems.append(("list", f"{_show(chosen)} is no list: known are {', '.join(ENDPOINTS)}"))
    values = _values(given, endpoint, problems)
    region, top = values.pop("region", ""), values.pop("top", DEFAULT_TOP)
    sort, descending = values.pop("sort", (None, True))
    problems += _upside_down(values)
    for name, message in problems:
        report((name,), message)
    if problems:
        return None
    return Query(region, tuple(sorted(values.items())), sort, descending, top, endpoint)


# ------------------------------------------------------------------ keys


def _values(
    given: Mapping[str, object], endpoint: Endpoint, problems: list[tuple[str, str]]
) -> dict[str, Any]:
    """The settings and filters that can be read."""
    values = dict[str, Any]()
    if "region" not in given:
        problems.append(("region", "is missing: write the market's code, as in region: US"))
    problems += [
        (one.name, f"is missing: list {endpoint.name} needs it ({one.meaning})")
        for one in endpoint.parameters
        if one.required and one.name not in given
    ]
    for name, value in given.items():
        read = _SETTINGS.get(name) or partial(_filter, name)
        try:
            values[name] = read(value, endpoint)
        except ValueError as error:
            problems.append((name, str(error)))
    return values


def _filter(name: str, value: object, endpoint: Endpoint) -> Value:
    parameter = endpoint.by_name.get(name)
    if parameter is None:
        raise ValueError(_unknown(name, endpoint.by_name))
    if parameter.use is Use.OWN:
        raise ValueError("is set by watcher itself: write top: 200 for how many products to read")
    if parameter.use is Use.SORT:
        raise ValueError("is not used here: write sort: total_sale_7d_cnt desc")
    return _READERS[parameter.type](value, parameter)


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    field = name.removeprefix("min_").removeprefix("max_")
    if f"min_{field}" in known:
        return f'unknown field "{name}": write min_{field} or max_{field}'
    if field in known:
        return f'unknown field "{name}": write {field}'
    if field in BY_NAME:
        return f'KeyAPI can\'t filter by "{field}": make it a condition of a rule'
    return f'unknown field "{name}"{did_you_mean(nearest_keys(name, known))}'


def nearest_keys(name: str, known: Mapping[str, Parameter] = PARAMETERS) -> list[str]:
    """The keys of a watch that a mistyped one may mean, the likeliest first."""
    settable = [each for each, parameter in known.items() if parameter.is_settable]
    return _near(name, [*settable, "sort", "top"])


def _near(name: str, known: Iterable[str]) -> list[str]:
    return difflib.get_close_matches(name[:_LONGEST_GUESS], known, n=2, cutoff=0.6)


# ------------------------------------------------------------------ values


def _region(value: object, _: Endpoint) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Za-z]{2}", value):
        takes = "write a market's code of two letters, as US"
        raise ValueError(f"{_show(value)} is no region: {takes}")
    return value.upper()


def _sort(value: object, endpoint: Endpoint) -> tuple[str, bool]:
    words = value.split() if isinstance(value, str) else []
    field, order = (*words, "desc")[:2] if words else ("", "")
    if order.lower() not in ("desc", "asc") or len(words) > 2:
        takes = "write a field and desc or asc, as total_sale_7d_cnt desc"
        raise ValueError(f"{_show(value)} is no sort: {takes}")
    if field not in endpoint.sorts:
        near = did_you_mean(_near(field, endpoint.sorts))
        all_of = f"it sorts by {', '.join(endpoint.sorts)}"
        help_text = near or f": {all_of if endpoint.sorts else 'this list has one order only'}"
        raise ValueError(f'KeyAPI can\'t sort by "{field}"{help_text}')
    return field, order.lower() == "desc"


def _top(value: object, endpoint: Endpoint) -> int:
    number = _amount(value)
    if not number.is_integer() or not 1 <= number <= endpoint.longest:
        raise ValueError(f"{_show(value)} is outside 1 to {endpoint.longest:,} (products to read)")
    return int(number)


# The keys of a watch that every list has; the others are filters.
_SETTINGS = {"region": _region, "sort": _sort, "top": _top}


def _written(value: object) -> str:
    """A text or an integer as it was written; empty of anything else."""
    return str(value).strip() if isinstance(value, str | int) else ""


def _digits(value: object, _: Parameter) -> str:
    text = _written(value)
    if not re.fullmatch("[0-9]{1,40}", text):
        raise ValueError(f'{_show(value)} is no id: write its digits, as "601450"')
    return text


def _whole(value: object, parameter: Parameter) -> int:
    is_share = isinstance(value, str) and value.strip().endswith("%")
    if is_share or not (number := _number(value, parameter)).is_integer():
        raise ValueError(f"{_show(value)} is no whole number")
    return int(number)


def _number(value: object, _: Parameter) -> float:
    number = _amount(value)
    if number < 0:
        raise ValueError(f"{_show(value)} is below 0")
    return number


def _amount(value: object) -> float:
    number = parse_number(value) if isinstance(value, str) else value
    if isinstance(number, int | float) and not isinstance(number, bool):
        if abs(number) <= LARGEST:
            return float(number)
        raise ValueError(f"{_show(value)} is too large")  # infinite and NaN too
    raise ValueError(f"{_show(value)} is no number")


def _flag(value: object, parameter: Parameter) -> int:
    names = dict(parameter.names)
    spelled = {**names, **{str(number): number for number in names.values()}}
    if "true" in names:
        spelled |= {"yes": 1, "no": 0}
    number = spelled.get(_written(value).lower())
    if number is None:
        choices = ", ".join(f"{name} ({number})" for name, number in names.items())
        raise ValueError(f"{_show(value)} is none of {choices}")
    return number


def _day(value: object, _: Parameter) -> int | RelativeDay:
    text = _written(value)
    if ago := re.fullmatch(r"(\S+)\s+ago", text):
        return RelativeDay(parse_duration(ago[1]))
    plain = re.fullmatch(r"(\d{4})-?(\d{2})-?(\d{2})", text, re.ASCII)
    number = int("".join(plain.groups())) if plain else 0
    if parse_day(number) is None:
        raise ValueError(f"{_show(value)} is no day: write it like 2026-11-01 or 30d ago")
    return number


_READERS: Mapping[ParameterType, Callable[[object, Parameter], Value]] = {
    ParameterType.TEXT: _digits,
    ParameterType.INTEGER: _whole,
    ParameterType.NUMBER: _number,
    ParameterType.DAY: _day,
    ParameterType.FLAG: _flag,
}


def _upside_down(filters: Mapping[str, Value]) -> Iterator[tuple[str, str]]:
    """The least of a range that is above its most, and what is wrong with it."""
    for low, least in filters.items():
        high = f"max_{low.removeprefix('min_')}"
        if low.startswith("min_") and high in filters and _above(least, filters[high]):
            most = _value_text(filters[high])
            yield low, f"{_value_text(least)} is above {high} ({most})"


def _above(least: Value, most: Value) -> bool:
    match least, most:
        case RelativeDay(), RelativeDay():
            return least.seconds < most.seconds  # fewer days ago is the later day
        case int() | float(), int() | float():
            return least > most
    return False  # a fixed day and one that moves: it depends on when


# ------------------------------------------------------------------ texts


def _show(value: object) -> str:
    if value is None:
        return "an empty value"
    return kind(value) if isinstance(value, bool | Mapping | list) else quoted(str(value))


def _value_text(value: Value, now: Instant | None = None) -> str:
    """A value; with ``now``, as the API takes it."""
    if now is not None and isinstance(value, RelativeDay):
        return str(day_number(utc_day(now - value.seconds)))
    if isinstance(value, float):
        # No exponents: a server that reads 1e-05 as a number may not exist.
        return f"{value:.12f}".rstrip("0").rstrip(".")
    return str(value)
