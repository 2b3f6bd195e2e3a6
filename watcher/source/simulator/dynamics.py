"""The moves of the simulated products from day to day, drawn around what each should sell.

Every draw takes the same random numbers whatever a product's state is: what a test does to one
product (a boost, a price) leaves all others as they would have been.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from watcher.model import Bools, Floats, Ints
from watcher.source.simulator.behaviour import Behaviour
from watcher.source.simulator.catalogue import Goods

# The daily series that windows are summed over, in the order of a day's table.
SERIES = (
    "total_sale_{}cnt",
    "total_sale_gmv_{}amt",
    "total_video_{}cnt",
    "total_video_sale_{}cnt",
    "total_video_sale_gmv_{}amt",
    "total_live_{}cnt",
    "total_live_sale_{}cnt",
    "total_live_sale_gmv_{}amt",
    "total_views_{}cnt",
)

_WEEKDAYS = (0.96, 0.94, 0.95, 0.97, 1.03, 1.09, 1.06)
_OFFERS = np.array([0.1, 0.15, 0.2, 0.25, 0.3, 0.4])
_FLASHES = np.array([0.12, 0.15, 0.2, 0.25, 0.3, 0.35])
_RATES = np.array([0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3])
_OUT_DAYS = (8, 36)
_SMALL_MEAN = 8.0
_SMALL_STEPS = 28
MOST = 2**31 - 1  # a day's count is kept in 32 bits

LISTED, DELISTED = 0, 2
_TYPES = {"Floats": np.float64, "Ints": np.int64, "Bools": np.bool_}


@dataclass
class State:
    """The changing properties of the products, each array (n,); days are those still to come."""

    level: Floats  # ln of the factor on ``Goods.base``
    slope: Floats
    slope_days: Ints
    heat: Floats  # the extra sales of a spike, as a factor
    coming: Floats  # the heat still on its way
    boost: Floats
    boost_days: Ints
    list_price: Ints  # in hundredths of the local currency
    offer: Floats
    offer_days: Ints
    commission: Floats
    reviews: Ints
    out_days: Ints  # of being sold out
    off_since: Ints  # the day of delisting, -1 for none
    off_mark: Ints
    shown_days: Ints
    fated: Bools  # whether chance delisted it
    filmed: Bools  # whether any video ever showed it


def begin(goods: Goods, rng: np.random.Generator, *, launch: bool) -> State:
    """The products' first day; of ``launch`` some arrive with a spike."""
    n = len(goods)
    spike = np.where(rng.random(n) < 0.2, rng.uniform(1.0, 8.0, n), 0.0)
    state = State(*(np.zeros(n, _TYPES[str(kind)]) for kind in State.__annotations__.values()))
    state.slope, state.boost = goods.trend.copy(), np.ones(n)
    state.list_price, state.commission = goods.price.copy(), goods.commission.copy()
    state.off_since, state.shown_days = np.full(n, -1), rng.integers(2, 6, n)
    if launch:
        state.coming = spike
    return state


@dataclass(frozen=True, slots=True)
class Day:
    """A day: its number since the market began, its date, its luck, and how the market moves."""

    number: int
    date: date
    rng: np.random.Generator
    behaviour: Behaviour


def step(goods: Goods, state: State, day: Day) -> Ints:
    """Let one day pass, changing ``state``; gives the day's table, (9, n) after ``SERIES``."""
    for move in (_move_level, _move_heat, _move_price, _move_commission, _move_listing):
        move(goods, state, day)
    if day.behaviour.sold_out:
        _move_stock(state, day.rng, day.behaviour.sold_out)
    table = _sell(goods, state, day, _expected(goods, state, day))
    luck = day.rng.random(len(goods))
    state.reviews += np.floor(table[0] * goods.review_share + luck).astype(int)
    state.boost_days = np.maximum(state.boost_days - 1, 0)
    state.boost[state.boost_days == 0] = 1.0
    return table


def _move_level(goods: Goods, state: State, day: Day) -> None:
    """Slow drift with waves of some weeks, held by the long-run level."""
    n, rng, behaviour = len(goods), day.rng, day.behaviour
    begins = (rng.random(n) < behaviour.wave) & (state.slope_days == 0)
    slope, days = behaviour.slope * rng.standard_normal(n), rng.integers(8, 25, n)
    state.slope_days = np.where(begins, days, np.maximum(state.slope_days - 1, 0))
    state.slope = np.where(begins, slope, np.where(state.slope_days > 0, state.slope, goods.trend))
    step = state.slope - 0.006 * state.level + behaviour.drift * rng.standard_normal(n)
    state.level = np.clip(state.level + step, -4.0, 2.0)


