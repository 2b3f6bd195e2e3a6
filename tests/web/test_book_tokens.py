"""Tokens of books: each opens its own book's page and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.web.library import (
    PUBLIC,
    TOKEN,
    Library,
    served,
)
from watcher.people import digest_of
from watcher.web.access import Access

OWN = {"a": "a-token-of-its-own-0001", "b": "b-token-of-its-own-0002"}


@pytest.fixture
def tokens(library: Library) -> Callable[[], None]:
    """Books a and b have tokens of their own."""
    with library.control() as control:
        for book, token in OWN.items():
            control.books.set_token(book, digest_of(token))

    def none() -> None:
        with library.control() as control:
            for book in OWN:
                control.books.set_token(book, None)

    return none


HIDDEN = (
    "books/b/", "books/b", "books/b/alerts", "books/b/rules/taking-off", "books/b/metrics",
    "books/b/healthz", "books/b/api/overview.json", "books/b/static/style.css", "books/b/nowhere",
    "books/c/", "books/c/silences", "books/nobodys/", "books/a/../b/alerts", "books/%62/alerts",
    "books/a%2F..%2Fb/", "books//b/", "books/a/..%2fb/alerts", "metrics", "healthz",
    "api/fleet.json", "static/style.css", "alerts", "books/", "books", "tools/watcher/books/b/",
    "tools/watcher/metrics", "tools/watcher/books/a/../b/", "/books/b/", "./books/b/",
)  # fmt: skip


async def test_a_books_token_opens_that_book_only(
    library: Library, tokens: Callable[[], None]
) -> None:
    """By whatever path and in whatever form it is brought; the page's own opens all."""
    try:
        async with served(library, TOKEN, page_url=PUBLIC) as page:
            assert (await page.get("books/a/", OWN["a"]))[0] == 200
            assert (await page.get("tools/watcher/books/a/alerts", OWN["a"]))[0] == 200
            assert (await page.get("books/a/static/style.css", OWN["a"]))[0] == 200
            assert await page.get("", OWN["a"]) == (302, "/books/a/")
            for path in HIDDEN:
                status, text = await page.get(path, OWN["a"])
                assert status in (401, 403, 404 if "a/.." in path else 401), path
                assert "taking-off" not in text
                assert "book b" not in text
            for path in ("books/a/", "books/b/", "books/c/healthz", "", "metrics", "healthz"):
                assert (await page.get(path, TOKEN))[0] in (200, 503), path
                assert (await page.get(path))[0] == 401, path
                assert (await page.get(path, "wrong-token-000000"))[0] == 401, path
                assert (await page.get(path, digest_of(OWN["a"])))[0] == 401, path
            assert (await page.get("books/a/", basic=f"b:{OWN['a']}"))[0] == 200
            assert (await page.get("books/b/", basic=f"b:{OWN['a']}"))[0] == 401
            fields = {"rule": "x", "for": "1d", "token": await page.form("books/a/silences", TOKEN)}
            for path in ("books/b/silences", "books/b/outbox/drop", "books/c/silences", "silences"):
                assert (await page.post(path, fields, OWN["a"]))[0] in (401, 403), path
            assert (await page.post("books/a/silences", fields, OWN["a"]))[0] == 303
    finally:
        tokens()


async def test_a_book_with_a_token_asks_for_it_on_loopback_too(
    library: Library, tokens: Callable[[], None]
) -> None:
    """Behind a proxy everybody comes from there. Others are open, as without it."""
    try:
        async with served(library) as page:
            assert (await page.get("books/a/"))[0] == 401
            assert (await page.get("books/a/", OWN["b"]))[0] == 401
            assert (await page.get("books/a/", OWN["a"]))[0] == 200
            assert (await page.get("books/c/healthz"))[0] in (200, 503)
    finally:
        tokens()
    async with served(library) as page:
        assert (await page.get("books/a/"))[0] == 200


async def test_a_token_that_was_taken_back_opens_nothing(
    library: Library, tokens: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a moment, without a restart."""
    monkeypatch.setattr("watcher.web.server_books.FRESH", -1.0)
    async with served(library, TOKEN) as page:
        assert (await page.get("books/a/", OWN["a"]))[0] == 200
        tokens()
        assert (await page.get("books/a/", OWN["a"]))[0] == 401


async def test_no_token_is_compared_with_a_digest() -> None:
    """What is kept of it opens nothing."""
    assert Access("").is_guarded is False
    assert digest_of("x") == digest_of(b"x")
