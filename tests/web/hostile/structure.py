"""The elements of a page, as a browser finds them, without what stands in them."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from typing import TypeAlias

_VOID = frozenset(
    ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_RAW = frozenset(("script", "style", "textarea", "title"))
Structure: TypeAlias = Counter[tuple[tuple[str, ...], tuple[str, ...]]]
"""Where an element stands and which attributes it has, with how often there is one."""
ADDRESSES = frozenset(("href", "src", "action", "formaction", "xlink:href", "poster", "data"))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.found: Structure = Counter()
        self.addresses: list[str] = []
        self.comments: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._element(tag, attrs)  # of SVG: in HTML such a slash means nothing

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_pi(self, data: str) -> None:
        self.comments.append(data)

    def _element(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found[(*self.open, tag), tuple(sorted(name for name, _ in attrs))] += 1
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]


def read(page: str) -> _Reader:
    """A page, read."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


def structure(page: str) -> Structure:
    """The elements of a page."""
    return read(page).found
