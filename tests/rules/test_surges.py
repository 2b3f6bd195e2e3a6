"""Surges: the formulas at their edges, against the same written plainly for one product."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rules.tables import column
from watcher.model import LIST_DAY, LIST_SPARSE
from watcher.rules import surges
from watcher.rules.metrics import ADDED_LATER, NORMAL, SPARSE, Catalogue
from watcher.rules.surges import Sums

METRICS = Catalogue()
AT = 1_795_435_200  # 2026-11-23 12:00 UTC
FAMILIES = {
    "sales_surge": ["total_sale_{}d_cnt"],
    "sales_surge_ratio": ["total_sale_{}d_cnt"],
    "gmv_surge_ratio": ["total_sale_gmv_{}d_amt"],
    "views_surge_ratio": ["total_views_{}d_cnt"],
    "videos_surge_ratio": ["total_video_{}d_cnt"],
    "creators_surge_ratio": ["total_ifl_video_{}d_cnt", "total_ifl_live_{}d_cnt"],
}
WINDOWS = (1, 7, 30, 60)
Value = float | None


def day_of(age: int) -> int:
    """``first_crawl_dt`` of a product of so many days."""
    day: date = datetime.fromtimestamp(AT, UTC).date() - timedelta(days=age)
    return day.year * 10_000 + day.month * 100 + day.day


def value(name: str, **fields: Value) -> float:
    """A metric of one product; what is not given is absent."""
    metric = METRICS[name]
    columns = {need: column([fields.get(need)]) for need in metric.needs}
    (result,) = metric.compute(columns, AT)
    return float(result)


def sold(
    counters: tuple[Value, Value, Value, Value] = (10, 40, 63, 90), age: int = 400, **more: Value
) -> dict[str, Value]:
    """Counters of sales over the windows, and an age."""
    names = (f"total_sale_{days}d_cnt" for days in WINDOWS)
    return {**dict(zip(names, counters, strict=True)), "first_crawl_dt": day_of(age), **more}


def z(units: float, days: int, before: float, days_before: int, noise: float) -> float:
    """One rate over another in standard errors."""
    lift = math.log((units + 0.5) / days) - math.log((before + 0.5) / days_before)
    error = 1 / (units + 0.5) + 1 / (before + 0.5) + noise * (1 / days + 1 / days_before)
    return lift / math.sqrt(error)


def test_sales_surge() -> None:
    """The lower of yesterday, which weighs half as much again, and the six days before."""
    week = z(30, 6, 23, 23, 1)
    assert value("sales_surge", **sold()) == pytest.approx(min(1.5 * z(10, 1, 23, 23, 1), week))
    assert value("sales_surge", **sold((39, 40, 63, 90))) == pytest.approx(z(1, 6, 23, 23, 1))
    quiet = value("sales_surge", **sold((0, 40, 63, 90)))
    assert quiet == pytest.approx(1.5 * z(0, 1, 23, 23, 1))


def test_yesterday_is_held_against_the_lists_own_day() -> None:
    """Of a list that sold half of its pace yesterday, ten are twenty."""
    half = value("sales_surge", **sold((3, 40, 63, 90), list_day=0.5))
    assert half == pytest.approx(1.5 * z(6, 1, 23, 23, 1))
    assert value("sales_surge", **sold((3, 40, 63, 90), list_day=None)) == pytest.approx(
        1.5 * z(3, 1, 23, 23, 1)
    )


def test_a_sparse_list_is_held_by_weeks() -> None:
    """Yesterday plays no part; what is not needed may be missing."""
    expected = 0.8 * z(40, 7, 50, 53, 3)
    assert value("sales_surge", **sold(list_sparse=1)) == pytest.approx(expected)
    alone = sold((None, 40, None, 90), list_sparse=1)
    assert value("sales_surge", **alone) == pytest.approx(expected)
    assert value("sales_surge_ratio", **alone) == pytest.approx((47 / 7) / (103 / 53))
    assert not math.isnan(value("sales_surge", **sold((10, 40, 63, None))))


def test_sales_surge_ratio() -> None:
    """A plain number: 3 is three times."""
    assert value("sales_surge_ratio", **sold((5, 41, 41 + 23, 90))) == 3.0
    assert value("sales_surge_ratio", **sold((50, 56, 56, 90))) == 2.0


def test_gmv_is_counted_in_units_of_its_price() -> None:
    """At 2 a unit the ratio of GMV is that of sales."""
    units = {1: 5.0, 7: 41.0, 30: 64.0, 60: 90.0}
    gmv = {f"total_sale_gmv_{days}d_amt": 2 * n for days, n in units.items()}
    known = {**gmv, "total_sale_30d_cnt": 64.0, "first_crawl_dt": day_of(400)}
    assert value("gmv_surge_ratio", **known) == 3.0
    assert math.isnan(value("gmv_surge_ratio", **known | {"total_sale_30d_cnt": 0.0}))
    assert value("gmv_surge_ratio", **known, list_sparse=1) == pytest.approx(48 / 7 * 53 / 102)


@pytest.mark.parametrize(("name", "pseudo"), [("views", 100), ("videos", 1), ("creators", 1)])
def test_ratios_of_other_counters(name: str, pseudo: float) -> None:
    """The same formula; a view weighs a hundredth, creators of videos and of streams are added."""
    families = FAMILIES[f"{name}_surge_ratio"]
    parts = {
        family.format(days): n * pseudo / len(families)
        for family in families
        for days, n in zip(WINDOWS, (5.0, 41.0, 64.0, 90.0), strict=True)
    }
    assert value(f"{name}_surge_ratio", **parts, first_crawl_dt=day_of(400)) == 3.0


def test_the_young() -> None:
    """Days that a product did not have are not in its pace: 20 days old, 13 before the last 7."""
    young = sold((10, 40, 53, 53), age=20)
    assert value("sales_surge", **young) == pytest.approx(
        min(1.5 * z(10, 1, 13, 13, 1), z(30, 6, 13, 13, 1))
    )
    assert value("sales_surge", **young, list_sparse=1) == pytest.approx(0.8 * z(40, 7, 13, 13, 3))
    assert value("sales_surge_ratio", **young) == pytest.approx(6 / 2)


@pytest.mark.parametrize("form", [0, 1])
@pytest.mark.parametrize(
    "wrong",
    [
        {"first_crawl_dt": None}, {"first_crawl_dt": day_of(13)}, {"first_crawl_dt": day_of(0)},
        {"first_crawl_dt": 0}, {"total_sale_7d_cnt": None}, {"total_sale_7d_cnt": 0},
        {"total_sale_1d_cnt": 41}, {"total_sale_30d_cnt": 39}, {"total_sale_60d_cnt": 39},
    ],
)  # fmt: skip
def test_no_value(wrong: dict[str, Value], form: int) -> None:
    """Nothing is missing, sold or contradictory in what has one."""
    known = sold() | wrong
    if not form and "total_sale_60d_cnt" in wrong:
        assert not math.isnan(value("sales_surge", **known))  # of no part of that form
        return
    for name in ("sales_surge", "sales_surge_ratio"):
        assert not math.isnan(value(name, **sold(list_sparse=form)))
        assert math.isnan(value(name, **known, list_sparse=form))


NUMBERS = st.one_of(
    st.none(), st.sampled_from([0, 1, 7, 30, 1e9, 1e300, 1e306]), st.integers(0, 500),
    st.floats(0, 1e12),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(sorted(FAMILIES)), st.tuples(*[NUMBERS] * 8), NUMBERS,
    st.one_of(st.none(), st.integers(0, 200)), st.sampled_from([None, 0.3, 1, 2.5]),
    st.booleans(),
)  # fmt: skip
@example("sales_surge_ratio", (1e306, 2e306, 2e306, *[None] * 5), 1, 99, None, False)  # noqa: FBT003
def test_any_numbers(
    name: str, parts: tuple[Value, ...], units: Value, age: int | None, day: Value, sparse: bool
) -> None:
    """Of missing, contradictory and huge ones, too."""
    families = FAMILIES[name]
    fields: dict[str, Value] = {
        family.format(days): part
        for family, four in zip(families, (parts[:4], parts[4:]), strict=False)
        for days, part in zip(WINDOWS, four, strict=True)
    }
    totals: list[Value] = []
    for days in WINDOWS:
        several = [fields[family.format(days)] for family in families]
        totals.append(None if None in several else sum(each or 0 for each in several))
    pseudo: Value = {"views_surge_ratio": 100.0}.get(name, 1.0)
    if name == "gmv_surge_ratio":
        fields["total_sale_30d_cnt"] = units
        pseudo = None if totals[2] is None or not units else totals[2] / units
    fields |= {
        "first_crawl_dt": None if age is None else day_of(age),
        LIST_DAY: day, LIST_SPARSE: float(sparse),
    }  # fmt: skip
    with np.errstate(all="ignore"):
        expected = plainly(name, totals, age, (day or 1, pseudo), sparse=sparse)
    got = value(name, **fields)
    assert math.isnan(got) if expected is None else got == pytest.approx(expected, rel=1e-9)


def plainly(
    name: str, sums: list[Value], age: int | None, more: tuple[float, Value], *, sparse: bool
) -> float | None:
    """The formulas, one product at a time."""
    day, week, month, two_months = sums
    of_list, pseudo = more
    if age is None or age < 14 or not week or pseudo is None:
        return None
    if (day is not None and day > week) or (month is not None and month < week):
        return None
    if sparse:
        if two_months is None or two_months < week:
            return None
        before, n = two_months - week, min(age, 60) - 7
        if name == "sales_surge":
            found = 0.8 * z(week, 7, before, n, 3)
        else:
            found = _over((week + 7 * pseudo) / 7, (before + n * pseudo) / n)
    elif day is None or month is None:
        return None
    else:
        before, n = month - week, min(age, 30) - 7
        if name == "sales_surge":
            found = min(1.5 * z(day / of_list, 1, before, n, 1), z(week - day, 6, before, n, 1))
        else:
            lower = min(day + pseudo, (week - day + 6 * pseudo) / 6)
            found = _over(lower, (before + n * pseudo) / n)
    return found if math.isfinite(found) else None


def _over(above: float, below: float) -> float:
    return above / below if below else math.nan


def test_a_list_of_few_products_has_no_day_of_its_own() -> None:
    """Twenty of which a pace is known say something; 0.3 is the least; who sells nothing is out."""

    def factor(count: int, yesterday: float, week: float = 14.0) -> float:
        ones = np.ones(count)
        return surges.day_factor(
            Sums(yesterday * ones, week * ones, (week + 46) * ones, 0 * ones, 99 * ones)
        )

    assert factor(19, 1) == 1.0
    assert factor(20, 1) == pytest.approx(1.5 / (46.5 / 23))
    assert factor(20, 0) == 0.3
    assert factor(20, 0, week=0.0) == 1.0


def test_idle_share() -> None:
    """Of products that sell seven a week; who is not known is neither."""
    day = np.array([0.0] * 12 + [3.0] * 8 + [np.nan, 0.0])
    week = np.array([7.0] * 20 + [9.0, 6.0])
    assert surges.idle_share(day, week) == 0.6
    assert surges.idle_share(day[1:], week[1:]) is None


def test_all_of_them_are_metrics_that_came_later() -> None:
    """Each says of what its two forms are made, so that what is missing can be named."""
    assert set(FAMILIES) <= ADDED_LATER
    for name, families in FAMILIES.items():
        metric = METRICS[name]
        assert metric.has_forms
        for form, windows in ((NORMAL, (60,)), (SPARSE, (1, 30))):
            known = dict.fromkeys(metric.needs, 1e3) | {"first_crawl_dt": day_of(400)}
            known |= {family.format(60): 4e3 for family in families}
            known |= dict.fromkeys((f.format(30) for f in families), 2e3)
            known |= dict.fromkeys((f.format(1) for f in families), 10.0)
            known |= {LIST_SPARSE: float(form == SPARSE), LIST_DAY: 1.0}
            assert {f.format(days) for f in families for days in windows} >= metric.unused[form]
            for field in metric.fields:
                lacks = math.isnan(value(name, **known | {field: None}))
                assert lacks is (field not in metric.unused[form]), (name, form, field)
