"""Metrics where numbers stand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.rules.tables import FakeTable, complaints, condition, verdicts
from watcher.evidence import Criterion, Evidence, MetricLimit
from watcher.model import Verdict
from watcher.rules.conditions.registry import NUMBER_OPERATORS, Takes
from watcher.rules.files.loading import load
from watcher.rules.metrics import Catalogue, Metric
from watcher.text.evidence import beyond, condition_of

NOW: dict[str, list[float | None]] = {
    "spu_avg_price": [20, 19.9, 18, 17.9, None, 5],
    "min_price": [19.9, 19.9, 19.9, 19.9, 19.9, None],
}
TABLE = FakeTable(NOW)


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("min_price", "nmnn??"),
        ({"equals": "min_price"}, "nmnn??"),
        ({"not_equals": "min_price"}, "mnmm??"),
        ({"above": "min_price"}, "mnnn??"),
        ({"below": "min_price"}, "nnmm??"),
        ({"at_least": "min_price"}, "mmnn??"),
        ({"at_most": " min_price "}, "nmmm??"),
        ({"below": "90%", "of": "min_price"}, "nnnm??"),
        ({"at_most": 0.9, "of": "min_price"}, "nnnm??"),
        ({"at_least": "100%", "of": "min_price"}, "mmnn??"),
        ({"between": [10, "min_price"]}, "nmmm??"),
        ({"between": ["min_price", 100]}, "mmnn??"),
        ({"between": ["90%", "100%"], "of": "min_price"}, "nmmn??"),
    ],
)
def test_compares(operator: object, expected: str) -> None:
    """Each product with its own; without a value of either there is no data."""
    assert verdicts({"spu_avg_price": operator}, TABLE) == expected


def test_a_part_is_as_people_count() -> None:
    """90% of 19.90 is 17.91, though no binary fraction is."""
    table = FakeTable({"spu_avg_price": [17.91, 3.57], "min_price": [19.9, 5.1]})
    assert 0.7 * 5.1 != 3.57
    assert verdicts({"spu_avg_price": {"equals": "90%", "of": "min_price"}}, table) == "mn"
    assert verdicts({"spu_avg_price": {"equals": "70%", "of": "min_price"}}, table) == "nm"


@pytest.mark.parametrize(
    ("operator", "then", "line", "expected"),
    [
        ({"crosses_below": "min_price"}, [20, 19.9, 19.8, None], [19.9] * 4, "mmn?"),
        ({"crosses_above": "min_price"}, [18, 18, 18, 18], [17, 19.9, None, 17.95], "nn?n"),
        ({"becomes": "min_price"}, [20, 19, 18, 18], [19.9] * 4, "nnnn"),
        ({"leaves": "min_price"}, [19.9, 20, None, 19.9], [19.9] * 4, "mn?m"),
    ],
)
def test_since_the_last_time(
    operator: object, then: list[float | None], line: list[float | None], expected: str
) -> None:
    """The line is that of now and that of then."""
    table = FakeTable(
        {"spu_avg_price": [18, 18, 18, 18], "min_price": [19.9, 19.9, 19.9, 17.95]},
        {"spu_avg_price": then, "min_price": line},
    )
    assert verdicts({"spu_avg_price": operator}, table) == expected


@pytest.mark.parametrize(
    ("operator", "now", "then", "expected"),
    [
        # From the line itself it is a crossing; to it, it is none.
        ("crosses_above", [21, 20, 21], [20, 19, 21], "mnn"),
        ("crosses_below", [19, 20, 19], [20, 21, 19], "mnn"),
        ("becomes", [20, 20, 21], [19, 20, 20], "mnn"),
        ("leaves", [21, 20, 21], [20, 20, 19], "mnn"),
    ],
)
def test_on_the_line(operator: str, now: list[float], then: list[float], expected: str) -> None:
    """Each is met where it moved, and only there."""
    line: list[float | None] = [20, 20, 20]
    table = FakeTable(
        {"spu_avg_price": [*now], "min_price": line}, {"spu_avg_price": [*then], "min_price": line}
    )
    assert verdicts({"spu_avg_price": {operator: "min_price"}}, table) == expected


def test_a_line_that_moves_is_crossed_too() -> None:
    """The price stood still, and what it is held against rose above it."""
    table = FakeTable(
        {"spu_avg_price": [18], "min_price": [19]}, {"spu_avg_price": [18], "min_price": [17]}
    )
    assert verdicts({"spu_avg_price": {"crosses_below": "min_price"}}, table) == "m"


def test_moves_by_another_metric() -> None:
    """By so much, or a part of it; what is not above 0 is no move to wait for."""
    table = FakeTable(
        {"spu_avg_price": [15, 16, 15, 15], "min_price": [5, 5, 0, None]},
        {"spu_avg_price": [20, 20, 20, 20]},
    )
    assert verdicts({"spu_avg_price": {"falls": "min_price"}}, table) == "mn??"
    assert verdicts({"spu_avg_price": {"falls": "80%", "of": "min_price"}}, table) == "mm??"
    assert verdicts({"spu_avg_price": {"changes": "min_price"}}, table) == "mn??"
    rates = FakeTable(
        {"spu_avg_price": [15, 16], "commission": [0.25, 0.25]}, {"spu_avg_price": [20, 20]}
    )
    assert verdicts({"spu_avg_price": {"falls": "commission"}}, rates) == "mn"
    part = {"spu_avg_price": {"falls": "80%", "of": "commission"}}
    assert verdicts(part, rates) == "mm", "of a percentage a part is one too"
    more = FakeTable({**rates.now, "commission": [0.3, 0.3]}, {"spu_avg_price": [20, 20]})
    assert verdicts(part, more) == "mn"
    shares = FakeTable({"commission": [0.15], "discount_rate": [0.1]}, {"commission": [0.2]})
    assert verdicts({"commission": {"falls": "50%", "of": "discount_rate"}}, shares) == "m"
    assert verdicts({"commission": {"falls": "60%", "of": "discount_rate"}}, shares) == "n"
    least = {"spu_avg_price": {"falls": "min_price", "min_change": 5.5}}
    assert verdicts(least, table) == "nn??"


def test_a_percentage_of_nothing_has_no_value() -> None:
    """As of a number that is written."""
    table = FakeTable({"spu_avg_price": [15], "commission": [0.25]}, {"spu_avg_price": [0]})
    assert verdicts({"spu_avg_price": {"rises": "commission"}}, table) == "?"


LIMITED = [one.name for one in NUMBER_OPERATORS if "of" in one.options]


@pytest.mark.parametrize("operator", LIMITED)
def test_evidence_says_name_and_value(operator: str) -> None:
    """Of every operator that takes a metric; it is stored and read back, and an older one's is
    read as it was."""
    value = ["min_price", "min_price"] if operator == "between" else "min_price"
    table = FakeTable(NOW, NOW)
    (evidence,) = condition({"spu_avg_price": {operator: value}}).evidence(table, 2)
    assert isinstance(evidence.condition, Criterion)
    assert "min_price (19.90)" in condition_of(evidence)
    stored = msgspec.json.encode(evidence)
    assert msgspec.json.decode(stored, type=Evidence) == evidence
    assert b"NaN" not in stored
    old = b'{"operator":"at_most","limits":[19.9]}'
    assert msgspec.json.decode(old, type=Criterion) == Criterion("at_most", (19.9,))


def test_words() -> None:
    """A rule's own name for it; of a part by how much it lies beyond."""
    assert str(condition({"spu_avg_price": {"at_most": "min_price"}})) == "at most min_price"
    part = condition({"spu_avg_price": {"below": "90%", "of": "min_price"}})
    assert str(part) == "below 90% of min_price"
    (met,), (unmet,) = part.evidence(TABLE, 3), part.evidence(TABLE, 0)
    assert condition_of(met) == "below 90% of min_price (19.90)"
    assert beyond(met) == "10% below min_price (19.90)"
    assert (unmet.verdict, beyond(unmet)) == (Verdict.NOT_MET, "")
    ends = condition({"spu_avg_price": {"between": [10, "min_price"]}})
    assert str(ends) == "between 10 and min_price"


