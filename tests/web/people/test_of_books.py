"""People of books on a server: each opens its own book, and no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import psycopg
import pytest

from tests.web.library import PUBLIC, TOKEN, Library, holding, served
from tests.web.people.visiting import path_of
from watcher.people import Role, Via, digest_of
from watcher.store.engine import open_store
from watcher.store.places import Server
from watcher.web.other_book import OtherBook
from watcher.web.routes import FEEDS, FORMS, READS
from watcher.web.server_books import ServerBooks

TOKENS = {book: {role: f"{role.word}-of-{book}-0123456789" for role in Role} for book in "ab"}
OWN = "a-token-of-the-book-0001"


@pytest.fixture
def peopled(library: Library) -> Iterator[Library]:
    """Both books have people of each role; they are forgotten afterwards."""
    for book, tokens in TOKENS.items():
        with open_store(Server(library.url, book)) as store:
            for role, token in tokens.items():
                store.people.add(f"{role.word} of {book}", role, digest_of(token), library.now)
    yield library
    for book in TOKENS:
        with open_store(Server(library.url, book)) as store:
            for each in store.people.list():
                store.people.revoke(each.id, library.now)
                store.people.forget(each.name)


@pytest.mark.parametrize("guarded", [True, False])
async def test_every_address_role_and_book(peopled: Library, *, guarded: bool) -> None:
    """A token of one book opens what its role allows there, and nothing of another one, nor what
    all have in common where the page has a token."""
    async with served(peopled, TOKEN if guarded else "") as page:
        form = await page.form("books/a/silences", TOKENS["a"][Role.EDIT])
        for role, token in TOKENS["a"].items():
            for route, _handler, needed in READS:
                path = path_of(route)
                status, _ = await page.get(f"books/a/{path}", token)
                assert (status == 403) is (role < needed), (path, role, status)
                assert status in (200, 303, 403, 404, 503), (path, role, status)  # held by nobody
                assert (await page.get(f"books/b/{path}", token))[0] == 401, (path, role)
                assert (await page.get(f"books/nobodys/{path}", token))[0] in (401, 404), path
            for route, _handler, needed in FORMS:
                path = path_of(route)
                status, _ = await page.post(f"books/a/{path}", {"token": form}, token)
                assert (status == 403) is (role < needed), (path, role, status)
                status, _ = await page.post(f"books/b/{path}", {"token": form}, token)
                assert status == 401, (path, role)
            for path in ("", "healthz", "metrics", "api/fleet.json"):
                known = (401,) if guarded else (200, 503)
                assert (await page.get(path, token))[0] in known, path
        for route, _handler, _role in READS:
            assert (await page.get(f"books/a/{path_of(route)}"))[0] == 401


async def test_nobody_is_led_where_they_may_not_look(peopled: Library) -> None:
    """Who has a token of one book is not sent to the list of all, which would ask for another one;
    who has the page's is."""
    async with served(peopled, TOKEN) as page:
        for path, away in (("", "./../../"), ("alerts/7", "../../../"), ("nothing", "./../../")):
            for token in (TOKENS["a"][Role.READ], TOKENS["a"][Role.EDIT], TOKEN):
                _, text = await page.get(f"books/a/{path}", token)
                assert (f'href="{away}"' in text) is (token == TOKEN), (path, token)


async def test_feeds_of_books(peopled: Library) -> None:
    """By the token in the address, of its own book; they lead to that book's page."""
    async with served(peopled, TOKEN, page_url=PUBLIC) as page:
        for route, _handler in FEEDS:
            path = route.replace("{token}", TOKENS["a"][Role.FEED]).removeprefix("/")
            status, text = await page.get(f"books/a/{path}")
            assert status == 200
            assert f"{PUBLIC}books/a/products/US/" in text
            assert (await page.get(f"books/b/{path}"))[0] == 404
            assert (await page.get(f"books/c/{path}"))[0] == 404
            other = route.replace("{token}", TOKENS["b"][Role.FEED]).removeprefix("/")
            assert (await page.get(f"books/a/{other}"))[0] == 404
            _, there = await page.get(f"books/b/{other}")
        first, second = (each.partition("<id>")[2].partition("<")[0] for each in (text, there))
        assert first != second


