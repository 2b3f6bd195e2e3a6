"""The texts of the API as the store keeps them: clean, small, and compared by meaning."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from watcher.model import LongTexts
from watcher.source.skus import skus_of

_NAMES = ("cover_url", "desc_detail", "sale_props", "skus")
_QUERY = re.compile(r"""(https?://[^\s"'<>?\\]+)\?[^\s"'<>\\]*""")


def clean(text: str | None) -> str | None:
    """Without half characters (lone surrogates), which SQLite can't hold."""
    if text is None or text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


def clean_all(texts: Sequence[str | None]) -> Sequence[str | None]:
    """The same of a column: that all of it is clean, as it mostly is, is seen at one glance."""
    try:
        "".join(filter(None, texts)).encode()
    except UnicodeEncodeError:
        return [clean(text) for text in texts]
    return texts


def pack_texts(texts: LongTexts) -> bytes:
    """The four texts compressed together, for they share much."""
    return zlib.compress(msgspec.json.encode([clean(getattr(texts, name)) for name in _NAMES]))


def unpack_texts(blob: bytes) -> LongTexts:
    """Return what ``pack_texts`` packed."""
    return LongTexts(*msgspec.json.decode(zlib.decompress(blob), type=list[str | None]))


def meaning(texts: LongTexts) -> bytes:
    """A digest that stays while only the tokens of addresses, spacing or list order move."""
    canonical = [_canonical(clean(getattr(texts, name))) for name in _NAMES]
    return blake2b(msgspec.json.encode(canonical), digest_size=12).digest()


def currency_of(skus: str | None) -> str | None:
    """The currency code of the first variant that names one."""
    found = (sku.currency for sku in skus_of(_decoded(skus)))
    return next((code for code in found if code is not None), None)


def _canonical(text: str | None) -> str | None:
    if text is None:
        return None
    value = _decoded(text)
    if isinstance(value, list) and all(isinstance(part, dict) for part in value):
        value.sort(key=lambda part: str(part.get("index", "")))
    if isinstance(value, (list, dict)):
        text = msgspec.json.encode(value, order="sorted").decode()
    return _QUERY.sub(r"\1", text)


def _decoded(text: str | None) -> object:
    try:
        return msgspec.json.decode(clean(text) or "null")
    except (msgspec.DecodeError, RecursionError):
        return None
