"""A language that is none: each text stands in brackets; what is in none was not marked."""

from __future__ import annotations

import gettext
import re
from collections.abc import Iterator
from html.parser import HTMLParser

BEGIN, END = "⟦", "⟧"
_INNERMOST = re.compile(f"{BEGIN}[^{BEGIN}{END}]*{END}")
_LETTERS = re.compile(r"[A-Za-z]{2,}")
# Attributes that are read out, or shown on a phone.
_SPOKEN = ("aria-label", "alt", "title", "placeholder", "data-label")
_EMPTY = frozenset(("input", "meta", "link", "img", "br"))
# What is no text of ours: code, keys, what users wrote, times (units word these).
_NO_TEXT = frozenset(("code", "kbd", "pre", "q", "style", "textarea", "time"))


class PseudoTexts(gettext.NullTranslations):
    """A catalogue that has every text."""

    def gettext(self, message: str) -> str:
        return f"{BEGIN}{message}{END}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"{BEGIN}{msgid1 if n == 1 else msgid2}{END}"

    def pgettext(self, context: str, message: str) -> str:
        return f"{BEGIN}{message}{END}"


def unmarked(page: str) -> list[str]:
    """The texts of a page that were not marked, as they stand there. What is wrapped around data is
    one text with it."""
    found: list[str] = []
    for text in _spoken_texts(page):
        rest = text
        while (inner := _INNERMOST.sub(" ", rest)) != rest:
            rest = inner
        if _LETTERS.search(rest):
            found.append(" ".join(rest.split()))
    return found


def _spoken_texts(page: str) -> Iterator[str]:
    parser = _Reader()
    parser.feed(page)
    parser.close()
    yield from parser.attributes
    yield from "".join(parser.text).split("\0")


class _Reader(HTMLParser):
    """Reads what a visitor reads; elements are kept apart unless a text goes on across them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.attributes: list[str] = []
        self.text: list[str] = []
        self._quiet: list[str] = []
        self._depth = 0  # of texts that are begun

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.attributes += [value for name in _SPOKEN if (value := given.get(name))]
        if tag in _EMPTY:
            return
        if self._quiet or tag in _NO_TEXT or given.get("dir") == "auto":
            self._quiet.append(tag)
        self._apart()

    def handle_endtag(self, tag: str) -> None:
        if self._quiet and tag == self._quiet[-1]:
            self._quiet.pop()
        self._apart()

    def handle_data(self, data: str) -> None:
        if not self._quiet:
            self.text.append(data)
            self._depth += data.count(BEGIN) - data.count(END)

    def _apart(self) -> None:
        if not self._depth and not self._quiet:
            self.text.append("\0")
