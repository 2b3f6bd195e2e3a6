"""Tests of reading a whole list, over real HTTP on loopback."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.source.scripted import (
    SAMPLE_PRODUCT,
    FakeTime,
    Purse,
    Reply,
    ScriptedServer,
    body_of,
    listing,
    product,
)
from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    InvalidQuery,
    KeyRefused,
    SourceError,
    SourceUnavailable,
    StoreError,
)
from watcher.fields import NUMERIC, NUMERIC_INDEX, TEXTS
from watcher.model import ScanState
from watcher.source.client import Client
from watcher.source.query import Query
from watcher.source.scan import ScanOrder, ScanResult, read_scan

AT = 1_795_000_000
RANKED = Query("US", sort="total_sale_7d_cnt")


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    """A server with a list of 25 products unless told otherwise."""
    async with ScriptedServer(listing(25)) as scripted:
        yield scripted


async def scan(
    server: ScriptedServer,
    query: Query = RANKED,
    *,
    budget: Purse | None = None,
    concurrency: int = 2,
    **told: Any,
) -> ScanResult:
    """Read a watch of the server's list; only time is not real."""
    time = FakeTime(AT + 10)
    async with Client(
        server.url, "key", concurrency=concurrency, requests_per_second=100, seams=time.seams
    ) as client:
        now, stop = told.pop("now", lambda: int(time.time)), told.pop("stop", None)
        order = ScanOrder(query, "w", AT, **told)
        return await read_scan(order, client, budget or Purse(), now, stop)


def failing(pages: Iterable[int], otherwise: Callable[[int], bytes], status: int = 500) -> Any:
    """Answers of a list of which some pages always fail."""
    return lambda page: Reply(status) if page in pages else otherwise(page)


def ids(*numbers: int) -> tuple[str, ...]:
    """Product ids."""
    return tuple(str(number) for number in numbers)


# ------------------------------------------------------------------ complete


async def test_a_list_to_its_end(server: ScriptedServer) -> None:
    """All products in order with ranks; the page behind the short one shows that it ends there."""
    result = await scan(server)
    got = result.scan
    assert result.failure is None
    assert (got.state, got.error, got.problems) == (ScanState.COMPLETE, None, ())
    assert got.product_ids == ids(*range(1, 26))
    assert got.ranks.tolist() == list(range(1, 26))
    assert (got.requests, got.pages, len(got)) == (4, 3, 25)
    assert (got.watch, got.region, got.at) == ("w", "US", AT)
    assert AT + 10 <= got.started <= got.finished


async def test_a_list_to_top(server: ScriptedServer) -> None:
    """No more is read and kept than asked for."""
    server.answer = listing(1_000)
    got = (await scan(server, Query("US", sort="spu_avg_price", top=23))).scan
    assert got.state is ScanState.COMPLETE
    assert got.product_ids == ids(*range(1, 24))
    assert (server.pages, got.requests, got.pages) == ([1, 2, 3], 3, 3)


async def test_at_most_one_page_that_is_not_there(server: ScriptedServer) -> None:
    """A list that ends with a full page costs one empty page, however much is wanted."""
    server.answer = listing(30)
    got = (await scan(server, known_pages=3, concurrency=8)).scan
    assert (got.state, got.pages, got.requests) == (ScanState.COMPLETE, 3, 4)


async def test_an_empty_list(server: ScriptedServer) -> None:
    """An empty first page is a complete scan of nothing."""
    server.answer = listing(0)
    result = await scan(server)
    got = result.scan
    assert (got.state, len(got), got.pages, got.requests) == (ScanState.COMPLETE, 0, 0, 1)
    assert got.numbers.shape == (0, len(NUMERIC))
    assert set(got.texts) == {text.name for text in TEXTS}
    assert result.missing == frozenset()


async def test_a_list_without_a_sort_has_no_ranks(server: ScriptedServer) -> None:
    """An arbitrary order says nothing."""
    got = (await scan(server, Query("US"))).scan
    assert got.ranks.tolist() == [0] * 25


async def test_the_request(server: ScriptedServer) -> None:
    """The query's parameters are asked for on every page."""
    await scan(server, Query("GB", (("min_total_sale_cnt", 5),), sort="total_sale_cnt"))
    assert server.asked[2].query == {
        "region": "GB",
        "page_size": "10",
        "min_total_sale_cnt": "5",
        "product_sort_field": "1",
        "sort_type": "1",
        "page_num": "3",
    }


