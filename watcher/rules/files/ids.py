"""Ids as people paste them: digits, a product's address, or what a spreadsheet made of them."""

from __future__ import annotations

import re
from contextlib import suppress

from watcher.source import addresses
from watcher.words import Wrong, quoted

_DIGITS = re.compile(r"\d{1,30}", re.ASCII)
# ="1729..." and '1729...: how a spreadsheet is told that it is no number.
_MARKED = re.compile(r"=?[\"'\u2018\u2019](.*?)[\"'\u2018\u2019]?")
_POWER = re.compile(r"[-+]?\d(?:[.,]\d+)?[eE]\+?\d{1,3}", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:[, .]\d{3}){3,}", re.ASCII)
_TENTHS = re.compile(r"(\d{6,30})\.0+", re.ASCII)
_KEPT = 15  # digits that a spreadsheet keeps of a number


class Ruined(Wrong):
    """An id of which a spreadsheet threw digits away: there is no way back."""


def id_of(text: str) -> str:
    """The id in a cell; empty of an empty cell. ``Ruined`` where its digits are lost, ``Wrong``
    where there is none in it."""
    plain = _unmarked(text)
    if not plain or _DIGITS.fullmatch(plain):
        return plain
    if match := _TENTHS.fullmatch(plain):
        return match[1]
    if _GROUPED.fullmatch(plain):
        return re.sub(r"[^0-9]", "", plain)
    if "/" in plain:
        return addresses.id_of(plain, addresses.PRODUCT)
    if any(letter.isspace() for letter in plain) or len(plain) > 100:
        raise Wrong(f"{quoted(plain)} is no product id: the row is not used")
    return plain


def _unmarked(text: str) -> str:
    """A cell without what says that it is no number; raises ``Ruined``."""
    marked = _MARKED.fullmatch(text)
    plain = (marked[1] if marked is not None else text).strip()
    if _POWER.fullmatch(plain):
        raise Ruined(
            f"{quoted(plain)} was an id until a spreadsheet made a number of it, and its last "
            "digits are lost: format the column as text, and paste the ids again"
        )
    return plain


def rounded(own: str) -> bool:
    """Whether an id has no digit left beyond those that a spreadsheet keeps."""
    return len(own) > _KEPT + 1 and own.isdecimal() and not own[_KEPT:].strip("0")


def id_in(text: str) -> str:
    """The id in an address of a seller's or a product's page; any other text as it is. ``Ruined``
    where it was an id."""
    _unmarked(text)
    for thing in (addresses.SELLER, addresses.PRODUCT) if "/" in text else ():
        with suppress(Wrong):
            return addresses.id_of(text, thing)
    return text
