"""The simulated answers of endpoints that no watch reads: sales by day, categories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import CATEGORIES, PRODUCT_TRENDS
from watcher.source.simulator.refusals import BadParameter

if TYPE_CHECKING:
    from watcher.source.simulator.market import Market

_KEPT = 90  # days whose sales the market has
_LANGUAGES = {"en-US": "Category", "zh-CN": "类目"}
_LEVELS = ("category_id", "category_l2_id", "category_l3_id")

Answer = list[dict[str, object]]


def answer(market: Market, params: Mapping[str, str], endpoint: Endpoint) -> Answer:
    """The rows for request parameters; raises ``BadParameter`` with the first fault."""
    check(params, endpoint)
    return _ANSWERS[endpoint.name](market, params)


def check(params: Mapping[str, str], endpoint: Endpoint) -> None:
    """Raise ``BadParameter`` for one that is unknown, or missing."""
    known = endpoint.by_name
    for name in params:
        if name not in known:
            raise BadParameter(f"unknown parameter {name}")
    for parameter in endpoint.parameters:
        if parameter.required and not params.get(parameter.name):
            raise BadParameter(f"{parameter.name} is required")


def _trends(market: Market, params: Mapping[str, str]) -> Answer:
    """A row a day, but for days on which nothing was sold."""
    begin, end = (_day(params, name) for name in ("start_date", "end_date"))
    slot = market.slots.get(params["product_id"])
    if slot is None:
        return []
    last = min((end - market.origin).days, market.told - 1)
    first = max((begin - market.origin).days, market.told - _KEPT)
    rows: Answer = []
    for day in range(first, last + 1):
        sold, cents = (int(market.windows.on(day, series)[slot]) for series in (0, 1))
        if sold:
            when = market.origin + timedelta(days=day)
            amount = {"total_sale_1d_cnt": sold, "total_sale_gmv_1d_amt": cents / 100}
            rows.append({"dt": when.isoformat(), "product_id": params["product_id"], **amount})
    return rows


def _day(params: Mapping[str, str], name: str) -> date:
    try:
        return date.fromisoformat(params[name])
    except ValueError:
        raise BadParameter(f"{name} must be a day as yyyy-MM-dd") from None


def _categories(market: Market, params: Mapping[str, str]) -> Answer:
    """The categories of level 1, or those under a parent."""
    word = _LANGUAGES.get(params["language"])
    if word is None:
        raise BadParameter(f"language must be {' or '.join(_LANGUAGES)}")
    columns = [[str(each) for each in market.column(name).tolist()] for name in _LEVELS]
    parent = params.get("parent_id", "")
    rows = sorted(set(zip(*columns, strict=True)))
    inside = [
        (level, row[level]) for row in rows for level in range(len(_LEVELS))
        if (parent == "" and level == 0) or (level > 0 and row[level - 1] == parent)
    ]  # fmt: skip
    return [
        {"category_id": each, "category_name": f"{word} {each}", "level": level + 1}
        for level, each in dict.fromkeys(inside)
    ]


_ANSWERS: Mapping[str, Callable[[Market, Mapping[str, str]], Answer]] = {
    PRODUCT_TRENDS.name: _trends,
    CATEGORIES.name: _categories,
}
