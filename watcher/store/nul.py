"""NUL in texts, which PostgreSQL can't hold: in every store the same stands for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
NUL = "\0"
_STANDS_FOR_IT = "\ufffd"


def without_nul(value: T) -> T | str:
    """A text that any engine can hold; what is no text as it is."""
    if isinstance(value, str) and NUL in value:
        return value.replace(NUL, _STANDS_FOR_IT)
    return value


def clean(text: str | None) -> str | None:
    """Without half characters (lone surrogates), which SQLite can't hold, and without NUL, which
    PostgreSQL can't."""
    if text is None or (text.isascii() and NUL not in text):
        return text
    return without_nul(text).encode("utf-8", "replace").decode()


def clean_all(texts: Sequence[str | None]) -> Sequence[str | None]:
    """A column made clean: that all of it is, as mostly, is seen at one glance."""
    try:
        if NUL.encode() not in "".join(filter(None, texts)).encode():
            return texts
    except UnicodeEncodeError:
        pass
    return [clean(text) for text in texts]
