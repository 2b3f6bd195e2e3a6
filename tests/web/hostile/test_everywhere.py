"""Every page wherever it may be shown: in another language, below a path, of one of several books,
of a replica, and of a database in which there is nothing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast
from urllib.parse import urljoin

import pytest

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import Market, fill, harmless, rules_of
from tests.web.hostile.samples import (
    ACTS,
    FACES,
    LEADING,
    LINKS,
    PARAMETER,
    READS,
    WRITES,
    address,
    fields_of,
)
from tests.web.hostile.structure import queries, read
from tests.web.hostile.visitor import Answer, Visitor, visiting
from tests.web.library import Library
from tests.web.library import served as served_books
from tests.web.pseudo_pages import BEGIN, PseudoTexts, unmarked
from tests.web.serving import Page, serving
from watcher.rules.files.loading import load_text
from watcher.store.engine import open_store
from watcher.store.places import Server
from watcher.store.sqlite.database import Database
from watcher.web.app import Site
from watcher.web.context import Sources
from watcher.web.speaking import is_for_programs

SHOWN = [each for each in (*READS, *LINKS) if not is_for_programs(each) and each not in LEADING]
TOKEN = "0123456789abcdef-token"
CHINESE = {"Accept-Language": "zh-CN"}
# What is no text of ours: what stands in the market, ids, signs, names of programs, and what the
# language of rules says of a value: that is English wherever rules are written.
_DATA = re.compile(
    r"some [a-z' ]+\d?|[\w/.-]*(harmless|rules|page)\.yaml(:\d+)?|spu_avg_price: \{below: 20\}"
    r"|total_sale_7d_cnt: \{at_least: 100\}|\"x\" is no number: write it like [\w., ]+%"
    r"|\b(nonsense|earnings|strong|gmv|UTC|US|USD|GMV|A\d+"
    r"|me/\d|me|boss|watcher|English|CSV|JSON|Atom|YAML|reader|gone|seller_id=\d+)\b"
)


@pytest.fixture
def pseudo(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text has a translation: itself, in brackets."""
    monkeypatch.setattr("watcher.language.catalogue", lambda _wanted: PseudoTexts())


async def faces(visitor: Visitor, route: str) -> AsyncIterator[tuple[str, Answer]]:
    """Yield the page, and those to which it leads with another query."""
    path = address(route, harmless)
    first = await visitor.get(path)
    yield path, first
    if first.is_page:
        found = [each for each in queries(first.text, path) if "language=" not in each]
        for query in dict.fromkeys((*found, *FACES.get(route, ()))):
            yield f"{path}?{query}", await visitor.get(f"{path}?{query}")


@pytest.mark.usefixtures("pseudo")
async def test_in_another_language(opened: Opened) -> None:
    """No text is left that was not marked."""
    left = []
    async with opened() as (page, _market), visiting(page, **CHINESE) as visitor:
        for route in SHOWN:
            async for path, answer in faces(visitor, route):
                assert answer.status == 200, path
                if answer.is_page:
                    assert BEGIN in answer.text
                    left += [f"{path}: {each}" for each in unmarked(answer.text) if is_ours(each)]
    assert left == []


def is_ours(text: str) -> bool:
    """Whether a text that was not marked should have been."""
    return re.search(r"[A-Za-z]{2,}", _DATA.sub(" ", text)) is not None


@pytest.mark.usefixtures("pseudo")
async def test_of_nothing(tmp_path: Path) -> None:
    """A database in which nothing was ever read: each page says so, or that there is no such
    thing; in words, and in the visitor's language."""
    path, left = tmp_path / "watcher.db", []
    book = load_text(rules_of(harmless))
    with Database.open(path) as database:
        database.rules.sync(book.marks, 0)
    scene = Market(path, book, 1_700_000_000, harmless)
    async with serving(path, scene) as page, visiting(page, **CHINESE) as visitor:
        for route in (*READS, *LINKS):
            answer = await visitor.get(address(route, harmless))
            found = (200, 303, 404) if PARAMETER.search(route) else (200, 303)
            assert answer.status in found, route
            if answer.is_page:
                left += [f"{route}: {each}" for each in unmarked(answer.text) if is_ours(each)]
    assert left == []


async def test_of_a_replica(opened: Opened) -> None:
    """Every page is shown, none has a form that writes, and none that is sent writes."""
    async with opened() as (page, market):
        replica = Site(replace(page.sources, readonly=True), "127.0.0.1:0")
        await replica.start()
        before = market.rows()
        try:
            async with visiting(Page(replica, page.sources)) as visitor:
                for route in (*READS, *LINKS):
                    answer = await visitor.get(address(route, harmless))
                    assert answer.status in (200, 303), route
                    assert b'method="post"' not in answer.body, route
                for form in (*WRITES, ACTS):
                    fields = {**(fields_of(form, harmless) if form in WRITES else {}), "token": "x"}
                    answer = await visitor.post(address(form, harmless), fields)
                    assert answer.status == 409, form
        finally:
            await replica.stop()
        assert market.rows() == before


@pytest.mark.parametrize("kept", [True, False], ids=["path kept", "path taken off"])
async def test_below_a_path(opened: Opened, *, kept: bool) -> None:
    """All that a page names is below the path of the proxy, and is there."""
    outside = "http://127.0.0.1/tools/watcher/"
    async with (
        opened(page_url=outside, token=TOKEN) as (page, _market),
        visiting(page, Authorization=f"Bearer {TOKEN}") as visitor,
    ):
        await _walk(visitor, "/tools/watcher" if kept else "", (200, 303, 405))


@pytest.mark.parametrize("above", ["/", "/tools/watcher/"])
async def test_of_one_of_several_books(library: Library, above: str) -> None:
    """All that a page names is of its own book, or what all books have in common."""
    book, name = load_text(rules_of(harmless)), f"market-{above.count('/')}"
    with library.control() as control:
        control.books.create(name)
        given = {"rules.yaml": rules_of(harmless).encode()}
        control.books.push(name, given, expected=None, by="me", comment="")
    with open_store(Server(library.url, name)) as store:
        now = fill(store, book, harmless)
    async with (
        served_books(
            replace(library, now=now), TOKEN, page_url=f"http://127.0.0.1{above}"
        ) as served,
        visiting(
            Page(served.site, cast("Sources", None)), Authorization=f"Bearer {TOKEN}"
        ) as visitor,
    ):
        await _walk(visitor, f"{above}books/{name}", (200, 303, 404, 405, 503), above)


async def _walk(
    visitor: Visitor, base: str, statuses: Sequence[int], above: str | None = None
) -> None:
    """Look at every page below ``base``, and at all that they name: nothing is beside it, but where
    ``above`` is what all have in common."""
    named = dict[str, str]()
    for route in (*READS, *LINKS):
        if route.startswith(("/pictures/", "/healthz")) and above is not None:
            continue  # of a daemon, and there is none
        path = f"{base}{address(route, harmless)}"
        answer = await visitor.get(path)
        assert answer.status in (200, 303), path
        if answer.is_page:
            for there in read(answer.text).addresses:
                if not there.startswith("https://www.tiktok.com/"):
                    named.setdefault(urljoin(path, there).partition("#")[0], path)
    common = {above, f"{above}metrics", f"{above}healthz"} if above is not None else set()
    for path, where in named.items():
        assert path.startswith(f"{base}/") or path in common, (path, where)
        assert (await visitor.get(path)).status in statuses, (path, where)
    assert len(named) > 100
