"""A product's long texts for people: lines of text, whatever JSON the API put them into.

Pictures and addresses are left out: nothing is loaded from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from watcher.model import LongTexts
from watcher.source.skus import Sku, options_of, skus_of

_LONGEST = 4_000  # characters of a text
_LINES = 100  # of a text
_VARIANTS = 60
_DEEPEST = 8
# Keys whose values are for people; everything else of the JSON is for programs.
_SPOKEN = ("text", "content", "title", "children", "items")
_SIGN = re.compile(r"[^\d\s.,'-]")  # of a currency, or its code


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant to buy: the options that make it, and its price as the API writes it."""

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
        variants=tuple(_variants(_decoded(long.skus), values)),
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


def _options(value: object) -> Iterator[str]:
    """``Colour: golden, silver``."""
    if isinstance(value, str):
        yield from _strings(value)
        return
    for name, values in options_of(value).items():
        yield f"{name}: {', '.join(values)}" if name else ", ".join(values)


def _variants(skus: object, sale_props: object) -> Iterator[Variant]:
    for number, sku in enumerate(skus_of(skus, sale_props)):
        if number >= _VARIANTS:
            yield Variant("…", "")
            return
        yield Variant(", ".join(sku.options)[:200] or sku.sku_id[:40], _price(sku))


def _price(sku: Sku) -> str:
    """``$1.99``, and with the currency's code where nothing in it says which it is."""
    bare = sku.price and not _SIGN.search(sku.price)
    return f"{sku.price} {sku.currency}"[:60] if bare and sku.currency else sku.price[:60]
