"""Fixed properties of the simulated products: one array a property, one row a product."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from watcher.model import Floats, Ints
from watcher.source.simulator.behaviour import Behaviour
from watcher.source.simulator.places import DEPARTMENTS, locale_of

_PER_SELLER = 6
_IDS = 1729 * 10**15
_SELLERS = 7495 * 10**15
# Coprime to 10**15: the products of 0, 1, 2 ... with it, modulo that, never repeat.
_SPREAD = 618_033_988_749_897
_SEEDS_APART = 10_000_019
# The best sellers: their share of the products, ln of the units a day from which they are, and
# the spread of the others below.
_BEST, _BEST_FROM, _LOWER = 0.22, 1.1, 4.0
_COMMISSIONS = np.array([0.0, 0.05, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25])
_COMMISSION_SHARES = np.array([0.12, 0.13, 0.1, 0.2, 0.1, 0.2, 0.1, 0.05])


@dataclass(frozen=True)
class Goods:
    """The products' fixed properties, each array (n,)."""

    ids: Ints
    sellers: Ints
    region: Ints
    department: Ints
    branch: Ints
    birth: Ints  # the day of first collection, from the market's first simulated day
    base: Floats  # ln of the units sold a day in the long run
    trend: Floats  # its drift a day
    ramp_days: Floats
    halflife: Floats  # of a spike, in days
    fame: Floats
    hazard: Floats
    video_share: Floats
    live_share: Floats
    videos_for_sales: Floats
    lives: Floats
    conversion: Floats  # sales for a view
    repeat: Floats
    price: Ints
    per_dollar: Floats
    step: Ints
    variants: Ints
    spread: Floats
    elasticity: Floats
    commission: Floats
    quality: Floats
    first_reviews: Floats
    review_share: Floats
    free_shipping: Ints
    managed: Ints

    def __len__(self) -> int:
        return len(self.ids)


T = TypeVar("T")


def joined(first: T, second: T) -> T:
    """Two bundles of arrays of the same class, one after the other."""
    both = {name: (array, vars(second)[name]) for name, array in vars(first).items()}
    return type(first)(**{name: np.concatenate(arrays) for name, arrays in both.items()})


def draw(
    rng: np.random.Generator,
    births: Ints,
    regions: Sequence[str],
    behaviour: Behaviour,
    *,
    seed: int,
    first: int,
) -> Goods:
    """Invent a product for each of ``births``; ``first`` products exist already."""
    n, begin = len(births), seed * _SEEDS_APART + 1 + first
    weights = 1 / np.arange(1, len(regions) + 1)  # the first is the largest
    region = rng.choice(len(regions), n, p=weights / weights.sum())
    department = rng.integers(0, len(DEPARTMENTS), n)
    base = _levels(rng, n, behaviour.tail)
    briefest, longest = behaviour.viral_days
    return Goods(
        ids=_numbers(_IDS, range(begin, begin + n)),
        sellers=_sellers(rng, n, seed, first),
        region=region,
        department=department,
        branch=rng.integers(0, 64, n),
        birth=births,
        base=np.clip(base, -6.0, 8.5),
        trend=_trend(rng, n) * behaviour.trend,
        ramp_days=rng.uniform(3, 18, n),
        # Most spikes are over soon, where the market says so.
        halflife=briefest + (longest - briefest) * rng.random(n) ** behaviour.viral_brief,
        fame=np.clip(1 + 0.25 * base, 0.4, 2.5),
        hazard=np.clip(1 - 0.25 * base, 0.25, 3.0),
        **_selling(rng, n),
        **_pricing(rng, n, regions, region, department),
        commission=rng.choice(_COMMISSIONS, n, p=_COMMISSION_SHARES),
        quality=np.clip(4.9 - rng.gamma(1.6, 0.22, n), 2.5, 5.0),
        first_reviews=rng.standard_normal(n),
        review_share=rng.uniform(0.008, 0.05, n),
        free_shipping=(rng.random(n) < 0.45).astype(np.int64),
        managed=(rng.random(n) < 0.07).astype(np.int64),
    )


