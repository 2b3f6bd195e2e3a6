"""Texts of products: when two say the same, the numbers that are read of them, and where they
differ."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

DISCOUNT, DESCRIPTION, VARIANTS = "discount", "description", "variants"
DISCOUNT_RATE, VARIANT_COUNT = "discount_rate", "variant_count"
# Made of the API's long texts, which are read of all products only where a rule names these.
MADE = (DESCRIPTION, VARIANTS)
# Numbers that are read of a text, and of which.
TEXT_OF = {DISCOUNT_RATE: DISCOUNT, VARIANT_COUNT: VARIANTS}

_QUERY = re.compile(r"""(https?://[^\s"'<>?\\]+)\?[^\s"'<>\\]*""")
_PERCENT = re.compile(r"(\d{1,3}(?:[.,]\d{1,4})?)\s*%", re.ASCII)
_NO_DISCOUNT = frozenset(("", "-", "\u2013", "\u2014"))
_CUT = "\u2026"
_PARTS = re.compile(r"[\n;]")  # between variants, as the list is stored and as it is shown


def normal(name: str, text: str) -> str:
    """A form that is the same for texts that say the same: capitals, spaces and the query of an
    address mean nothing, and of variants neither does their order."""
    plain = _QUERY.sub(r"\1", text.casefold())
    if name == VARIANTS:
        parts = (" ".join(part.split()) for part in _PARTS.split(plain))
        return "\n".join(sorted(filter(None, parts)))
    return " ".join(plain.split())


def numbers_of(name: str, texts: Sequence[str | None]) -> NDArray[np.float64]:
    """(n,) the number of that name in each text; NaN is no value."""
    read = _rate if name == DISCOUNT_RATE else _count
    found: dict[str, float] = {}
    values = np.full(len(texts), np.nan)
    for row, text in enumerate(texts):
        if text is not None:
            if text not in found:
                found[text] = read(text)
            values[row] = found[text]
    return values


def shown(name: str, text: str) -> str:
    """A text on one line: variants with a semicolon between them."""
    return "; ".join(text.split("\n")) if name == VARIANTS else " ".join(text.split())


def text_with(name: str, number: float) -> str | None:
    """A text of which that number is read; None for no value. For tests of rules."""
    if np.isnan(number):
        return None
    if name == DISCOUNT_RATE:
        return f"{number * 100:.10g}%"
    return "\n".join(f"variant {place + 1}" for place in range(int(number)))


def _rate(text: str) -> float:
    """``20%`` as 0.2; nothing or a dash is no discount, and what has no percentage no value."""
    if text.strip() in _NO_DISCOUNT:
        return 0.0
    found = _PERCENT.search(text)
    percent = float(found[1].replace(",", ".")) if found else np.nan
    return percent / 100 if percent <= 100 else np.nan


def _count(text: str) -> float:
    return float(len(text.split("\n"))) if text else 0.0


def excerpts(old: str, new: str, width: int) -> tuple[str, str]:
    """Two texts, each cut to ``width`` characters: of long ones from a little before the place
    where they begin to differ."""
    if len(old) <= width and len(new) <= width:
        return old, new
    differ = (place for place, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1])
    begin = max(0, next(differ, min(len(old), len(new))) - width // 3)
    return _excerpt(old, begin, width), _excerpt(new, begin, width)


def _excerpt(text: str, begin: int, width: int) -> str:
    part = f"{_CUT if begin else ''}{text[begin:]}"
    return part if len(part) <= width else f"{part[: width - 1]}{_CUT}"
