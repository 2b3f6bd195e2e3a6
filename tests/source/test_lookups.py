"""Reading shops and products of one's own, of the simulated market and of servers that err."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from tests.source.scripted import (
    FakeTime,
    Purse,
    Reply,
    ScriptedServer,
    body_of,
    product,
)  # fmt: skip
from watcher.errors import InvalidQuery, SourceUnavailable
from watcher.fields import COMMISSION, NUMERIC_INDEX
from watcher.model import ScanState
from watcher.source.client import Client
from watcher.source.endpoints import PRODUCT_DETAIL, SHOP_PRODUCTS
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.source.simulator import SMOOTH, Market, Simulator
from watcher.source.watch_query import Query

IDS = tuple(str(1_729_000_000_000_000_000 + number) for number in range(1, 24))


def own(*ids: str, region: str = "") -> Query:
    """Products of one's own."""
    return Query(region, endpoint=PRODUCT_DETAIL, own="mine", ids=ids)


def shop(seller: object, top: int = 100, region: str = "") -> Query:
    """A seller's products."""
    return Query(region, (("seller_id", str(seller)),), top=top, endpoint=SHOP_PRODUCTS)


@pytest.fixture
def market() -> Market:
    """A small one."""
    return Market(start=date(2026, 11, 23), products=400, behaviour=SMOOTH)


async def scanned(market: Market, query: Query, **more: object) -> ScanResult:
    """The query, read from the simulated market."""
    async with Simulator(market) as simulator, Client(simulator.url, simulator.key) as client:
        for name, value in more.items():
            setattr(simulator, name, value)
        order = ScanOrder(query, "w", 1, wants_texts=lambda _: True)
        return await read_scan(order, client, Purse(), lambda: 1)


async def answered(query: Query, answer: object, known_pages: int = 0) -> ScanResult:
    """The query, read from a server whose ``answer`` says what to each request."""
    server, time = ScriptedServer(answer, query.endpoint), FakeTime()  # type: ignore[arg-type]
    async with server, Client(server.url, "key", seams=time.seams, tries=1) as client:
        order = ScanOrder(query, "w", 1, known_pages)
        found = await read_scan(order, client, Purse(), lambda: 1)
    assert found.scan.requests == len(server.asked)
    return found


# ------------------------------------------------------------------ products of one's own


async def test_products_by_their_ids(market: Market) -> None:
    """Ten a request, each with its own region; an id that nobody knows is just not there."""
    ids = market.product_ids()[:25]
    found = await scanned(market, own(*ids[:12], "1729111111111111111", *ids[12:]))
    scan = found.scan
    assert (found.failure, scan.problems, scan.state) == (None, (), ScanState.COMPLETE)
    assert set(scan.product_ids) == set(ids)
    assert (scan.requests, scan.pages, scan.proves_absence) == (3, 3, True)
    assert scan.asked == (*ids[:12], "1729111111111111111", *ids[12:])
    assert not scan.ranks.any()
    assert scan.regions == scan.texts["region"]
    assert len(set(scan.regions)) > 1
    assert scan.region == Counter(scan.regions).most_common(1)[0][0]
    assert set(scan.long_texts) == set(ids)
    assert not found.missing


async def test_values_are_those_of_the_list(market: Market) -> None:
    """An endpoint of the same fields: the same numbers."""
    whole = (await scanned(market, Query("US", sort="total_sale_7d_cnt", top=400))).scan
    assert not whole.cut, "of a list nobody asks for more than its top"
    found = (await scanned(market, own(*whole.product_ids[:15]))).scan
    places = [found.product_ids.index(each) for each in whole.product_ids[:15]]
    assert np.array_equal(found.numbers[places], whole.numbers[:15], equal_nan=True)


async def test_none_of_them_is_known(market: Market) -> None:
    """A complete scan of nothing."""
    found = await scanned(market, own(*IDS))
    assert (found.failure, len(found.scan), found.scan.state) == (None, 0, ScanState.COMPLETE)
    assert (found.scan.region, found.scan.regions) == ("", ())
    assert (await scanned(market, own(*IDS, region="GB"))).scan.region == "GB"


async def test_no_product_is_no_request(market: Market) -> None:
    """As of a followed list before anything is followed."""
    found = await scanned(market, replace(own(), followed=True))
    assert (found.scan.requests, found.scan.state) == (0, ScanState.COMPLETE)


