"""Bodies that a server, or a proxy before it, has packed in any way and called anything."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest

from tests.source.scripted import SAMPLE_BODY, FakeTime, Purse, Reply, ScriptedServer
from watcher.errors import CreditsUsedUp, SourceUnavailable
from watcher.source.client import LARGEST_BODY, Client, unpacked


def packed(body: bytes) -> bytes:
    """Gzip, without the time in it: the tests' names have some of the bytes."""
    return gzip.compress(body, mtime=0)


def bare(body: bytes) -> bytes:
    """Deflate without a head, as old servers send it."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def members(body: bytes) -> bytes:
    """Gzip in two parts, as an appended file is."""
    return packed(body[:100]) + packed(body[100:])


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": packed,
    "zlib": zlib.compress,
    "zlib fast": lambda body: zlib.compress(body, 1),
    "zlib best": lambda body: zlib.compress(body, 9),
    "twice": lambda body: packed(packed(body)),
    "gzip over zlib": lambda body: packed(zlib.compress(body)),
    "two members": members,
    "not at all": lambda body: body,
}
NAMES = (
    "", "gzip", "GZIP", "x-gzip", "X-GZip", "deflate", "Deflate", "identity", "gzip, gzip", "br",
)  # fmt: skip


@pytest.mark.parametrize("packer", PACKERS)
def test_whatever_it_is_called(packer: str) -> None:
    """The bytes decide, where they say what they are."""
    for body in (SAMPLE_BODY, b"[]", b"\xef\xbb\xbf {}", b"<html>"):
        for name in NAMES:
            assert unpacked(PACKERS[packer](body), name) == body, name


@pytest.mark.parametrize("name", ["deflate", "DEFLATE", "x-deflate", "gzip, deflate"])
def test_deflate_without_a_head(name: str) -> None:
    """Only its name tells it."""
    assert unpacked(bare(SAMPLE_BODY), name) == SAMPLE_BODY


@pytest.mark.parametrize(
    ("body", "name", "said"),
    [
        (packed(SAMPLE_BODY)[:-9], "gzip", "was cut off"),
        (packed(SAMPLE_BODY)[:40], "", "was cut off"),
        (zlib.compress(SAMPLE_BODY)[:-1], "deflate", "was cut off"),
        (b"\x1f\x8b" + b"rubbish" * 9, "gzip", "can't be unpacked"),
        (packed(SAMPLE_BODY)[:-8] + bytes(8), "gzip", "can't be unpacked"),
        (b"\x0b\x02\x80brotli", "br", 'is packed as "br", which was not asked for'),
        (b"\x28\xb5\x2f\xfd....", "zstd", 'is packed as "zstd"'),
        (b"\xff\xff\xff", "deflate", "can't be unpacked"),
        (packed(bytes(LARGEST_BODY + 1)), "gzip", "longer than 8 MiB"),
        (zlib.compress(bytes(LARGEST_BODY + 1)), "", "longer than 8 MiB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "body",
)
def test_what_can_not_be_unpacked(body: bytes, name: str, said: str) -> None:
    """Why, and it is asked for again."""
    with pytest.raises(SourceUnavailable, match=said) as caught:
        unpacked(body, name)
    assert caught.value.status == 200


def test_members_together_have_a_limit() -> None:
    """Each is small, and there is no end of them."""
    part = packed(bytes(LARGEST_BODY // 4))
    assert len(unpacked(part * 4, "gzip")) == LARGEST_BODY
    with pytest.raises(SourceUnavailable, match="longer than"):
        unpacked(part * 5, "gzip")


def test_nothing_is_nothing() -> None:
    """Whatever it is called; and what stands behind a packed body is no part of it."""
    assert unpacked(b"", "gzip") == b""
    assert unpacked(packed(b"{}") + b"\n\n", "gzip") == b"{}"
    assert unpacked(b"plain words", "gzip") == b"plain words"


@pytest.mark.parametrize("name", ["x-gzip", "GZIP", "gzip", None])
async def test_a_page_over_http(name: str | None) -> None:
    """As a client reads it from a real server."""
    headers = {"Content-Encoding": name} if name else {}
    body = packed(SAMPLE_BODY)
    async with ScriptedServer(lambda _: Reply(body=body, headers=headers)) as server:
        async with Client(server.url, "key", seams=FakeTime().seams) as client:
            assert (await client.page({}, 1, Purse())).rows > 0
        assert server.asked[0].headers["Accept-Encoding"] == "gzip, deflate"


async def test_a_refusal_is_unpacked_too() -> None:
    """Its words say what to do."""
    body = packed(b'{"message": "Usage Limit Exceeded"}')
    reply = Reply(403, body, {"Content-Encoding": "x-gzip"})
    async with ScriptedServer(lambda _: reply) as server:
        client = Client(server.url, "key", seams=FakeTime().seams)
        with pytest.raises(CreditsUsedUp, match="Limit Exceeded: the account has no credits"):
            async with client:
                await client.page({}, 1, Purse())
