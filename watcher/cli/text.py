"""Texts from outside made fit for a terminal: nothing in them moves its cursor or its colours."""

from __future__ import annotations

import codecs
import sys
import unicodedata

_ASCII = dict(zip("…→·×−–’“”", '~>-x--\'""', strict=True))  # noqa: RUF001 - that is the point
# Of no width: within a word or an address a space in their place would part it.
_NOTHING = str.maketrans("", "", "\u200b\u200c\u200d\u2060\ufeff")
_HANDLER = "watcher.nearest"


def plain(text: str) -> str:
    """On one line, without control characters and what turns the reading direction."""
    return "".join(each if each.isprintable() else " " for each in text.translate(_NOTHING))


def plain_lines(text: str) -> str:
    """The same of a text of several lines, which stay."""
    if text.isprintable():
        return text
    return "\n".join(plain(line) for line in text.split("\n"))


def forgiving_streams() -> None:
    """Where a terminal's or a file's encoding lacks a character, its nearest is written."""
    codecs.register_error(_HANDLER, _nearest)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors=_HANDLER)


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_like, error.object[error.start : error.end])), error.end


def _like(character: str) -> str:
    """Of as many columns as the character has on a terminal, so that tables stay straight."""
    if character in _ASCII:
        return _ASCII[character]
    if unicodedata.combining(character):
        return ""
    if "─" <= character <= "╿":  # box drawing
        return "-" if character in "─━╸╺" else "|" if character in "│┃" else "+"
    base = unicodedata.normalize("NFKD", character)[0]
    if base.isascii():
        return base
    return "??" if unicodedata.east_asian_width(character) in "WF" else "?"
