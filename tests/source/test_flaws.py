"""Every way in which a list can be read wrongly, on every page, alone and several pages at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest

from tests.source.scripted import (
    FakeTime,
    Purse,
    Reply,
    ScriptedServer,
    body_of,
)
from watcher.errors import SourceUnavailable
from watcher.model import ScanState
from watcher.source.client import Client
from watcher.source.query import Query
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.source.simulator.server import UNREADABLE, short, unreadable

AT = 1_795_000_000


def product(number: int, **changed: object) -> dict[str, Any]:
    """A product of a few fields: there are many pages here."""
    return {"product_id": str(number), "total_sale_7d_cnt": 5, "product_name": "x", **changed}


def listing(size: int) -> Callable[[int], bytes]:
    """Answers of a list of so many."""

    def answer(page: int) -> bytes:
        first = (page - 1) * 10 + 1
        return body_of([product(number) for number in range(first, min(first + 10, size + 1))])

    return answer


LIST = listing(50)
QUERY = Query("US", sort="total_sale_7d_cnt")
POSITIONS = {"first": 1, "middle": 3, "last": 5}

pages = pytest.mark.parametrize("page", POSITIONS.values(), ids=POSITIONS)
at_once = pytest.mark.parametrize("concurrency", [1, 2])


async def read(
    answer: Callable[[int], Any], concurrency: int = 1, *, known: int = 5, top: int = 100
) -> tuple[ScanResult, list[int]]:
    """The scan, and the pages asked for in order."""
    time = FakeTime(AT)
    async with (
        ScriptedServer(answer) as server,
        Client(
            server.url, "key", concurrency=concurrency, requests_per_second=1000, seams=time.seams
        ) as client,
    ):
        query = Query("US", sort="total_sale_7d_cnt", top=top)
        order = ScanOrder(query, "w", AT, known_pages=known)
        result = await read_scan(order, client, Purse(), lambda: AT)
        return result, server.pages


def changed(page: int, edit: Callable[[bytes], bytes]) -> Callable[[int], bytes]:
    """The list with one page changed."""
    return lambda number: edit(LIST(number)) if number == page else LIST(number)


def ids(*numbers: int) -> tuple[str, ...]:
    """Product ids."""
    return tuple(map(str, numbers))


def why(result: ScanResult) -> str:
    """What is doubted of the scan."""
    assert result.scan.doubt is not None
    assert not result.scan.proves_absence
    return result.scan.doubt.why


# ------------------------------------------------------------------ rows


@at_once
@pages
async def test_a_row_that_can_not_be_read(page: int, concurrency: int) -> None:
    """The others are read, each at its place; that the one is missing proves nothing."""
    for kind in UNREADABLE:
        await _row_is_passed_over(kind, page, concurrency)


async def _row_is_passed_over(kind: str, page: int, concurrency: int) -> None:
    result, asked = await read(changed(page, unreadable(kind, 3)), concurrency)
    lost = (page - 1) * 10 + 4
    assert result.scan.state is ScanState.COMPLETE, kind
    assert result.scan.product_ids == ids(*(n for n in range(1, 51) if n != lost))
    assert result.scan.ranks.tolist() == [n for n in range(1, 51) if n != lost]
    assert why(result).startswith(f"1 row can't be read (page {page}: product 4 of the page is")
    assert len(result.scan.problems) == 1
    assert sorted(asked) == [1, 2, 3, 4, 5, 6]


@at_once
@pages
async def test_a_page_without_a_row_that_can_be_read(page: int, concurrency: int) -> None:
    """It ends nothing: the list goes on behind it."""
    result, asked = await read(changed(page, unreadable("id null")), concurrency)
    assert (result.scan.state, len(result.scan)) == (ScanState.COMPLETE, 40)
    assert why(result).startswith(f"10 rows can't be read (page {page}: product 1 of the page")
    assert sorted(asked) == [1, 2, 3, 4, 5, 6]
    assert result.scan.pages == 5


@pytest.mark.parametrize(
    ("kind", "known", "concurrency"),
    [*((kind, 0, 1) for kind in UNREADABLE), ("null", 5, 1), ("null", 5, 2), ("id float", 5, 2)],
)
async def test_a_list_that_is_all_rubbish(kind: str, known: int, concurrency: int) -> None:
    """It has failed, and not one credit more than for a server that is down is spent on it."""
    result, asked = await read(lambda page: unreadable(kind)(LIST(page)), concurrency, known=known)
    assert (result.scan.state, len(result.scan)) == (ScanState.FAILED, 0)
    assert not result.scan.interrupted
    assert isinstance(result.failure, SourceUnavailable)
    assert (result.scan.error or "").startswith("nothing of the list can be read: ")
    assert len(asked) <= 3 + concurrency - 1


async def test_a_short_first_list_of_rubbish() -> None:
    """One page of two rows."""
    result, _ = await read(lambda page: body_of([None, 7] if page == 1 else []), known=0)
    assert result.scan.state is ScanState.FAILED
    assert "2 rows can't be read" in (result.scan.error or "")


async def test_rubbish_without_end_behind_a_good_begin() -> None:
    """After three such pages in a row nothing more is bought; what was read counts."""
    result, asked = await read(
        lambda page: LIST(page) if page < 3 else unreadable("null")(LIST(1)), known=0
    )
    assert (result.scan.state, len(result.scan)) == (ScanState.PARTIAL, 20)
    assert result.scan.error == "3 pages in a row have no product that can be read"
    assert not result.scan.interrupted
    assert asked == [1, 2, 3, 4, 5]


async def test_more_rows_than_asked_for() -> None:
    """What is beyond ten has no known place, so it may be anywhere."""
    rows = [product(n) for n in range(1, 13)]
    result, _ = await read(lambda page: body_of(rows) if page == 1 else body_of([]), known=0)
    assert len(result.scan) == 10
    assert why(result).startswith("2 rows can't be read (page 1: the page has 12 products where")


async def test_the_example_is_one_of_a_row() -> None:
    """A field that holds something else comes after the rows that are lost."""
    rows = [product(1, product_rating="good"), {**product(2), "product_id": None}]
    result, _ = await read(lambda page: body_of(rows) if page == 1 else body_of([]), known=0)
    assert why(result) == (
        "1 row can't be read (page 1: product 2 of the page is dropped: it has no product_id)"
    )
    assert len(result.scan.problems) == 2


async def test_a_field_is_no_row() -> None:
    """Who is listed with a broken field is listed: that doubts nothing."""
    rows = [product(1, product_rating="good")]
    result, _ = await read(lambda page: body_of(rows) if page == 1 else body_of([]), known=0)
    assert result.scan.problems
    assert result.scan.proves_absence


# ------------------------------------------------------------------ gaps


@at_once
@pytest.mark.parametrize("known", [0, 5])
@pytest.mark.parametrize("rows", [0, 1, 7, 9])
@pages
async def test_a_page_that_is_cut(page: int, rows: int, known: int, concurrency: int) -> None:
    """With rows behind it it is a gap; the last one is the list's end."""
    result, asked = await read(changed(page, short(rows)), concurrency, known=known)
    if page == 1 and not rows and not known:  # the first list of all, and nothing speaks for more
        assert (result.scan.state, asked) == (ScanState.COMPLETE, [1])
        return
    if not rows and not known and page == 3:
        assert (result.scan.state, len(result.scan), asked) == (ScanState.COMPLETE, 20, [1, 2, 3])
        return
    assert (result.scan.state, len(result.scan)) == (ScanState.COMPLETE, 40 + rows)
    if page == 5:
        assert result.scan.proves_absence
        assert len(asked) == (6 if rows else 5)
    else:
        word = "short" if rows else "empty"
        assert why(result) == f"page {page} is {word}, but the list goes on"
        assert sorted(asked) == [1, 2, 3, 4, 5, 6]


