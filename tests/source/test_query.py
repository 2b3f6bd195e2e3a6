"""Tests of a watch's parameters."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.source.endpoint import ParameterType
from watcher.source.endpoints import PRODUCT_DETAIL, PRODUCT_LIST, SHOP_PRODUCTS
from watcher.source.query import Query, RelativeDay, parse_query, query_warnings

NOW = int(datetime(2026, 11, 23, 1, 0, tzinfo=UTC).timestamp())


def problems_of(raw: dict[str, Any]) -> list[tuple[str, str]]:
    """Every problem of a watch as (key, message); the watch must be refused."""
    found: list[tuple[str, str]] = []
    query = parse_query(raw, lambda path, message: found.append((str(path[0]), message)))
    assert query is None
    assert found
    return found


def problem_of(**raw: object) -> str:
    """The one problem of a watch in the US with these parameters, at its last key."""
    ((key, message),) = problems_of({"region": "US", **raw})
    assert key in raw
    return message


def read(**raw: object) -> Query:
    """The query of a watch without problems."""
    found: list[object] = []
    query = parse_query({"region": "US", **raw}, lambda *problem: found.append(problem))
    assert found == []
    assert query is not None
    return query


def value_of(name: str, value: object) -> object:
    """What one parameter is read as."""
    return dict(read(**{name: value}).filters)[name]


def test_a_whole_watch() -> None:
    """A watch as the documentation shows it becomes the request's parameters."""
    query = read(
        category_id="601450",
        min_total_sale_30d_cnt=100,
        sales_trend_flag="rising",
        sort="total_sale_7d_cnt desc",
        top=200,
    )
    assert query.params(NOW) == {
        "region": "US",
        "page_size": "10",
        "category_id": "601450",
        "min_total_sale_30d_cnt": "100",
        "sales_trend_flag": "1",
        "product_sort_field": "4",
        "sort_type": "1",
    }
    assert (query.ranked, query.pages) == (True, 20)


def test_every_parameter_can_be_set() -> None:
    """All parameters but the daemon's own reach the request."""
    values = {
        ParameterType.TEXT: "7",
        ParameterType.INTEGER: 3,
        ParameterType.NUMBER: 2.5,
        ParameterType.DAY: 20261101,
        ParameterType.FLAG: 1,
    }
    settable = [each for each in PRODUCT_LIST.parameters if each.is_settable]
    raw = {
        each.name: values[each.type] for each in settable if each.type is not ParameterType.REGION
    }
    asked = read(**raw, sort="spu_avg_price asc").params(NOW)
    assert set(asked) == {each.name for each in PRODUCT_LIST.parameters} - {"page_num"}
    assert (asked["min_total_sale_cnt"], asked["max_spu_avg_price"]) == ("3", "2.5")


def test_defaults() -> None:
    """Only the region is needed: a hundred products, in any order."""
    query = read()
    assert query == Query("US")
    assert (query.top, query.ranked, query.pages) == (100, False, 10)
    assert query.params(NOW) == {"region": "US", "page_size": "10"}


@pytest.mark.parametrize(("top", "pages"), [(1, 1), (10, 1), (11, 2), ("10k", 1_000)])
def test_top_in_pages(top: object, pages: int) -> None:
    """A page has ten products."""
    assert read(top=top).pages == pages


@pytest.mark.parametrize("top", [0, 1_000_001, -5, 1.5, "many", True, None, [5], math.inf])
def test_top_out_of_range(top: object) -> None:
    """Only 1 to 1,000,000 products can be read."""
    assert problem_of(top=top)


@pytest.mark.parametrize("sort", PRODUCT_LIST.sorts)
def test_sorts(sort: str) -> None:
    """Every sort of the API, falling unless told otherwise."""
    assert read(sort=sort) == read(sort=f"{sort} desc") == read(sort=f"  {sort}  DESC ")
    rising = read(sort=f"{sort} asc").params(NOW)
    assert (rising["product_sort_field"], rising["sort_type"]) == (
        str(PRODUCT_LIST.sorts[sort]),
        "0",
    )


def test_a_sort_that_is_none() -> None:
    """An unknown field gets the nearest, or all; a wrong form says what is right."""
    assert 'did you mean "total_sale_7d_cnt"' in problem_of(sort="total_sales_7d_cnt desc")
    assert "it sorts by total_sale_cnt, " in problem_of(sort="rating")
    for wrong in ("", "total_sale_cnt down", "total_sale_cnt desc please", 4, None, ["a"]):
        assert "desc or asc" in problem_of(sort=wrong)


@pytest.mark.parametrize(("written", "region"), [("US", "US"), ("gb", "GB"), ("NO", "NO")])
def test_regions(written: str, region: str) -> None:
    """Two letters, in either case."""
    found: list[object] = []
    query = parse_query({"region": written}, lambda *problem: found.append(problem))
    assert query == Query(region)


