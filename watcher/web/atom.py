"""Atom feeds (RFC 4287), made of what is told and nothing else; texts are escaped, and have only
characters that XML knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5
from xml.etree import ElementTree as ET

from markupsafe import Markup

from watcher.model import Instant

NAMESPACE = "http://www.w3.org/2005/Atom"
TYPE = "application/atom+xml"
_SPACE = UUID("6f0f7d0e-8f4c-5c0a-9a53-0b6a3b9f2d11")  # of the names that ids are made of
_XML = "{http://www.w3.org/XML/1998/namespace}"
# What XML 1.0 can't hold, and what turns the reading direction.
_NO_XML = re.compile(
    "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u202a-\u202e\u2066-\u2069]"
)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One entry: ``lines`` are its paragraphs, the links are absolute or empty."""

    id: str
    title: str
    published: Instant
    updated: Instant
    lines: Sequence[str]
    page: str
    shop: str
    categories: Sequence[str]


@dataclass(frozen=True, slots=True)
class AtomFeed:
    """A feed in ``language`` (BCP 47); ``page`` is where people read the same."""

    id: str
    title: str
    author: str
    language: str
    page: str
    entries: Sequence[FeedEntry]

    @property
    def updated(self) -> Instant:
        """The time of the newest change; the begin of time of a feed without entries."""
        return max((each.updated for each in self.entries), default=0)

    def xml(self) -> bytes:
        """The document."""
        feed = ET.Element("feed", {"xmlns": NAMESPACE, f"{_XML}lang": self.language})
        _text(feed, "id", self.id)
        _text(feed, "title", self.title)
        _text(feed, "updated", _stamp(self.updated))
        _text(ET.SubElement(feed, "author"), "name", self.author)
        _link(feed, "alternate", self.page)
        _text(feed, "generator", "watcher")
        for each in self.entries:
            _entry(ET.SubElement(feed, "entry"), each)
        made: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
        return made


def stable_id(*parts: object) -> str:
    """An id that is always the same for the same parts, and of no others."""
    return uuid5(_SPACE, "\x1f".join(map(str, parts))).urn


def _entry(entry: ET.Element, told: FeedEntry) -> None:
    _text(entry, "id", told.id)
    _text(entry, "title", told.title)
    _text(entry, "published", _stamp(told.published))
    _text(entry, "updated", _stamp(told.updated))
    _link(entry, "alternate", told.page)
    _link(entry, "related", told.shop)
    for term in told.categories:
        ET.SubElement(entry, "category", {"term": _clean(term)})
    _text(entry, "content", _html(told.lines)).set("type", "html")


def _html(lines: Iterable[str]) -> str:
    """Paragraphs as HTML, whose text is escaped once more where it stands in XML."""
    return Markup("").join(Markup("<p>{}</p>").format(_clean(each)) for each in lines)


def _text(parent: ET.Element, name: str, text: str) -> ET.Element:
    made = ET.SubElement(parent, name)
    made.text = _clean(text)
    return made


def _link(parent: ET.Element, relation: str, address: str) -> None:
    if address:
        kind = {"rel": relation, "href": _clean(address), "type": "text/html"}
        ET.SubElement(parent, "link", kind)


def _clean(text: str) -> str:
    return _NO_XML.sub(" ", text)


def _stamp(instant: Instant) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