async def test_what_was_not_asked_for_is_left_out() -> None:
    """And told: then nobody knows whether the others are gone."""
    rows = [product(1), product(2), product(99), product(2)]
    rows = [{**row, "product_id": IDS[int(row["product_id"]) % 23 - 1]} for row in rows]
    rows[2]["product_id"] = "1729999999999999999"
    found = await answered(own(*IDS[:3]), lambda _: body_of(rows))
    scan = found.scan
    assert (scan.product_ids, scan.state) == (IDS[:2], ScanState.COMPLETE)
    (problem,) = scan.problems
    assert problem == "batch 1: product 1729999999999999999 was not asked for: left out"
    assert scan.doubt is not None
    assert scan.doubt.why == "1 product came that nobody asked for"
    assert not scan.proves_absence


@pytest.mark.parametrize(
    ("meant", "told", "regions", "region"),
    [
        ("", [None, "gb", None], ("GB", "GB", "GB"), "GB"),
        ("", [None, "US", "GB", "GB"], ("GB", "US", "GB", "GB"), "GB"),
        ("US", [None, "GB", "GB"], ("US", "GB", "GB"), "GB"),
        ("", [None, "?"], ("ZZ", "ZZ"), "ZZ"),
    ],
)
async def test_a_row_without_a_region(
    meant: str, told: list[str | None], regions: tuple[str, ...], region: str
) -> None:
    """It has the one that is meant, else that of most who say one; the scan that of most rows."""
    rows = [{**product(1), "product_id": IDS[n], "region": each} for n, each in enumerate(told)]
    scan = (await answered(own(*IDS[: len(told)], region=meant), lambda _: body_of(rows))).scan
    assert (scan.regions, scan.region) == (regions, region)


async def test_a_server_that_does_not_know_the_parameter() -> None:
    """It gives anything: that is no answer, and soon nothing more is asked."""
    rows = [product(number) for number in range(1, 11)]
    ids = tuple(str(1_729_000_000_000_000_000 + number) for number in range(100))
    found = await answered(own(*ids), lambda _: body_of(rows))
    assert found.scan.state is ScanState.FAILED
    assert found.scan.requests <= 4
    assert isinstance(found.failure, SourceUnavailable)
    assert "no answer has a product that was asked for" in str(found.failure)


@pytest.mark.parametrize("bad", [400, 500])
async def test_batches_are_independent(bad: int) -> None:
    """One that fails, for what it asks for or by chance, leaves the others: the scan is partial."""

    def answer(page: int) -> Reply | bytes:
        begin = (page - 1) * 10
        if page == 2:
            return Reply(bad, body_of(None, code=bad, message="invalid product_ids"))
        ids = IDS[begin : begin + 10]
        return body_of([{**product(1), "product_id": each} for each in ids])

    calls = iter(range(1, 4))
    found = await answered(own(*IDS), lambda _: answer(next(calls)))
    assert (found.scan.state, len(found.scan)) == (ScanState.PARTIAL, 13)
    assert isinstance(found.failure, InvalidQuery if bad == 400 else SourceUnavailable)
    assert found.scan.error is not None
    assert "invalid product_ids" in found.scan.error
    assert not found.scan.proves_absence


async def test_a_wrong_parameter_is_told_word_for_word(market: Market) -> None:
    """As the server says it."""
    async with Simulator(market) as simulator, Client(simulator.url, simulator.key) as client:
        for params, said in (
            ({}, "product_ids is required"),
            ({"product_ids": ",".join(IDS[:11])}, "product_ids takes up to 10 ids"),
            ({"product_ids": "x"}, "product_ids must be ids"),
            ({"product_ids": IDS[0], "region": "US"}, "unknown parameter region"),
        ):
            with pytest.raises(InvalidQuery, match=f"invalid parameter: {said}"):
                await client.page(params, 1, Purse(), PRODUCT_DETAIL)
        with pytest.raises(InvalidQuery, match="invalid parameter: seller_id is required"):
            await client.page({"page_size": "10"}, 1, Purse(), SHOP_PRODUCTS)
        sort = {"page_size": "10", "seller_id": "1", "sort_field": "1"}
        with pytest.raises(InvalidQuery, match="unknown parameter sort_field"):
            await client.page(sort, 1, Purse(), SHOP_PRODUCTS)


