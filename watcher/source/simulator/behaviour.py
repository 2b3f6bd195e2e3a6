"""The behaviour of a simulated market: the settings of its dynamics, and the presets.

``real`` has the statistics of a year of a real shop's sales (docs/market.md), which rules are to
be tried on. ``flat`` is steady: what fires there is noise. ``stormy`` is the worst day of a real
one, every day. ``sparse`` is ``real`` as a source tells it that looks at three products in ten a
day. ``smooth`` is a calm market of slow waves, for what is not about sales.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

_SHARES = (
    "idle crowd wave viral promotion flash new_price new_commission delisting sold_out bulk_orders"
    " collected late"
)
_LIMITS: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    (_SHARES, lambda value: 0 <= value <= 1, "from 0 to 1"),
    ("tail day_noise trend slope drift viral_size", lambda value: value >= 0, "0 or more"),
    ("viral_brief bulk_units bulk_tail", lambda value: value > 0, "above 0"),
    ("collected", lambda share: share > 0, "above 0: nothing would ever be known"),
    ("closed_weekdays", lambda days: days <= set(range(7)), "from 0 (Monday) to 6"),
    ("viral_days", lambda days: 0 < days[0] <= days[1], "above 0, the least not above the most"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """The moves of a market: what moves, how much, and how it is told.

    Chances are a day's, for one product; docs/market.md says it at length.
    """

    tail: float = 0.0  # the Pareto exponent of the best sellers' levels; 0: log-normal
    day_noise: float = 0.0  # of ln of a day's sales around what is expected, the deviation
    idle: float = 0.0  # the share of days on which a product sells nothing
    crowd: float = 0.0  # of a day's noise, what its videos and views show
    trend: float = 0.0  # 1: a third of the products decline slowly, some grow
    wave: float = 0.0  # the chance of some weeks of growth or decline
    slope: float = 0.0  # their size, in ln units a day
    drift: float = 0.0  # the level's random step
    viral: float = 0.0  # the chance of a spike
    viral_size: float = 0.0  # its median, as a factor
    viral_days: tuple[float, float] = (2.0, 7.0)  # the least and most half-life of its decay
    viral_brief: float = 1.0  # the larger, the more of them near the least; 1: evenly
    promotion: float = 0.0  # the chance of an offer of one or two weeks
    flash: float = 0.0  # that of one of a few days, for what sells daily
    new_price: float = 0.0
    new_commission: float = 0.0
    delisting: float = 0.0
    sold_out: float = 0.0  # the chance of some weeks without stock
    bulk_orders: float = 0.0  # the chance of one large order
    bulk_units: float = 60.0  # its least size
    bulk_tail: float = 1.5  # the Pareto exponent above it
    closed_weekdays: frozenset[int] = frozenset()  # nobody sells anything; 0 is Monday
    closed_days: frozenset[date] = frozenset()
    collected: float = 1.0  # the share of products looked at on a day; the others' is booked later
    absent: bool = False  # ... and those are not on that day's list
    late: float = 0.0  # the share of days that bring nothing new; the next in time brings all

    def __post_init__(self) -> None:
        """Raises ValueError for a setting that can't be, with its name."""
        for names, fits, what in _LIMITS:
            wrong = next((name for name in names.split() if not fits(getattr(self, name))), None)
            if wrong is not None:
                raise ValueError(f"{wrong} must be {what}")
        if self.absent and self.collected == 1:
            raise ValueError("absent needs collected below 1: who is absent else?")

    def closed(self, day: date) -> bool:
        """Whether nobody sells on that day."""
        return day.weekday() in self.closed_weekdays or day in self.closed_days


REAL = Behaviour(
    tail=1.4,
    day_noise=0.88,
    idle=0.42,
    crowd=0.5,
    drift=0.035,
    viral=0.0013,
    viral_size=4.0,
    viral_days=(1.0, 25.0),
    viral_brief=9.0,
    promotion=0.008,
    flash=0.12,
    new_price=0.002,
    new_commission=0.0025,
    delisting=0.0025,
    sold_out=0.0015,
    bulk_orders=0.0016,
)
FLAT = Behaviour(tail=1.4)
STORMY = replace(
    REAL,
    day_noise=1.3,
    idle=0.5,
    viral=0.003,
    promotion=0.012,
    flash=0.25,
    new_price=0.005,
    sold_out=0.006,
    bulk_orders=0.006,
    bulk_tail=1.1,
    closed_weekdays=frozenset({6}),
    late=0.1,
)
SPARSE = replace(REAL, collected=0.3)
SMOOTH = Behaviour(
    day_noise=0.11,
    trend=1.0,
    wave=0.005,
    slope=0.025,
    drift=0.012,
    viral=0.006,
    viral_size=4.6,
    promotion=0.004,
    new_price=0.001,
    new_commission=0.0025,
    delisting=0.0025,
)

PRESETS: Mapping[str, Behaviour] = {
    "real": REAL,
    "flat": FLAT,
    "stormy": STORMY,
    "sparse": SPARSE,
    "smooth": SMOOTH,
}
