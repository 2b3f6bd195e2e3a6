"""The key kept out of what the server says."""

from __future__ import annotations

import pytest

from tests.source.scripted import Purse, Reply, ScriptedServer, body_of, product
from watcher.errors import SourceError
from watcher.redaction import KeyRedaction
from watcher.source.client import Client

KEY = "kanaryKEY/z1+q8"


def test_any_writing_of_it() -> None:
    """As it is, quoted, in other letters, and cut within."""
    redact = KeyRedaction(KEY)
    for text in (KEY, KEY.lower(), "kanaryKEY%2Fz1%2Bq8", KEY[:9], KEY[:6]):
        assert redact(f"a {text} b") == "a *** b"
    assert redact("canary") == "canary"
    assert redact.body(b"x" + KEY.encode() + b"y") == b"x***y"


def test_a_short_key_hides_no_words() -> None:
    """Only itself, in its own letters."""
    redact = KeyRedaction("key")
    assert redact("KeyAPI: a key") == "KeyAPI: a ***"
    assert redact.body(b"a key") == b"a key"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(400, f'{{"message": "{"x" * 190}{KEY}"}}'.encode()),
        Reply(500, f"<p>{KEY}".encode()),
        Reply(200, f"{'x' * 70}{KEY}".encode()),
        Reply(200, f'{{"code": 5, "message": "{"x" * 395}{KEY}"}}'.encode()),
        Reply(302, b"", {"Location": f"http://{KEY.lower().replace('/', '-')}.example.com/{KEY}"}),
        Reply(302, b"", {"Location": f"http://[{KEY}"}),
    ],
)
async def test_no_error_shows_it(reply: Reply) -> None:
    """Not even a part, where a long text is cut within it."""
    async with ScriptedServer() as server:
        server.queue.append(reply)
        async with Client(server.url, KEY, tries=1) as client:
            with pytest.raises(SourceError) as caught:
                await client.page({"region": "US"}, 1, Purse())
    assert KEY[:6].lower() not in str(caught.value).lower()


async def test_no_product_shows_it() -> None:
    """A server that echoes its request into a name writes it into no database."""
    async with ScriptedServer() as server:
        rows = [product(1, product_name=f"Serum {KEY}"), product(2, product_id=f"/{KEY}/")]
        server.queue.append(body_of(rows))
        async with Client(server.url, KEY, tries=1) as client:
            page = await client.page({"region": "US"}, 1, Purse())
    assert page.products[0].texts()[2] == "Serum ***" or "Serum ***" in page.products[0].texts()
    assert KEY not in str(page)
