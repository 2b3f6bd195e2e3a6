"""The elements of a page, as a browser finds them, without what stands in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import TypeAlias
from urllib.parse import parse_qsl

_VOID = frozenset(
    ("area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr")
)
_FIELDS = frozenset(("input", "select", "textarea", "button"))
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
        self.fields: list[str] = []  # of forms that only ask
        self._asks = False

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
        given = dict(attrs)
        if tag == "form":
            self._asks = given.get("method", "get") == "get"
        if self._asks and tag in _FIELDS and given.get("name"):
            self.fields.append(given["name"] or "")
        self.addresses += [value or "" for name, value in attrs if name in ADDRESSES]


def read(page: str) -> _Reader:
    """A page, read."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


def differences(plain: str, other: str) -> Iterator[str]:
    """What one of two pages has, and the other has not."""
    known, found = read(plain), read(other)
    for sign, more in (("+", found.found - known.found), ("-", known.found - found.found)):
        for (path, attributes), count in more.items():
            yield f"{sign}{count} {' '.join(path[-4:])} [{' '.join(attributes)}]"
    if known.comments != found.comments:
        yield f"comments {found.comments}"


def names_asked(page: str, path: str) -> Iterator[str]:
    """The names in the queries by which a page leads to itself: of its links, and of its forms."""
    for query in queries(page, path):
        yield from (name for name, _ in parse_qsl(query, keep_blank_values=True))
    yield from read(page).fields


def queries(page: str, path: str) -> Iterator[str]:
    """The queries by which links lead from a page to itself."""
    last = path.rsplit("/", 1)[1]
    for there in dict.fromkeys(read(page).addresses):
        way, _mark, query = there.partition("?")
        if query and way in ("", f"./{last}", f"../{last}"):
            yield query