def test_takes_every_operator_that_a_number_stands_under() -> None:
    """None of places, scores, times and lists."""
    amounts = (Takes.VALUE, Takes.RANGE, Takes.CHANGE)
    assert set(LIMITED) == {one.name for one in NUMBER_OPERATORS if one.takes in amounts}


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ({"spu_avg_price": {"at_most": "min_prise"}}, 'no metric, did you mean "min_price"'),
        ({"spu_avg_price": {"at_most": "product_name"}}, "product_name is a text"),
        ({"spu_avg_price": {"at_most": "many"}}, '"many" is no number'),
        ({"spu_avg_price": {"at_most": "90%", "of": "x"}}, '"of" takes the name of a metric'),
        ({"spu_avg_price": {"at_most": "90%", "of": 5}}, '"of" takes the name of a metric'),
        ({"spu_avg_price": {"at_most": "cost", "of": "min_price"}}, "takes a part of that, as 90%"),
        ({"spu_avg_price": {"at_most": 0, "of": "min_price"}}, "a part of that, above 0"),
        (
            {"spu_avg_price": {"at_most": "90%", "at_least": "10%", "of": "min_price"}},
            '"of" binds the one operator beside it, and here are at_most, at_least: write each',
        ),
        ({"spu_avg_price": {"of": "min_price"}}, '"of" only goes with equals'),
        ({"rank": {"climbs": 5, "of": "min_price"}}, '"of" only goes with'),
        ({"rank": {"climbs": "min_price"}}, "rank.climbs: "),
        ({"spu_avg_price": {"in": ["min_price"]}}, "takes numbers: for the metric min_price"),
        ({"spu_avg_price": {"unusual": "min_price"}}, "unusual: "),
        ({"spu_avg_price": {"between": ["100%", "90%"], "of": "min_price"}}, "upside down"),
        ({"sales_trend_flag": {"equals": "risng"}}, 'did you mean "rising"'),
        ({"sales_trend_flag": {"equals": "90%", "of": "min_price"}}, "is a flag"),
        ({"spu_avg_price": {"rises": "min_prise"}}, 'did you mean "min_price"'),
    ],
)
def test_errors(when: object, wanted: str) -> None:
    """In words, with the nearest name."""
    assert any(wanted in each for each in complaints(when)), complaints(when)


