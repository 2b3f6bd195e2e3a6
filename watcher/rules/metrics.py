"""The catalogue of metrics: the API's numeric fields, the derived ones, and the user's own.

A metric computes a whole column at once; NaN is no value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import inf
from typing import TypeAlias

import numpy as np

from watcher.attributes import DISCOUNT_RATE, MADE, TEXT_OF, VARIANT_COUNT
from watcher.errors import ProblemCode
from watcher.fields import BY_NAME, MADE_TEXTS, NUMERIC, SELLER, TEXTS
from watcher.model import LIST_DAY, LIST_SPARSE, OF_LIST, Floats, Instant, Ints
from watcher.rules import surges
from watcher.rules.own_facts import FactColumn, FactTable
from watcher.rules.surges import MONTH, TWO_MONTHS, WEEK, YOUNGEST, Sums
from watcher.units import DAY, Unit
from watcher.words import Wrong, listing, nearest, quoted

Columns: TypeAlias = Mapping[str, Floats]
When: TypeAlias = Instant | Ints  # one for the whole column, or (n,) one for each row
Compute: TypeAlias = Callable[[Columns, When], Floats]

RANK = "rank"
_SALES, _GMV = "total_sale_{}cnt", "total_sale_gmv_{}amt"
_VIEWS, _VIDEOS = "total_views_{}cnt", "total_video_{}cnt"
_CREATORS = ("total_ifl_video_{}cnt", "total_ifl_live_{}cnt")
_PRICE = (_GMV.format("30d_"), _SALES.format("30d_"))
_SURGE_WINDOWS = (1, WEEK, MONTH, TWO_MONTHS)
# What a metric may need and no number of the API is: it is the scan's that saw the product, or
# read of a text.
OF_SCAN = frozenset([RANK, *OF_LIST, *TEXT_OF])
NORMAL, SPARSE = "normal", "sparse"  # forms of a formula
_LONGEST_LABEL = 40  # characters


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that a product has a number of.

    ``needs`` are the API's numeric fields (or some of ``OF_SCAN``) whose columns ``compute`` is
    given, with the instant at which they were observed, or one for each row. ``names`` are a flag's
    values by name. ``definition`` is the user's own expression. ``unused`` are, of a formula that
    has two forms, or is made of one, the fields that each of them does without. ``steady`` is the
    value of no change, of a metric that measures a rise by itself; None of any other. No value of
    it is below ``low`` or above ``high``. ``later`` is one whose name users may have given to a
    metric of their own before it was there: theirs stays theirs. ``facts`` are the columns of the
    user's own file that it is made of: ``compute`` is given those of ``owned``, too.
    """

    name: str
    label: str = field(compare=False)
    unit: Unit = field(compare=False)
    meaning: str = field(compare=False)
    needs: frozenset[str] = field(compare=False)
    compute: Compute = field(compare=False, repr=False)
    names: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    definition: str = ""
    unused: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)
    steady: float | None = field(default=None, compare=False)
    low: float = field(default=-inf, compare=False)
    high: float = field(default=inf, compare=False)
    later: bool = field(default=False, compare=False)
    facts: tuple[FactColumn, ...] = field(default=(), compare=False, repr=False)

    def owned(self, ids: Sequence[str | None]) -> dict[str, Floats]:
        """The columns (n,) of ``facts`` for the products of these ids."""
        return {fact_need(fact.name): fact.numbers(ids) for fact in self.facts}

    @property
    def is_fact(self) -> bool:
        """Whether nothing in it was ever observed: it is all the user's own, of today."""
        return bool(self.facts) and not self.needs

    @property
    def has_forms(self) -> bool:
        """Whether it is, or is made of, a formula that has a sparse form beside the normal one."""
        return LIST_SPARSE in self.needs

    @property
    def is_unordered(self) -> bool:
        """Whether it is a flag of several values, none of which is more than another."""
        return self.unit is Unit.FLAG and len(self.names) > 2

    @property
    def is_share(self) -> bool:
        """Whether it is a fraction of a whole: 100% at most."""
        return (self.unit, self.low, self.high) == (Unit.FRACTION, 0, 1)

    @property
    def is_growth(self) -> bool:
        """Whether it is a rise as a fraction of what was before."""
        return self.unit is Unit.FRACTION and self.steady is not None

    @property
    def fields(self) -> frozenset[str]:
        return self.needs - OF_SCAN

    @property
    def counts_demand(self) -> bool:
        """Whether all that it is computed of is sales, views, videos and the like."""
        counted = all(name in BY_NAME and BY_NAME[name].demand for name in self.needs)
        return counted and bool(self.needs) and not self.facts

    @property
    def window(self) -> int:
        """Days that the longest of its counters is a sum of; 1 where it has none."""
        fields = self.fields - self.unused.get(NORMAL, frozenset())
        return max((BY_NAME[name].window or 1 for name in fields), default=1)

    @property
    def canonical(self) -> str:
        """Name and, of a user's metric, what it means: changes where the meaning changes."""
        return f"{self.name}:={self.definition}" if self.definition else self.name


