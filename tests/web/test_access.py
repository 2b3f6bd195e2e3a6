"""Who may open the page."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from tests.fakes.world import World
from tests.web.serving import serving
from tests.web.test_app import RULES
from watcher.errors import ListenError
from watcher.store.sqlite.database import Database
from watcher.web.address import parse_address, read_token
from watcher.web.app import Site

TOKEN = "0123456789abcdef-token"


@pytest.mark.parametrize(
    "text", ["8787", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", ":80", "127.0.0.1:²"]
)
def test_what_is_no_address(text: str) -> None:
    """The error shows the right form."""
    with pytest.raises(ListenError, match=r"127\.0\.0\.1:8787"):
        parse_address(text)


def test_only_loopback_without_a_token() -> None:
    """An address that others reach is refused, loopback in all its spellings is not."""
    assert parse_address("[::1]:80") == ("::1", 80)
    assert parse_address("localhost:0") == ("localhost", 0)
    for address in ("0.0.0.0:8787", "[::]:8787", "127.0.0.2:1", "example.com:80"):
        with pytest.raises(ListenError, match="--web-token-file"):
            parse_address(address)
    assert parse_address("0.0.0.0:8787", guarded=True) == ("0.0.0.0", 8787)
    assert parse_address("[::]:8787", guarded=True) == ("::", 8787)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"short", "at least 16"),
        (b"", "at least 16"),
        (b"0123456789 abcdefgh", "no space"),
        ("0123456789abcdefü".encode(), "letters and digits"),
        (b"\xff" * 20, "no text"),
        (None, "No such file"),
    ],
)
def test_what_is_no_token(tmp_path: Path, content: bytes | None, said: str) -> None:
    """What, where, and what to do; never what stands there."""
    path = tmp_path / "token"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ListenError, match=said) as caught:
        read_token(path)
    assert str(path) in str(caught.value)
    assert "abcdef" not in str(caught.value)


def test_white_space_around_a_token(tmp_path: Path) -> None:
    """An editor ends a file with a line break."""
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    assert read_token(path) == TOKEN


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """A page on all of the machine's addresses, with a token."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as database:
        async with serving(path, World(database, RULES), "0.0.0.0:0", TOKEN) as page:
            yield page.site


def basic(text: str) -> str:
    """As a browser sends it."""
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("", 401),
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN}", 200),
        (f"Bearer {TOKEN}x", 401),
        ("Bearer", 401),
        (f"Token {TOKEN}", 401),
        (basic(f"me:{TOKEN}"), 200),
        (basic(f":{TOKEN}"), 200),
        (basic(TOKEN), 401),
        (basic(f"{TOKEN}:"), 401),
        ("Basic ???", 401),
        ("Basic ÄÖ", 401),
    ],
)
async def test_only_with_the_token(site: Site, authorization: str | None, status: int) -> None:
    """On every path, by any name of the machine."""
    port = site.url.rstrip("/").rpartition(":")[2]
    headers = {"Host": "watcher.example"}
    if authorization is not None:
        headers["Authorization"] = authorization
    async with aiohttp.ClientSession(headers=headers) as session:
        for path in ("", "healthz", "metrics", "api/overview.json", "static/style.css"):
            async with session.get(f"http://127.0.0.1:{port}/{path}") as answer:
                assert answer.status == status, path
                assert ("WWW-Authenticate" in answer.headers) is (status == 401)
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        async with session.get(f"http://127.0.0.1:{port}/nowhere") as answer:
            assert answer.status == (404 if status == 200 else 401)
