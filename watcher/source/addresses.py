"""Ids of products and sellers, as people write them: their digits, or an address that holds them.

The addresses are those of TikTok Shop's own pages, as browsers, share buttons, seller centres and
affiliates have them: with a scheme or without, with a query or a fragment, of any of its hosts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from watcher.words import Wrong, kind, quoted

DIGITS = 19  # of every real id that is known, of products and of sellers
_BELIEVED = range(10, 25)  # how many an id may have at all
_LARGEST = 10**_BELIEVED.stop
_LONGEST = 4_000  # characters of an address

_SITES = ("tiktok.com", "tiktokv.com", "tiktokglobalshop.com", "shop-id.tokopedia.com")
_SHORT_HOSTS = ("vt.tiktok.com", "vm.tiktok.com")
_SHORT_PATH = "t"  # tiktok.com/t/...
_VIDEOS = frozenset(("video", "photo", "live", "v", "embed", "music", "tag"))
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.\-]*:)?//|[^\s/]+\.[a-z]{2,}(?::\d+)?(?:[/?#]|\Z)", re.IGNORECASE
)
_SCHEME = re.compile(r"(?:([a-z][a-z0-9+.\-]*):)?//", re.IGNORECASE)
_ROUNDED = re.compile(r"\d+([.,]\d+)?e\+?\d+|\d+[.,]\d+", re.IGNORECASE)
_AROUND = " \t\r\n<>\"'\u200b\u200e\u200f\ufeff"  # what chats and spreadsheets put around a text
_HOW_TO_COPY = "open it in a browser, and copy the address that it leads to"


@dataclass(frozen=True)
class Thing:
    """What has an id: its name in words, the parts of a page's path behind which the id stands,
    and the parameters that hold it where the path does not."""

    name: str
    places: frozenset[str]
    parameters: tuple[str, ...]
    example: str


PRODUCT = Thing(
    "product",
    frozenset(("pdp", "product", "products")),
    ("product_id", "productId", "pid"),
    "https://www.tiktok.com/shop/pdp/1729873073559015752",
)
SELLER = Thing(
    "seller",
    frozenset(("store", "stores", "seller", "sellers")),
    ("seller_id", "sellerId"),
    "https://www.tiktok.com/shop/store/glowlab/7495981769829615944",
)
# What to write instead, where an address is of the other thing.
_KEYS = {"product": "products", "seller": "shop"}


def id_of(written: object, thing: Thing) -> str:
    """The id of a product or a seller that a user wrote; ``Wrong`` says why it is none."""
    if isinstance(written, bool) or not isinstance(written, str | int):
        raise Wrong(_no_text(written, thing))
    if isinstance(written, int):
        if not 0 <= written < _LARGEST:
            raise Wrong(_no_id("a number of too many digits" if written > 0 else written, thing))
        return _believed(str(written), thing, written)
    text = written[:_LONGEST].strip(_AROUND)
    if text.isascii() and text.isdigit():
        return _believed(text, thing, text)
    if _ADDRESS.match(text):
        return _in_address(text, thing)
    raise Wrong(_rounded(text) if _ROUNDED.fullmatch(text) else _no_id(quoted(text), thing))


def doubt_of(found: str) -> str:
    """Say that the id has another length than all that are known; or ""."""
    if len(found) == DIGITS:
        return ""
    return f"{found} has {len(found)} digits, and ids have {DIGITS}: is one lost, or too many?"


# ------------------------------------------------------------------ addresses


def _in_address(text: str, thing: Thing) -> str:
    url = _split(text, thing)
    host = (url.hostname or "").rstrip(".")
    parts = [part for part in unquote(url.path).split("/") if part]
    if not any(host == site or host.endswith(f".{site}") for site in _SITES):
        raise Wrong(f"{quoted(host)} is another site: {_takes(thing)}")
    if host in _SHORT_HOSTS or parts[:1] == [_SHORT_PATH]:
        raise Wrong(
            f"{_shown(url)} is a short link: the {thing.name}'s id is not in it; {_HOW_TO_COPY}, "
            f"as {thing.example}"
        )
    asked = parse_qs(url.query)
    other = SELLER if thing is PRODUCT else PRODUCT
    found = _in_path(parts, thing) or _in_path(parts, other)
    if found is None and not (there := _in_query(asked, thing)):
        raise Wrong(_nothing_in(url, parts, thing))
    if found is None:
        return _believed(there, thing, there)
    if found[0] is other:
        raise Wrong(
            f"{_shown(url)} is the address of a {other.name}, not of a {thing.name}: "
            f"{_of_other(other)}"
        )
    return _believed(found[1], thing, found[1])


def _split(text: str, thing: Thing) -> SplitResult:
    scheme = _SCHEME.match(text)
    if scheme is not None and (scheme[1] or "https").lower() not in ("http", "https"):
        raise Wrong(f"{quoted(text)} is no address of a page: {_takes(thing)}")
    try:
        return urlsplit(f"https://{text[scheme.end() :] if scheme is not None else text}")
    except ValueError:
        raise Wrong(f"{quoted(text)} is no address: {_takes(thing)}") from None


def _in_path(parts: Sequence[str], thing: Thing) -> tuple[Thing, str] | None:
    """The last digits behind the part of the path that says what the page is of."""
    lower = [part.lower() for part in parts]
    first = next((place for place, part in enumerate(lower) if part in thing.places), None)
    behind = parts[first + 1 :] if first is not None else ()
    digits = [part for part in behind if part.isascii() and part.isdigit()]
    return (thing, digits[-1]) if digits else None


def _in_query(asked: Mapping[str, Sequence[str]], thing: Thing) -> str:
    values = (value for name in thing.parameters for value in asked.get(name, ()))
    return next((value for value in values if value.isascii() and value.isdigit()), "")


def _nothing_in(url: SplitResult, parts: Sequence[str], thing: Thing) -> str:
    lower = {part.lower() for part in parts}
    missing = f"the {thing.name}'s id is not in it"
    if _VIDEOS & lower:
        return f"{_shown(url)} is the address of a video or a tag: {missing}; {_takes(thing)}"
    if parts and parts[0].startswith("@"):
        return f"{_shown(url)} is the address of an account: {missing}; {_takes(thing)}"
    if thing is PRODUCT and SELLER.places & lower:
        return f"{_shown(url)} is the address of a seller: {_of_other(SELLER)}"
    return f"{_shown(url)} has no {thing.name}'s id: {_takes(thing)}"


# ------------------------------------------------------------------ words


def _takes(thing: Thing) -> str:
    return f"copy the address of the {thing.name}'s own page, as {thing.example}"


def _of_other(other: Thing) -> str:
    return f"{other.name}s are watched by {_KEYS[other.name]}:"


def _no_id(what: object, thing: Thing) -> str:
    return (
        f"{what} is no {thing.name}'s id: write its {DIGITS} digits in quotes, or the address of "
        "its page"
    )


def _no_text(written: object, thing: Thing) -> str:
    if isinstance(written, float):
        return _rounded(str(written))
    what = "an empty value" if written is None else kind(written)
    return _no_id(what, thing)


def _rounded(text: str) -> str:
    return f"{quoted(text)} is an id that a spreadsheet has rounded: copy it as text, all digits"


def _believed(found: str, thing: Thing, written: object) -> str:
    if len(found) not in _BELIEVED or not found.strip("0"):
        raise Wrong(_no_id(quoted(str(written)), thing))
    return found


def _shown(url: SplitResult) -> str:
    """An address without its query, which may be long and say who shared it."""
    return quoted(f"{url.hostname or ''}{url.path}")
