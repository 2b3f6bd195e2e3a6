"""The meaning of a plain text of YAML: number, true, false, nothing, or text."""

from __future__ import annotations

import re

_NULL = frozenset(["", "~", "null", "Null", "NULL"])
_TRUE = frozenset(["true", "True", "TRUE"])
_FALSE = frozenset(["false", "False", "FALSE"])
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})", re.ASCII)
_RADIX = re.compile(r"0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII
)


def resolve(text: str) -> object:
    """A plain scalar by the core schema of YAML 1.2; a number with a leading 0 is text."""
    first = text[:1]
    if first.isdecimal() or first in ("-", "+", "."):
        return _number(text)
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    return False if text in _FALSE else text


def as_text(text: str) -> object:
    """A plain scalar where all are texts: ``0x300`` stays as it is written; nothing is None."""
    return None if text in _NULL else text


def _number(text: str) -> object:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _RADIX.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) and not text.lstrip("+-").isdecimal() else text
