"""A request's parameters as the endpoint takes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from watcher.source.endpoint import ParameterType
from watcher.source.endpoints import PRODUCT_LIST
from watcher.units import parse_day

_REQUIRED = ("region", "page_num", "page_size")
_SORT_FIELDS = {number: name for name, number in PRODUCT_LIST.sorts.items()}
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_REGION = re.compile(r"[A-Z]{2}", re.ASCII)


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
