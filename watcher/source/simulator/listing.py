"""A request's parameters as the endpoint takes them, and the list that they ask for."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from watcher.model import Ints
from watcher.source.endpoint import ParameterType, Use
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


class Request(NamedTuple):
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
    region = params["region"]
    if not _REGION.fullmatch(region):
        raise BadParameter("region must be a code of two capital letters")
    values = {name: _value(name, text) for name, text in params.items() if name != "region"}
    page, size = int(values.pop("page_num")), int(values.pop("page_size"))
    if not 1 <= page <= PRODUCT_LIST.last_page:
        raise BadParameter(f"page_num must be from 1 to {PRODUCT_LIST.last_page}")
    if not 1 <= size <= PRODUCT_LIST.page_size:
        raise BadParameter(f"page_size must be from 1 to {PRODUCT_LIST.page_size}")
    sort, direction = values.pop("product_sort_field", None), values.pop("sort_type", 1)
    if sort is not None and sort not in _SORT_FIELDS:
        raise BadParameter("product_sort_field must be from 1 to 7")
    if direction not in (0, 1):
        raise BadParameter("sort_type must be 0 or 1")
    field = None if sort is None else _SORT_FIELDS[int(sort)]
    return Request(region, tuple(sorted(values.items())), field, direction == 1, page, size)


def _value(name: str, text: str) -> float:
    parameter = PRODUCT_LIST.by_name.get(name)
    if parameter is None:
        # The real endpoint may ignore it; here it shows a mistake of ours.
        raise BadParameter(f"unknown parameter {name}")
    if parameter.type is ParameterType.NUMBER:
        try:
            amount = float(text)
        except ValueError:
            amount = math.nan
        if not math.isfinite(amount):
            raise BadParameter(f"{name} must be a number")
        return amount
    if not _INTEGER.fullmatch(text):
        raise BadParameter(f"{name} must be an integer")
    number = int(text)
    if parameter.type is ParameterType.DAY and parse_day(number) is None:
        raise BadParameter(f"{name} must be a day as yyyyMMdd")
    if parameter.names and number not in dict(parameter.names).values():
        raise BadParameter(f"{name} can't be {number}")
    return number


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
