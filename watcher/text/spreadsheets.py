"""Texts in cells of a spreadsheet, which would reckon what begins like a formula, or run it."""

from __future__ import annotations

_FORMULA = tuple("=+-@\uff1d\uff0b\uff0d\uff20")
_SPACES = ("\t", "\r")  # some programs pass over these
BOM = b"\xef\xbb\xbf"  # says to Excel that a file is UTF-8


def no_formula(text: str) -> str:
    """A text with an apostrophe before it, where a spreadsheet would take it for a formula."""
    formula = text.lstrip().startswith(_FORMULA) or text.startswith(_SPACES)
    return f"'{text}" if formula else text