@pytest.mark.parametrize("region", ["USA", "", "U1", " US", "ÄÖ", False, 12, None, ["US"]])
def test_a_region_that_is_none(region: object) -> None:
    """Anything but two letters is refused."""
    ((key, message),) = problems_of({"region": region})
    assert key == "region"
    assert "two letters" in message


def test_a_missing_region() -> None:
    """Every watch needs a region."""
    ((key, message),) = problems_of({"top": 5})
    assert key == "region"
    assert "missing" in message


def test_an_unseen_region_is_a_warning() -> None:
    """Other markets may open: they are only warned about."""
    assert query_warnings(read()) == []
    assert "not known to work" in query_warnings(Query("NO"))[0]
    assert "GB" in query_warnings(Query("UK"))[0]


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("sales_trend_flag", "falling", 2),
        ("sales_trend_flag", 0, 0),
        ("sales_trend_flag", "1", 1),
        ("sales_flag", "live", 2),
        ("sales_flag", "None", 0),
        ("is_s_shop", True, 1),
        ("free_shipping", False, 0),
        ("free_shipping", "yes", 1),
        ("free_shipping", 1, 1),
        ("category_id", 601450, "601450"),
        ("category_l2_id", "0", "0"),
        ("min_total_sale_cnt", "10k", 10_000),
        ("min_total_views_cnt", "1.5m", 1_500_000),
        ("max_review_count", 5.0, 5),
        ("min_product_commission_rate", "10%", 0.1),
        ("max_spu_avg_price", 0, 0.0),
        ("min_first_crawl_dt", 20261101, 20261101),
        ("min_first_crawl_dt", "20261101", 20261101),
        ("max_first_crawl_dt", "2026-11-01", 20261101),
        ("min_first_crawl_dt", "30d ago", RelativeDay(30 * 86_400)),
    ],
)
def test_values(name: str, written: object, value: object) -> None:
    """Values as people write them."""
    read_as = value_of(name, written)
    assert read_as == value
    assert type(read_as) is type(value)


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        ("sales_trend_flag", "up", "stable (0), rising (1), falling (2)"),
        ("sales_trend_flag", True, "stable"),
        ("sales_trend_flag", 3, "stable"),
        ("sales_flag", None, "an empty value"),
        ("is_s_shop", 2, "false (0), true (1)"),
        ("category_id", "Beauty", "digits"),
        ("category_id", -5, "digits"),
        ("category_id", True, "digits"),
        ("category_id", 1.5, "digits"),
        ("min_total_sale_cnt", 1.5, "whole number"),
        ("min_total_sale_cnt", "10%", "whole number"),
        ("min_total_sale_cnt", -1, "below 0"),
        ("min_total_sale_cnt", "ten", "no number"),
        ("min_total_sale_cnt", True, "no number"),
        ("min_total_sale_cnt", [1, 2], "a list"),
        ("min_total_sale_cnt", {"at_least": 1}, "a mapping"),
        ("min_total_sale_cnt", 10**400, "too large"),
        ("min_spu_avg_price", -0.01, "below 0"),
        ("min_spu_avg_price", math.nan, "too large"),
        ("min_spu_avg_price", "9" * 400, "too large"),
        ("min_first_crawl_dt", 20261301, "no day"),
        ("min_first_crawl_dt", "1 November", "no day"),
        ("min_first_crawl_dt", "soon ago", "no duration"),
        ("min_first_crawl_dt", True, "no day"),
    ],
)
def test_values_that_are_wrong(name: str, written: object, message: str) -> None:
    """A wrong value is refused with what would be right."""
    assert message in problem_of(**{name: written})


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("regoin", 'did you mean "region"?'),
        ("min_total_sale_count", "did you mean"),
        ("wholly_unknown", 'unknown field "wholly_unknown"'),
        ("total_sale_cnt", "write min_total_sale_cnt or max_total_sale_cnt"),
        ("min_category_id", "write category_id"),
        ("min_total_sale_7d_cnt", 'can\'t filter by "total_sale_7d_cnt"'),
        ("product_name", "make it a condition of a rule"),
        ("page_num", "write top"),
        ("page_size", "write top"),
        ("product_sort_field", "write sort"),
        ("sort_type", "write sort"),
    ],
)
def test_keys_that_are_wrong(name: str, message: str) -> None:
    """A wrong key is refused with what to write instead."""
    assert message in problem_of(**{name: 1})


