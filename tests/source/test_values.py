"""What the numbers of a list mean, for every field that there is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from tests.source.scripted import Purse, ScriptedServer, body_of, product
from watcher.fields import COMMISSION, NUMERIC, NUMERIC_INDEX, RATING
from watcher.model import Floats
from watcher.source.client import Client
from watcher.source.query import Query
from watcher.source.rows import settle
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.units import Unit

FREE = {"off_mark", "first_crawl_dt"}  # and flags: below 0 they are what they are
COUNTED = [
    field.name for field in NUMERIC if field.unit is not Unit.FLAG and field.name not in FREE
]


def table(column: str, values: Sequence[float]) -> Floats:
    """Products with only that number."""
    numbers = np.full((len(values), len(NUMERIC)), np.nan)
    numbers[:, NUMERIC_INDEX[column]] = values
    return numbers


def settled(column: str, values: Sequence[float]) -> list[float | None]:
    """What becomes of them; None is no value."""
    numbers = table(column, values)
    settle(numbers)
    found = numbers[:, NUMERIC_INDEX[column]].tolist()
    return [None if math.isnan(value) else value for value in found]


def test_all_fields_are_counted_or_not() -> None:
    """88 numbers: counts, amounts, prices, a rate and a rating; the others are named here."""
    units = {field.unit for field in NUMERIC if field.name in COUNTED}
    assert units == {Unit.COUNT, Unit.MONEY, Unit.GMV, Unit.FRACTION, Unit.SCORE}
    assert len(COUNTED) == len(NUMERIC) - len(FREE) - 4


def test_below_0_is_no_value() -> None:
    """Told with the field's name, once for all products; the others keep theirs."""
    for name in COUNTED:
        assert settled(name, [-1, 0.5, -0.01, -1e9]) == [None, 0.5, None, None], name
        assert settle(table(name, [-1, 0.5, -2])).problems == (
            f"{name} is below 0 in 2 products: no value",
        )
        assert settle(table(name, [-1])).problems == (f"{name} is below 0 in 1 product: no value",)


@pytest.mark.parametrize("name", sorted(FREE | {"sales_flag", "sales_trend_flag", "is_s_shop"}))
def test_others_are_what_they_are(name: str) -> None:
    """What a flag below 0 means nobody has said."""
    assert settled(name, [-1, 0, 3]) == [-1, 0, 3]


def test_0_is_a_value_but_of_a_rating() -> None:
    """Nothing sold is a fact; no stars are none."""
    for name in COUNTED:
        assert settled(name, [0, 0.5]) == [None if name == RATING else 0, 0.5], name
        assert settle(table(name, [0])).problems == (), name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ([0.13, 0.2, 0.05], [0.13, 0.2, 0.05]),
        ([13, 20, 5], [0.13, 0.2, 0.05]),
        ([13, 1, 0.5, 20, 8], [0.13, 0.01, 0.005, 0.2, 0.08]),  # 1% and half a percent among them
        ([0.13, 0.2, 13], [0.13, 0.2, None]),  # one bad row changes nothing
        ([13, 20, 0.15], [0.13, 0.2, 0.0015]),
        ([0, 0, 0, 13], [0, 0, 0, 0.13]),  # of those above 0
        ([0, 0, 0.2], [0, 0, 0.2]),
        ([13, 0.2], [None, 0.2]),  # half are not most
        ([1, 1, 1], [1, 1, 1]),
        ([100, 20], [1, 0.2]),
        ([101, 20, 30], [None, 0.2, 0.3]),
        ([-5, -5, 0.1], [None, None, 0.1]),
        ([float("nan"), 13], [None, 0.13]),
        ([0, 0], [0, 0]),
    ],
)
def test_the_scale_of_commissions_is_the_lists(
    written: list[float], meant: list[float | None]
) -> None:
    """Percentages where most of those above 0 exceed 1; what is above 100% then is no value."""
    assert settled(COMMISSION, written) == pytest.approx(meant)


def test_a_commission_above_100_percent_is_told() -> None:
    """It is a fault of the row."""
    assert settle(table(COMMISSION, [0.1, 0.2, 13])).problems == (
        f"{COMMISSION} is above 100% in 1 product: no value",
    )