# ------------------------------------------------------------------ shops


async def test_a_whole_shop(market: Market) -> None:
    """All of a seller's products, in every region; its end is seen."""
    (seller, count), *_ = Counter(market.column("seller_id")[market.listed()].tolist()).most_common(
        1
    )
    scan = (await scanned(market, shop(seller, top=400))).scan
    assert (len(scan), scan.state, scan.cut) == (count, ScanState.COMPLETE, False)
    assert set(scan.texts["seller_id"]) == {str(seller)}
    assert scan.proves_absence
    assert scan.regions == scan.texts["region"]
    cut = (await scanned(market, shop(seller, top=count - 1))).scan
    assert (len(cut), cut.state, cut.cut) == (count - 1, ScanState.COMPLETE, True)
    assert not cut.proves_absence


async def test_a_seller_whom_nobody_knows(market: Market) -> None:
    """Is a shop without products."""
    found = await scanned(market, shop(7_495_000_000_000_000_001))
    assert (len(found.scan), found.scan.state) == (0, ScanState.COMPLETE)


@pytest.mark.parametrize(
    ("size", "top", "cut"),
    [(20, 20, True), (19, 20, False), (20, 30, False), (31, 30, True), (15, 15, False),
     (16, 15, True), (10, 15, False), (5, 5, False), (10, 10, True), (1, 1, False)],
)  # fmt: skip
async def test_whether_a_shop_is_longer(size: int, top: int, cut: bool) -> None:
    """Unless an end was seen: a short page at the last place, or an empty one behind it."""

    def answer(page: int) -> bytes:
        first = (page - 1) * 10 + 1
        return body_of([product(each) for each in range(first, min(first + 10, size + 1))])

    scan = (await answered(shop(1, top=top), answer)).scan
    assert (scan.state, scan.cut, len(scan)) == (ScanState.COMPLETE, cut, min(size, top))


async def test_rows_without_a_region() -> None:
    """Have that of most others, else the watch's, else one that says that nobody knows."""

    def rows(*regions: str | None) -> list[dict[str, object]]:
        return [
            {**product(number), "region": region} for number, region in enumerate(regions, start=1)
        ]

    async def regions(query: Query, *given: str | None) -> tuple[str, tuple[str, ...]]:
        scan = (await answered(query, lambda _: body_of(rows(*given)))).scan
        return scan.region, scan.regions

    assert await regions(shop(1), "us", None, " US ") == ("US", ("US", "US", "US"))
    assert await regions(shop(1, region="GB"), "US", None, "") == ("GB", ("US", "GB", "GB"))
    assert await regions(shop(1), None, "?") == ("ZZ", ("ZZ", "ZZ"))


@pytest.mark.parametrize(
    ("region", "listed", "meant"),
    [
        ("US", 13.0, 0.01),
        ("US", 0.13, 1.0),
        ("GB", 13.0, 1.0),  # of another region nothing is known
        ("", None, 1.0),
    ],
)
async def test_few_commissions_go_by_the_scale_of_the_regions_lists(
    region: str, listed: float | None, meant: float
) -> None:
    """One product alone could not tell 1% from 100%; one above 1 can be a percentage only."""

    def answer(_: int) -> bytes:
        return body_of(rows)

    server, time = ScriptedServer(answer), FakeTime()
    async with server, Client(server.url, "key", seams=time.seams) as client:

        async def read(query: Query) -> list[float]:
            server.endpoint = query.endpoint
            found = await read_scan(ScanOrder(query, "w", 1), client, Purse(), lambda: 1)
            return [*found.scan.numbers[:, NUMERIC_INDEX[COMMISSION]].tolist()]

        if listed is not None:
            rows = [product(number, **{COMMISSION: listed}) for number in range(1, 11)]
            assert await read(Query("US", top=10)) == pytest.approx([0.13] * 10)
        rows = [product(1, region=region or None, **{COMMISSION: 1})]
        asked = str(rows[0]["product_id"])
        assert await read(own(asked)) == pytest.approx([meant])
        rows = [product(1, region=region or None, **{COMMISSION: 20})]
        assert await read(own(asked)) == pytest.approx([0.2])
