"""A product's long texts, as far as they are for people."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.fields import MADE_TEXTS, TEXTS
from watcher.model import Instant, LongTexts
from watcher.source.skus import Sku, options_of, skus_of
from watcher.source.spoken import decoded, lines_of
from watcher.store.records import TextChange

_LONGEST = 4_000  # characters of a text
_LINES = 100  # of a text
_VARIANTS = 60
_CHANGES = 100
_LABELS = {text.name: text.label for text in (*TEXTS, *MADE_TEXTS)}
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


@dataclass(frozen=True, slots=True)
class Reworded:
    """A text that became another one, both in full; None is none."""

    at: Instant
    name: str
    label: str
    was: str | None
    now: str | None


def reworded(changes: Sequence[TextChange]) -> list[Reworded]:
    """The newest changes of a product's texts."""
    return [
        Reworded(each.at, each.name, _LABELS[each.name], each.was, each.now)
        for each in changes[:_CHANGES]
    ]


def texts_of(long: LongTexts | None) -> Texts:
    """The texts of a product; what can't be understood is shown as it stands."""
    if long is None:
        return Texts()
    values = decoded(long.sale_props)
    return Texts(
        description=tuple(_bounded(lines_of(decoded(long.desc_detail)))),
        options=tuple(_bounded(_options(values))),
        variants=tuple(_variants(decoded(long.skus), values)),
    )


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    length = 0
    for count, line in enumerate(lines):
        if count >= _LINES or length >= _LONGEST:
            yield "…"
            return
        yield line[: _LONGEST - length]
        length += len(line)


def _options(value: object) -> Iterator[str]:
    """``Colour: golden, silver``."""
    if isinstance(value, str):
        yield from lines_of(value)
        return
    for name, values in options_of(value).items():
        yield f"{name}: {', '.join(values)}" if name else ", ".join(values)


def _variants(skus: object, sale_props: object) -> Iterator[Variant]:
    for count, sku in enumerate(skus_of(skus, sale_props)):
        if count >= _VARIANTS:
            yield Variant("…", "")
            return
        yield Variant(", ".join(sku.options)[:200] or sku.sku_id[:40], _price(sku))


def _price(sku: Sku) -> str:
    """``$1.99``, and with the currency's code where nothing in it says which it is."""
    bare = sku.price and not _SIGN.search(sku.price)
    return f"{sku.price} {sku.currency}"[:60] if bare and sku.currency else sku.price[:60]
