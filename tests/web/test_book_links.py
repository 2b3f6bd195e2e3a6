"""Links of messages of several books: each leads to its own book, whatever token that has."""

from __future__ import annotations

from tests.delivery.messages import alerts
from tests.web.acting.message import form_of, offered
from tests.web.library import Library, holding, served
from watcher.delivery.links import LinkMaker
from watcher.delivery.marking import Marks
from watcher.people import digest_of
from watcher.store.engine import Writer, open_control, open_store
from watcher.store.places import Server

PAGE = "https://shop.example/tools/watcher"
OWN = "fedcba9876543210-own"


async def _link(library: Library, book: str) -> str:
    """The address that a message of the book is sent with."""
    place = Server(library.url, book)
    with open_store(place) as store:
        (number,) = store.outbox.add("me", ["me/1"], alerts(["Serum", "Cream"]), library.now)
        row = store.outbox.get(number)
    assert row is not None
    async with Writer(place) as writer:
        return await LinkMaker(Marks(writer), lambda: library.now).link(row, PAGE)


async def test_the_links_of_books(library: Library) -> None:
    """It acts on its book only, and opens nothing else; a book of another daemon is written to."""
    address = await _link(library, "a")
    assert address.startswith(f"{PAGE}/books/a/act/")
    token = address.rpartition("/")[2]
    with open_control(library.url) as control:
        control.books.set_token("a", digest_of(OWN))
    try:
        async with (
            holding(library, "b") as held,
            served(library, "sesame-open-sesame", page_url=f"{PAGE}/", held=held) as page,
        ):
            for path in ("books/a", "tools/watcher/books/a"):
                assert (await page.get(f"{path}/act/{token}"))[0] == 200
                assert (await page.get(f"{path}/act/static/style.css"))[0] == 200
                status, text = await page.get(f"{path}/act/{token}/2")
                assert status == 200
                assert "snooze" in offered(text)
            for path in ("books/b", "books/nobodys", "books/a/act", "tools/watcher/books/b"):
                assert (await page.get(f"{path}/act/{token}"))[0] in {401, 404}, path
            for path in ("books/a/", "books/a/products/US/1", "", "books/b/alerts"):
                assert (await page.get(path))[0] == 401
            form = form_of(text, "snooze")
            assert (await page.post(f"books/b/act/{token}/2", form))[0] == 404
            status, way = await page.post(f"books/a/act/{token}/2", form)
            assert (status, way) == (303, f"/books/a/act/{token}/2?done=snooze")
    finally:
        with open_control(library.url) as control:
            control.books.set_token("a", None)
    for book, count in (("a", 1), ("b", 0)):
        with open_store(Server(library.url, book), readonly=True) as store:
            assert len(store.silences.list()) == count
