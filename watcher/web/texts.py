"""A product's long texts for people: lines of text, whatever JSON the API put them into.

Pictures and addresses are left out: nothing is loaded from outside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from watcher.model import LongTexts

_LONGEST = 4_000  # characters of a text
_LINES = 100  # of a text
_VARIANTS = 60
_DEEPEST = 8
# Keys whose values are for people; everything else of the JSON is for programs.
_SPOKEN = ("text", "content", "title", "children", "items")
_PRICES = ("price_str", "sale_price_format", "price_val", "sale_price_decimal")


@dataclass(frozen=True, slots=True)
class Variant:
    """What can be bought: the options that make it, and its price as the API writes it."""

    name: str
    price: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All that there is to read."""

    description: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.description or self.options or self.variants)


def texts_of(long: LongTexts | None) -> Texts:
    """The texts of a product; what can't be understood is shown as it stands."""
    if long is None:
        return Texts()
    values = _decoded(long.sale_props)
    return Texts(
        description=tuple(_bounded(_strings(_decoded(long.desc_detail)))),
        options=tuple(_bounded(_options(values))),
        variants=tuple(_variants(_decoded(long.skus), _names(values))),
    )


def _decoded(text: str | None) -> object:
    try:
        return msgspec.json.decode(text or "null")
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    length = 0
    for number, line in enumerate(lines):
        if number >= _LINES or length >= _LONGEST:
            yield "…"
            return
        yield line[: _LONGEST - length]
        length += len(line)


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield from (line for line in map(str.strip, value.splitlines()) if line)
    elif isinstance(value, list) and depth < _DEEPEST:
        for each in value:
            yield from _strings(each, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name in _SPOKEN:
            yield from _strings(value.get(name), depth + 1)


def _dicts(value: object) -> Iterator[dict[str, object]]:
    if isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict))


def _options(value: object) -> Iterator[str]:
    """``Colour: golden, silver``."""
    if isinstance(value, str):
        yield from _strings(value)
    for each in _dicts(value):
        values = [str(one.get("prop_value", "")) for one in _dicts(each.get("sale_prop_values"))]
        yield f"{each.get('prop_name', '')}: {', '.join(filter(None, values))}"


def _names(value: object) -> dict[str, str]:
    """The name of each choice by its id."""
    return {
        str(one.get("prop_value_id")): str(one.get("prop_value", ""))
        for each in _dicts(value)
        for one in _dicts(each.get("sale_prop_values"))
    }


def _variants(value: object, names: dict[str, str]) -> Iterator[Variant]:
    for number, each in enumerate(_dicts(value)):
        if number >= _VARIANTS:
            yield Variant("…", "")
            return
        ids = str(each.get("sale_prop_value_ids") or "").replace(" ", "").split(",")
        name = ", ".join(names[one] for one in ids if names.get(one))
        yield Variant(name[:200] or str(each.get("sku_id", ""))[:40], _price(each))


def _price(variant: dict[str, object]) -> str:
    price = variant.get("real_price")
    if not isinstance(price, dict):
        return ""
    text = next((str(price[name]) for name in _PRICES if price.get(name)), "")
    currency = str(price.get("currency_name") or "")
    return " ".join(part for part in (text, currency) if part)[:60]
