"""Ids of products and sellers, as people write them: their digits, or an address that holds them.

The addresses are those of TikTok Shop's own pages, as browsers, share buttons, seller centres,
apps and affiliates have them: with a scheme or without, with a query or a fragment, of any of its
hosts, within another address, or with the words that a share button puts beside them. A spreadsheet
may have marked the digits as text, grouped them, or thrown some away.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from watcher.words import Wrong, kind, quoted

DIGITS = 19  # of every real id that is known, of products and of sellers
_BELIEVED = range(10, 25)  # how many an id may have at all
_LARGEST = 10**_BELIEVED.stop
_LONGEST = 4_000  # characters of an address

_SITES = (
    "tiktok.com", "tiktokv.com", "tiktokw.us", "tiktokshop.com", "tiktokglobalshop.com",
    "shop-id.tokopedia.com",
)  # fmt: skip
_APPS = re.compile(r"tiktok|musically|snssdk\d+", re.IGNORECASE)  # schemes that open an app
_SHORT_HOSTS = ("vt.tiktok.com", "vm.tiktok.com", "vt.tokopedia.com")
_SHORT_PATH = "t"  # tiktok.com/t/...
_VIDEOS = frozenset(("video", "photo", "live", "v", "embed", "music", "tag"))
_ADDRESS = re.compile(
    r"(?:[a-z][a-z0-9+.\-]*:)?//|[^\s/]+\.[a-z]{2,}(?::\d+)?(?:[/?#]|\Z)", re.IGNORECASE
)
_SCHEME = re.compile(r"(?:([a-z][a-z0-9+.\-]*):)?//", re.IGNORECASE)
_ROUNDED = re.compile(r"\d+([.,]\d+)?e\+?\d+|\d+[.,]\d+", re.IGNORECASE)
# ="1729..." and '1729...: how a spreadsheet is told that it is no number.
_MARKED = re.compile(r"=?[\"'\u2018\u2019](.*?)[\"'\u2018\u2019]?", re.DOTALL)
_WHOLE = re.compile(r"(\d{6,30})\.0+", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:[, .]\d{3}){3,}", re.ASCII)
_POWER = re.compile(r"[-+]?\d(?:[.,]\d+)?e\+?\d{1,3}", re.IGNORECASE | re.ASCII)
_KEPT = 15  # digits that a spreadsheet keeps of a number
_LONGEST_NAME = 100
_SEVERAL = re.compile(r"\d{10,24}(?:[\s,;|]+\d{10,24})+")
# An id as a part of a path: alone, or beside a name, an ending or a query that lost its "?".
_IN_PART = re.compile(r"(?:\A|[-_])(\d{10,24})(?=\Z|[-_.&;,])|\A(\d+)\Z", re.ASCII)
_LINK = re.compile(r"https?://[^\s<>\"')\]]+", re.IGNORECASE)
# What chats, sentences and spreadsheets put around a text.
_AROUND = (
    " \t\r\n=<>\"'.,;\u00a0\u2018\u2019\u201c\u201d\u2002\u2003\u2009\u200b\u200e\u200f\u202f\u2060"
    "\u3000\u3001\uff0c\ufeff"
)
_HOW_TO_COPY = "open it in a browser, and copy the address that it leads to"


class Ruined(Wrong):
    """An id of which a spreadsheet threw digits away: there is no way back."""


@dataclass(frozen=True)
class Thing:
    """A kind of thing that has an id: its name in words, the parts of a page's path behind which
    the id stands, and the parameters that hold it where the path does not."""

    name: str
    places: frozenset[str]
    parameters: tuple[str, ...]
    example: str

    @property
    def in_json(self) -> str:
        """Finds a parameter's digits in JSON."""
        return rf'"(?:{"|".join(self.parameters)})"\W{{1,6}}(\d{{10,24}})'


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
    text = _alone(_as_written(written[:_LONGEST]), thing)
    if text.isascii() and text.isdigit():
        return _believed(text, thing, text)
    if _ADDRESS.match(text):
        return _in_address(text, thing)
    if _ROUNDED.fullmatch(text):
        raise Ruined(_rounded(text))
    raise Wrong(_no_id(quoted(text), thing))


def id_in_cell(text: str) -> str:
    """The product's id in a cell of a file, where any text may be one: what is neither digits nor
    an address stands for itself, and an empty cell for none. ``Ruined`` where the id's digits are
    lost, ``Wrong`` where the cell can have none."""
    own = _as_written(text)
    if _POWER.fullmatch(own):
        raise Ruined(_rounded(own))
    if _ADDRESS.match(own):
        return _in_address(own, PRODUCT)
    if any(letter.isspace() for letter in own) or len(own) > _LONGEST_NAME:
        raise Wrong(f"{quoted(own)} is no product's id")
    return own


def _as_written(text: str) -> str:
    """A text without what chats and spreadsheets put around it, and into its digits."""
    marked = _MARKED.fullmatch(text)
    plain = (marked[1] if marked is not None else text).strip(_AROUND)
    if match := _WHOLE.fullmatch(plain):
        return match[1]
    return re.sub(r"[, .]", "", plain) if _GROUPED.fullmatch(plain) else plain


def is_rounded(found: str) -> bool:
    """Whether an id has no digit left beyond those that a spreadsheet keeps."""
    return len(found) > _KEPT + 1 and found.isdecimal() and not found[_KEPT:].strip("0")


