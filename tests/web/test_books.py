"""The page of several books on a server: each below a path of its own, and an index of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from yarl import URL

from tests.web.library import (
    PUBLIC,
    RULES,
    TOKEN,
    HeldBook,
    Library,
    holding,
    lease_all,
    served,
)
from tests.web.serving import leads_to
from tests.web.test_below import named
from tests.web.test_pages import PAGES
from watcher.errors import ListenError
from watcher.store.control import LOOK_BACK, Control, LeaseState
from watcher.store.engine import open_store
from watcher.store.places import Server
from watcher.web.address import parse_page_url
from watcher.web.app import Site
from watcher.web.server_books import ServerBooks

VIEWS = 2  # of one page that has an address for each


async def test_every_page_of_every_book(library: Library) -> None:
    """As those of one local book, of the database alone; names of the other books show nowhere."""
    async with served(library) as page:
        for book in ("a", "b"):
            for path in PAGES:
                status, text = await page.get(f"books/{book}/{path}")
                assert status == (404 if path == "nowhere" else 200), (path, text)
                if "<html" in text:
                    assert f"{book} · watcher" in text
        assert (await page.get("books/nobodys/"))[0] == 404
        assert (await page.get("books/nobodys/alerts"))[0] == 404
        assert (await page.get("books/a"))[1] == "/books/a/"
        assert (await page.get("alerts"))[0] == 404


@pytest.mark.parametrize("kept", [True, False], ids=["path kept", "path taken off"])
async def test_all_that_pages_name_is_below_the_path(library: Library, *, kept: bool) -> None:
    """Also of the index and of each book, whatever a proxy does with the path."""
    async with served(library, page_url=PUBLIC) as page, aiohttp.ClientSession() as client:
        base = URL(page.site.url)
        root = base.join(URL("tools/watcher/")) if kept else base
        seen = await crawl_books(client, root)
    assert {"", "healthz", "metrics", "api/fleet.json", "static/style.css"} <= seen
    assert {"books/a/", "books/a/alerts", "books/b/static/style.css", "books/c/"} <= seen
    assert len(seen) > 60


async def crawl_books(session: aiohttp.ClientSession, root: URL) -> set[str]:
    """All that can be reached from the index, none of which leads out."""
    waiting, seen, views = [""], set[str](), Counter[str]()
    while waiting and len(seen) < 300:
        path = waiting.pop()
        bare, _mark, query = path.partition("?")
        views[bare] += bool(query) and path not in seen
        if path in seen or (query and views[bare] > VIEWS):
            continue
        seen.add(path)
        url = URL(f"{root}{path}", encoded=True)
        async with session.get(url) as answer:
            if answer.status == 405:
                continue
            ill = path.endswith("healthz") or path.startswith("books/c")
            assert answer.status in ((200, 503) if ill else (200,)), (path, answer.status)
            text = await answer.text() if "html" in answer.content_type else ""
        for address in named(text):
            if address.startswith("https://h1.example"):
                continue
            there = leads_to(answer.url, address)  # a form may have led elsewhere
            assert there.startswith(root.path), (path, address)
            waiting.append(there.removeprefix(root.path))
    return seen


async def test_a_path_that_is_the_pages_own() -> None:
    """A proxy's path can't begin with it."""
    with pytest.raises(ListenError, match="own /books"):
        Site(ServerBooks("postgresql://h/d"), "127.0.0.1:0", "",
             parse_page_url("https://x.example/books/"))  # fmt: skip


async def test_the_index_shows_the_fleet(library: Library) -> None:
    """Daemons, books, leases and versions, whatever a daemon calls itself."""
    lease_all(library)
    async with served(library) as page:
        status, text = await page.get()
        found = json.loads((await page.get("api/fleet.json"))[1])
    assert status == 200
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert 'href="javascript:' not in text
    for each in ("0.15.d1", "0.15.d2", "every book", "revision 1", "none pushed"):
        assert each in text
    assert {each["name"]: each["holder"] for each in found["books"]} == {
        "a": "d1", "b": "d2", "c": "d1",
    }  # fmt: skip
    assert {each["id"]: each["books"] for each in found["daemons"]} == {
        "d1": ["a", "c"], "d2": ["b"],
    }  # fmt: skip
    assert found["ill"] is None


async def test_some_books_only(library: Library) -> None:
    """Others are not there; one that is missing is told."""
    async with served(library, only=["a"]) as page:
        assert 'href="./books/a/"' in (await page.get())[1]
        assert "books/b/" not in (await page.get())[1]
        assert (await page.get("books/b/"))[0] == 404
    async with served(library, only=["a", "nobodys"]) as page:
        status, text = await page.get("healthz")
        assert status == 503
        assert "no book nobodys" in text


async def test_health_without_a_daemon(library: Library) -> None:
    """Whether every book is held; what its holder says of it."""
    with library.control() as control:
        for each in control.leases.all():
            control.leases.release(_lease(each))
    async with served(library) as page:
        status, text = await page.get("healthz")
        assert status == 503
        assert "book a: held by nobody" in text
        assert "held by nobody" in (await page.get("books/a/"))[1]
    lease_all(library)
    async with served(library) as page:
        assert await page.get("healthz") == (200, "ok\n")
        assert await page.get("books/a/healthz") == (200, "ok\n")
    with library.control() as control:
        states = {each.book: each for each in control.leases.all()}
        control.leases.renew([_lease(states["b"])], 600, {"b": "no scan for an hour"})
    async with served(library) as page:
        assert await page.get("healthz") == (503, "book b: no scan for an hour\n")


def _lease(state: LeaseState):  # type: ignore[no-untyped-def]
    from watcher.store.control import Lease

    return Lease(state.book, state.holder or "", state.fence)


async def test_figures_of_what_is_held_here(library: Library) -> None:
    """Each with its book; of others only that they are held, so that a sum counts each once."""
    lease_all(library)
    async with holding(library, "a") as held, served(library, held=held) as page:
        text = (await page.get("metrics"))[1]
        own = (await page.get("books/a/metrics"))[1]
    families = {each.name: each for each in text_string_to_metric_families(text)}
    samples = families["watcher_alerts"].samples
    assert samples
    assert {each.labels["book"] for each in samples} == {"a"}
    assert {each.labels["book"]: each.value for each in families["watcher_book_held"].samples} == {
        "a": 1,
        "b": 1,
        "c": 1,
    }
    assert [
        each.labels["book"] for each in families["watcher_book_held_here"].samples if each.value
    ] == ["a"]
    assert families["watcher_daemon_healthy"].samples[0].value == 1
    assert families["watcher_daemons"].samples[0].value == 2
    assert "process_cpu_seconds_total" in text
    assert "watcher_alerts{rule=" in own
    assert "book=" not in own


async def test_a_held_book_is_shown_by_its_daemon(library: Library) -> None:
    """By its own rules and its health; one that is held and not at work from the database."""

    async def broken() -> str | None:
        return "its rules have errors"

    async with holding(library, "a") as held, served(library, held=held) as page:
        assert (await page.get("books/a/"))[0] == 200
        assert (await page.get("books/b/"))[0] == 200
        held.held["a"] = HeldBook("a", broken)
        status, text = await page.get("books/a/")
        assert status == 200
        assert "its rules have errors" in text
        held.trouble = "book b is held by nobody"
        assert await page.get("healthz") == (503, "book b is held by nobody\n")


async def test_a_book_without_rules(library: Library) -> None:
    """Says what to do, in the look of the other pages."""
    async with served(library) as page:
        status, text = await page.get("books/c/")
    assert status == 503
    assert "watcher rules push FOLDER --book c" in text
    assert "Books" in text


async def test_broken_rules_leave_the_old_ones_on_the_page(library: Library) -> None:
    """As the daemon that holds the book has it."""
    with library.control() as control:
        control.books.create("d")
        made = control.books.push("d", {"r.yaml": RULES.encode()}, expected=None, by="me")
        for number in range(LOOK_BACK - 1):
            broken = {"r.yaml": b"rules: %d" % number}
            made = control.books.push("d", broken, expected=made.digest, by="me")
    open_store(Server(library.url, "d")).close()
    async with served(library) as page:
        assert "taking-off" in (await page.get("books/d/rules"))[1]
    with library.control() as control:
        control.books.drop("d")


async def test_a_form_writes_and_wakes_the_holder(library: Library) -> None:
    """What another daemon holds is changed as the command line does it."""
    woken: list[tuple[str, str]] = []
    async with served(library) as page:
        real = page.books._control.run  # noqa: SLF001

        async def noted(job: Callable[[Control], object]) -> object:
            def noting(control: Control) -> object:
                return job(_Telling(control, woken))  # type: ignore[arg-type]

            return await real(noting)

        page.books._control.run = noted  # type: ignore[assignment,method-assign]  # noqa: SLF001
        fields = {"rule": "x*", "for": "1d", "token": await page.form("books/a/silences")}
        status, where = await page.post("books/a/silences", fields)
        assert (status, where.partition("?")[0]) == (303, "/books/a/silences")
        fields = {"all": "dead", "token": await page.form("books/a/outbox")}
        status, where = await page.post("books/a/outbox/retry", fields)
        assert status == 303
        for task in list(page.books._wakes):  # noqa: SLF001
            await task
        assert "x*" in (await page.get("books/a/silences"))[1]
        assert "<strong>Silence" not in (await page.get("books/b/silences"))[1]
        other = {"rule": "y", "for": "1d", "token": await page.form("books/b/silences")}
        assert (await page.post("books/a/silences", other))[0] == 403
    assert woken == [("wake", "a")]


class _Telling:
    """A control plane whose tellings are noted."""

    def __init__(self, control: Control, told: list[tuple[str, str]]) -> None:
        self._control, self._told = control, told

    def __getattr__(self, name: str) -> object:
        return getattr(self._control, name)

    def tell(self, event: str, book: str) -> None:
        self._told.append((event, book))
        self._control.tell(event, book)


async def test_the_server_is_away(library: Library) -> None:
    """Nothing opens because of that, and nothing of it is told to strangers."""
    away = "postgresql://watcher:geheim-4711@127.0.0.1:1/watcher?connect_timeout=2"
    async with served(library, TOKEN, url=away) as page:
        for path in ("", "books/a/", "metrics", "healthz", "api/fleet.json"):
            status, text = await page.get(path)
            assert status == 503, path
            assert "postgresql" not in text
            status, text = await page.get(path, TOKEN)
            assert status == (200 if path == "metrics" else 503)
            assert "geheim" not in text
        assert "can&#39;t be reached" in (await page.get("", TOKEN))[1]
    async with served(library, url=away) as page:
        assert (await page.get("books/a/"))[0] == 503