def _levels(rng: np.random.Generator, n: int, tail: float) -> Floats:
    """ln of units a day in the long run: log-normal, or its best with a Pareto ``tail``."""
    if tail == 0:
        low = rng.random(n) < 0.12
        return np.where(low, -3.0, 0.6) + 2.0 * rng.standard_normal(n)
    # The same shape at every depth, so that the top 200 of a large market are as those of a small
    # one; and one product for each quantile, so that no seed has a market of another shape.
    quantile = (rng.permutation(n) + rng.random(n)) / n
    best = _BEST_FROM - np.log(np.maximum(quantile, 1e-12) / _BEST) / tail
    others = _BEST_FROM - _LOWER * np.abs(rng.standard_normal(n))
    return np.where(quantile < _BEST, best, others)


def _numbers(least: int, places: Iterable[int]) -> Ints:
    # Python's integers: the products overflow 64 bits.
    return np.array([least + place * _SPREAD % 10**15 for place in places], dtype=np.int64)


def _sellers(rng: np.random.Generator, n: int, seed: int, first: int) -> Ints:
    """A few sellers have many products, most have some."""
    count = max(1, (first + n) // _PER_SELLER)
    picked = (count * rng.random(n) ** 2).astype(np.int64)
    return _numbers(_SELLERS, (picked + seed * _SEEDS_APART + 17).tolist())


def _trend(rng: np.random.Generator, n: int) -> Floats:
    """Most products hold, a third declines slowly, some grow slowly (ln units a day)."""
    kind = rng.random(n)
    size = rng.random(n)
    return np.select([kind < 0.33, kind < 0.43], [-0.003 - 0.009 * size, 0.003 + 0.005 * size], 0.0)


def _selling(rng: np.random.Generator, n: int) -> dict[str, Any]:
    """The ways in which a product sells: two thirds by video, some live, the rest in the shop."""
    kind = rng.random(n)
    by_video, by_live = kind < 0.65, kind > 0.82
    share = rng.uniform(0.4, 0.85, n)
    rest = rng.uniform(0.0, 0.12, n)
    return {
        "video_share": np.where(by_video, share, rest),
        "live_share": np.where(by_live, share, rest),
        "videos_for_sales": np.where(by_video, 1.0, 0.2)
        * 0.3
        * np.exp(0.6 * rng.standard_normal(n)),
        "lives": np.where(by_live, rng.uniform(0.5, 4.0, n), rng.uniform(0.0, 0.15, n)),
        "conversion": np.clip(0.006 * np.exp(0.6 * rng.standard_normal(n)), 0.0005, 0.05),
        "repeat": rng.uniform(0.8, 0.97, n),
    }


def _pricing(
    rng: np.random.Generator, n: int, regions: Sequence[str], region: Ints, department: Ints
) -> dict[str, Any]:
    """Prices in hundredths of the region's currency, on its price steps."""
    places = [locale_of(name) for name in regions]
    per_dollar = np.array([place.per_dollar for place in places], dtype=np.float64)[region]
    step = np.array([place.step for place in places], dtype=np.int64)[region]
    typical = np.array([one.dollars for one in DEPARTMENTS])[department]
    dollars = np.clip(typical * np.exp(0.55 * rng.standard_normal(n)), 1.2, 400)
    hundredths = np.maximum(1, np.round(dollars * per_dollar * 100 / step)).astype(np.int64) * step
    # Shops like x.99: where the currency has cents, end on them.
    hundredths = np.where(step == 1, hundredths // 100 * 100 + 99, hundredths)
    variants = rng.integers(1, 7, n)
    uneven = (rng.random(n) < 0.5) & (variants > 1)
    return {
        "price": hundredths,
        "per_dollar": per_dollar,
        "step": step,
        "variants": variants,
        "spread": np.where(uneven, rng.uniform(0.05, 0.35, n), 0.0),
        "elasticity": rng.uniform(0.3, 1.1, n),
    }
