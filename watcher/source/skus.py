"""The variants of a product and what they are made of, in all the forms that the API has.

Seen are ``sale_prop_value_ids`` in a variant, whose names stand in ``sale_props``, and
``property_value_name`` with ``property_value_id`` in the variant, or in a list inside of it. Ids of
several options are joined, by ``_`` or a comma; variants may be a list, or an object by their ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

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
    for _, row in _rows(sale_props):
        values = [_first(value, _NAME) for _, value in _rows(_any(row, _VALUES))]
        for value in values or [_first(row, _NAME)]:
            names = found.setdefault(_first(row, _OPTION), [])
            if value and value not in names:
                names.append(value)
    return found


def _rows(value: object) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The objects of a list, or of an object by their keys."""
    if isinstance(value, dict):
        yield from ((str(key), each) for key, each in value.items() if isinstance(each, dict))
    elif isinstance(value, list):
        yield from (("", each) for each in value if isinstance(each, dict))


def _any(row: Mapping[str, object], keys: Sequence[str]) -> object:
    return next((row[key] for key in keys if row.get(key) not in (None, "", [], {})), None)


def _first(row: Mapping[str, object], keys: Sequence[str]) -> str:
    """The first that is a text or a number."""
    found = (row.get(key) for key in keys)
    return next((str(each).strip() for each in found if _is_plain(each) and str(each).strip()), "")


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _value_names(value: object, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Ids of options' values with their names, wherever they stand together."""
    if depth > _DEEPEST:
        return
    if isinstance(value, dict):
        number, name = _first(value, _ID), _first(value, _NAME)
        if number and name:
            yield number, name
            yield from _parts(number, name)
        for inner in value.values():
            yield from _value_names(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _value_names(inner, depth + 1)


def _parts(number: str, name: str) -> Iterator[tuple[str, str]]:
    """``7_8`` that is ``Red_L``: the parts of joined ids where the name has as many."""
    numbers, names = _JOINED.split(number), [part.strip() for part in re.split("[_,;|]", name)]
    if len(numbers) == len(names) > 1:
        yield from zip(numbers, names, strict=True)


def _options(sku: Mapping[str, object], key: str, names: Mapping[str, str]) -> list[str]:
    """Names of what makes a variant: of its ids, else those that stand in it."""
    for ids in _id_lists(sku, key):
        found = [names[one] for one in ids if names.get(one)]
        if found:
            return found
    inside = [name for _, name in _value_names(sku)]
    return inside or [name for name in (_first(sku, (*_NAME, "sku_name")),) if name]


def _id_lists(sku: Mapping[str, object], key: str) -> Iterator[Sequence[str]]:
    for value in (*(sku.get(name) for name in _VALUE_IDS), sku.get("sku_id"), key):
        if isinstance(value, list):
            yield [str(one) for one in value if _is_plain(one)]
        elif _is_plain(value):
            parts = [part for part in _JOINED.split(str(value)) if part]
            yield parts
            if len(parts) > 1:
                yield [str(value).strip()]


def _cost(sku: Mapping[str, object]) -> tuple[str, str | None]:
    """The price and the code of its currency, wherever in the variant they stand."""
    price = _any(sku, _PRICES)
    if isinstance(price, dict) and (inner := _any(price, _PRICES)) is not None:
        price = inner
    holder = sku if price is None else price
    if not isinstance(holder, Mapping):
        return str(holder).strip() if _is_plain(holder) else "", None
    codes = (str(holder.get(name) or "").strip().upper() for name in _CURRENCIES)
    return _first(holder, _AMOUNTS), next(filter(_CODE.fullmatch, codes), None)
