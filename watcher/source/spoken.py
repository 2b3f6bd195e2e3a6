"""The words of a product's long texts: what its description says, and the names of its variants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import msgspec

from watcher.source.skus import skus_of

LONGEST = 10_000  # characters of a description: what comes after them is not read
MOST_VARIANTS = 1_000
_LONGEST_NAME = 100
_DEEPEST = 8
# Keys whose values are for people; everything else of the JSON is for programs.
_SPOKEN = ("text", "content", "title", "children", "items")


def decoded(text: str | None) -> object:
    """JSON in a text; what is none as it stands."""
    try:
        return msgspec.json.decode(text or "null")
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text


def lines_of(value: object, depth: int = 0) -> Iterator[str]:
    """The lines for people in a decoded description."""
    if isinstance(value, str):
        yield from filter(None, map(str.strip, value.splitlines()))
    elif depth < _DEEPEST:
        for part in _spoken(value):
            yield from lines_of(part, depth + 1)


def _spoken(value: object) -> Iterable[object]:
    """The parts of a JSON value that are for people."""
    if isinstance(value, dict):
        return map(value.get, _SPOKEN)
    return value if isinstance(value, list) else ()


def description_of(desc_detail: str | None) -> str | None:
    """The words of a description, line by line; None where there is none at all."""
    if desc_detail is None:
        return None
    lines, length = list[str](), 0
    for line in lines_of(decoded(desc_detail)):
        lines.append(line[: LONGEST - length])
        length += len(line) + 1
        if length >= LONGEST:
            break
    return "\n".join(lines)


def variants_of(skus: str | None, sale_props: str | None) -> str | None:
    """The names of the variants, one a line, by their ids where they have no names; None where
    that is no list of variants."""
    found = decoded(skus)
    if not isinstance(found, list | dict):
        return None
    names = (
        " ".join(", ".join(sku.options).split())[:_LONGEST_NAME] or sku.sku_id[:_LONGEST_NAME]
        for sku in skus_of(found, decoded(sale_props))
    )
    return "\n".join(name or "?" for name in islice(names, MOST_VARIANTS))
