"""A second endpoint: one object and one row, and a watch can read it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from tests.source.scripted import FakeTime, Purse, ScriptedServer, body_of, product
from watcher.errors import SourceUnavailable
from watcher.identity import product_key, product_page
from watcher.source.client import Client
from watcher.source.decoding import decoder_of
from watcher.source.endpoint import Endpoint, Parameter, ParameterType, Use, limits
from watcher.source.endpoints import ENDPOINTS, PRODUCT_LIST
from watcher.source.query import Query, parse_query
from watcher.source.scan import ScanOrder, read_scan
from watcher.source.simulator import SMOOTH, Market, Simulator

NEW = Endpoint(
    name="new",
    path="/v1/shop/new",
    parameters=(
        Parameter(
            "seller_id", ParameterType.TEXT, Use.FILTER, "a seller", "seller_id", required=True
        ),
        *limits(ParameterType.INTEGER, "total_sale_7d_cnt"),
    ),
    sorts={"total_sale_7d_cnt": 9},
    regions=("US",),
    page_size=4,
    last_page=50,
    renamed={"product_id": "item_id", "total_sale_7d_cnt": "sold"},
    marketplace="shop",
    rows="data.items",
    page="page",
    size="limit",
)
ASKED = {
    "region": "us",
    "list": "new",
    "seller_id": "7",
    "sort": "total_sale_7d_cnt",
    "min_total_sale_7d_cnt": 5,
}


def asked(problems: list[str], **more: object) -> Query | None:
    """The query of a watch on the new list."""
    return parse_query(ASKED | more, lambda path, text: problems.append(f"{path[0]}: {text}"))


def test_one_endpoint_is_no_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """``list`` is an unknown key then; and a query says nothing of its endpoint."""
    for name in ENDPOINTS.keys() - {PRODUCT_LIST.name}:
        monkeypatch.delitem(ENDPOINTS, name)
    problems: list[str] = []
    assert asked(problems) is None
    assert problems[0].startswith('list: unknown field "list"')
    assert "list" not in Query("US").canonical()


def test_a_watch_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own parameters, sorts and paging, and a name of its own where queries are compared.

    A list that takes no region is asked for none; the watch says one all the same.
    """
    monkeypatch.setitem(ENDPOINTS, "new", NEW)
    problems: list[str] = []
    query = asked(problems, top=10)
    assert (problems, query is not None and query.endpoint) == ([], NEW)
    assert query is not None
    assert query.pages == 3
    assert query.params(0) == {
        "limit": "4",
        "seller_id": "7",
        "min_total_sale_7d_cnt": "5",
        "product_sort_field": "9",
        "sort_type": "1",
    }
    assert query.canonical().startswith("list=new&region=US")
    assert asked(problems, top=201, sort="spu_avg_price", free_shipping="yes") is None
    assert sorted(problem.partition(":")[0] for problem in problems) == [
        "free_shipping", "sort", "top",
    ]  # fmt: skip
    assert asked(problems, list="old") is None
    assert query.describe() == ("US, 7-day sales: at least 5, a seller 7, by 7-day sales, first 10")


def test_a_parameter_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is asked for where a watch leaves it out."""
    monkeypatch.setitem(ENDPOINTS, "new", NEW)
    problems: list[str] = []
    without = {name: value for name, value in ASKED.items() if name != "seller_id"}
    assert parse_query(without, lambda path, text: problems.append(f"{path[0]}: {text}")) is None
    assert problems == ["seller_id: is missing: list new needs it (a seller)"]


async def test_a_scan_of_it() -> None:
    """Its path, its names, its pages and its envelope; ids that are no TikTok product's."""
    rows = [
        {**product(number, total_sale_7d_cnt=None), "item_id": str(number), "sold": 10 * number}
        for number in range(1, 7)
    ]
    query = Query("US", sort="total_sale_7d_cnt", top=6, endpoint=NEW)
    server = ScriptedServer(lambda page: body_of({"items": rows[4 * page - 4 : 4 * page]}), NEW)
    time = FakeTime()
    async with server, Client(server.url, "key", seams=time.seams) as client:
        found = await read_scan(ScanOrder(query, "w", 1), client, Purse(), lambda: 1)
    scan = found.scan
    assert {each.path for each in server.asked} == {NEW.path}
    assert scan.product_ids == tuple(f"shop:{number}" for number in range(1, 7))
    assert scan.column("total_sale_7d_cnt").tolist() == [10, 20, 30, 40, 50, 60]
    assert scan.ranks.tolist() == [1, 2, 3, 4, 5, 6]
    assert (scan.page_size, scan.pages, scan.problems) == (4, 2, ())


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, '"items" is missing'),
        ({"items": None}, '"items" is null'),
        ([], '"items" is missing'),
        (None, '"items" is missing'),
    ],
)
def test_rows_that_are_not_where_they_should_be(data: object, told: str) -> None:
    """Are no empty page."""
    with pytest.raises(SourceUnavailable, match=told):
        decoder_of(NEW).decode(body_of(data))


def test_patience_finds_the_same_rows() -> None:
    """As the quick way does."""
    body = body_of({"items": [{**product(1), "item_id": "1"}, 7]})
    assert [one.product_id for one in decoder_of(NEW).decode(body).products] == ["shop:1"]


async def test_the_simulated_market_serves_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its path, parameters, names and envelope: as the list of all, but of one seller."""
    plain = replace(NEW, marketplace="", renamed={"total_sale_7d_cnt": "sold"})
    monkeypatch.setitem(ENDPOINTS, "new", plain)
    market = Market(start=date(2026, 11, 23), products=300, behaviour=SMOOTH)
    (seller, count), *_ = Counter(market.column("seller_id").tolist()).most_common(1)
    filters = (("seller_id", str(seller)),)
    query = Query("US", filters, sort="total_sale_7d_cnt", top=20, endpoint=plain)
    async with Simulator(market) as simulator, Client(simulator.url, simulator.key) as client:
        found = await read_scan(ScanOrder(query, "w", 1), client, Purse(), lambda: 1)
        refused = await read_scan(
            ScanOrder(replace(query, filters=()), "w", 1), client, Purse(), lambda: 1
        )
    assert found.failure is None
    sold = found.scan.column("total_sale_7d_cnt").tolist()
    assert 1 < len(sold) <= count
    assert sold == sorted(sold, reverse=True)
    assert sold[0] > 0
    assert set(found.scan.texts["seller_id"]) == {str(seller)}
    assert found.scan.problems == ()
    assert "seller_id is required" in str(refused.failure)


def test_an_id_says_its_marketplace() -> None:
    """One of TikTok Shop's is its id; its page is found by it."""
    assert product_key("", "17") == "17"
    assert product_key("shop", "17") == "shop:17" != product_key("", "17")
    assert product_page("17") == "https://www.tiktok.com/shop/pdp/17"
    assert decoder_of(PRODUCT_LIST).decode(body_of([product(17)])).products[0].product_id == "17"
