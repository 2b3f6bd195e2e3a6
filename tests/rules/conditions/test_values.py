"""Numbers of a metric, said and read."""

import pytest

from watcher.rules.conditions.values import is_percent, number
from watcher.rules.metrics import Catalogue
from watcher.text.evidence import value_of

METRICS = Catalogue()


def words(value: float, name: str) -> str:
    """A value of the metric in words."""
    return value_of(value, name, METRICS[name].unit)


@pytest.mark.parametrize(
    ("metric", "written", "value"),
    [
        ("total_sale_cnt", 5, 5.0),
        ("total_sale_cnt", "10k", 10_000.0),
        ("commission", "10%", 0.1),
        ("sales_trend_flag", "rising", 1.0),
        ("sales_trend_flag", "Falling", 2.0),
        ("sales_trend_flag", 0, 0.0),
        ("sales_trend_flag", "1", 1.0),
        ("free_shipping", True, 1.0),
        ("free_shipping", "false", 0.0),
        ("free_shipping", "yes", 1.0),
        ("first_crawl_dt", "2026-11-23", 20_261_123.0),
        ("first_crawl_dt", 20_261_123, 20_261_123.0),
        ("age_days", "2w", 14.0),
        ("age_days", 30, 30.0),
    ],
)
def test_reads_what_people_write(metric: str, written: object, value: float) -> None:
    """Numbers, percentages, flags by name, days and ages."""
    assert number(written, METRICS[metric]) == value


@pytest.mark.parametrize(
    ("metric", "written", "message"),
    [
        ("total_sale_cnt", True, "takes a number, not true"),
        ("total_sale_cnt", None, "takes a number, not nothing"),
        ("total_sale_cnt", "many", '"many" is no number'),
        ("total_sale_cnt", "50%", "total_sale_cnt is no fraction"),
        ("spu_avg_price", "50%", "spu_avg_price is no fraction"),
        ("first_crawl_dt", "30d ago", "for an age there is age_days"),
        ("total_sale_cnt", float("inf"), "too large"),
        ("total_sale_cnt", float("nan"), "too large"),
        ("total_sale_cnt", 10**30, "too large"),
        ("sales_trend_flag", "risng", 'did you mean "rising"?'),
        ("sales_trend_flag", 7, "it is stable (0), rising (1) or falling (2)"),
        ("sales_trend_flag", True, "true is no value of sales_trend_flag"),
        ("free_shipping", 2, "it is true (1) or false (0)"),
        ("first_crawl_dt", "2026-02-30", "is no day"),
        ("first_crawl_dt", 7, "is no day"),
    ],
)
def test_says_what_is_wrong(metric: str, written: object, message: str) -> None:
    """A value that does not fit is named, with what would fit."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011  the text is the point
        number(written, METRICS[metric])
    assert message in str(caught.value)


def test_says_limits_as_the_user_would() -> None:
    """Percentages of fractions, names of flags, days, places."""
    said = {
        "commission": words(0.1, "commission"),
        "flag": words(1, "sales_trend_flag"),
        "day": words(20_261_123, "first_crawl_dt"),
        "rank": words(3, "rank"),
        "count": words(1_234.5, "total_sale_cnt"),
    }
    assert said == {
        "commission": "10%",
        "flag": "rising",
        "day": "23 Nov 2026",
        "rank": "#3",
        "count": "1,234.5",
    }


def test_knows_a_percentage() -> None:
    """Only by its sign."""
    assert is_percent(" 30 %".replace(" ", ""))
    assert not is_percent(0.3)