async def test_the_columns(server: ScriptedServer) -> None:
    """Numbers and texts are in the rows of their products; absent is NaN or None."""
    rows = [product(1, total_sale_cnt="7", seller_id=5), product(2, total_sale_cnt=None)]
    rows.append(product(3, discount=None))
    server.answer = lambda _: body_of(rows)
    got = (await scan(server)).scan
    column = got.numbers[:, NUMERIC_INDEX["total_sale_cnt"]]
    assert column[0] == 7.0
    assert math.isnan(column[1])
    assert got.texts["seller_id"] == ("5", *[SAMPLE_PRODUCT["seller_id"]] * 2)
    assert got.texts["discount"] == ("", "", None)
    assert got.texts["product_id"] == got.product_ids


async def test_known_pages_are_read_at_once(server: ScriptedServer) -> None:
    """Pages that existed are read together; those past them one by one."""
    server.answer = listing(65)
    together = asyncio.Barrier(4)
    server.before_answer = lambda page: together.wait() if page <= 4 else asyncio.sleep(0)
    got = (await scan(server, known_pages=4, concurrency=4)).scan
    assert sorted(server.pages[:4]) == [1, 2, 3, 4]
    assert server.pages[4:] == [5, 6, 7, 8]
    assert server.most_at_once == 4
    assert got.product_ids == ids(*range(1, 66))


async def test_more_known_pages_than_wanted(server: ScriptedServer) -> None:
    """Only the pages up to ``top`` are read."""
    await scan(server, Query("US", top=20), known_pages=50)
    assert sorted(server.pages) == [1, 2]


async def test_a_list_that_has_shrunk(server: ScriptedServer) -> None:
    """Where known pages are gone, no more than those in flight are wasted."""
    got = (await scan(server, known_pages=10)).scan
    assert (got.state, got.pages, len(got)) == (ScanState.COMPLETE, 3, 25)
    assert len(server.pages) <= 4


async def test_a_short_page_in_the_middle(server: ScriptedServer) -> None:
    """A page read at the same time shows that the list goes on."""
    full = listing(40)
    both = asyncio.Barrier(2)
    server.before_answer = lambda page: both.wait() if page <= 2 else asyncio.sleep(0)
    server.answer = lambda page: body_of([product(1)]) if page == 1 else full(page)
    got = (await scan(server, known_pages=4)).scan
    assert got.product_ids == ids(1, *range(11, 41))
    assert got.state is ScanState.COMPLETE
    assert got.problems == ("page 1 is short, but the list goes on",)


# ------------------------------------------------------------------ quirks


async def test_products_that_repeat(server: ScriptedServer) -> None:
    """The first place counts, whichever page came first."""
    rows = {1: range(1, 11), 2: range(8, 18), 3: [17, 18]}
    server.answer = lambda page: body_of([product(n, review_count=page) for n in rows[page]])
    got = (await scan(server, known_pages=3, concurrency=3)).scan
    assert got.product_ids == ids(*range(1, 19))
    assert got.ranks.tolist() == [*range(1, 11), *range(14, 21), 22]
    assert got.numbers[7, NUMERIC_INDEX["review_count"]] == 1


async def test_a_broken_product_keeps_its_place(server: ScriptedServer) -> None:
    """It is named, does not end the list, and moves no rank."""
    server.answer = lambda page: body_of(
        [product(1), "broken", *(product(n) for n in range(3, 11))] if page == 1 else [product(11)]
    )
    got = (await scan(server)).scan
    assert got.product_ids == ids(1, *range(3, 12))
    assert got.ranks.tolist() == [1, *range(3, 12)]
    assert got.problems[0].startswith("page 1: product 2 of the page is dropped")
    assert got.state is ScanState.COMPLETE


async def test_problems_are_counted_not_piled_up(server: ScriptedServer) -> None:
    """A field that changed its type everywhere is told some times."""
    full = listing(100)
    server.answer = lambda page: full(page).replace(b'"discount": ""', b'"discount": []')
    got = (await scan(server)).scan
    assert len(got.problems) == 51
    assert got.problems[-1] == "and 50 more problems"
    assert len(got) == 100


async def test_fields_that_nobody_has(server: ScriptedServer) -> None:
    """A field that no product has is named."""
    rows = [product(n, total_sale_cnt=..., review_count=None, discount="-") for n in (1, 2)]
    rows[0]["review_count"] = 5
    server.answer = lambda _: body_of(rows)
    assert (await scan(server)).missing == {"total_sale_cnt"}


async def test_long_texts_only_where_wanted(server: ScriptedServer) -> None:
    """The reader says whose texts it has not got."""
    got = (await scan(server, wants_texts=lambda product_id: product_id in ("3", "25"))).scan
    assert set(got.long_texts) == {"3", "25"}
    assert got.long_texts["3"].skus == SAMPLE_PRODUCT["skus"]
    assert (await scan(server)).scan.long_texts == {}


