"""NUL in texts, which PostgreSQL can't hold: in every store the same stands for it."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")
NUL = "\0"
_STANDS_FOR_IT = "\ufffd"


def without_nul(value: T) -> T | str:
    """A text that any engine can hold; what is no text as it is."""
    if isinstance(value, str) and NUL in value:
        return value.replace(NUL, _STANDS_FOR_IT)
    return value