def test_a_rank_as_a_limit_needs_a_sorted_list() -> None:
    """As it does as a metric."""
    when = {"review_count": {"above": "rank"}}
    assert "rank needs a sorted list" in complaints(when, ranked=False)[0]


def test_one_operator_a_part_under_all() -> None:
    """As the message says."""
    parts = [{"spu_avg_price": {"at_least": "90%", "of": "min_price"}},
             {"spu_avg_price": {"at_most": "100%", "of": "min_price"}}]  # fmt: skip
    assert verdicts({"all": parts}, TABLE) == "nmmn??"


def test_the_strongest_is_the_furthest_from_its_own() -> None:
    """Relative to the limit: of two products 1 below their targets the cheaper."""
    import numpy as np

    table = FakeTable({"spu_avg_price": [99, 9, 50], "min_price": [100, 10, 100]})
    keys = condition({"spu_avg_price": {"below": "min_price"}}).strength(table, np.arange(3))
    assert [float(each) for each in keys[0]] == [0.01, 0.1, 0.5]


def test_a_measure_of_money_in_the_metrics_own_unit() -> None:
    """A column of one's own counts in what it is held against."""
    asked = Criterion("at_most", (0.0,), measures=(MetricLimit("target", "score", None, 19.9),))
    evidence = Evidence("spu_avg_price", "price", "money", asked, Verdict.MET, 17.1)
    assert condition_of(evidence) == "at most target (19.90)"


RULES = """
channels: {me: {url: "json://h"}}
defaults: {region: US, notify: me}
facts: {file: products.csv}
watches: {mine: {sort: total_sale_7d_cnt desc, top: 50}}
rules: [{name: a, watch: mine, when: {spu_avg_price: {falls: step, from: 7d ago}}},
        {name: b, watch: mine, when: {spu_avg_price: {at_most: target}}},
        {name: c, watch: mine, when: {seller_id: {not_in: {file: ok.txt}}}}]
"""


def test_a_rule_is_the_same_whatever_stands_in_its_files(tmp_path: Path) -> None:
    """Its mark goes by names: what fires goes on over a new price list, or one seller more."""
    (tmp_path / "rules.yaml").write_text(RULES, "utf-8")
    marks = []
    for target, step, sellers in (("19.90", "5", "1"), ("25", "5%", "1\n2")):
        table = f"product_id,target,step\n1729,{target},{step}\n"
        (tmp_path / "products.csv").write_text(table, "utf-8")
        (tmp_path / "ok.txt").write_text(sellers, "utf-8")
        rules = load([tmp_path / "rules.yaml"], {}).rules
        marks.append([rule.fingerprint for rule in rules])
    assert marks[0] == marks[1]
    assert len(set(marks[0])) == 3


def test_what_needs_a_past_is_refused_of_ones_own_numbers(tmp_path: Path) -> None:
    """It is not kept."""
    for when in ("{rises: 5%}", "{crosses_above: 5}", "{becomes: 5}", "{unusual: 3}"):
        text = RULES.replace("{spu_avg_price: {at_most: target}}", f"{{target: {when}}}")
        (tmp_path / "rules.yaml").write_text(text, "utf-8")
        (tmp_path / "products.csv").write_text("product_id,target,step\n1729,5,5\n", "utf-8")
        (tmp_path / "ok.txt").write_text("1", "utf-8")
        with pytest.raises(Exception, match="target is your own: what it was is not kept"):
            load([tmp_path / "rules.yaml"], {})


def test_names_of_metrics_are_not_numbers() -> None:
    """No metric of the catalogue could be read as a number, so that neither hides the other."""
    own = replace(Catalogue()["spu_avg_price"], name="k")
    assert isinstance(own, Metric)
    assert all(name[0].isalpha() for name in Catalogue().names())