async def test_progress(server: ScriptedServer) -> None:
    """The pages read, and those expected: of the last scan, else of ``top``."""
    heard: list[tuple[int, int]] = []
    await scan(server, progress=lambda *pages: heard.append(pages))
    assert heard == [(1, 10), (2, 10), (3, 10), (4, 4)]


# ------------------------------------------------------------------ failures


async def test_a_page_that_fails_makes_the_scan_partial(server: ScriptedServer) -> None:
    """The others are read, with the ranks of their places."""
    server.answer = failing([2], listing(45))
    result = await scan(server, known_pages=3)
    got = result.scan
    assert got.state is ScanState.PARTIAL
    assert got.product_ids == ids(*range(1, 11), *range(21, 46))
    assert got.ranks.tolist() == [*range(1, 11), *range(21, 46)]
    assert got.error == "page 2: KeyAPI answers 500"
    assert isinstance(result.failure, SourceUnavailable)
    assert got.requests == 9


async def test_a_page_past_the_known_that_fails(server: ScriptedServer) -> None:
    """Reading goes on behind it."""
    server.answer = failing([2], listing(25))
    got = (await scan(server)).scan
    assert (got.state, len(got), got.pages) == (ScanState.PARTIAL, 15, 3)


async def test_a_failure_behind_a_short_page(server: ScriptedServer) -> None:
    """That the list ended there is not known."""
    asked_for_two = asyncio.Event()

    async def both_at_once(page: int) -> None:
        if page == 2:
            asked_for_two.set()
        await asked_for_two.wait()

    server.before_answer = both_at_once
    server.answer = failing([2], listing(5))
    result = await scan(server, known_pages=2)
    assert (result.scan.state, len(result.scan)) == (ScanState.PARTIAL, 5)
    assert result.scan.error == "page 2: KeyAPI answers 500"


async def test_a_server_that_is_down(server: ScriptedServer) -> None:
    """Nothing read is a failed scan; after three pages nothing more is tried."""
    server.answer = lambda _: Reply(503)
    result = await scan(server)
    got = result.scan
    assert (got.state, len(got), got.pages) == (ScanState.FAILED, 0, 0)
    assert got.error == "page 1: KeyAPI answers 503 (and 2 more pages)"
    assert got.requests == len(server.asked) == 12
    assert isinstance(result.failure, SourceUnavailable)


async def test_a_server_that_was_down_is_asked_with_care(server: ScriptedServer) -> None:
    """One page alone tells that it still is; once one is read the scan goes on as ever."""
    server.answer = lambda _: Reply(503)
    result = await scan(server, known_pages=3, careful=True)
    assert (result.scan.state, result.scan.requests) == (ScanState.FAILED, 4)
    server.answer = failing([2], listing(35))
    result = await scan(server, known_pages=4, careful=True)
    assert (result.scan.state, len(result.scan)) == (ScanState.PARTIAL, 25)


async def test_a_server_that_is_not_there(server: ScriptedServer) -> None:
    """Requests that reached nobody are not counted."""
    await server.__aexit__()
    budget = Purse()
    result = await scan(server, budget=budget)
    assert (result.scan.state, result.scan.requests) == (ScanState.FAILED, 0)
    assert budget.spent == 0


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply(400, b"bad region"), InvalidQuery),
        (Reply(401), KeyRefused),
        (Reply(402), CreditsUsedUp),
        (Reply(403), KeyRefused),
    ],
)
async def test_a_refusal_ends_the_scan(
    server: ScriptedServer, reply: Reply, kind: type[SourceError]
) -> None:
    """At the first page it has failed; later it is partial; nothing is asked after it."""
    full = listing(100)
    server.answer = lambda page: reply if page == 3 else full(page)
    result = await scan(server)
    assert type(result.failure) is kind
    assert (result.scan.state, len(result.scan)) == (ScanState.PARTIAL, 20)
    assert server.pages == [1, 2, 3]
    server.answer = lambda _: reply
    result = await scan(server)
    assert type(result.failure) is kind
    assert result.scan.state is ScanState.FAILED
    assert result.scan.error == f"page 1: {result.failure}"


async def test_a_spent_budget_ends_the_scan(server: ScriptedServer) -> None:
    """What was paid for is kept; requests are those that were sent."""
    result = await scan(server, budget=Purse(2))
    assert isinstance(result.failure, BudgetSpent)
    assert (result.scan.state, len(result.scan), result.scan.requests) == (
        ScanState.PARTIAL,
        20,
        2,
    )
    nothing = await scan(server, budget=Purse(0))
    assert isinstance(nothing.failure, BudgetSpent)
    assert (nothing.scan.state, nothing.scan.requests) == (ScanState.FAILED, 0)


