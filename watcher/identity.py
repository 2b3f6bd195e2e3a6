"""Identities: by which a product, a watch and a rule are known in the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

import msgspec

# The page of a product by its marketplace. The first is TikTok Shop: its ids are keys as they are.
_PAGES = {"": "https://www.tiktok.com/shop/pdp/"}


def product_key(marketplace: str, product_id: str) -> str:
    """The text by which the store, rules and alerts know a product: ``shopee:123``."""
    return f"{marketplace}:{product_id}" if marketplace else product_id


def product_page(key: str) -> str:
    """The address of a product's page."""
    marketplace, _, product_id = key.rpartition(":")
    if marketplace not in _PAGES:
        marketplace, product_id = "", key
    return f"{_PAGES[marketplace]}{quote(product_id, safe='')}"


def digest(text: str) -> str:
    """A short mark of a text; stable over runs and versions."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def scheduled_key(query: str, schedule: object) -> str:
    """The key of a watch whose query (as text) stands with several schedules; every watch had this
    one before the schedule was no part of what a watch is."""
    return digest(f"{query}\n{schedule}")


def fingerprint(queries: Iterable[str], conditions: Sequence[object]) -> str:
    """A text that changes where a rule begins anew, and only there; ``queries`` are digests. The
    name is no part of it: so a rule that was only renamed is recognised."""
    return digest(json.dumps([sorted(queries), *conditions]))


def former_fingerprint(watch: str, conditions: Sequence[object]) -> str:
    """The ``fingerprint`` of a rule as it was when a rule had one watch, of that key."""
    return digest(json.dumps([watch, *conditions]))


class WatchMark(msgspec.Struct, frozen=True):
    """A watch as the store is to know it: its ``key``; its ``query`` as text, of which ``asks`` is
    the digest, and its schedule; ``rule`` is that by whose name alone it is known."""

    key: str
    name: str = ""
    query: str = ""
    schedule: str = ""
    rule: str = ""

    @property
    def asks(self) -> str:
        return digest(self.query)


class RuleMark(msgspec.Struct, frozen=True):
    """A rule as the store is to know it; ``watches`` are keys, ``conditions`` what the fingerprint
    is made of beside them."""

    name: str
    fingerprint: str
    watches: tuple[str, ...] = ()
    conditions: tuple[object, ...] = ()
    enabled: bool = True


class BookMarks(msgspec.Struct, frozen=True):
    """A rulebook as the store is to know it."""

    rules: tuple[RuleMark, ...] = ()
    watches: tuple[WatchMark, ...] = ()

    @classmethod
    def of(cls, *rules: tuple[str, str]) -> BookMarks:
        """Rules by name and fingerprint alone."""
        return cls(tuple(RuleMark(*each) for each in rules))
