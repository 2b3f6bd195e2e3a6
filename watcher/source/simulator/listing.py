"""A request's parameters as the endpoint takes them, and the list that they ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from watcher.model import Ints
from watcher.source.endpoint import Parameter, ParameterType, Use
from watcher.source.endpoints import PRODUCT_LIST
from watcher.units import parse_day

if TYPE_CHECKING:
    from watcher.source.simulator.market import Market

_REQUIRED = ("region", "page_num", "page_size")
_SORT_FIELDS = {number: name for name, number in PRODUCT_LIST.sorts.items()}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_REGION = re.compile(r"[A-Z]{2}", re.ASCII)
_REMEMBERED = 64


class BadParameter(ValueError):
    """A parameter that the endpoint refuses (400)."""


@dataclass(frozen=True, slots=True)
class Request:
    """Validated parameters; ``wanted`` are those that choose products, ``page`` is from 1."""

    region: str
    wanted: tuple[tuple[str, float], ...]
    sort: str | None
    descending: bool
    page: int
    size: int


def parse(params: Mapping[str, str]) -> Request:
    """Read a query string's parameters; raises ``BadParameter`` with the first fault."""
    for name in _REQUIRED:
        if name not in params:
            raise BadParameter(f"{name} is required")
    values = {name: _value(name, str(text)) for name, text in params.items()}
    page, size = int(values.pop("page_num")), int(values.pop("page_size"))
    if not 1 <= page <= PRODUCT_LIST.last_page:
        raise BadParameter(f"page_num must be from 1 to {PRODUCT_LIST.last_page}")
    if not 1 <= size <= PRODUCT_LIST.page_size:
        raise BadParameter(f"page_size must be from 1 to {PRODUCT_LIST.page_size}")
    sort = values.pop("product_sort_field", None)
    direction = values.pop("sort_type", 1)
    if sort is not None and sort not in _SORT_FIELDS:
        raise BadParameter("product_sort_field must be from 1 to 7")
    if direction not in (0, 1):
        raise BadParameter("sort_type must be 0 or 1")
    return Request(
        region=str(values.pop("region")),
        wanted=tuple(sorted((name, _number(value)) for name, value in values.items())),
        sort=None if sort is None else _SORT_FIELDS[int(sort)],
        descending=direction == 1,
        page=page,
        size=size,
    )


def _value(name: str, text: str) -> int | float | str:
    parameter = PRODUCT_LIST.by_name.get(name)
    if parameter is None:
        # The real endpoint may ignore it; here it shows a mistake of ours.
        raise BadParameter(f"unknown parameter {name}")
    match parameter.type:
        case ParameterType.REGION:
            if not _REGION.fullmatch(text):
                raise BadParameter(f"{name} must be a code of two capital letters")
            return text
        case ParameterType.NUMBER:
            return _finite(name, text)
        case _:
            return _integer(parameter, text)


def _finite(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise BadParameter(f"{name} must be a number")
    return number


def _integer(parameter: Parameter, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadParameter(f"{parameter.name} must be an integer")
    number = int(text)
    if parameter.type is ParameterType.DAY and parse_day(number) is None:
        raise BadParameter(f"{parameter.name} must be a day as yyyyMMdd")
    if parameter.names and number not in dict(parameter.names).values():
        raise BadParameter(f"{parameter.name} can't be {number}")
    return number


def _number(value: float | str) -> float:
    if isinstance(value, str):
        raise TypeError("only the region is a text")
    return value


class PageReader:
    """Reads the lists of a market, remembered while it does not change: their pages are cheap."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._version: tuple[int, int] | None = None
        self._lists: dict[tuple[object, ...], Ints] = {}

    def page(self, request: Request) -> Ints:
        """The products of a page, (at most ``size``,) as places in the market's columns."""
        if self._version != self._market.version or len(self._lists) >= _REMEMBERED:
            self._version, self._lists = self._market.version, {}
        key = (request.region, request.wanted, request.sort, request.descending)
        if key not in self._lists:
            self._lists[key] = self._select(request)
        first = (request.page - 1) * request.size
        return self._lists[key][first : first + request.size]

    def _select(self, request: Request) -> Ints:
        market = self._market
        mask = market.listed() & market.region_is(request.region)
        for name, limit in request.wanted:
            parameter = PRODUCT_LIST.by_name[name]
            column = market.column(parameter.field)
            match parameter.use:
                case Use.MINIMUM:
                    mask &= column >= limit
                case Use.MAXIMUM:
                    mask &= column <= limit
                case _:
                    mask &= column == limit
        if request.sort is None:
            order = market.shuffle()
            return order[mask[order]]
        chosen = np.flatnonzero(mask)
        values = market.column(request.sort)[chosen]
        return chosen[np.argsort(-values if request.descending else values, kind="stable")]