def _alone(text: str, thing: Thing) -> str:
    """The text, or the one address in it: a share button gives a sentence with a link."""
    if _SEVERAL.fullmatch(text):
        raise Wrong(f"{quoted(text)} is more than one {thing.name}'s id: write each by itself")
    plain = text.replace("\\/", "/")
    if _ADDRESS.match(plain) and not any(letter.isspace() for letter in plain):
        return plain
    links = dict.fromkeys(each.rstrip(_AROUND) for each in _LINK.findall(plain))
    if len(links) > 1:
        raise Wrong(f"there is more than one address in it: write each {thing.name} by itself")
    return next(iter(links), text)


def doubt_of(found: str) -> str:
    """Say that the id has another length than all that are known; or ""."""
    if len(found) == DIGITS:
        return ""
    return f"{found} has {len(found)} digits, and ids have {DIGITS}: is one lost, or too many?"


# ------------------------------------------------------------------ addresses


def _in_address(text: str, thing: Thing) -> str:
    url = _split(text, thing)
    parts = [part for part in unquote(url.path).split("/") if part]
    _check_site(url, parts, thing)
    other = SELLER if thing is PRODUCT else PRODUCT
    found = _in_path(parts, thing) or _in_path(parts, other)
    if found is not None and found[0] is other:
        raise Wrong(
            f"{_shown(url)} is the address of a {other.name}, not of a {thing.name}: "
            f"{_of_other(other)}"
        )
    there = found[1] if found is not None else _in_query(url.query, parts, thing)
    there = there or _in_another(url.query, thing)
    if not there:
        raise Wrong(_nothing_in(url, parts, thing))
    return _believed(there, thing, there)


def _check_site(url: SplitResult, parts: Sequence[str], thing: Thing) -> None:
    """Raise ``Wrong`` for another site, and for a link that has no id in it."""
    if _APPS.fullmatch(url.scheme):
        return
    host = (url.hostname or "").rstrip(".")
    ours = any(host == site or host.endswith(f".{site}") for site in _SITES)
    if host in _SHORT_HOSTS or (ours and parts[:1] == [_SHORT_PATH]):
        raise Wrong(
            f"{_shown(url)} is a short link: the {thing.name}'s id is not in it; {_HOW_TO_COPY}, "
            f"as {thing.example}"
        )
    if not ours:
        whose = f"{quoted(host)} is another site" if host else "no site stands in it"
        raise Wrong(f"{whose}: {_takes(thing)}")


def _split(text: str, thing: Thing) -> SplitResult:
    scheme = _SCHEME.match(text)
    named = scheme[1] if scheme is not None and scheme[1] else "https"
    if named.lower() not in ("http", "https") and not _APPS.fullmatch(named):
        # Without an example: words that it shared with what may be a channel's URL would hide it.
        raise Wrong(
            f"what begins with {named}: is no address of a page: write the {DIGITS} digits, or an "
            "address that begins with https:"
        )
    try:
        return urlsplit(f"{named}://{text[scheme.end() :] if scheme is not None else text}")
    except ValueError:
        raise Wrong(f"this is no address: {_takes(thing)}") from None


def _in_path(parts: Sequence[str], thing: Thing) -> tuple[Thing, str] | None:
    """The digits behind the part of the path that says what the page is of: the first that are as
    long as ids are, else the last."""
    lower = [part.lower() for part in parts]
    first = next((place for place, part in enumerate(lower) if part in thing.places), None)
    behind = parts[first + 1 :] if first is not None else ()
    digits = [match[1] or match[2] for part in behind for match in _IN_PART.finditer(part)]
    if not digits:
        return None
    usual = [each for each in digits if len(each) == DIGITS]
    believed = [each for each in digits if len(each) in _BELIEVED]
    return thing, next(iter([*usual, *believed]), digits[-1])


def _in_query(query: str, parts: Sequence[str], thing: Thing) -> str:
    """The digits of a parameter that says what they are of; on a page of such a thing, of "id"."""
    asked: dict[str, list[str]] = {}
    for name, given in parse_qs(query).items():
        asked.setdefault(name.lower(), []).extend(given)
    names = [*thing.parameters]
    if any(part.lower() in thing.places for part in parts):
        names.append("id")
    values = (value for name in names for value in asked.get(name.lower(), ()))
    digits = (value for value in values if value.isascii() and value.isdigit())
    return next((value for value in digits if len(value) in _BELIEVED), "")


def _in_another(query: str, thing: Thing) -> str:
    """The id in an address, or in JSON, that is a parameter's value: of a login that leads on, or
    of a link for the app."""
    for value in chain.from_iterable(parse_qs(query).values()):
        if _ADDRESS.match(value):
            with suppress(Wrong):
                return _in_address(value, thing)
        if match := re.search(thing.in_json, value):
            return match[1]
    return ""


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
        raise Ruined(_rounded(str(written)))
    what = "an empty value" if written is None else kind(written)
    return _no_id(what, thing)


def _rounded(text: str) -> str:
    return (
        f"{quoted(text)} is an id that a spreadsheet has rounded, and its last digits are lost: "
        "format the column as text, and copy all digits again"
    )


def _believed(found: str, thing: Thing, written: object) -> str:
    if len(found) not in _BELIEVED or not found.strip("0"):
        raise Wrong(_no_id(quoted(str(written)), thing))
    return found


def _shown(url: SplitResult) -> str:
    """An address without its query, which may be long and say who shared it."""
    return quoted(f"{url.hostname or ''}{url.path}")
