"""The metrics that are made of the API's numbers: ages, shares, growth and surges."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf

import numpy as np

from watcher.attributes import DISCOUNT_RATE, VARIANT_COUNT
from watcher.model import LIST_DAY, LIST_SPARSE, Floats
from watcher.rules import surges
from watcher.rules.metric import NORMAL, RANK, SPARSE, Columns, Compute, Metric, When, plain_metric
from watcher.rules.surges import MONTH, TWO_MONTHS, WEEK, YOUNGEST, Sums
from watcher.units import DAY, Unit

_SALES, _GMV = "total_sale_{}cnt", "total_sale_gmv_{}amt"
_VIEWS, _VIDEOS = "total_views_{}cnt", "total_video_{}cnt"
_CREATORS = ("total_ifl_video_{}cnt", "total_ifl_live_{}cnt")
_PRICE = (_GMV.format("30d_"), _SALES.format("30d_"))
_SURGE_WINDOWS = (1, WEEK, MONTH, TWO_MONTHS)


def _ages(columns: Columns, at: When) -> Floats:
    """Days from ``first_crawl_dt`` (yyyymmdd) to the UTC day of ``at``; never below 0."""
    value = columns["first_crawl_dt"]
    whole = np.where(np.isfinite(value) & (np.abs(value) < 1e9), value, 0).astype(np.int64)
    year, month, day = whole // 10_000, whole // 100 % 100, whole % 100
    valid = (year >= 1970) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(valid, day - 1, 0)
    valid &= days.astype("datetime64[M]") == months  # no 31 November
    age = at // DAY - days.astype(np.int64)
    return np.where(valid, np.maximum(age, 0), np.nan).astype(np.float64)


def _commission(columns: Columns, _at: When) -> Floats:
    # A scan's are fractions; a rule test may have written a percentage.
    rate = columns["product_commission_rate"]
    return np.where(rate > 1, rate / 100, rate)


def _ratio(above: str, below: str) -> Compute:
    return lambda columns, _at: _divide(columns[above], columns[below])


def _divide(above: Floats, below: Floats) -> Floats:
    with np.errstate(all="ignore"):
        return np.where(below == 0, np.nan, above / below)


def _paces(columns: Columns, at: When, families: tuple[str, ...]) -> tuple[Floats, Floats, Floats]:
    """Sums of the last 7 days and of those before, and how many days (at most 23) those are; NaN
    where the product is too young, or where the windows contradict each other."""
    age = _ages(columns, at)
    days = np.minimum(age, MONTH) - WEEK
    week = _total(columns, families, WEEK)
    with np.errstate(invalid="ignore"):
        brought = _total(columns, families, MONTH) - week
        usable = (age >= YOUNGEST) & (brought >= 0)
    return week, np.where(usable, brought, np.nan), np.where(usable, days, np.nan)


def _total(columns: Columns, names: tuple[str, ...], window: int) -> Floats:
    total = columns[names[0].format(f"{window}d_")]
    with np.errstate(over="ignore"):
        for name in names[1:]:
            total = total + columns[name.format(f"{window}d_")]
    return total


def _growth_z(columns: Columns, at: When) -> Floats:
    week, brought, days = _paces(columns, at, (_SALES,))
    with np.errstate(all="ignore"):
        return surges.z(week, WEEK, brought, days, 0.5)


def sums_of(columns: Columns, at: When, families: tuple[str, ...] = (_SALES,)) -> Sums:
    """The sums that a surge is seen in; a list's own day and sparseness, too, of ``LIST_NEEDS``."""
    day, week, month, two_months = (_total(columns, families, days) for days in _SURGE_WINDOWS)
    return Sums(day, week, month, two_months, _ages(columns, at))


def _surge(columns: Columns, at: When) -> Floats:
    return surges.score(sums_of(columns, at), columns[LIST_DAY], columns[LIST_SPARSE])


def _of_text(name: str, label: str, unit: Unit, meaning: str, *, high: float = inf) -> Metric:
    """A number that is read of a text (``attributes.TEXT_OF``)."""
    needs = frozenset([name])
    return Metric(
        name, label, unit, meaning, needs, lambda columns, _at: columns[name],
        low=0, high=high, later=True,
    )  # fmt: skip


_NONE = "; no value for a product younger than 14 days, or without any in 7 days"
_UNMEASURED = " (made like that of sales; only sales were measured)"
_PACE = "last 7 days against the pace of the 23 days before: 50% is half as much again"


def _windows(families: Iterable[str], windows: Iterable[int] = (WEEK, MONTH)) -> frozenset[str]:
    names = [family.format(f"{days}d_") for family in families for days in windows]
    return frozenset([*names, "first_crawl_dt"])


def _growth_of(name: str, what: str, *families: str) -> Metric:
    def compute(columns: Columns, at: When) -> Floats:
        week, brought, days = _paces(columns, at, families)
        with np.errstate(over="ignore"):
            growth = _divide(week * days, WEEK * brought) - 1
        # 1.15 - 1 is a little less than 0.15, and must still be "at least 15%".
        return np.round(growth, 12)

    meaning = f"{what}, {_PACE}; no value for a product younger than 14 days"
    needs = _windows(families)
    label = f"{what} growth"
    return Metric(name, label, Unit.FRACTION, meaning, needs, compute, steady=0, low=-1)


