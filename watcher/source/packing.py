"""Bodies as they were before the server packed them, whatever it says of that.

The names are many (``x-gzip``, ``GZIP``), a proxy may unpack and leave the header, or pack without
one: so the bytes decide. What was not asked for (``br``) can't be read.
"""

from __future__ import annotations

import zlib

from watcher.errors import SourceUnavailable

LARGEST_BODY = 8 * 2**20  # bytes, packed and unpacked

_LAYERS = 2  # a server and a proxy may both have packed
_GZIP = b"\x1f\x8b"
_EITHER, _BARE = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS  # gzip or zlib by its head; without a head
_KNOWN = frozenset(("", "identity", "gzip", "x-gzip", "deflate", "x-deflate"))


def unpacked(body: bytes, encoding: str) -> bytes:
    """The body that a server sent with this ``Content-Encoding``.

    Raises ``SourceUnavailable``: it is cut off, broken, too long or packed in an unknown way.
    """
    for _ in range(_LAYERS):
        if not _is_packed(body):
            break
        body = _inflated(body, _EITHER)
    names = [name.strip().casefold() for name in encoding.split(",")]
    if not body or _is_text(body):
        return body
    if "deflate" in names or "x-deflate" in names:
        return _inflated(body, _BARE)
    strange = [name for name in names if name not in _KNOWN]
    if strange:
        raise SourceUnavailable(
            f'the answer is packed as "{strange[0][:20]}", which was not asked for', status=200
        )
    return body


def too_long() -> SourceUnavailable:
    """The error of a body without an end."""
    return SourceUnavailable(f"the answer is longer than {LARGEST_BODY >> 20} MiB", status=200)


def _is_packed(body: bytes) -> bool:
    if body.startswith(_GZIP):
        return True
    # The head of zlib: its method, and a check over both bytes.
    return len(body) > 2 and body[0] & 0x8F == 0x08 and int.from_bytes(body[:2]) % 31 == 0


def _is_text(body: bytes) -> bool:
    """Whether a body begins as JSON or a page of HTML does."""
    return body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[", b"<", b'"')


def _inflated(body: bytes, bits: int) -> bytes:
    parts, size = [], 0
    while body:
        stream = zlib.decompressobj(bits)
        try:
            part = stream.decompress(body, LARGEST_BODY + 1 - size)
        except zlib.error:
            raise SourceUnavailable("the answer can't be unpacked", status=200) from None
        size += len(part)
        if size > LARGEST_BODY:
            raise too_long()
        if not stream.eof:
            raise SourceUnavailable("the packed answer was cut off", status=200)
        parts.append(part)
        # A gzip file may have several members; anything else behind the end is nothing.
        body = stream.unused_data if stream.unused_data.startswith(_GZIP) else b""
    return b"".join(parts)