def _move_heat(goods: Goods, state: State, day: Day) -> None:
    """A spike comes within three days and decays with the product's half-life."""
    n, rng, behaviour = len(goods), day.rng, day.behaviour
    strikes = rng.random(n) < behaviour.viral * goods.fame
    size = np.clip(behaviour.viral_size * np.exp(0.7 * rng.standard_normal(n)), 0.6, 30.0)
    # What sells a thousand a day already has less room above it.
    size = np.minimum(size, 40 * np.exp(-0.3 * goods.base))
    # What was seen by all can't be seen by all again: a hot product heats no further.
    state.coming += np.where(strikes & (state.heat < 1), size, 0.0)
    arrives = 0.7 * state.coming
    state.coming -= arrives
    state.heat = state.heat * 0.5 ** (1 / goods.halflife) + arrives
    state.level += np.where(arrives > 0.5, 0.12 * np.log1p(arrives), 0.0)


def _move_price(goods: Goods, state: State, day: Day) -> None:
    """Offers of one or two weeks or of a few days, and now and then a new list price."""
    n, rng, behaviour = len(goods), day.rng, day.behaviour
    chance, size = rng.random(n), rng.random(n)
    days = rng.integers(5, 15, n)
    begins = (chance < behaviour.promotion) & (state.offer_days == 0)
    state.offer_days = np.where(begins, days, np.maximum(state.offer_days - 1, 0))
    depth = _OFFERS[(size * len(_OFFERS)).astype(int)]
    state.offer = np.where(begins, depth, np.where(state.offer_days > 0, state.offer, 0.0))
    if behaviour.flash:
        _flash(goods, state, rng, behaviour.flash)
    changes = (chance > 1 - behaviour.new_price) & (state.offer_days == 0)
    fresh = np.maximum(goods.step, np.round(goods.price * (0.8 + 0.45 * size))).astype(np.int64)
    state.list_price = np.where(changes, fresh // goods.step * goods.step, state.list_price)


def _flash(goods: Goods, state: State, rng: np.random.Generator, rate: float) -> None:
    """Offers of one to four days: the more a product sells, the more of them."""
    n = len(goods)
    busy = 1 - np.exp(-np.exp(goods.base + state.level))
    begins = (rng.random(n) < rate * busy) & (state.offer_days == 0)
    days, depth = rng.integers(1, 5, n), _FLASHES[rng.integers(0, len(_FLASHES), n)]
    state.offer_days = np.where(begins, days, state.offer_days)
    state.offer = np.where(begins, depth, state.offer)


def _move_commission(goods: Goods, state: State, day: Day) -> None:
    n = len(goods)
    changes = day.rng.random(n) < day.behaviour.new_commission
    rate = _RATES[day.rng.integers(0, len(_RATES), n)]
    state.commission = np.where(changes, rate, state.commission)


def _move_listing(goods: Goods, state: State, day: Day) -> None:
    """Chance delists each product at most once: a test that lists it again can rely on it."""
    n = len(goods)
    strikes = day.rng.random(n) < day.behaviour.delisting * goods.hazard
    mark = np.where(day.rng.random(n) < 0.3, DELISTED + 1, DELISTED)
    strikes &= ~state.fated & (day.number - goods.birth > 30)
    state.fated = state.fated | strikes
    ends = strikes & (state.off_since < 0)
    state.off_since = np.where(ends, day.number, state.off_since)
    state.off_mark = np.where(ends, mark, state.off_mark)


def _move_stock(state: State, rng: np.random.Generator, chance: float) -> None:
    """Now and then a product is sold out for some weeks."""
    n = len(state.out_days)
    ends = (rng.random(n) < chance) & (state.out_days == 0)
    days = rng.integers(*_OUT_DAYS, n)
    state.out_days = np.where(ends, days, np.maximum(state.out_days - 1, 0))


def _expected(goods: Goods, state: State, day: Day) -> Floats:
    """Units that each product should sell today, but for its heat."""
    age = np.maximum(day.number - goods.birth, 0)
    ramp = 1 - np.exp(-(age + 1) / goods.ramp_days)
    cheaper = goods.price / price(goods, state)
    pull = np.clip(cheaper**goods.elasticity, 0.4, 2.5)
    mean = (
        np.exp(goods.base + state.level) * ramp * pull * state.boost * _WEEKDAYS[day.date.weekday()]
    )
    return np.where(_buyable(state), mean, 0.0)


def _buyable(state: State) -> Bools:
    return np.asarray((state.off_since < 0) & (state.out_days == 0))


def _sell(goods: Goods, state: State, day: Day, calm: Floats) -> Ints:
    """Draw the day: sales first, videos, lives and views coupled with them."""
    n, rng, behaviour = len(goods), day.rng, day.behaviour
    open_ = not behaviour.closed(day.date)
    mean = np.minimum(calm * (1 + state.heat) * open_, 1e7)
    noise = behaviour.day_noise * rng.standard_normal(n)
    if behaviour.idle:
        mean = np.where(rng.random(n) < behaviour.idle, 0.0, mean)
    sales = counts(rng, np.minimum(mean * np.exp(noise), 1e8))
    # The crowd comes before the buyers: heat on its way is seen in videos and views already.
    seen = calm * (1 + state.heat + 0.8 * state.coming) * np.exp(behaviour.crowd * noise)
    videos = counts(rng, goods.videos_for_sales * np.minimum(seen, 1e6) ** 0.55)
    lives = counts(rng, goods.lives * np.minimum(1, calm))
    state.filmed = state.filmed | (videos > 0)
    view_mean = np.where(state.filmed, seen * goods.video_share / goods.conversion, 0.0)
    views = np.where(view_mean > 0.5, view_mean * np.exp(0.25 * rng.standard_normal(n)), 0)
    by_video = np.floor(sales * _share(rng, goods.video_share) + rng.random(n))
    by_video = np.where(state.filmed, np.minimum(by_video, sales), 0)
    live_share = np.where(lives > 0, _share(rng, goods.live_share), 0.0)
    by_live = np.minimum(
        np.floor(sales * live_share + rng.random(n) * (lives > 0)), sales - by_video
    )
    if behaviour.bulk_orders:
        sales = sales + _bulk(state, rng, behaviour) * open_
    cents = price(goods, state) / goods.per_dollar
    gmv, video_gmv, live_gmv = (np.round(units * cents) for units in (sales, by_video, by_live))
    rows = (sales, gmv, videos, by_video, video_gmv, lives, by_live, live_gmv, views)
    table: Ints = np.minimum(np.array(rows), MOST).astype(np.int64)
    return table


def _bulk(state: State, rng: np.random.Generator, behaviour: Behaviour) -> Floats:
    """Units of single large orders, by no video: most are small ones, a few are thousands."""
    n = len(state.level)
    ordered = (rng.random(n) < behaviour.bulk_orders) & _buyable(state)
    units = np.minimum(
        behaviour.bulk_units * np.exp(rng.standard_exponential(n) / behaviour.bulk_tail), 1e5
    )
    return np.where(ordered, np.round(units), 0.0)


def price(goods: Goods, state: State, at: Ints | slice = slice(None)) -> Ints:
    """The price of the average variant, on the currency's steps; at least one step."""
    return on_steps(state.list_price[at] * (1 - state.offer[at]), goods.step[at])


def on_steps(amount: Floats, step: Ints) -> Ints:
    """Amounts in hundredths, put on their currencies' price steps."""
    return np.maximum(np.round(amount / step), 1).astype(np.int64) * step


def _share(rng: np.random.Generator, share: Floats) -> Floats:
    return np.clip(share * np.exp(0.08 * rng.standard_normal(len(share))), 0.0, 1.0)


def counts(rng: np.random.Generator, mean: Floats) -> Floats:
    """Poisson counts that take the same random numbers whatever the means are.

    By inversion for small means, by the normal approximation for the others.
    """
    normal, uniform = rng.standard_normal(len(mean)), rng.random(len(mean))
    result = np.maximum(np.floor(mean + np.sqrt(mean) * normal + 0.5), 0.0)
    small = np.flatnonzero(mean < _SMALL_MEAN)
    rest, term = uniform[small], np.exp(-mean[small])
    few = np.zeros(len(small))
    for count in range(1, _SMALL_STEPS):
        rest = rest - term
        few += rest > 0
        term = term * mean[small] / count
    result[small] = few
    return result
