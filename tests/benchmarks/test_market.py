"""The statistics of a market are right, and the presets have those that they promise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.market import WORDS, Statistics, main, rises, simulated_view, statistics
from benchmarks.sales import Sales, View
from benchmarks.simulated import recorded, simulated
from tests.fakes.market import daily, data_day
from watcher.source.simulator import PRESETS, REAL, Behaviour, Market
from watcher.source.simulator.behaviour import FLAT

SEEDS = (1, 2, 3)


@cache
def measured(preset: str, seed: int) -> Statistics:
    """Of a small market: half a year, half of the depth."""
    view = simulated_view(PRESETS[preset], products=1_900, days=180, top=100, seed=seed)
    return statistics(view)


@pytest.mark.parametrize("seed", SEEDS)
def test_real_is_as_real_sales_are(seed: int) -> None:
    """Within a tenth of a year of real sales, and somewhat for the chance of half a year."""
    shown = measured("real", seed)
    assert shown.next_day == pytest.approx(0.873, rel=0.05)
    assert shown.next_week == pytest.approx(0.507, rel=0.13)
    assert shown.largest_day == pytest.approx(0.526, rel=0.1)
    assert shown.growth == pytest.approx(1.82, rel=0.12)
    assert 7 < shown.growth_90 < 40
    assert 0.02 < shown.unsold < 0.07
    assert shown.price_moves == pytest.approx(0.179, rel=0.13)
    assert 0 <= shown.autocorrelation <= 0.15


def test_real_has_rises_to_be_found() -> None:
    """About as many go on, and take off, as on the real list; none does on the flat one."""
    real, flat = (
        rises(simulated_view(PRESETS[name], products=1_900, days=300, top=100, seed=1))
        for name in ("real", "flat")
    )
    assert real.good == pytest.approx(0.24, abs=0.05)
    assert real.strict == pytest.approx(0.1, abs=0.04)
    assert real.takeoffs == pytest.approx(1.9, abs=0.9)
    assert flat.good < 0.01
    assert flat.takeoffs == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_flat_has_next_to_nothing_that_moves(seed: int) -> None:
    """Who is listed stays, by the day and the week; no day stands out; no price moves."""
    shown = measured("flat", seed)
    assert shown.next_week > 0.85
    assert shown.largest_day < 0.25
    assert shown.growth == pytest.approx(1, abs=0.05)
    assert shown.growth_90 < 1.5
    assert shown.price_moves == shown.unsold == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_stormy_is_worse_than_real(seed: int) -> None:
    """In all that makes a rule cry wolf."""
    shown, real = measured("stormy", seed), measured("real", seed)
    assert shown.next_week < real.next_week - 0.08
    assert shown.largest_day > real.largest_day + 0.08
    assert shown.growth > 1.4 * real.growth
    assert shown.unsold > 1.5 * real.unsold
    assert shown.price_moves > 1.2 * real.price_moves


def test_levels_do_not_hang_on_the_size() -> None:
    """A market four times as large has as unsteady a list at the same depth."""
    small, large = (
        statistics(simulated_view(REAL, products=products, days=115, top=60, seed=4))
        for products in (1_000, 4_000)
    )
    assert large.next_week == pytest.approx(small.next_week, abs=0.12)
    assert large.largest_day == pytest.approx(small.largest_day, abs=0.05)


def best(sold: Sequence[float], top: int) -> list[int]:
    """The products that sold most, the first of equals first."""
    order = sorted(range(len(sold)), key=lambda product: (-sold[product], product))
    return [product for product in order[:top] if sold[product] > 0]


def naive(sales: Sales, top: int, first: int) -> Statistics:
    """All statistics, product by product and day by day."""
    n, days = sales.units.shape
    week = {d: [sum(sales.units[i, max(0, d - 7) : d]) for i in range(n)] for d in range(days + 1)}
    lists = {d: best(sold, top) for d, sold in week.items()}
    mornings = range(first, days + 1)
    spots = [(d, i) for d in mornings for i in lists[d]]
    growth = sorted(week[d][i] / week[d - 7][i] if week[d - 7][i] else math.inf for d, i in spots)
    moves = [abs(sales.price[i, d - 1] / sales.price[i, d - 2] - 1) for d, i in spots]
    known = [move for move in moves if not math.isnan(move)]
    listed = {product for each in lists.values() for product in each}
    lags = []
    for i in listed:
        x = sales.units[i] - sales.units[i].mean()
        if any(x):
            lags.append(sum(x[t] * x[t + 1] for t in range(days - 1)) / sum(x**2))
    largest = [max(sales.units[i, d - 7 : d]) / week[d][i] for d, i in spots]
    stays = {
        k: [len({*lists[d]} & {*lists[d + k]}) / len(lists[d]) for d in mornings if d + k <= days]
        for k in (1, 7)
    }
    return Statistics(
        next_day=float(np.mean(stays[1])),
        next_week=float(np.mean(stays[7])),
        largest_day=float(np.median(largest)),
        growth=growth[(len(growth) - 1) // 2],
        growth_90=growth[int(0.9 * (len(growth) - 1))],
        unsold=sum(week[d - 7][i] == 0 for d, i in spots) / len(spots),
        price_moves=sum(move > 0.1 for move in known) / len(known),
        autocorrelation=float(np.median(lags)),
    )


def test_statistics_are_what_they_say() -> None:
    """The same as written plainly, on sales with gaps, newcomers and moving prices."""
    rng = np.random.default_rng(5)
    units = np.floor(rng.lognormal(0.5, 1.5, (30, 60))) * (rng.random((30, 60)) < 0.5)
    units[20:, :35] = 0
    price = np.round(10 * rng.choice([1, 1, 1, 1.2], (30, 60)), 2)
    price[20:, :35] = np.nan
    sales = Sales(tuple(f"p{i:02}" for i in range(30)), date(2025, 1, 1), units, units * 10, price)
    found, expected = statistics(View(sales, 8), first=23), naive(sales, 8, 23)
    for field in fields(Statistics):
        assert getattr(found, field.name) == pytest.approx(getattr(expected, field.name)), field
    assert found.unsold > 0
    with pytest.raises(ValueError, match="60 days of sales are too few: 111 are needed"):
        statistics(View(sales, 8))


@pytest.mark.parametrize("late", [0.0, 0.4])
def test_recorded_sales_are_what_the_answers_say(late: float) -> None:
    """Day by day, also of newcomers, and of days that came together with the next one."""
    behaviour = replace(REAL, late=late, delisting=0.02)
    market, twin = (
        Market(start=date(2026, 1, 5), seed=3, products=80, regions=("US",), behaviour=behaviour)
        for _ in range(2)
    )
    first = data_day(market)
    assert (market.day - first).days == (2 if late else 1)
    sales, seen = recorded(market, 45)
    assert sales.start == first + timedelta(days=1)
    assert len(sales.products) > 80
    assert seen.shape == (len(sales.products), 46)
    twin.advance((market.day - twin.day).days)
    shown = {name: place for place, name in enumerate(sales.products)}
    extra = (data_day(market) - sales.start).days + 1 - sales.days
    for product in twin.product_ids():
        days = daily(twin, product)
        days = days[: len(days) - extra][-45:]
        assert sales.units[shown[product]].tolist() == days.tolist()
        sold = sales.units[shown[product]] > 0
        assert np.isfinite(sales.price[shown[product]][sold]).all()
        assert sales.amount[shown[product]].sum() == pytest.approx(
            daily(twin, product, "total_sale_gmv_{}amt")[: 90 - extra][-45:].sum() / 100
        )


def test_a_day_costs_what_it_sold_for() -> None:
    """The price of a day is that of its amount."""
    sales = simulated("real", days=20, products=60, seed=3)
    sold = sales.units > 0
    assert sold.sum() > 100
    assert sales.amount[sold] == pytest.approx((sales.units * sales.price)[sold], abs=0.01)


def test_one_script_for_both(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A market's sales in a CSV have the statistics that the market has."""
    sales = simulated("real", days=130, products=200, seed=7)
    lines = [
        f"{name},{sales.start + timedelta(days=day)},{sales.units[row, day]},"
        f"{sales.amount[row, day]},{sales.price[row, day]}"
        for row, name in enumerate(sales.products)
        for day in range(sales.days)
        if not math.isnan(sales.price[row, day])
    ]
    path = tmp_path / "sales.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    main(["real", "--sales", str(path), *"--top 30 --products 200 --days 130".split()])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == ["| of the listed products", "sales.csv", "real |"]
    assert [row[0].removeprefix("| ") for row in rows[2:]] == list(WORDS.values())
    for _, file, market in rows[2:]:
        both = [float(cell.strip("|% ")) for cell in (file, market)]
        # A file does not say who was taken off the list.
        assert both[0] == pytest.approx(both[1], rel=0.1, abs=0.03)


def test_what_cannot_be_measured_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown preset, a file that is not there, a time that is too short."""
    for wrong, said in (
        (["calm"], "no preset calm; there are real, flat"),
        (["--sales", "none.csv"], "none.csv: can't be read"),
        (["real", "--days", "30", "--products", "50"], "30 days of sales are too few"),
    ):
        with pytest.raises(SystemExit):
            main(wrong)
        assert said in capsys.readouterr().err


def test_behaviour_of_ones_own() -> None:
    """Settings of one's own are measured like a preset."""
    bulky: Behaviour = replace(FLAT, bulk_orders=0.01)
    shown = statistics(simulated_view(bulky, products=400, days=120, top=40, seed=1))
    assert shown.largest_day > 0.3


def test_the_documentation_has_the_table() -> None:
    """Each statistic has a row of all presets, beside real sales."""
    text = (Path(__file__).parents[2] / "docs" / "market.md").read_text("utf-8")
    assert f"| of the listed products | real sales | {' | '.join(PRESETS)} |" in text
    for words in WORDS.values():
        assert f"| {words} | " in text
