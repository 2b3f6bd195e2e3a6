"""How a simulated market moves: each setting does what it says, each preset is consistent."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.fakes.market import column_on, data_day, delist
from watcher.fields import NUMERIC, NUMERIC_NAMES, WINDOWS
from watcher.model import Ints
from watcher.source.simulator import PRESETS, REAL, Behaviour, Market, Simulator
from watcher.source.simulator import __main__ as command
from watcher.source.simulator.behaviour import FLAT, SPARSE, STORMY
from watcher.source.simulator.dynamics import SERIES

START = date(2026, 11, 23)
DAYS = 30
FAMILIES = sorted({field.family for field in NUMERIC if field.family})


def market(behaviour: Behaviour, products: int = 300, seed: int = 7) -> Market:
    """A small market of one region."""
    return Market(start=START, products=products, regions=("US",), seed=seed, behaviour=behaviour)


unchanged = cache(market)  # for tests that let no day pass


def columns(one: Market) -> dict[str, bytes]:
    """All of its numbers."""
    return {name: one.column(name).tobytes() for name in NUMERIC_NAMES}


def sold(one: Market, days: int = DAYS) -> Ints:
    """What was told of each product on its last days, (days, n)."""
    last = data_day(one)
    return np.stack([column_on(one, last - timedelta(days=back)) for back in range(days)])


# Another value of each setting: what is on in none of the others is on here.
OTHER: dict[str, tuple[Behaviour, dict[str, Any]]] = {
    "tail": (FLAT, {"tail": 2.5}),
    "day_noise": (FLAT, {"day_noise": 1.0}),
    "idle": (FLAT, {"idle": 0.5}),
    "crowd": (REAL, {"crowd": 0.0}),
    "trend": (FLAT, {"trend": 1.0}),
    "wave": (replace(FLAT, slope=0.05), {"wave": 0.1}),
    "slope": (replace(FLAT, wave=0.1), {"slope": 0.05}),
    "drift": (FLAT, {"drift": 0.05}),
    "viral": (replace(FLAT, viral_size=3.0), {"viral": 0.05}),
    "viral_size": (replace(FLAT, viral=0.05), {"viral_size": 3.0}),
    "viral_days": (replace(FLAT, viral=0.05, viral_size=3.0), {"viral_days": (20.0, 30.0)}),
    "viral_brief": (replace(FLAT, viral=0.05, viral_size=3.0), {"viral_brief": 5.0}),
    "promotion": (FLAT, {"promotion": 0.05}),
    "flash": (FLAT, {"flash": 0.2}),
    "new_price": (FLAT, {"new_price": 0.05}),
    "new_commission": (FLAT, {"new_commission": 0.05}),
    "delisting": (FLAT, {"delisting": 0.02}),
    "sold_out": (FLAT, {"sold_out": 0.05}),
    "bulk_orders": (FLAT, {"bulk_orders": 0.05}),
    "bulk_units": (replace(FLAT, bulk_orders=0.05), {"bulk_units": 500.0}),
    "bulk_tail": (replace(FLAT, bulk_orders=0.05), {"bulk_tail": 0.7}),
    "closed_weekdays": (FLAT, {"closed_weekdays": frozenset({6})}),
    "closed_days": (FLAT, {"closed_days": frozenset({START - timedelta(days=3)})}),
    "collected": (FLAT, {"collected": 0.5}),
    "absent": (SPARSE, {"absent": True}),
    "late": (FLAT, {"late": 0.9}),
}


def test_every_setting_is_tried() -> None:
    """None is left out below."""
    assert set(OTHER) == {field.name for field in fields(Behaviour)}


@cache
def told(behaviour: Behaviour) -> list[object]:
    """All that three days say of a market."""
    one, days = market(behaviour, products=100), list[object]()
    for _ in range(3):
        days.append((one.product_ids(), columns(one)))
        one.advance()
    return days


@pytest.mark.parametrize("name", OTHER)
def test_every_setting_makes_a_difference(name: str) -> None:
    """Another value of it is another market."""
    behaviour, other = OTHER[name]
    assert told(behaviour) != told(replace(behaviour, **other))


@pytest.mark.parametrize("preset", PRESETS)
def test_windows_are_consistent(preset: str) -> None:
    """The days add up to each window, none exceeds a longer one or the total, in every counter."""
    one = market(PRESETS[preset])
    one.advance(3)
    for family in FAMILIES:
        windows = [one.column(family.format(f"{days}d_")) for days in WINDOWS]
        total = one.column(family.format("") if family in SERIES else "total_ifl_cnt")
        for shorter, longer in zip(windows, [*windows[1:], total], strict=True):
            assert (shorter <= longer).all(), family
            assert (shorter >= 0).all(), family
    for family in SERIES:
        scale = 100 if family.endswith("amt") else 1
        days = np.cumsum(
            [column_on(one, data_day(one) - timedelta(days=back), family) for back in range(90)],
            axis=0,
        )
        for window in WINDOWS:
            told = np.round(one.column(family.format(f"{window}d_")) * scale)
            assert (told == days[window - 1]).all(), family


@pytest.mark.parametrize("preset", PRESETS)
def test_families_follow_the_sales(preset: str) -> None:
    """Video and live sales are part of all; a closed market earns nothing, views go with sales."""
    one = market(PRESETS[preset], products=1_000)
    for window in ("1d_", "7d_", "90d_", ""):
        units, video, live = (
            one.column(f"total_{way}sale_{window}cnt") for way in ("", "video_", "live_")
        )
        money = one.column(f"total_sale_gmv_{window}amt")
        assert (video + live <= units).all()
        assert ((money > 0) == (units > 0)).all()
    month, views = (np.log1p(one.column(f"total_{each}_30d_cnt")) for each in ("sale", "views"))
    assert np.corrcoef(month, views)[0, 1] > 0.6


def test_real_views_move_with_sales() -> None:
    """Whose sales rise from week to week is seen more, in the mean."""
    one = market(REAL, products=2_000)
    names = ("total_sale_7d_cnt", "total_views_7d_cnt")
    before = np.array([one.column(name)[:1_500] for name in names])
    one.advance(7)
    after = np.array([one.column(name)[:1_500] for name in names])
    known = (np.minimum(before, after) > [[20], [1_000]]).all(axis=0)
    assert known.sum() > 50
    assert np.corrcoef(np.log(after[:, known] / before[:, known]))[0, 1] > 0.25


def test_a_cut_price_is_said_by_the_discount() -> None:
    """Who is cheaper by a tenth overnight says by how much; the variants cost that, too."""
    one = market(REAL, products=600)
    cuts = 0
    for _ in range(5):
        before = one.column("spu_avg_price")
        one.advance()
        now = one.column("spu_avg_price")[: len(before)]
        for slot in np.flatnonzero((now < 0.89 * before) & (before > 5)):
            product = one.product(str(one.goods.ids[slot]))
            said = float(str(product["discount"] or "0").strip("-%") or 0) / 100
            # Not of one offer after another, nor of a new list price.
            cuts += abs(1 - now[slot] / before[slot] - said) < 0.01
            assert said or product["discount"] in ("", "-", None)
            assert product["min_price"] <= now[slot] <= product["max_price"]
    assert cuts > 20


def test_flash_offers_are_of_those_that_sell() -> None:
    """What hardly sells is hardly ever on a flash offer."""
    one = market(replace(FLAT, flash=0.2), products=1_000)
    before, busy = one.column("spu_avg_price"), one.column("total_sale_30d_cnt") > 60
    idle = one.column("total_sale_30d_cnt") < 3
    one.advance()
    moved = one.column("spu_avg_price") != before
    assert moved[busy].mean() > 0.15
    assert moved[idle].mean() < 0.04


def test_bulk_orders() -> None:
    """As many as the rate says, none below the least size, some far above; no video sold them."""
    few = replace(FLAT, bulk_orders=0.01, bulk_units=500.0)
    plain, bulky = market(FLAT, products=1_000), market(few, products=1_000)
    more = sold(bulky) - sold(plain)
    orders = more[more > 400]
    assert len(orders) == pytest.approx(0.01 * DAYS * 1_000, rel=0.2)
    assert (more[more <= 400] == 0).mean() > 0.99
    assert orders.min() >= 500
    assert orders.max() > 3_000
    assert (
        plain.column("total_video_sale_90d_cnt") == bulky.column("total_video_sale_90d_cnt")
    ).all()


def test_closed_days() -> None:
    """Nobody sells anything on them, somebody on all others; not even a large order comes."""
    holiday = START - timedelta(days=9)
    closed = replace(
        REAL, closed_weekdays=frozenset({5, 6}), closed_days=frozenset({holiday}), bulk_orders=0.05
    )
    one = market(closed)
    for back, units in enumerate(sold(one)):
        day = data_day(one) - timedelta(days=back)
        assert (units.sum() == 0) == (day.weekday() in (5, 6) or day == holiday)
        assert closed.closed(day) == (units.sum() == 0)


@pytest.mark.parametrize("series", SERIES)
def test_sparse_collection_books_late_and_loses_nothing(series: str) -> None:
    """A product is told all since it was looked at last, on the day it is looked at again."""
    whole, sparse = unchanged(FLAT), unchanged(replace(FLAT, collected=0.3))
    (plain, told) = (
        np.stack(
            [column_on(each, data_day(each) - timedelta(days=back), series) for back in range(90)]
        )[::-1]
        for each in (whole, sparse)
    )
    for product in np.flatnonzero(plain.all(axis=0)):
        booked = np.flatnonzero(told[:, product])
        for since, until in pairwise(booked):
            assert told[until, product] == plain[since + 1 : until + 1, product].sum()
    daily = plain.all(axis=0)
    if daily.sum() > 20:
        assert (told[:, daily] > 0).mean() == pytest.approx(0.3, abs=0.05)


def test_absent_products() -> None:
    """With ``absent`` a part is on the list on a day, with its true numbers; all come in turn."""
    whole, one = market(FLAT), market(replace(FLAT, collected=0.3, absent=True))
    seen = set[str]()
    for _ in range(30):
        there = one.product_ids()
        assert 0.15 * 300 < len(there) < 0.45 * 300
        assert len(one) == len(there)
        seen |= set(there)
        whole.advance()
        one.advance()
    assert len(seen) == 300
    assert columns(whole) == columns(one)


def test_late_refreshes() -> None:
    """On some days nothing is new; the next one in time has all, as if none had been late."""
    timely, late = market(REAL), market(replace(REAL, late=0.3))
    same, behind = 0, 0
    for _ in range(40):
        before = data_day(late), columns(late), late.product_ids()
        timely.advance()
        late.advance()
        assert late.day == timely.day
        if data_day(late) == data_day(timely):
            same += 1
            assert columns(late) == columns(timely)
            assert late.product_ids() == timely.product_ids()
        else:
            behind += 1
            assert (data_day(late), columns(late), late.product_ids()) == before
    assert behind == pytest.approx(12, abs=6)
    while data_day(late) == data_day(timely):
        timely.advance()
        late.advance()
    gone = late.product_ids()[0]
    delist(late, gone, shown_days=0)
    assert gone not in late.product_ids()
    with pytest.raises(ValueError, match="none of the last 90 days"):
        column_on(late, data_day(late) + timedelta(days=1))
    with pytest.raises(ValueError, match="none of the last 90 days"):
        column_on(late, data_day(late) - timedelta(days=90))


def test_sold_out_for_weeks_and_back() -> None:
    """Who sells daily and is sold out sells nothing for one to five weeks, then again."""
    one = market(replace(FLAT, sold_out=0.01), products=1_000)
    one.advance(60)
    units = sold(one, 90)[::-1]
    lengths = [
        len(word)
        for product in units[:, units.mean(axis=0) > 8].T
        for word in "".join("x" if each else "." for each in product).strip(".").split("x")
        if len(word) > 5
    ]
    assert len(lengths) > 20
    assert min(lengths) >= 7
    assert max(lengths) > 25


SHARES = (
    *("idle", "crowd", "wave", "viral", "promotion", "flash", "new_price", "new_commission"),
    *("delisting", "sold_out", "bulk_orders", "collected", "late"),
)


@pytest.mark.parametrize(
    "wrong",
    [
        *({name: value} for name in SHARES for value in (-0.1, 1.1)),
        {"collected": 0.0},
        {"absent": True},
        {"closed_weekdays": frozenset({7})},
        {"viral_days": (0.0, 3.0)},
        {"viral_days": (5.0, 3.0)},
        {"bulk_units": 0.0},
        {"bulk_tail": 0.0},
        {"viral_brief": 0.0},
        {"day_noise": -0.1},
        {"tail": -1.0},
    ],
    ids=str,
)
def test_impossible_settings_are_refused(wrong: dict[str, Any]) -> None:
    """With the setting's name."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        replace(FLAT, **wrong)


