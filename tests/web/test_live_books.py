"""Streams of books on a server: each of its own book, and of what all have in common."""

from __future__ import annotations

import pytest

from tests.web.library import PUBLIC, RULES, TOKEN, Library, holding, lease_all, library, served
from tests.web.streams import EAGER, mark_of, streaming
from watcher.people import digest_of
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.engine import open_store
from watcher.store.places import MAIN, Server
from watcher.web.server_books import ServerBooks
from watcher.web.shelf import SeveralBooks

__all__ = ["library"]


def silence(library: Library, book: str) -> None:
    """Change something of a book, as another daemon or a command does."""
    with open_store(Server(library.url, book)) as store:
        store.silences.add(begins=library.now, ends=library.now + 86_400, rule="x")


@pytest.mark.parametrize("is_held", [True, False], ids=["held here", "of another daemon"])
async def test_a_book_hears_of_itself(library: Library, *, is_held: bool) -> None:
    """Whoever holds it; of another one it hears nothing."""
    async with (
        holding(library, *(["a"] if is_held else [])) as held,
        served(library, held=held, limits=EAGER) as page,
        streaming(f"{page.site.url}books/a/", "?of=alerts") as of_a,
        streaming(f"{page.site.url}books/b/", "?of=alerts") as of_b,
    ):
        await of_a.line(), await of_b.line()
        silence(library, "b")
        assert await of_b.kinds() == ["alerts"]
        silence(library, "a")
        assert await of_a.kinds() == ["alerts"]
        alerts = of_a.last.split(".")[0]
        assert alerts == mark_of((await page.get("books/a/"))[1]).split(".")[0]


async def test_the_index_hears_of_all(library: Library) -> None:
    """Who holds which book."""
    async with served(library, limits=EAGER) as page:
        before = mark_of((await page.get())[1])
        async with streaming(page.site.url, f"?mark={before}") as stream:
            await stream.line()
            lease_all(library)
            assert await stream.kinds() == ["health"]


async def test_no_rules_are_read_for_them(library: Library) -> None:
    """Nor are files, of a book that another daemon holds: they are looked for every other
    second."""
    with library.control() as control:
        control.books.create(MAIN)
    with open_store(Server(library.url, MAIN)) as store:
        store.page_rules.save("rules: []\n", library.now, base=0, who="ann")
    read = list[str]()

    def local() -> Rulebook:
        read.append(MAIN)
        return load_text(RULES)

    books = ServerBooks(library.url, local=local)
    shelf = SeveralBooks(books, ["/"])
    try:
        first = await shelf.marks(MAIN)
        assert await shelf.marks(MAIN) == first
        assert "held by nobody" in str(await shelf.ill(MAIN))
        with open_store(Server(library.url, MAIN)) as store:
            store.page_rules.save("watches: {}\n", library.now, base=1, who="ann")
        assert (await shelf.marks(MAIN))["health"] != first["health"]
        assert await shelf.marks("c") == {}  # where nobody has written anything
        for ask in (shelf.marks, shelf.ill):
            with pytest.raises(LookupError):
                await ask("nobodys")
    finally:
        await books.aclose()
    assert read == []


async def test_pushed_rules_are_news(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a book that another daemon holds, too, though none of them is read for it."""
    monkeypatch.setattr("watcher.web.server_books.FRESH", -1)
    books = ServerBooks(library.url)
    shelf = SeveralBooks(books, ["/"])
    try:
        first = await shelf.marks("b")
        with library.control() as control:
            current = control.books.current("b")
            assert current is not None
            changed = {"rules.yaml": f"{RULES}\n# changed".encode()}
            control.books.push("b", changed, expected=current.digest, by="me")
        assert (await shelf.marks("b"))["health"] != first["health"]
    finally:
        await books.aclose()


async def test_no_book_no_stream(library: Library) -> None:
    """404, as its page."""
    async with (
        served(library, limits=EAGER) as page,
        streaming(f"{page.site.url}books/nobodys/") as stream,
    ):
        assert stream.answer.status == 404


async def test_below_a_path(library: Library) -> None:
    """As every other page."""
    async with (
        served(library, page_url=PUBLIC, limits=EAGER) as page,
        streaming(f"{page.site.url}tools/watcher/books/a/") as stream,
    ):
        assert stream.answer.status == 200


async def test_a_token_that_is_revoked(library: Library) -> None:
    """Ends what was opened by it with the next beat; others go on."""
    with library.control() as control:
        control.books.set_token("a", digest_of("a-token-of-its-own-0001"))
    own, pages = (
        {"Authorization": f"Bearer {each}"} for each in ("a-token-of-its-own-0001", TOKEN)
    )
    async with (
        served(library, TOKEN, limits=EAGER) as page,
        streaming(f"{page.site.url}books/b/", headers=own) as other,
        streaming(f"{page.site.url}books/a/", headers=own) as revoked,
        streaming(f"{page.site.url}books/a/", "?of=alerts", pages) as stays,
    ):
        assert other.answer.status == 401
        assert (revoked.answer.status, stays.answer.status) == (200, 200)
        await revoked.line()
        with library.control() as control:
            control.books.set_token("a", None)
        assert await revoked.ended()
        silence(library, "a")
        assert await stays.kinds() == ["alerts"]