LIST_NEEDS = _windows([_SALES], _SURGE_WINDOWS)
# 1 where the product's list is read sparsely. Not in the catalogue: rules have the forms.
SPARSENESS = plain_metric(
    LIST_SPARSE, "sparse list", Unit.FLAG, "sales are booked on the day of collection"
)


def _surge_metric(
    name: str, label: str, meaning: str, families: tuple[str, ...], compute: Compute, *more: str,
    steady: float = 0, low: float = -inf,
) -> Metric:  # fmt: skip
    """``more`` is needed beside the windows of ``families``, in both forms."""
    daily, sparsely = (
        frozenset(family.format(f"{days}d_") for family in families for days in windows) - {*more}
        for windows in ((1, MONTH), (TWO_MONTHS,))
    )
    needs = _windows(families, _SURGE_WINDOWS) | {*more, LIST_SPARSE}
    unused = {NORMAL: sparsely, SPARSE: daily}
    return Metric(
        name, label, Unit.SCORE, meaning, needs, compute,
        unused=unused, steady=steady, low=low, later=True,
    )  # fmt: skip


def _surge_ratio_of(
    name: str,
    what: str,
    families: tuple[str, ...],
    pseudo: Callable[[Columns, When], Floats | float] = lambda _columns, _at: 1.0,
    *more: str,
) -> Metric:
    def compute(columns: Columns, at: When) -> Floats:
        sums = sums_of(columns, at, families)
        return surges.ratio(sums, columns[LIST_SPARSE], pseudo(columns, at))

    measured = "" if families == (_SALES,) else _UNMEASURED
    meaning = (
        f"{what}: how many times the usual pace both yesterday and the six days before had, the "
        f"lower of the two: 3 is three times{measured}{_NONE}"
    )
    label = f"{what} surge ratio"
    return _surge_metric(name, label, meaning, families, compute, *more, steady=1, low=0)


DERIVED: tuple[Metric, ...] = (
    plain_metric(
        RANK, "rank", Unit.PLACE, "place in the sorted list, 1 is first; the watch needs a sort"
    ),
    Metric(
        "age_days",
        "age",
        Unit.DAYS,
        "days since first_crawl_dt, the day the product was first collected",
        frozenset(["first_crawl_dt"]),
        _ages,
    ),
    Metric(
        "commission",
        "commission",
        Unit.FRACTION,
        "product_commission_rate: a fraction, 10% is 0.1",
        frozenset(["product_commission_rate"]),
        _commission,
        low=0,
        high=1,
    ),
    Metric(
        "live_share",
        "share of live sales",
        Unit.FRACTION,
        "total_live_sale_7d_cnt / total_sale_7d_cnt",
        frozenset(["total_live_sale_7d_cnt", "total_sale_7d_cnt"]),
        _ratio("total_live_sale_7d_cnt", "total_sale_7d_cnt"),
        low=0,
        high=1,
    ),
    Metric(
        "creators_7d",
        "7-day creators",
        Unit.COUNT,
        "total_ifl_video_7d_cnt + total_ifl_live_7d_cnt",
        frozenset(family.format("7d_") for family in _CREATORS),
        lambda columns, _at: _total(columns, _CREATORS, WEEK),
    ),
    _growth_of("sales_growth", "sales", _SALES),
    _growth_of("gmv_growth", "GMV", _GMV),
    _growth_of("views_growth", "views", _VIEWS),
    _growth_of("videos_growth", "videos", _VIDEOS),
    _growth_of("creators_growth", "creators", *_CREATORS),
    Metric(
        "sales_growth_z",
        "sureness of the sales growth",
        Unit.SCORE,
        "sales_growth against the noise of small numbers, in standard errors; a large order sets "
        "it off, sales_surge waits for a second good day",
        _windows([_SALES]),
        _growth_z,
        steady=0,
    ),
    _surge_metric(
        "sales_surge",
        "sales surge",
        "how far sales lie above their usual pace, yesterday and in the six days before, the lower "
        f"of the two, in standard errors; one large order alone moves it little{_NONE}",
        (_SALES,),
        _surge,
        LIST_DAY,
    ),
    _surge_ratio_of("sales_surge_ratio", "sales", (_SALES,)),
    # One unit a day, at the price that the month's units had.
    _surge_ratio_of("gmv_surge_ratio", "GMV", (_GMV,), _ratio(*_PRICE), *_PRICE),
    _surge_ratio_of("views_surge_ratio", "views", (_VIEWS,), lambda _columns, _at: 100.0),
    _surge_ratio_of("videos_surge_ratio", "videos", (_VIDEOS,)),
    _surge_ratio_of("creators_surge_ratio", "creators", _CREATORS),
    _of_text(
        DISCOUNT_RATE,
        "discount rate",
        Unit.FRACTION,
        'discount as a fraction, "20%" is 0.2; 0 where it is empty or "-", no value where the API '
        "gives none",
        high=1,
    ),
    _of_text(
        VARIANT_COUNT, "number of variants", Unit.COUNT, "variants that can be bought, of skus"
    ),
)
