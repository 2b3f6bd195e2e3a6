"""The simulated pictures of products: signed addresses on the simulator's own server, good for a
day, and what is found there. A picture is painted from the product's number."""

from __future__ import annotations

import hmac
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from secrets import token_bytes
from urllib.parse import urlsplit

import numpy as np

from watcher.source.endpoints import COVERS
from watcher.source.simulator.refusals import BadParameter
from watcher.source.simulator.texts import COVERS as BUCKET
from watcher.units import DAY

PATH = "/simulator/covers"
_SIDE = 320  # pixels
_GROUND, _SHADE = (246, 244, 240), 0.82


@dataclass(slots=True)
class SignedCovers:
    """Signs addresses, and tells whether one that is asked for was signed and is still good."""

    secret: bytes = field(default_factory=lambda: token_bytes(16))

    def signed(self, params: Mapping[str, str], server: str, now: float) -> list[dict[str, object]]:
        """The answer to a conversion: of each address of the bucket one that can be shown."""
        urls = params["cover_urls"].split(",")
        if len(urls) > COVERS.page_size:
            raise BadParameter(f"cover_urls takes up to {COVERS.page_size} addresses")
        until = int(now) + DAY
        rows: list[dict[str, object]] = []
        for url in urls:
            if url.startswith(f"{BUCKET}/"):
                path = f"{PATH}{urlsplit(url).path}"
                query = f"x-expires={until}&x-signature={self._sign(path, until)}"
                rows.append({"url": url, "signed_url": f"{server}{path}?{query}"})
        return rows

    def allow(self, path: str, query: Mapping[str, str], now: float) -> bool:
        """Whether the address was signed, and is good."""
        until = query.get("x-expires", "")
        if not (until.isascii() and until.isdigit() and len(until) < 20):
            return False
        wanted = self._sign(path, int(until))
        good = hmac.compare_digest(wanted.encode(), query.get("x-signature", "").encode())
        return good and now <= int(until)

    def _sign(self, path: str, until: int) -> str:
        return hmac.new(self.secret, f"{path} {until}".encode(), "sha256").hexdigest()[:40]


def painted(name: str) -> bytes:
    """A PNG of a thing: a few round and square shapes in the colours that its name gives."""
    chance = np.random.default_rng(zlib.crc32(name.encode()))
    rows, columns = np.mgrid[0:_SIDE, 0:_SIDE]
    picture = np.empty((_SIDE, _SIDE, 3), np.uint8)
    picture[:] = _GROUND
    colour = chance.integers(40, 220, 3)
    for size in (0.36, 0.24, 0.12):
        y, x = (chance.uniform(0.44, 0.56, 2) * _SIDE).tolist()
        away, wide = np.abs(rows - y), np.abs(columns - x)
        if chance.random() < 0.5:
            inside = away**2 + wide**2 < (size * _SIDE) ** 2
        else:
            inside = np.maximum(away * chance.uniform(0.7, 1.4), wide) < size * _SIDE
        picture[inside] = colour
        colour = (255 - (255 - colour) * _SHADE * chance.uniform(0.5, 1, 3)).astype(np.int64)
    return _png(picture)


def _png(picture: np.ndarray) -> bytes:
    height, width, _ = picture.shape
    lines = b"".join(b"\0" + line.tobytes() for line in picture)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    written = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(written)
