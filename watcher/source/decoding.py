"""Decoding: one answer -> the products of a page, or the error that says why there are none.

A page without a blemish is decoded by msgspec straight into structs. Whatever it refuses is read
again with patience, product by product and field by field, and the two ways agree. What is no page
of products is an error and never an empty list: that would say that the list has come to its end.
"""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Annotated, Any

import msgspec
import numpy as np

from watcher.errors import CreditsUsedUp, InvalidQuery, KeyRefused, SourceError, SourceUnavailable
from watcher.fields import LONG_TEXTS, NUMERIC, TEXTS
from watcher.identity import product_key
from watcher.model import Floats, LongTexts
from watcher.retrying import retry_after
from watcher.source.endpoint import Endpoint
from watcher.units import LARGEST
from watcher.words import kind

_texts: msgspec.json.Decoder[str | None] = msgspec.json.Decoder(str | None)

# Characters of a name or an id; a longer one is cut, for rules search it and messages show it.
LONGEST_TEXT = 1_000

# Commas and brackets of a whole answer: ten products have thousands, texts included, and each
# value takes ten times its bytes of memory.
_MOST_VALUES = 500_000

_ID = r"^[0-9A-Za-z_-]{1,64}\Z"
_IS_ID = re.compile(_ID)
_IS_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?", re.ASCII | re.IGNORECASE)
_NO_VALUE = frozenset(("", "-", "null"))
_SURROGATE = re.compile("[\ud800-\udfff]")

_DOUBLES = struct.Struct(f"{len(NUMERIC)}d")
_texts_of = attrgetter(*(field.name for field in TEXTS))  # far quicker than all 100 values
_Number = Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)] | None
_Text = Annotated[str, msgspec.Meta(max_length=LONGEST_TEXT)] | None
_NULL = msgspec.Raw(b"null")


class ProductRow(msgspec.Struct, frozen=True, gc=False):
    """A product as a page has it; every field but the id may be None.

    The fields beside ``product_id`` are attributes too, made from the table of fields.
    """

    product_id: Annotated[str, msgspec.Meta(pattern=_ID)]

    def numbers(self) -> tuple[float | None, ...]:
        """The 88 numbers, in the order of ``fields.NUMERIC``."""
        return msgspec.structs.astuple(self)[-len(NUMERIC) :]

    def texts(self) -> tuple[str | None, ...]:
        """The 8 short texts, in the order of ``fields.TEXTS``."""
        return _texts_of(self)

    def long_texts(self) -> LongTexts:
        """The long texts, decoded now: 11 KB a product, so ask only where they are wanted.

        One that is given as JSON itself, not as JSON inside a text, becomes its JSON text.
        """
        return LongTexts(*(_long_text(getattr(self, field.name)) for field in LONG_TEXTS))


def _row_type(names: Mapping[str, str]) -> type[ProductRow]:
    """The products of an answer that names the fields so; texts first: ``numbers`` slices them."""
    row: type[ProductRow] = msgspec.defstruct(  # type: ignore[assignment]
        "ProductRow",
        [
            *((field.name, _Text, None) for field in TEXTS if field.name != "product_id"),
            *((field.name, msgspec.Raw, _NULL) for field in LONG_TEXTS),
            *((field.name, _Number, None) for field in NUMERIC),
        ],
        bases=(ProductRow,),
        module=__name__,
        frozen=True,
        gc=False,
        rename=names,
    )
    return row


@dataclass(frozen=True, slots=True)
class Page:
    """The usable products of a page, in its order."""

    products: tuple[ProductRow, ...]
    positions: tuple[int, ...]  # of each product on the page, from 0
    rows: int  # all places, also of products that had to be dropped
    unread: int = 0  # rows of the answer that are no product here
    problems: tuple[str, ...] = ()  # what was dropped and why, rows before fields
    mistyped: tuple[tuple[str, str], ...] = ()  # fields that hold something else, with what


def number_table(products: Sequence[ProductRow]) -> Floats:
    """The numbers of n products as (n, 88), in the order of ``fields.NUMERIC``; NaN is absent."""
    return np.frombuffer(b"".join(map(_packed, products))).reshape(len(products), len(NUMERIC))


def _packed(product: ProductRow) -> bytes:
    numbers = product.numbers()
    try:
        return _DOUBLES.pack(*numbers)  # thrice as quick as numpy's look at each value
    except struct.error:
        return _DOUBLES.pack(*(math.nan if number is None else number for number in numbers))


class _NoUse(ValueError):
    """A value that is not what its field holds; the text says what it is instead."""