async def test_another_error_of_the_budget_is_raised(server: ScriptedServer, tmp_path: Any) -> None:
    """Only failures of the source are part of the result."""

    class Broken(Purse):
        async def spend(self) -> None:
            raise StoreError("disk full", tmp_path)

    with pytest.raises(StoreError, match="disk full"):
        await scan(server, budget=Broken(), known_pages=2)


# ------------------------------------------------------------------ stop


async def test_a_stop_lets_the_page_in_flight_end(server: ScriptedServer) -> None:
    """It is kept, no page is begun after it, and the scan is partial."""
    stop = asyncio.Event()

    async def stop_at_two(page: int) -> None:
        if page == 2:
            stop.set()

    server.before_answer = stop_at_two
    result = await scan(server, stop=stop)
    got = result.scan
    assert (got.state, len(got), got.requests) == (ScanState.PARTIAL, 20, 2)
    assert got.error == "stopped after 2 of 10 pages"
    assert result.failure is None
    assert server.pages == [1, 2]


async def test_a_stop_does_not_wait_for_ever(server: ScriptedServer) -> None:
    """A page that hangs is given up when the grace is over; it was paid for."""
    stop, over = asyncio.Event(), asyncio.Event()

    async def hang_at_two(page: int) -> None:
        if page == 2:
            stop.set()
            await over.wait()

    server.before_answer = hang_at_two
    got = (await scan(server, stop=stop, grace=0.01)).scan
    over.set()
    assert (got.state, len(got), got.requests) == (ScanState.PARTIAL, 10, 2)


async def test_a_stop_before_the_begin(server: ScriptedServer) -> None:
    """Nothing is asked."""
    stop = asyncio.Event()
    stop.set()
    got = (await scan(server, stop=stop)).scan
    assert (got.state, got.requests, server.asked) == (ScanState.FAILED, 0, [])


async def test_a_stop_after_the_last_page(server: ScriptedServer) -> None:
    """What was read whole is complete."""
    stop = asyncio.Event()

    def stop_at_three(read: int, _: int) -> None:
        if read == 4:
            stop.set()

    got = (await scan(server, stop=stop, progress=stop_at_three)).scan
    assert got.state is ScanState.COMPLETE


async def test_a_scan_that_is_cancelled_leaves_nothing_behind(server: ScriptedServer) -> None:
    """The pages in flight end with it."""
    both, over = asyncio.Barrier(3), asyncio.Event()

    async def hang(_: int) -> None:
        await both.wait()
        await over.wait()

    server.before_answer = hang
    scanning = asyncio.create_task(scan(server, known_pages=2))
    await both.wait()
    scanning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scanning
    over.set()
    assert len(server.asked) == 2


# ------------------------------------------------------------------ properties


@given(
    size=st.integers(0, 60),
    known=st.integers(0, 8),
    top=st.integers(1, 80),
    concurrency=st.integers(1, 4),
)
@settings(max_examples=25, deadline=None)
def test_any_list_is_read_whole(size: int, known: int, top: int, concurrency: int) -> None:
    """Whatever was known: the first ``top`` products once, and little is wasted."""

    async def read() -> tuple[ScanResult, list[int]]:
        async with ScriptedServer(listing(size)) as server:
            query = Query("US", sort="total_sale_cnt", top=top)
            result = await scan(server, query, known_pages=known, concurrency=concurrency)
            return result, server.pages

    result, pages = asyncio.run(read())
    expected = min(size, top)
    assert result.scan.state is ScanState.COMPLETE
    assert result.scan.product_ids == ids(*range(1, expected + 1))
    assert result.scan.ranks.tolist() == list(range(1, expected + 1))
    assert len(pages) == len(set(pages)) == result.scan.requests
    there = -(-expected // 10)
    assert result.scan.pages == there
    assert len(pages) - there <= (max(concurrency, 2) if known > there else 1)


@pytest.mark.parametrize("known", [0, 3])
async def test_the_last_page_wanted_fails(server: ScriptedServer, known: int) -> None:
    """As any other: it is missing, wherever it stands."""
    server.answer = failing([3], listing(30))
    got = (await scan(server, Query("US", sort="total_sale_cnt", top=30), known_pages=known)).scan
    assert (got.state, len(got)) == (ScanState.PARTIAL, 20)
    assert got.error == "page 3: KeyAPI answers 500"