async def test_who_is_refused_keeps_no_connection(
    peopled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has no token can't have one opened for each book of a server."""
    monkeypatch.setattr("watcher.web.server_books.OPEN", 1)
    async with served(peopled) as page:
        for book in "ab":
            assert (await page.get(f"books/{book}/", "a-wrong-token-0123456789"))[0] == 401
        _until_gone(peopled.url, "watcher/-/a")


async def test_visitors_who_let_go_at_once(
    peopled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one of them waits for a connection's end another one comes: both hear who may open the
    book. Where that was lost it was told as nobody, which opens a page."""
    begun, another_came, close = asyncio.Event(), asyncio.Event(), OtherBook.aclose

    async def slowly(other: OtherBook) -> None:
        if other.place.book == "c":
            begun.set()
            await another_came.wait()
        another_came.set()
        await close(other)

    books = ServerBooks(peopled.url)
    try:
        for book in "cba":
            await books.people(book)
        monkeypatch.setattr("watcher.web.server_books.OPEN", 1)
        monkeypatch.setattr(OtherBook, "aclose", slowly)
        first = asyncio.create_task(books.people("a"))
        await begun.wait()
        assert len(await books.people("a")) == len(Role)
        another_came.set()
        assert len(await first) == len(Role)
    finally:
        await books.aclose()


async def test_an_error_is_no_book_without_people(
    peopled: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong on the way to a book's people opens it to nobody."""

    async def fails(_self: OtherBook, _job: object) -> None:
        raise KeyError("of the store")

    monkeypatch.setattr(OtherBook, "read", fails)
    async with served(peopled) as page:
        assert (await page.get("books/a/"))[0] == 500
    books = ServerBooks(peopled.url)
    try:
        with pytest.raises(KeyError):
            await books.people("a")
        assert await books.people("nobodys") == ()
    finally:
        await books.aclose()


async def test_a_book_that_was_let_go_is_read_all_the_same(peopled: Library) -> None:
    """As who has asked for it before does; nothing of that stays open."""
    other = OtherBook(Server(peopled.url, "a"), readonly=True, wake=lambda: None)
    for _ in range(2):
        assert await other.read(lambda database: len(database.people.list())) == len(Role)
        await other.aclose()
    assert await other.read(lambda database: len(database.people.list())) == len(Role)
    _until_gone(peopled.url, "watcher/-/a")


def _until_gone(url: str, name: str) -> None:
    """Wait until no session of that name is there."""
    asked = (
        "SELECT count(*) = 0 FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = %s"
    )
    with psycopg.connect(url, autocommit=True) as conn:
        for _ in range(1_000):
            if conn.execute(asked, (name,)).fetchone() == (True,):
                return
            conn.execute("SELECT pg_sleep(0.01)")
    raise AssertionError(f"there is a session of {name} still")


async def test_a_book_of_this_daemon(peopled: Library) -> None:
    """Its people are asked of its own store; revoked by anybody, they are out at once."""
    async with holding(peopled, "a") as held, served(peopled, held=held) as page:
        token = TOKENS["a"][Role.ACT]
        fields = {"rule": "x", "for": "1d", "token": await page.form("books/a/silences", token)}
        assert (await page.post("books/a/silences", fields, token))[0] == 303
        with open_store(Server(peopled.url, "a")) as store:
            (record, *_) = store.audit.list()
            assert (record.who, record.via) == ("act of a", Via.PAGE)
            person = store.people.find("act of a")
            assert person is not None
            store.people.revoke(person.id, peopled.now)
        assert (await page.get("books/a/", token))[0] == 401


async def test_the_token_of_a_book_is_its_owners(peopled: Library) -> None:
    """It may do everything there, and the page's own everywhere."""
    with peopled.control() as control:
        control.books.set_token("a", digest_of(OWN))
    try:
        async with served(peopled, TOKEN) as page:
            for token in (OWN, TOKEN):
                status, text = await page.get("books/a/people", token)
                assert status == 200
                assert "You are owner, with the role edit." in text
            assert (await page.get("books/a/", TOKENS["a"][Role.READ]))[0] == 200
            assert (await page.get("books/b/people", OWN))[0] == 401
    finally:
        with peopled.control() as control:
            control.books.set_token("a", None)