class PageDecoder:
    """Reads the pages of an endpoint."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._row = _row_type(endpoint.renamed)
        most = msgspec.Meta(max_length=endpoint.page_size)
        rows: Any = Annotated[tuple[self._row, ...], most]  # type: ignore[name-defined]
        outer, *inner = endpoint.rows.split(".")
        for name in reversed(inner):
            rows = msgspec.defstruct("Inner", [(name, rows)])
        self._rows = attrgetter(endpoint.rows)
        envelope = msgspec.defstruct("Envelope", [(outer, rows), ("code", int | None, None)])
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(envelope, strict=False)

    def decode(self, body: bytes) -> Page:
        """The products of an answer with status 200.

        Raises:
            CreditsUsedUp: the answer's code or message says so.
            SourceUnavailable: any other answer that is no page of products.
        """
        page = self.decode_fast(body) or self.decode_tolerantly(body)
        marketplace = self._endpoint.marketplace
        if not marketplace:
            return page
        keyed = (
            msgspec.structs.replace(one, product_id=product_key(marketplace, one.product_id))
            for one in page.products
        )
        return replace(page, products=tuple(keyed))

    def decode_fast(self, body: bytes) -> Page | None:
        """The page, if every product and field of it is as it should be; else None."""
        try:
            envelope = self._decoder.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if envelope.code:
            return None
        rows = self._rows(envelope)
        return Page(rows, tuple(range(len(rows))), len(rows))

    def decode_tolerantly(self, body: bytes) -> Page:
        """The page, without what can't be used of it. Raises as ``decode`` does."""
        try:
            return self._page(_rows(body, self._endpoint.rows))
        except RecursionError:
            text = "the answer is nested too deeply to be read"
            raise SourceUnavailable(text, status=200) from None

    def _page(self, rows: list[Any]) -> Page:
        products = dict[int, ProductRow]()  # by their positions
        problems, blemishes, mistyped = list[str](), list[str](), list[tuple[str, str]]()
        given, most = len(rows), self._endpoint.page_size
        if given > most:
            # Where the others stand nobody knows: the next page begins at its own place.
            asked = f"where {most} were asked for: the first {most} are read"
            problems.append(f"the page has {given:,} products {asked}")
            del rows[most:]
        for position, row in enumerate(rows):
            try:
                product, wrong = self._product(row)
            except _NoUse as error:
                problems.append(f"product {position + 1} of the page is dropped: {error}")
                continue
            products[position] = product
            mistyped += wrong
            blemishes += (f"{name} of product {product.product_id}: {what}" for name, what in wrong)
        unread, found = given - len(products), tuple(products.values())
        told = (*problems, *blemishes)
        return Page(found, tuple(products), len(rows), unread, told, tuple(mistyped))

    def _product(self, row: object) -> tuple[ProductRow, list[tuple[str, str]]]:
        """A product, and its fields that hold something else, with what instead."""
        if not isinstance(row, dict):
            raise _NoUse(f"it is {_kind(row)}, not an object")
        names, wrong = self._endpoint.renamed, list[tuple[str, str]]()
        values: dict[str, Any] = {"product_id": _id(row.get(names.get("product_id", "product_id")))}
        for fields, read in ((TEXTS[1:], _text), (LONG_TEXTS, _raw), (NUMERIC, _number)):
            for field in fields:
                try:
                    values[field.name] = read(row.get(names.get(field.name, field.name)))
                except _NoUse as error:
                    wrong.append((field.name, str(error)))
        return self._row(**values), wrong


decoder_of = cache(PageDecoder)  # one for each endpoint


def _integer(digits: str) -> int | float:
    # Python refuses to read endless integers, and one of them would lose the page.
    return int(digits) if len(digits) <= 64 else math.inf


_read_json = json.JSONDecoder(strict=False, parse_int=_integer).decode


def _rows(body: bytes, way: str) -> list[Any]:
    answer = _answer(body)
    code = answer.get("code")
    if isinstance(code, bool) or code not in (None, 0, "0"):
        raise _refusal(code, plain(answer.get("message")) or "no message")
    data: Any = answer
    for name in way.split("."):
        inner = data.get(name, ...) if isinstance(data, dict) else ...
        what = f'"{name}" is {"missing" if inner is ... else _kind(inner)}'
        data = inner
    if not isinstance(data, list):
        # Null too: it may be the server's way to say "no more", but nobody has promised that.
        raise SourceUnavailable(f"the answer has no list of products: {what}", status=200)
    return data


def _answer(body: bytes) -> dict[str, Any]:
    if body.count(b",") + body.count(b"[") > _MOST_VALUES:
        raise SourceUnavailable("the answer has too many values for a page", status=200)
    try:
        answer = _read_json(body.decode("utf-8-sig", "replace"))
    except ValueError:
        text = "the answer is no JSON, or was cut off"
        raise SourceUnavailable(f"{text}: {_excerpt(body)}", status=200) from None
    if not isinstance(answer, dict):
        raise SourceUnavailable(f"the answer is {_kind(answer)}, not an object", status=200)
    return answer


def _refusal(code: object, message: str) -> SourceError:
    is_used_up = code in (402, "402") or _OUT_OF_CREDITS.search(message)
    error = CreditsUsedUp if is_used_up else SourceUnavailable
    return error(f"KeyAPI answers with code {plain(code)}: {message}", status=200)


