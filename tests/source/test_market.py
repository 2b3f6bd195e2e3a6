"""The simulated market: consistent, believable, and the same for the same seed."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from typing import Any

import numpy as np
import pytest

from tests.fakes.market import boost, daily, delist, relist, set_price
from watcher.fields import FIELDS, NUMERIC, SALES_TRENDS, WINDOWS, FieldType
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.simulator import PRESETS, REAL, SMOOTH, Market
from watcher.source.simulator.behaviour import FLAT
from watcher.source.simulator.refusals import BadParameter
from watcher.units import parse_day

START = date(2026, 11, 23)
BASE = {"region": "US", "page_num": "1", "page_size": "10"}
FAMILIES = sorted({field.family for field in NUMERIC if field.family})


def read(market: Market, **params: object) -> list[dict[str, Any]]:
    """Every product of a list, page by page."""
    products: list[dict[str, Any]] = []
    for page in range(1, 1_000):
        asked = BASE | {name: str(value) for name, value in params.items()}
        found = market.answer(asked | {"page_num": str(page)})
        products += found
        if len(found) < 10:
            break
    return products


@pytest.fixture(scope="module")
def market() -> Market:
    """A market that no test changes: as real sales, for its answers have most in them."""
    return Market(start=START, products=1_200, regions=("US", "ID"), behaviour=REAL)


@pytest.fixture(scope="module")
def products(market: Market) -> list[dict[str, Any]]:
    """Every product of its largest region."""
    return read(market)


def test_product_has_every_field_of_its_kind(products: list[dict[str, Any]]) -> None:
    """A product has exactly the 100 fields: texts as texts, counts as integers."""
    for product in products:
        assert set(product) == {field.name for field in FIELDS}
        for field in FIELDS:
            value = product[field.name]
            if field.type is not FieldType.NUMBER:
                assert value is None or isinstance(value, str)
            elif field.name.endswith("_cnt"):
                assert isinstance(value, int)
            else:
                assert round(value, 2) == value
                assert value >= 0


def test_ids_are_digits_and_unique(market: Market) -> None:
    """Ids are 19 digits, another one for each product of every region."""
    ids = market.product_ids()
    assert len(set(ids)) == len(ids) == len(market) >= market.products
    assert all(re.fullmatch(r"\d{19}", product_id) for product_id in ids)


def test_windows_are_sums_of_days(market: Market) -> None:
    """W7 is the sum of the last seven days, and so on, in every family."""
    for product_id in market.product_ids()[:100]:
        product = market.product(product_id)
        days = daily(market, product_id)
        for window in WINDOWS:
            assert product[f"total_sale_{window}d_cnt"] == days[-window:].sum()
        cents = daily(market, product_id, "total_sale_gmv_{}amt")
        assert product["total_sale_gmv_30d_amt"] == pytest.approx(cents[-30:].sum() / 100)


def test_longer_windows_have_no_less(products: list[dict[str, Any]]) -> None:
    """1 <= 7 <= ... <= 90 days <= all time, in every family."""
    for product in products:
        for family in FAMILIES:
            values = [product[family.format(f"{window}d_")] for window in WINDOWS]
            total = product.get(family.format(""), product["total_ifl_cnt"])
            assert [*values, total] == sorted([*values, total])


def test_parts_fit_into_the_whole(products: list[dict[str, Any]]) -> None:
    """Video and live sales are at most all sales; creators at most videos."""
    for product in products:
        for window in ("1d_", "7d_", "90d_", ""):
            by_way = (
                product[f"total_video_sale_{window}cnt"] + product[f"total_live_sale_{window}cnt"]
            )
            assert by_way <= product[f"total_sale_{window}cnt"]
        assert product["total_ifl_video_7d_cnt"] <= product["total_video_7d_cnt"]
        assert product["total_ifl_live_7d_cnt"] <= product["total_live_7d_cnt"]
        assert bool(product["total_ifl_video_7d_cnt"]) == bool(product["total_video_7d_cnt"])


def test_gmv_follows_the_price(products: list[dict[str, Any]]) -> None:
    """Yesterday's GMV is yesterday's units at the price, in dollars."""
    for product in products:
        expected = product["total_sale_1d_cnt"] * product["spu_avg_price"]
        assert product["total_sale_gmv_1d_amt"] == pytest.approx(expected, abs=0.01)


def test_trend_tells_the_week_from_the_one_before(market: Market) -> None:
    """Rising products sold a fifth more than the week before, falling ones a fifth less."""
    seen = Counter[int]()
    for product_id in market.product_ids():
        days = daily(market, product_id)
        week, before = int(days[-7:].sum()), int(days[-14:-7].sum())
        flag = market.product(product_id)["sales_trend_flag"]
        seen[int(str(flag))] += 1
        if flag == SALES_TRENDS["rising"]:
            assert week > 1.2 * before
        if flag == SALES_TRENDS["falling"]:
            assert week < 0.8 * before
        if week == before:
            assert flag == SALES_TRENDS["stable"]
    assert set(seen) == {0, 1, 2}
    assert seen[0] > seen[1] + seen[2]


def test_long_texts_are_json_but_for_a_few(products: list[dict[str, Any]]) -> None:
    """Variants carry the prices around the average; few descriptions are no JSON."""
    for product in products[:200]:
        covers = json.loads(product["cover_url"])
        assert all({"url", "index"} == set(cover) for cover in covers)
        prices = [one["real_price"] for one in json.loads(product["skus"])]
        values = [float(one.get("price_val") or one["sale_price_decimal"]) for one in prices]
        assert {one.get("currency_name") or one["currency"] for one in prices} == {"USD"}
        assert (min(values), max(values)) == (product["min_price"], product["max_price"])
        assert np.mean(values) == pytest.approx(product["spu_avg_price"], abs=0.011)
    assert sum(not _is_json(product["desc_detail"]) for product in products) < len(products) / 20


def _is_json(text: str | None) -> bool:
    try:
        json.loads(text or "")
    except ValueError:
        return False
    return True


def test_prices_are_in_the_regions_currency(market: Market) -> None:
    """Rupiah prices are large and whole, their GMV stays in dollars."""
    for product in read(market, region="ID", min_total_sale_30d_cnt=1):
        assert product["spu_avg_price"] >= 1_000
        assert product["spu_avg_price"] % 100 == 0
        assert "IDR" in product["skus"]
        assert product["total_sale_gmv_30d_amt"] < product["total_sale_30d_cnt"] * 500


def test_names_are_varied(products: list[dict[str, Any]]) -> None:
    """Names differ, and some hold what breaks careless programs."""
    names = [product["product_name"] for product in products]
    assert len(set(names)) > 0.9 * len(names)
    assert any(not name.isascii() for name in names)
    assert any('"' in name for name in names)


def test_sales_have_a_heavy_tail(products: list[dict[str, Any]]) -> None:
    """The first hundredth of the products sells more than a sixth of all; many sell little."""
    sales = np.sort([product["total_sale_30d_cnt"] for product in products])[::-1]
    assert sales[: len(sales) // 100].sum() > sales.sum() / 6
    assert np.median(sales) < 0.1 * sales[len(sales) // 50]


@pytest.mark.parametrize("name", PRODUCT_LIST.sorts)
def test_sorts(market: Market, name: str) -> None:
    """Each sort orders the list by its field, both ways."""
    for direction, sign in (("1", -1), ("0", 1)):
        found = read(
            market,
            product_sort_field=PRODUCT_LIST.sorts[name],
            sort_type=direction,
            min_total_sale_30d_cnt=50,
        )
        values = [product[name] for product in found]
        assert len(values) > 50
        assert values == sorted(values, key=lambda value: sign * value)


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("total_sale_cnt", 500),
        ("total_sale_30d_cnt", 100),
        ("total_ifl_cnt", 20),
        ("total_video_cnt", 30),
        ("total_views_cnt", 10_000),
        ("review_count", 25),
        ("spu_avg_price", 14.5),
        ("product_commission_rate", 0.12),
        ("product_rating", 4.5),
        ("total_sale_gmv_amt", 5_000.5),
        ("total_sale_gmv_30d_amt", 700),
        ("first_crawl_dt", 20260301),
    ],
)
def test_ranges_part_the_list(
    market: Market, products: list[dict[str, Any]], name: str, limit: float
) -> None:
    """A minimum and a maximum choose exactly the products at or beyond them."""
    for bound, sign in (("min", 1), ("max", -1)):
        found = {one["product_id"] for one in read(market, **{f"{bound}_{name}": limit})}
        expected = {one["product_id"] for one in products if sign * (one[name] - limit) >= 0}
        assert found == expected
        assert 0 < len(found) < len(products)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sales_trend_flag", 1),
        ("sales_flag", 2),
        ("is_s_shop", 1),
        ("free_shipping", 0),
        ("category_id", "601450"),
        ("category_l2_id", "602450"),
        ("category_l3_id", "801460"),
    ],
)
def test_filters_choose_equals(
    market: Market, products: list[dict[str, Any]], name: str, value: object
) -> None:
    """A flag or a category chooses exactly the products that have it."""
    found = {one["product_id"] for one in read(market, **{name: value})}
    assert found == {one["product_id"] for one in products if str(one[name]) == str(value)}
    assert found


def test_pages_part_the_list(market: Market) -> None:
    """No product is twice on the pages; past the end a page is empty."""
    found = [product["product_id"] for product in read(market)]
    assert len(found) == len(set(found)) == (market.listed() & (market.goods.region == 0)).sum()
    assert market.answer(BASE | {"page_num": "100000"}) == []
    assert market.answer(BASE | {"region": "FR"}) == []


@pytest.mark.parametrize(
    "params",
    [
        {"page_num": "1", "page_size": "10"},
        {"region": "US", "page_size": "10"},
        {"region": "US", "page_num": "1"},
        BASE | {"region": "usa"},
        BASE | {"page_num": "0"},
        BASE | {"page_num": "100001"},
        BASE | {"page_size": "11"},
        BASE | {"page_size": "ten"},
        BASE | {"sales_trend_flag": "3"},
        BASE | {"min_total_sale_cnt": "1.5"},
        BASE | {"min_spu_avg_price": "nan"},
        BASE | {"min_first_crawl_dt": "20261301"},
        BASE | {"product_sort_field": "8"},
        BASE | {"sort_type": "2"},
        BASE | {"sort": "total_sale_cnt"},
    ],
)
def test_bad_parameters_are_refused(market: Market, params: dict[str, str]) -> None:
    """What the endpoint does not take is an error that names the parameter."""
    with pytest.raises(BadParameter, match=r"\w+_\w+|region|sort"):
        market.answer(params)


@pytest.mark.parametrize("preset", PRESETS)
def test_advancing_is_the_same_in_any_steps(preset: str) -> None:
    """30 days at once are 30 times one day; another seed is another market."""
    first, second = (
        Market(start=START, products=150, seed=3, behaviour=PRESETS[preset]) for _ in range(2)
    )
    first.advance(30)
    for _ in range(30):
        second.advance()
    assert first.day == second.day == date(2026, 12, 23)
    assert read(first) == read(second)
    other = Market(start=START, products=150, seed=4, behaviour=PRESETS[preset])
    assert set(other.product_ids()).isdisjoint(first.product_ids())


@pytest.mark.parametrize("preset", PRESETS)
def test_a_change_of_one_product_leaves_the_others(preset: str) -> None:
    """Boost, price, delisting: every other product sells as it would have."""
    plain, changed = (
        Market(start=START, products=150, regions=("US",), behaviour=PRESETS[preset])
        for _ in range(2)
    )
    ids = plain.product_ids()
    boost(changed, ids[0], 20, 5)
    set_price(changed, ids[1], 3.21)
    delist(changed, ids[2])
    for market in (plain, changed):
        market.advance(12)
    touched = set(ids[:3])
    before, after = (
        [one for one in read(market, product_sort_field=1) if one["product_id"] not in touched]
        for market in (plain, changed)
    )
    assert before == after


def test_boost_lifts_sales_for_its_days() -> None:
    """A boosted product sells the more, its trend turns, and later all is over.

    In a flat market, where nothing else moves it.
    """
    market = Market(start=START, products=60, regions=("US",), behaviour=FLAT)
    best = read(market, product_sort_field=5)[0]
    product_id = best["product_id"]
    boost(market, product_id, 8, 3)
    market.advance(5)
    days = daily(market, product_id)
    assert days[-5:-2].mean() > 4 * days[-12:-5].mean()
    assert days[-2:].mean() < 0.5 * days[-5:-2].mean()
    assert market.product(product_id)["sales_trend_flag"] == SALES_TRENDS["rising"]


def test_set_price_shows_at_once() -> None:
    """A price is seen in the same day's answer, and earns from the next day on.

    In a flat market: no offer changes it.
    """
    market = Market(start=START, products=60, regions=("US",), behaviour=FLAT)
    product_id = read(market, product_sort_field=5)[0]["product_id"]
    set_price(market, product_id, 7.25)
    assert market.product(product_id)["spu_avg_price"] == 7.25
    sold = market.product(product_id)["total_sale_gmv_amt"]
    market.advance()
    product = market.product(product_id)
    expected = float(str(sold)) + 7.25 * int(str(product["total_sale_1d_cnt"]))
    assert product["total_sale_gmv_amt"] == pytest.approx(expected)


def test_delisted_products_stop_and_vanish() -> None:
    """A delisted product is marked, stops selling, leaves the list, and can come back.

    In a flat market, where it sold the day before.
    """
    market = Market(start=START, products=60, regions=("US",), behaviour=FLAT)
    product_id = read(market, product_sort_field=5)[0]["product_id"]
    assert int(str(market.product(product_id)["total_sale_1d_cnt"])) > 0
    delist(market, product_id, shown_days=2)
    assert market.product(product_id)["off_mark"] == 2
    market.advance()
    assert market.product(product_id)["total_sale_1d_cnt"] == 0
    assert product_id in market.product_ids()
    market.advance()
    assert product_id not in market.product_ids()
    relist(market, product_id)
    assert product_id in market.product_ids()
    delist(market, product_id, shown_days=0)
    assert product_id not in market.product_ids()


def test_life_goes_on() -> None:
    """Over 60 days products come and go, change prices and commissions; totals only grow.

    In the smooth market, where an offer lasts: the real one's prices are tested beside its sales.
    """
    market = Market(start=START, products=800, regions=("US",), behaviour=SMOOTH)
    before = {one["product_id"]: one for one in read(market)}
    market.advance(60)
    after = {one["product_id"]: one for one in read(market)}
    came, went = set(after) - set(before), set(before) - set(after)
    assert 20 < len(came) < 400
    assert 20 < len(went) < 400
    assert len(market) >= 800
    for product_id in came:
        first = parse_day(after[product_id]["first_crawl_dt"])
        assert first is not None
        assert START <= first < market.day
        assert after[product_id]["total_sale_cnt"] == after[product_id]["total_sale_90d_cnt"]
    both = set(after) & set(before)
    for name in ("spu_avg_price", "product_commission_rate"):
        changed = sum(after[one][name] != before[one][name] for one in both)
        assert 0.02 * len(both) < changed < 0.5 * len(both)
    for name in ("total_sale_cnt", "total_views_cnt", "total_ifl_cnt", "review_count"):
        assert all(after[one][name] >= before[one][name] for one in both)


def test_a_handful_takes_off_each_day() -> None:
    """Of the best 300 of the smooth market, a few a day turn to rising with a growth over 50%."""
    market = Market(start=START, products=2_000, regions=("US",), behaviour=SMOOTH)
    turned, last = [], None
    for _ in range(12):
        week, month = (
            market.column(f"total_sale_{window}d_cnt").astype(float) for window in (7, 30)
        )
        top = np.zeros(len(week), dtype=bool)
        top[np.argsort(-np.where(market.listed(), week, -1))[:300]] = True
        rising = np.asarray(market.column("sales_trend_flag") == SALES_TRENDS["rising"])
        growing = week / 7 > 1.5 * (month - week) / 23
        if last is not None:
            new = len(week) - len(last)
            was = np.concatenate((last, np.ones(new, dtype=bool)))
            turned.append(int((top & rising & ~was & growing).sum()))
        last = rising
        market.advance()
    assert 0.4 < np.mean(turned) < 6
    assert max(turned) < 12


def test_impossible_markets_are_refused() -> None:
    """No seed below 0, no market without products or regions."""
    for seed, products in ((-1, 10), (7, 0)):
        with pytest.raises(ValueError, match="a market needs"):
            Market(start=START, seed=seed, products=products, behaviour=REAL)
    with pytest.raises(ValueError, match="a market needs"):
        Market(start=START, regions=(), behaviour=REAL)