@dataclass(frozen=True, slots=True)
class Attribute:
    """A text that a product has; ``fact`` is the column of the user's own file that it is from."""

    name: str
    label: str
    meaning: str
    fact: FactColumn | None = field(default=None, compare=False, repr=False)
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Names of one's own for its values, which are ids, by id."""

    def id_of(self, text: str) -> str:
        """The id that a name stands for; another text is what it is. Raises ``Wrong`` for what can
        be neither, where there are names."""
        if not self.names or text in self.names or text.isdecimal():
            return text
        if (found := id_named(self.names, text)) is not None:
            return found
        hint = nearest(text, self.names.values()) or f": there are {listing(self.names.values())}"
        raise Wrong(f"{quoted(text)} is no seller's id, and no name in sellers:{hint}")


def id_named(names: Mapping[str, str], text: str) -> str | None:
    """The id that has such a name among ``names``, by id; None where none has."""
    wanted = text.strip().casefold()
    return next((each for each, name in names.items() if name.casefold() == wanted), None)


ATTRIBUTES = tuple(Attribute(text.name, text.label, text.meaning) for text in (*TEXTS, *MADE_TEXTS))


def _plain(
    name: str, label: str, unit: Unit, meaning: str, names: tuple[tuple[str, int], ...] = ()
) -> Metric:
    """A metric that is a column as it was read."""
    needs = frozenset([name])
    low, high = (0, 1) if unit is Unit.FRACTION else (-inf, inf)
    return Metric(
        name, label, unit, meaning, needs, lambda columns, _at: columns[name], names,
        low=low, high=high,
    )  # fmt: skip


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
SPARSENESS = _plain(
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
    _plain(
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
# Names that users may have given to metrics of their own before they were ours.
ADDED_LATER = frozenset([*(metric.name for metric in DERIVED if metric.later), *MADE])

_API = tuple(_plain(one.name, one.label, one.unit, one.meaning, one.names) for one in NUMERIC)


def fact_need(name: str) -> str:
    """The key of a column of the user's own among those that a metric is computed of."""
    return f"fact {name}"


def fact_metric(fact: FactColumn) -> Metric:
    """A column of numbers of the user's own as a metric."""
    key = fact_need(fact.name)
    unit = fact.table.units.get(fact.name, Unit.SCORE)
    return Metric(
        fact.name, label_of(fact.name), unit, fact.said(), frozenset(),
        lambda columns, _at: columns[key], facts=(fact,),
    )  # fmt: skip


def label_of(name: str) -> str:
    """The words of a name of the user's own."""
    return name.replace("_", " ")


def _spoken(name: str) -> str:
    """The name as people say it, whatever stands between its words."""
    return " ".join(re.findall(r"[a-z0-9]+", name.casefold()))


class Catalogue:
    """All metrics and text attributes by name; the user's own beside the built-in ones.
    ``gmv_currency`` is the code of the currency of all GMV, where the user named one. ``facts`` are
    the columns of the user's own file, by no name that is taken; ``sellers`` are the user's names
    for sellers, by id."""

    def __init__(
        self,
        own: Iterable[Metric] = (),
        gmv_currency: str | None = None,
        facts: FactTable | None = None,
        sellers: Mapping[str, str] | None = None,
    ) -> None:
        self.own = tuple(own)
        self.gmv_currency = gmv_currency
        self.facts = facts
        self.sellers = dict(sellers or {})
        metrics = [*DERIVED, *_API, *self.own]
        attributes = [*ATTRIBUTES]
        for column in facts.columns() if facts is not None else ():
            if column.name in column.table.numbers:
                metrics.append(fact_metric(column))
            else:
                label = label_of(column.name)
                attributes.append(Attribute(column.name, label, column.said(), column))
        self._metrics = {metric.name: metric for metric in metrics}
        self._attributes = {attribute.name: attribute for attribute in attributes}
        if self.sellers:
            seller = self._attributes[SELLER]
            self._attributes[SELLER] = replace(seller, names=self.sellers)

    def get(self, name: str) -> Metric | None:
        return self._metrics.get(name)

    def __getitem__(self, name: str) -> Metric:
        return self._metrics[name]

    def attribute(self, name: str) -> Attribute | None:
        return self._attributes.get(name)

    def metrics(self) -> tuple[Metric, ...]:
        return tuple(self._metrics.values())

    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(self._attributes.values())

    def names(self) -> tuple[str, ...]:
        return (*self._metrics, *self._attributes)

    def suggest(self, name: str, *others: str, texts: bool = True) -> str:
        """``, did you mean "x" or "y"?`` with what messages call so, or with the nearest names,
        ``others`` among them; empty where none is near."""
        known = (*self._metrics, *(self._attributes if texts else ()))
        spoken = _spoken(name[:_LONGEST_LABEL])
        for label in (spoken, f"7 day {spoken}"):
            if self._shown.get(label) in known:
                return f', did you mean "{self._shown[label]}"?'
        return nearest(name, (*known, *others))

    @cached_property
    def _shown(self) -> dict[str, str]:
        """The built-in names by what messages call them."""
        metrics = {_spoken(metric.label): metric.name for metric in (*DERIVED, *_API)}
        return {_spoken(text.label): text.name for text in ATTRIBUTES} | metrics


def unknown_metric(name: str, hint: str) -> Wrong:
    """The error of a name that no metric has; ``hint`` names those that are like it."""
    what = f"unknown metric {quoted(name)}{hint or ' (watcher metrics lists all)'}"
    return Wrong(what, ProblemCode.UNKNOWN_METRIC)
