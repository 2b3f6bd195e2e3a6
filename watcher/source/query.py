"""A watch's parameters: checked once, then asked as often as needed.

``parse_query`` reads what a user wrote and reports everything wrong with it; past that there
is a frozen ``Query``, and two equal queries are one list, to be bought once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, TypeAlias

from watcher.categories import CATEGORY
from watcher.fields import BY_NAME
from watcher.source import values
from watcher.source.addresses import PRODUCT, SELLER, doubt_of, id_of
from watcher.source.endpoint import Endpoint, Parameter, Use
from watcher.source.endpoints import (
    CHOICE,
    ENDPOINTS,
    INSTEAD,
    PARAMETERS,
    PRODUCT_DETAIL,
    PRODUCT_LIST,
    SHOP_PRODUCTS,
)
from watcher.source.values import RelativeDay, Value, shown
from watcher.source.watch_query import DEFAULT_TOP, SELLER_ID, Query
from watcher.words import did_you_mean, kind

__all__ = [
    "Query", "RelativeDay", "Report", "Value", "nearest_keys", "parse_query", "query_warnings",
]  # fmt: skip

MOST_PRODUCTS = 10_000  # of one's own in one list
FOLLOWED = "followed"

# Where a problem stands (the keys within the watch) and what it is, for the user.
Report: TypeAlias = Callable[[tuple[str | int, ...], str], None]


def query_warnings(query: Query) -> list[str]:
    """Warnings of what is allowed, but perhaps not meant."""
    if not query.region and not query.of_market:
        return []
    if query.region == "UK":
        return ['region "UK" is not known: the code of the United Kingdom is GB']
    if query.region not in query.endpoint.regions:
        known = " ".join(query.endpoint.regions)
        return [f'region "{query.region}" is not known to work (known are {known})']
    return []


def parse_query(
    raw: Mapping[str, object],
    report: Report,
    *,
    name: str = "",
    of_rule: bool = False,
    warn: Report = lambda _path, _message: None,
) -> Query | None:
    """Read a watch's mapping (without ``every`` and ``timezone``). ``name`` is that of the watch,
    or of the rule that has it.

    Every problem goes to ``report``, what is odd to ``warn``; None if there was a problem. Never
    raises for what a user wrote.
    """
    problems: list[tuple[tuple[str | int, ...], str]] = []
    instead = [key for key in INSTEAD if key in raw]
    if len(instead) > 1:
        problems.append(((instead[1],), "a shop and products of one's own are two watches"))
        query = None
    elif not instead:
        query = _list(raw, problems)
    else:
        query = _READ_INSTEAD[instead[0]](raw, problems, warn)
        query = replace(query, own=name, of_rule=of_rule) if query.ids else query
    for path, message in problems:
        report(path, message)
    return None if problems else query


_Problems: TypeAlias = list[tuple[tuple[str | int, ...], str]]


def _list(raw: Mapping[str, object], problems: _Problems) -> Query:
    given = dict(raw)
    chosen = given.pop("list", PRODUCT_LIST.name) if len(ENDPOINTS) > 1 else PRODUCT_LIST.name
    endpoint = ENDPOINTS.get(str(chosen), PRODUCT_LIST)
    if endpoint.name != chosen:
        known = ", ".join(ENDPOINTS)
        problems.append((("list",), f"{shown(chosen)} is no list: known are {known}"))
    read = _values(given, endpoint, problems)
    region, top = read.pop("region", ""), read.pop("top", DEFAULT_TOP)
    sort, descending = read.pop("sort", (None, True))
    problems += [((key,), message) for key, message in values.upside_down(read)]
    return Query(region, tuple(sorted(read.items())), sort, descending, top, endpoint)


# ------------------------------------------------------------------ keys

# The keys of a watch that every list has; the others are filters.
_SETTINGS = {"region": values.region, "sort": values.sort, "top": values.top}
# Parameters of another endpoint, and what a watch has in their place.
_ELSEWHERE = {
    SELLER_ID: "write shop: ID for a seller's products",
    "product_ids": "write products: [ID, ...] for products of your own",
    "product_id": "write products: [ID, ...] for products of your own",
}


def _values(given: Mapping[str, object], endpoint: Endpoint, problems: _Problems) -> dict[str, Any]:
    """The settings and filters that can be read."""
    read = dict[str, Any]()
    if "region" not in given:
        problems.append((("region",), "is missing: write the market's code, as in region: US"))
    problems += [
        ((one.name,), f"is missing: list {endpoint.name} needs it ({one.meaning})")
        for one in endpoint.parameters
        if one.required and one.name not in given
    ]
    for name, value in given.items():
        reader = _SETTINGS.get(name) or partial(_filter, name)
        try:
            read[name] = reader(value, endpoint)
        except ValueError as error:
            problems.append(((name,), str(error)))
    return read


def _filter(name: str, value: object, endpoint: Endpoint) -> Value:
    parameter = endpoint.by_name.get(name)
    if parameter is None:
        raise ValueError(_unknown(name, endpoint.by_name))
    if parameter.use is Use.OWN:
        raise ValueError("is set by watcher itself: write top: 200 for how many products to read")
    if parameter.use is Use.SORT:
        raise ValueError("is not used here: write sort: total_sale_7d_cnt desc")
    return values.READERS[parameter.type](value, parameter)


def _unknown(name: str, known: Mapping[str, Parameter]) -> str:
    field = name.removeprefix("min_").removeprefix("max_")
    if f"min_{field}" in known:
        return f'unknown field "{name}": write min_{field} or max_{field}'
    if field in known:
        return f'unknown field "{name}": write {field}'
    if name == "list":
        kinds = "a watch is a list, unless it has shop: or products:"
        return f'unknown field "list": {kinds}; leave it out'
    if name in _ELSEWHERE:
        return (
            f"{name} is no filter of a list: {_ELSEWHERE[name]}, or make it a condition of a rule"
        )
    if field in BY_NAME:
        return f'KeyAPI can\'t filter by "{field}": make it a condition of a rule'
    return f'unknown field "{name}"{did_you_mean(nearest_keys(name, known))}'


def nearest_keys(name: str, known: Mapping[str, Parameter] = PARAMETERS) -> list[str]:
    """The keys of a watch that a mistyped one may mean, the likeliest first."""
    settable = [each for each, parameter in known.items() if parameter.is_settable]
    return values.near(name, [*settable, "sort", "top", CATEGORY, *INSTEAD])


# ------------------------------------------------------------------ shops and one's own products


def _shop(raw: Mapping[str, object], problems: _Problems, warn: Report) -> Query:
    """A seller's products."""
    read = _beside(raw, "shop", ("region", "top"), SHOP_PRODUCTS, problems)
    seller, written = "", raw["shop"]
    if isinstance(written, list):
        what = "takes one shop: write a watch for each, and name them all in a rule"
        problems.append((("shop",), what))
    else:
        try:
            seller = id_of(written, SELLER)
        except ValueError as error:
            problems.append((("shop",), str(error)))
    if seller and (doubt := doubt_of(seller)):
        warn(("shop",), doubt)
    top = read.get("top", DEFAULT_TOP)
    return Query(read.get("region", ""), ((SELLER_ID, seller),), top=top, endpoint=SHOP_PRODUCTS)


