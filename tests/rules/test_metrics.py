"""The catalogue, and the formulas of the derived metrics."""

import math

import numpy as np
import pytest

from tests.rules.tables import column
from watcher.fields import NUMERIC_NAMES
from watcher.rules.derived import DERIVED
from watcher.rules.metrics import ATTRIBUTES, Catalogue, Metric
from watcher.units import DAY

METRICS = Catalogue()
AT = 1_795_435_200  # 2026-11-23 12:00 UTC
OLD = 20_250_101


def value(name: str, **fields: float | None) -> float:
    """A metric of one product; what is not given is 0."""
    metric = METRICS[name]
    columns = {need: column([fields.get(need, 0)]) for need in metric.needs}
    (result,) = metric.compute(columns, AT)
    return float(result)


def test_every_field_is_a_metric_or_an_attribute() -> None:
    """By its own name."""
    assert all(METRICS.get(name) is not None for name in NUMERIC_NAMES)
    assert {attribute.name for attribute in ATTRIBUTES} <= set(METRICS.names())
    assert len(METRICS.metrics()) == len(NUMERIC_NAMES) + len(DERIVED)


@pytest.mark.parametrize(
    ("day", "days"),
    [(20_261_123, 0), (20_261_122, 1), (20_251_123, 365), (20_261_124, 0)],
)
def test_age(day: float, days: float) -> None:
    """In whole UTC days; tomorrow's is 0."""
    assert value("age_days", first_crawl_dt=day) == days


@pytest.mark.parametrize("day", [None, 0, 20_261_131, 20_261_301, 5, -20_261_123, 1e14])
def test_age_of_no_day(day: float | None) -> None:
    """Has no value."""
    assert math.isnan(value("age_days", first_crawl_dt=day))


@pytest.mark.parametrize(("rate", "share"), [(0.13, 0.13), (13, 0.13), (1, 1), (0, 0)])
def test_commission(rate: float, share: float) -> None:
    """Above 1 it is a percentage."""
    assert value("commission", product_commission_rate=rate) == share


def test_live_share_and_creators() -> None:
    """A ratio without a value where nothing was sold, and a sum."""
    shares = {"total_live_sale_7d_cnt": 1, "total_sale_7d_cnt": 4}
    assert value("live_share", **shares) == 0.25
    assert math.isnan(value("live_share", total_live_sale_7d_cnt=1))
    creators = {"total_ifl_video_7d_cnt": 2, "total_ifl_live_7d_cnt": 3}
    assert value("creators_7d", **creators) == 5
    assert math.isnan(value("creators_7d", total_ifl_video_7d_cnt=None))


def test_growth() -> None:
    """The last 7 days against the pace of the 23 before."""
    windows = {"total_sale_7d_cnt": 21.0, "total_sale_30d_cnt": 21.0 + 46}
    assert value("sales_growth", first_crawl_dt=OLD, **windows) == 0.5


@pytest.mark.parametrize(
    ("metric", "family"),
    [
        ("gmv_growth", "total_sale_gmv_{}d_amt"),
        ("views_growth", "total_views_{}d_cnt"),
        ("videos_growth", "total_video_{}d_cnt"),
        ("creators_growth", "total_ifl_live_{}d_cnt"),
    ],
)
def test_growth_of_other_families(metric: str, family: str) -> None:
    """The same formula over other windows; of creators both kinds count."""
    windows = {family.format(7): 21.0, family.format(30): 21.0 + 46}
    assert value(metric, first_crawl_dt=OLD, **windows) == 0.5


def test_growth_of_the_young() -> None:
    """Divided by the days it has: 20 days old, so 13 before the last 7."""
    windows = {"total_sale_7d_cnt": 14.0, "total_sale_30d_cnt": 14.0 + 13}
    assert value("sales_growth", first_crawl_dt=20_261_103, **windows) == 1.0
    assert math.isnan(value("sales_growth", first_crawl_dt=20_261_110, **windows))
    fortnight = {"total_sale_7d_cnt": 7.0, "total_sale_30d_cnt": 14.0}
    assert value("sales_growth", first_crawl_dt=20_261_109, **fortnight) == 0.0


@pytest.mark.parametrize(
    "fields",
    [
        {"first_crawl_dt": OLD, "total_sale_7d_cnt": 5, "total_sale_30d_cnt": 5},
        {"first_crawl_dt": OLD, "total_sale_7d_cnt": 5, "total_sale_30d_cnt": 4},
        {"first_crawl_dt": OLD, "total_sale_7d_cnt": None, "total_sale_30d_cnt": 9},
        {"first_crawl_dt": None, "total_sale_7d_cnt": 5, "total_sale_30d_cnt": 9},
    ],
)
def test_growth_without_value(fields: dict[str, float | None]) -> None:
    """Nothing before, windows that contradict each other, a part missing."""
    assert math.isnan(value("sales_growth", **fields))


def test_growth_is_exact_to_the_reader() -> None:
    """15% is at least 15%."""
    windows = {"total_sale_7d_cnt": 161.0, "total_sale_30d_cnt": 161.0 + 460}
    assert value("sales_growth", first_crawl_dt=OLD, **windows) >= 0.15


def test_growth_z() -> None:
    """The log ratio over its standard error; nothing before is no hindrance."""
    week, before = 21.0, 46.0
    ratio = math.log((week + 0.5) / 7) - math.log((before + 0.5) / 23)
    error = math.sqrt(1 / (week + 0.5) + 1 / (before + 0.5) + 0.5 * (1 / 7 + 1 / 23))
    windows = {"total_sale_7d_cnt": week, "total_sale_30d_cnt": week + before}
    got = value("sales_growth_z", first_crawl_dt=OLD, **windows)
    assert got == pytest.approx(ratio / error)
    none_before = {"total_sale_7d_cnt": 9.0, "total_sale_30d_cnt": 9.0}
    assert value("sales_growth_z", first_crawl_dt=OLD, **none_before) > 1


def test_age_moves_with_the_instant() -> None:
    """Of an observation of yesterday it is a day less."""
    metric = METRICS["age_days"]
    columns = {"first_crawl_dt": column([20_261_120])}
    assert np.diff([metric.compute(columns, at)[0] for at in (AT - DAY, AT)]) == 1


def test_suggestions() -> None:
    """The nearest names, none for gibberish."""
    assert METRICS.suggest("comission") == ', did you mean "commission"?'
    assert METRICS.suggest("qqqqqq") == ""


@pytest.mark.parametrize("metric", METRICS.metrics(), ids=lambda metric: metric.name)
def test_what_messages_show_finds_the_metric(metric: Metric) -> None:
    """Of every metric; without a time it is that of the week."""
    said = metric.label.casefold()
    assert METRICS.suggest(metric.label) == f', did you mean "{metric.name}"?'
    assert METRICS.suggest(said.replace(" ", "_")) == f', did you mean "{metric.name}"?'
    if said.startswith("7-day "):
        assert f'"{metric.name}"' in METRICS.suggest(said.removeprefix("7-day "))


def test_a_text_is_suggested_only_where_it_can_stand() -> None:
    """A formula and an order take numbers."""
    assert METRICS.suggest("seller") == ', did you mean "seller_id"?'
    assert METRICS.suggest("seller", texts=False) == ""


@pytest.mark.parametrize("metric", [each.name for each in DERIVED])
def test_huge_numbers_break_nothing(metric: str) -> None:
    """Whatever the API may give: no value, or one that is no number to speak of."""
    value(metric, **dict.fromkeys(METRICS[metric].needs, 1e308) | {"first_crawl_dt": OLD})