async def test_an_empty_page_where_the_last_one_was_before() -> None:
    """The scan before found five pages: the fourth and the fifth are empty, so it ends there."""
    for concurrency in (1, 2, 4):
        result, asked = await read(listing(30), concurrency)
        assert (result.scan.state, result.scan.pages) == (ScanState.COMPLETE, 3)
        assert result.scan.proves_absence
        assert sorted(asked) == [1, 2, 3, 4, 5]


async def test_a_short_page_needs_one_witness() -> None:
    """The next page is empty: that is enough, however long the list was before."""
    for concurrency in (1, 2, 3):
        result, asked = await read(listing(25), concurrency, known=10)
        assert (result.scan.state, result.scan.pages) == (ScanState.COMPLETE, 3)
        assert sorted(asked)[:4] == [1, 2, 3, 4]
        assert len(asked) <= max(4, 2 + concurrency)


async def test_nothing_is_asked_past_a_page_that_decides() -> None:
    """Page 2 is short: until page 3 has answered nobody asks for page 4."""

    async def answer_late(page: int) -> None:
        for _ in range(50 if page == 3 else 0):
            await asyncio.sleep(0)  # turns of the loop in which page 4 could be asked for

    async with ScriptedServer(listing(15)) as server:
        server.before_answer = answer_late
        async with Client(server.url, "key", concurrency=2, requests_per_second=1000) as client:
            order = ScanOrder(QUERY, "w", AT, known_pages=9)
            result = await read_scan(order, client, Purse(), lambda: AT)
    assert result.scan.state is ScanState.COMPLETE
    assert sorted(server.pages) == [1, 2, 3]


async def test_a_gap_of_two_pages() -> None:
    """Both are named; what stands behind them is read where it is known to be."""
    result, asked = await read(
        lambda page: body_of([]) if page == 3 else short(4)(LIST(page)) if page == 2 else LIST(page)
    )
    assert asked == [1, 2, 3]  # a short page and an empty one: two witnesses
    assert (result.scan.state, len(result.scan)) == (ScanState.COMPLETE, 14)
    result, _ = await read(
        lambda page: short(4)(LIST(page)) if page in (2, 3) else LIST(page), concurrency=2
    )
    assert why(result) == (
        "page 2 is short, but the list goes on; page 3 is short, but the list goes on"
    )