def _id(value: object) -> str:
    text = _text(value)
    if text is None:
        raise _NoUse("it has no product_id")
    if not _IS_ID.match(text):
        raise _NoUse(f"its product_id is {_kind(text)}, not digits")
    return text


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        return _whole_characters(value[:LONGEST_TEXT])
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _NoUse(f"{_kind(value)}, not a text")


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(json.dumps(value).encode())


def _number(value: object) -> float | None:
    number = _written_number(value.strip()) if isinstance(value, str) else value
    if number is None:
        return None
    if isinstance(number, bool) or not isinstance(number, int | float):
        raise _NoUse(f"{_kind(number)}, not a number")
    if not abs(number) <= LARGEST:  # NaN too
        raise _NoUse(f"{number:.3g} is no possible number")
    return float(number)


def _written_number(text: str) -> float | None:
    if text.casefold() in _NO_VALUE:
        return None
    if not _IS_NUMBER.fullmatch(text):
        raise _NoUse(f"{_kind(text)}, not a number")
    return float(text)


def _long_text(raw: msgspec.Raw) -> str | None:
    with suppress(msgspec.DecodeError, UnicodeDecodeError):
        return _texts.decode(raw)
    try:
        value = _read_json(bytes(raw).decode("utf-8", "replace"))
        if value is None or isinstance(value, str):
            return value and _whole_characters(value)
        return json.dumps(value)
    except (ValueError, RecursionError):  # not JSON at all, or nested without end
        return None


def _whole_characters(text: str) -> str:
    # Half of a surrogate pair can be stored nowhere and sent to nobody.
    return _SURROGATE.sub("\ufffd", text)


# ------------------------------------------------------------------ answers with another status

# The meaning of the codes is the one that the vendor documents.
_PAUSES = {429: 60.0}  # seconds to wait after a status where the server does not say

_OUT_OF_CREDITS = re.compile(r"quota|credit|usage[\s_-]*limit", re.IGNORECASE)
_OUT_OF_QUOTA = re.compile(r"quota|usage[\s_-]*limit", re.IGNORECASE)  # a page may speak of credit
_MAY_BE_QUOTA = frozenset((403, *range(500, 600)))

_MESSAGES = ("message", "msg", "error", "detail")  # where a refusal has its words
_KEY_PLACES = (
    "it is taken from api.key in the rule file, else from KEYAPI_KEY, else from KEYAPI_TOKEN"
)
_ADVICE: Mapping[int, tuple[type[SourceError], str]] = {
    400: (InvalidQuery, "correct the watch"),
    401: (KeyRefused, f"the key is missing or not valid: {_KEY_PLACES}"),
    402: (CreditsUsedUp, "the account has no credits left"),
    403: (KeyRefused, "the key may not read product lists"),
    404: (SourceUnavailable, "is api.url right?"),
}


def failure(
    status: int, headers: Mapping[str, str], body: bytes, *, now: float, asked: str = ""
) -> SourceError:
    """The error of an answer; its text has what the server says. ``now`` in Unix seconds turns a
    ``Retry-After`` date into a time to wait; ``asked`` is the query as text, for the errors that
    are about it."""
    message = _server_message(body)
    said = ": ".join(filter(None, (f"KeyAPI answers {status}", message)))
    if status == 400 and asked:
        said = f"{said} (asked for {asked})"
    found = _ADVICE.get(402 if _is_used_up(status, body, message) else status)
    if found is not None:
        error, advice = found
        return error(f"{said}: {advice}", status=status, said=message)
    pause = retry_after(headers.get("Retry-After"), now)
    pause = _PAUSES.get(status) if pause is None else pause
    return SourceUnavailable(said, status=status, retry_after=pause, said=message)


def _is_used_up(status: int, body: bytes, message: str) -> bool:
    """Whether a refusal of another kind speaks of the credits."""
    quota = status in _MAY_BE_QUOTA and _OUT_OF_QUOTA.search(body.decode("utf-8", "replace"))
    return bool(quota or (status == 403 and _OUT_OF_CREDITS.search(message)))


def _server_message(body: bytes) -> str:
    """The server's words about its refusal, on one short line; empty if it says nothing."""
    try:
        answer = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _excerpt(body) if body.strip() else ""
    told = map(answer.get, _MESSAGES) if isinstance(answer, dict) else ()
    return plain(next(filter(None, told), ""))


# ------------------------------------------------------------------ a server's values in words


def plain(value: object, limit: int = 200) -> str:
    """The value as text without control characters, cut to ``limit``; empty of None."""
    text = "" if value is None else str(value)
    text = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * limit])
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _kind(value: object) -> str:
    """A JSON value in words: ``a list``, ``the text "abc"``, ``the number 5``, ``null``."""
    if value is None:
        return "null"
    return "an object" if isinstance(value, dict) else kind(value)


def _excerpt(body: bytes) -> str:
    """The begin of a body that can't be read."""
    text = body[:400].decode("utf-8-sig", "replace").strip()
    if text.startswith("<"):
        return "an HTML page"
    return f'"{plain(text, 80)}"' if text else "it is empty"