def test_the_documentation_names_all() -> None:
    """Every preset and every setting has its words."""
    text = (Path(__file__).parents[2] / "docs" / "market.md").read_text("utf-8")
    for name in (*PRESETS, *(field.name for field in fields(Behaviour))):
        assert f"`{name}`" in text, name


CHOSEN = {
    "": REAL,
    "--preset flat": FLAT,
    "--preset stormy --late 0": replace(STORMY, late=0.0),
    "--bulk-orders 0.01 --bulk-units 500": replace(REAL, bulk_orders=0.01, bulk_units=500.0),
    "--closed sun,2026-12-25": replace(
        REAL, closed_weekdays=frozenset({6}), closed_days=frozenset({date(2026, 12, 25)})
    ),
    "--collected 0.5 --absent": replace(REAL, collected=0.5, absent=True),
    "--late 0.2": replace(REAL, late=0.2),
}


@pytest.mark.parametrize("arguments", CHOSEN)
def test_the_command_line_chooses(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset, and settings of one's own on it, reach the market that is served."""
    served: list[Behaviour] = []

    async def serve(simulator: Simulator, *_: object) -> None:
        served.append(simulator.market.behaviour)

    monkeypatch.setattr(command, "_serve", serve)
    result = CliRunner().invoke(command.main, ["--products", "20", *arguments.split()])
    assert (result.exit_code, served) == (0, [CHOSEN[arguments]])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--closed someday", "'someday' is neither a weekday (sun) nor a day (2026-12-25)"),
        ("--preset calm", "'calm' is not one of 'real', 'flat'"),
        ("--absent", "absent needs collected below 1"),
        ("--collected 0", "0"),
        ("--late 2", "2"),
    ],
)
def test_the_command_line_refuses(arguments: str, said: str) -> None:
    """What can't be is wrong usage, and says why."""
    result = CliRunner().invoke(command.main, ["--products", "20", *arguments.split()])
    assert result.exit_code == 2
    assert said in result.output


def test_presets_are_what_they_say() -> None:
    """Flat: nothing but counts by chance. Stormy: whatever moves the real one moves more."""
    moving = ("day_noise", "idle", "viral", "flash", "promotion", "sold_out", "bulk_orders", "late")
    assert all(not getattr(FLAT, name) for name in moving)
    assert all(getattr(STORMY, name) > getattr(REAL, name) for name in moving)
    assert STORMY.closed_weekdays
    assert replace(SPARSE, collected=1.0) == REAL