@pytest.mark.parametrize(
    ("field", "least", "most"),
    [
        ("spu_avg_price", 10, 5),
        ("total_sale_cnt", "10k", 9_999),
        ("first_crawl_dt", 20261102, "2026-11-01"),
        ("first_crawl_dt", "7d ago", "30d ago"),
    ],
)
def test_a_range_upside_down(field: str, least: object, most: object) -> None:
    """A least above its most is an error; the same way round it is none, nor with equal ends."""
    ((key, message),) = problems_of({"region": "US", f"min_{field}": least, f"max_{field}": most})
    assert key == f"min_{field}"
    assert f"above max_{field}" in message
    read(**{f"min_{field}": most, f"max_{field}": least})
    read(**{f"min_{field}": least, f"max_{field}": least})


def test_a_day_that_moves_is_not_compared_with_one_that_stands() -> None:
    """Which is later depends on when the watch is read."""
    read(min_first_crawl_dt="30d ago", max_first_crawl_dt=20200101)


def test_all_problems_at_once() -> None:
    """One look at the file shows everything."""
    keys = [key for key, _ in problems_of({"regoin": "US", "top": 0, "sort": "x", "sales_flag": 9})]
    assert sorted(keys) == ["region", "regoin", "sales_flag", "sort", "top"]


def test_a_relative_day_is_counted_from_the_scan() -> None:
    """Each scan asks for the day that is so long ago then, in UTC."""
    query = read(min_first_crawl_dt="30d ago")
    assert query.params(NOW)["min_first_crawl_dt"] == "20261024"
    assert query.params(NOW + 86_400)["min_first_crawl_dt"] == "20261025"


def test_equal_watches_are_equal() -> None:
    """The order of keys and the way of writing make no difference."""
    one = read(min_total_sale_cnt="10k", max_spu_avg_price=20, sales_flag="live")
    other = read(sales_flag=2, max_spu_avg_price=20.0, min_total_sale_cnt=10_000)
    assert one == other
    assert hash(one) == hash(other)
    assert one.canonical() == other.canonical()


@pytest.mark.parametrize(
    "changed",
    [{"top": 90}, {"sort": "spu_avg_price asc"}, {"sort": "spu_avg_price"}, {"sales_flag": 0}],
)
def test_different_watches_differ(changed: dict[str, object]) -> None:
    """Everything that changes the list changes the text for hashes."""
    assert read(**changed).canonical() != read().canonical()


def test_numbers_have_no_exponents() -> None:
    """The request writes small and large numbers out."""
    query = read(min_product_rating=0.00001, max_total_sale_gmv_amt=1e15)
    asked = query.params(NOW)
    assert asked["min_product_rating"] == "0.00001"
    assert asked["max_total_sale_gmv_amt"] == "1000000000000000"


def test_describe() -> None:
    """A query in words has everything that is asked for."""
    query = read(
        min_total_sale_30d_cnt=100,
        sales_trend_flag="rising",
        min_first_crawl_dt="30d ago",
        sort="total_sale_7d_cnt asc",
    )
    assert query.describe() == (
        "US, first collected: at least 30d ago, 30-day sales: at least 100, trend rising, "
        "by 7-day sales, lowest first, first 100"
    )
    assert read().describe() == "US, first 100"


_KEYS = st.sampled_from([*(each.name for each in PRODUCT_LIST.parameters), "sort", "top", "other"])
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
_VALUES = _SCALARS | st.lists(_SCALARS, max_size=2) | st.sampled_from(["US", "10k", "7d ago", "1"])


@given(st.dictionaries(_KEYS, _VALUES, max_size=5))
def test_whatever_a_user_writes_is_read_or_reported(raw: dict[str, object]) -> None:
    """Nothing raises; there is a query exactly where there is no problem."""
    found: list[object] = []
    query = parse_query(raw, lambda *problem: found.append(problem))
    assert (query is None) == bool(found)
    if query is not None:
        assert all(isinstance(value, str) for value in query.params(NOW).values())
        assert query.describe()
        assert query.canonical()


LOOKUP = Query("US", endpoint=PRODUCT_DETAIL, own="mine", ids=("1", "2"))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (Query("US"), "region=US&sort=none&top=100"),
        (
            Query("US", (("seller_id", "7"),), endpoint=SHOP_PRODUCTS),
            "list=shop&seller_id=7&sort=none&top=100",
        ),
        (LOOKUP, "products named=mine"),
        (replace(LOOKUP, of_rule=True), "products of rule=mine"),
        (replace(LOOKUP, own="followed", followed=True), "products followed"),
    ],
)
def test_what_a_query_is_stays_as_it_is(query: Query, text: str) -> None:
    """Databases know their watches by it."""
    assert query.canonical() == text


def test_which_products_there_are_makes_no_other_list() -> None:
    """Nor in which market they are meant."""
    other = replace(LOOKUP, ids=("3",))
    assert (LOOKUP, hash(LOOKUP)) == (other, hash(other))
    assert replace(LOOKUP, region="GB").canonical() == LOOKUP.canonical()