def _products(raw: Mapping[str, object], problems: _Problems, warn: Report) -> Query:
    """Products of one's own, each once; or those that are followed."""
    read = _beside(raw, "products", ("region",), PRODUCT_DETAIL, problems)
    region, written = read.get("region", ""), raw["products"]
    if isinstance(written, str) and written.strip().lower() == FOLLOWED:
        return Query(region, endpoint=PRODUCT_DETAIL, followed=True)
    ids = _ids(written, problems, warn)
    return Query(region, endpoint=PRODUCT_DETAIL, ids=ids)


def _ids(written: object, problems: _Problems, warn: Report) -> tuple[str, ...]:
    takes = f"takes ids and addresses of products in a list, or {FOLLOWED}"
    if not isinstance(written, list | str | int) or isinstance(written, bool):
        problems.append((("products",), f"{takes}, not {kind(written)}"))
        return ()
    several = isinstance(written, list)
    items = written if isinstance(written, list) else [written]
    if not items:
        problems.append((("products",), f"has no product: it {takes}"))
    if len(items) > MOST_PRODUCTS:
        what = f"has {len(items):,} products: a list of your own has {MOST_PRODUCTS:,} at most"
        problems.append((("products",), what))
        return ()
    first: dict[str, int] = {}
    for place, item in enumerate(items):
        path = ("products", place) if several else ("products",)
        try:
            found = id_of(item, PRODUCT)
        except ValueError as error:
            problems.append((path, _about(item, str(error))))
            continue
        before = first.setdefault(found, place)
        if before != place:
            warn(path, f"is {found} again, which products[{before}] is: it is read once")
        elif doubt := doubt_of(found):
            warn(path, doubt)
    return tuple(first)


def _about(item: object, error: str) -> str:
    word = item.strip().lower() if isinstance(item, str) else ""
    if word == FOLLOWED:
        return f"what is followed is a list of its own: write products: {FOLLOWED}"
    if word.isalpha():
        hint = did_you_mean(values.near(word, [FOLLOWED]))
        return f"{error}; the only list with a name is {FOLLOWED}" if not hint else f"{error}{hint}"
    return error


def _beside(
    raw: Mapping[str, object],
    key: str,
    takes: tuple[str, ...],
    endpoint: Endpoint,
    problems: _Problems,
) -> dict[str, Any]:
    """The settings that a watch of another kind has; the parameters of a list are none of them."""
    read = dict[str, Any]()
    for name, value in raw.items():
        if name == key:
            continue
        if name not in takes:
            problems.append(((name,), _not_beside(name, key)))
            continue
        try:
            read[name] = _SETTINGS[name](value, endpoint)
        except ValueError as error:
            problems.append(((name,), str(error)))
    return read


_WHAT = {"shop": "a shop's products", "products": "products of your own"}


def _not_beside(name: str, key: str) -> str:
    what, beside = _WHAT[key], f"{name} stands beside {key}:, and"
    if name in _ELSEWHERE:
        return f"{beside} {what} need no filter: leave it out, or make it a condition of a rule"
    if name in CHOICE or name == "list":
        return f"{beside} {what} are in no list: leave it out"
    if name == "sort" or (name in PARAMETERS and PARAMETERS[name].use is Use.SORT):
        return f"{beside} {what} come in no known order, and have no ranks: leave it out"
    if name == "top":
        return f"{beside} {what} are all read: leave it out"
    if name == CATEGORY or (name in PARAMETERS and PARAMETERS[name].is_settable):
        return f"{beside} {what} can't be filtered: make it a condition of a rule"
    if name in PARAMETERS:
        return "is set by watcher itself: leave it out"
    return _unknown(name, PARAMETERS)


_READ_INSTEAD: Mapping[str, Callable[[Mapping[str, object], _Problems, Report], Query]] = {
    "shop": _shop,
    "products": _products,
}