def test_a_list_that_is_read_in_parts() -> None:
    """All of it is settled, whatever its length, and its scale is one."""
    numbers = table("review_count", [5.0] * 25_000)
    numbers[[0, 9_999, 10_000, 24_999], NUMERIC_INDEX["review_count"]] = -1
    numbers[:, NUMERIC_INDEX[COMMISSION]] = 0.5
    numbers[10_000:, NUMERIC_INDEX[COMMISSION]] = 50
    found = settle(numbers)
    assert found.problems[0] == "review_count is below 0 in 4 products: no value"
    assert np.isnan(numbers[:, NUMERIC_INDEX["review_count"]]).sum() == 4
    assert set(numbers[:, NUMERIC_INDEX[COMMISSION]].tolist()) == {0.005, 0.5}


def test_nothing_is_settled_of_nothing() -> None:
    """An empty list."""
    found = settle(np.zeros((0, len(NUMERIC))))
    assert (found.percentages, found.unrated, found.problems) == (None, False, ())


async def scan(rows: Sequence[Mapping[str, Any]], **filters: float) -> ScanResult:
    """A real scan of one page of products with these fields."""
    given = [product(number, **row) for number, row in enumerate(rows, start=1)]
    query = Query("US", tuple(filters.items()), sort="total_sale_7d_cnt")
    server = ScriptedServer(lambda page: body_of(given if page == 1 else []))
    async with server, Client(server.url, "key", requests_per_second=1000) as client:
        return await read_scan(ScanOrder(query, "w", 1), client, Purse(), lambda: 1)


async def test_a_scan_has_values() -> None:
    """What is stored and judged is settled, whichever way the page was decoded."""
    rows: list[dict[str, Any]] = [
        {COMMISSION: 13, RATING: 0, "spu_avg_price": -1},
        {COMMISSION: "8", RATING: 4.5, "spu_avg_price": 2},
    ]
    result = await scan(rows)
    columns = {name: NUMERIC_INDEX[name] for name in (COMMISSION, RATING, "spu_avg_price")}
    found = {name: result.scan.numbers[:, column] for name, column in columns.items()}
    assert found[COMMISSION].tolist() == [0.13, 0.08]
    assert np.array_equal(found[RATING], [np.nan, 4.5], equal_nan=True)
    assert np.array_equal(found["spu_avg_price"], [np.nan, 2], equal_nan=True)
    assert result.scan.problems == ("spu_avg_price is below 0 in 1 product: no value",)
    assert result.scan.proves_absence


async def test_a_list_without_ratings_has_not_lost_the_field() -> None:
    """0 says that there is none yet; null, or nothing at all, says nothing."""
    assert RATING not in (await scan([{RATING: 0}, {RATING: None}])).missing
    assert RATING in (await scan([{RATING: None}, {RATING: ...}])).missing
    assert "review_count" in (await scan([{"review_count": -1}])).missing


@pytest.mark.parametrize(
    ("written", "filters", "said"),
    [
        (13, {f"min_{COMMISSION}": 0.1}, f"in percent here: min_{COMMISSION} 0.1 is 0.1% to it"),
        (13, {f"max_{COMMISSION}": 1.0}, f"in percent here: max_{COMMISSION} 1 is 1% to it"),
        (0.13, {f"max_{COMMISSION}": 15.0}, f"as fractions here: max_{COMMISSION} 15 is 1500% to"),
        (13, {f"min_{COMMISSION}": 10.0}, ""),
        (13, {f"min_{COMMISSION}": 0.0}, ""),
        (0.13, {f"min_{COMMISSION}": 0.1, f"max_{COMMISSION}": 1.0}, ""),
        (0, {f"max_{COMMISSION}": 15.0}, ""),
        (13, {"min_spu_avg_price": 0.5}, ""),
    ],
)
async def test_a_filter_in_another_scale_is_told(
    written: float, filters: dict[str, float], said: str
) -> None:
    """It goes to the API as it stands, and the list shows how that is read."""
    problems = (await scan([{COMMISSION: written}], **filters)).scan.problems
    if said:
        (problem,) = problems
        assert said in problem
    else:
        assert problems == ()