async def test_the_last_page_wanted_may_be_short() -> None:
    """Nothing is bought beyond ``top``."""
    result, asked = await read(changed(5, short(6)), top=50)
    assert result.scan.proves_absence
    assert asked == [1, 2, 3, 4, 5]


# ------------------------------------------------------------------ pages that come again


def paged(which: Callable[[int], int]) -> Callable[[int], bytes]:
    """A server that gives another page than asked for."""
    return lambda page: LIST(which(page))


@at_once
@pytest.mark.parametrize("known", [0, 5])
@pytest.mark.parametrize("rows", [10, 4, 1])
async def test_a_server_that_ignores_the_page(rows: int, known: int, concurrency: int) -> None:
    """One page is read, and no credit of all of ``top`` is burned."""
    result, asked = await read(lambda _: short(rows)(LIST(1)), concurrency, known=known, top=1_000)
    assert (result.scan.state, result.scan.pages) == (ScanState.COMPLETE, 1)
    assert result.scan.product_ids == ids(*range(1, rows + 1))
    assert "has only products that other pages had: reading ended there" in why(result)
    assert len(asked) <= 2 + concurrency - 1


@at_once
async def test_a_page_that_comes_again_with_rubbish(concurrency: int) -> None:
    """Unreadable rows on it don't hide that it is the same."""
    for spoilt in range(10):
        body = body_of([product(n) if n > spoilt else None for n in range(1, 11)])
        result, asked = await read(partial(_always, body), concurrency, known=0, top=1_000)
        assert (result.scan.state, len(result.scan)) == (ScanState.COMPLETE, 10 - spoilt)
        assert len(asked) == 2, spoilt


def _always(body: bytes, _: int) -> bytes:
    return body


@at_once
@pytest.mark.parametrize("known", [0, 5, 9])
async def test_a_server_that_repeats_its_last_page(known: int, concurrency: int) -> None:
    """Whatever was known: the list, and at most what was in flight beside the first repetition."""
    result, asked = await read(
        paged(lambda page: min(page, 5)), concurrency, known=known, top=10_000
    )
    assert (result.scan.state, result.scan.pages) == (ScanState.COMPLETE, 5)
    assert result.scan.product_ids == ids(*range(1, 51))
    assert why(result).startswith("page 6 has only products that other pages had")
    assert len(asked) <= 6 + (concurrency - 1 if known > 5 else 0)


@at_once
@pytest.mark.parametrize("page", [2, 3, 5])
async def test_a_page_that_comes_twice(page: int, concurrency: int) -> None:
    """Reading ends there: what was in flight is kept."""
    result, asked = await read(
        paged(lambda number: page - 1 if number == page else number), concurrency
    )
    assert result.scan.state is ScanState.COMPLETE
    assert why(result).startswith(f"page {page} has only products that other pages had")
    assert page <= max(asked) <= page + concurrency - 1
    assert len(result.scan) == 10 * (len(asked) - 1)


async def test_pages_in_any_order() -> None:
    """A page that was read before the one that it repeats is the one that comes again."""
    second = asyncio.Event()
    async with ScriptedServer(lambda _: LIST(1)) as server:
        server.before_answer = lambda page: second.wait() if page == 1 else asyncio.sleep(0)
        async with Client(server.url, "key", concurrency=2, requests_per_second=1000) as client:
            order = ScanOrder(QUERY, "w", AT, known_pages=2, progress=lambda *_: second.set())
            result = await read_scan(order, client, Purse(), lambda: AT)
    assert result.scan.ranks.tolist() == list(range(1, 11))
    assert result.scan.pages == 1
    assert why(result).startswith("page 2 has only products")


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3)])
async def test_products_that_moved_on_are_no_repetition(order: Sequence[int]) -> None:
    """Offset paging gives some again; nine of ten on the page are, and one is new."""
    rows = {1: range(1, 11), 2: range(2, 12), 3: range(3, 13)}
    result, _ = await read(
        lambda page: body_of([product(n) for n in rows[order[page - 1]]] if page < 4 else [])
    )
    assert result.scan.proves_absence
    assert result.scan.pages == 3
    assert len(result.scan) == 12


# ------------------------------------------------------------------ with failures


async def test_a_gap_and_a_page_that_fails() -> None:
    """Partial as ever, and what was odd is told too."""
    result, _ = await read(
        lambda page: Reply(500) if page == 4 else changed(2, short(3))(page), concurrency=1
    )
    assert result.scan.state is ScanState.PARTIAL
    assert result.scan.problems == ("page 2 is short, but the list goes on",)
    assert result.scan.error == "page 4: KeyAPI answers 500"
