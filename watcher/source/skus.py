"""The variants of a product and what they are made of, in all the forms that the API has.

Seen are ``sale_prop_value_ids`` in a variant, whose names stand in ``sale_props``, and
``property_value_name`` with ``property_value_id`` in the variant, or in a list inside of it. Ids of
several options are joined, by ``_`` or a comma; variants may be a list, or an object by their ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

# Keys of one thing, in whichever form.
_VALUE_IDS = ("sale_prop_value_ids", "property_value_ids", "property_value_id", "prop_value_id")
_ID = ("prop_value_id", "property_value_id", "sku_property_value_id", "value_id")
_NAME = ("prop_value", "property_value_name", "sku_property_value_name", "value_name")
_OPTION = ("prop_name", "property_name", "sku_property_name")
_VALUES = ("sale_prop_values", "property_values", "sku_property_values", "values")
_PRICES = ("real_price", "price", "sale_price")
_CURRENCIES = ("currency_name", "currency")  # the latter may hold a sign where the first has a code
_AMOUNTS = ("price_str", "sale_price_format", "price_val", "sale_price_decimal", "price_format")

_JOINED = re.compile(r"[_,;|\s]+")
_CODE = re.compile(r"[A-Z]{3}")
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class Sku:
    """A variant of a product."""

    sku_id: str
    options: tuple[str, ...]  # what makes it, as far as they have names
    price: str  # as the API writes it
    currency: str | None  # the code of the price's


def skus_of(skus: object, sale_props: object = None) -> Iterator[Sku]:
    """The variants in decoded JSON; what is none is left out."""
    known = dict(_value_names(sale_props))
    for key, sku in _rows(skus):
        names = {**known, **dict(_value_names(sku))}
        sku_id = str(sku.get("sku_id") or key)
        yield Sku(sku_id, tuple(_options(sku, key, names)), *_cost(sku))


def options_of(sale_props: object) -> dict[str, list[str]]:
    """The values of each option by its name, in their order; of one row a value, or a list."""
    found: dict[str, list[str]] = {}
    for option, value in _option_values(sale_props):
        values = found.setdefault(option, [])
        if value and value not in values:
            values.append(value)
    return found


def _option_values(sale_props: object) -> Iterator[tuple[str, str]]:
    for _, row in _rows(sale_props):
        values = [value for _, value in _rows(_any(row, _VALUES))]
        for value in values or [row]:
            yield _first(row, _OPTION), _first(value, _NAME)


def _rows(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The objects of a list, or of an object by their keys."""
    keyed = value.items() if isinstance(value, dict) else (("", each) for each in _inside(value))
    return ((str(key), each) for key, each in keyed if isinstance(each, dict))


def _inside(value: object) -> Iterable[object]:
    """The values of a list or an object."""
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _any(row: Mapping[str, object], keys: Sequence[str], default: object = None) -> object:
    return next((row[key] for key in keys if row.get(key) not in (None, "", [], {})), default)


def _first(row: Mapping[str, object], keys: Sequence[str]) -> str:
    """The first that is a text or a number."""
    found = (str(each).strip() for each in map(row.get, keys) if _is_plain(each))
    return next(filter(None, found), "")


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _value_names(value: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Ids of options' values with their names, wherever they stand together."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        number, name = _first(value, _ID), _first(value, _NAME)
        yield from _parts(number, name) if number and name else ()
    for inner in _inside(value):
        yield from _value_names(inner, depth + 1)


def _parts(number: str, name: str) -> Iterator[tuple[str, str]]:
    """A name by its id; of ``7_8`` that is ``Red_L`` the parts too, where both have as many."""
    yield number, name
    numbers, names = _JOINED.split(number), [part.strip() for part in re.split("[_,;|]", name)]
    if len(numbers) == len(names) > 1:
        yield from zip(numbers, names, strict=True)


def _options(sku: Mapping[str, object], key: str, names: Mapping[str, str]) -> list[str]:
    """Names of what makes a variant: of its ids, else those that stand in it."""
    values = (*map(sku.get, _VALUE_IDS), sku.get("sku_id"), key)
    for ids in chain.from_iterable(map(_ids, values)):
        if found := [*filter(None, map(names.get, ids))]:
            return found
    inside = [name for _, name in _value_names(sku)]
    return inside or [*filter(None, [_first(sku, (*_NAME, "sku_name"))])]


def _ids(value: object) -> Iterator[Sequence[str]]:
    """The ids that a value lists or joins, in each way that it can be read."""
    if isinstance(value, list):
        yield [str(one) for one in filter(_is_plain, value)]
    elif _is_plain(value):
        parts = [*filter(None, _JOINED.split(str(value)))]
        yield parts
        if len(parts) > 1:
            yield [str(value).strip()]


def _cost(sku: Mapping[str, object]) -> tuple[str, str | None]:
    """The price and the code of its currency, wherever in the variant they stand."""
    price = _any(sku, _PRICES, sku)
    if isinstance(price, Mapping):
        price = _any(price, _PRICES, price)
    if not isinstance(price, Mapping):
        return str(price).strip() if _is_plain(price) else "", None
    codes = (str(price.get(name) or "").strip().upper() for name in _CURRENCIES)
    return _first(price, _AMOUNTS), next(filter(_CODE.fullmatch, codes), None)
