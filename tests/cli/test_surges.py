"""Surges in every command that knows metrics."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.evaluation.test_list_facts import market
from tests.store.making import DAY, scan
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.calibration import MEASURED
from watcher.rules.conditions.registry import NUMBER_BY_NAME
from watcher.rules.files.loading import load
from watcher.rules.metrics import ADDED_LATER, NORMAL, Catalogue
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me]}
metrics: {heat: sales_surge * 2}
watches: {best: {sort: total_sale_7d_cnt desc, top: 50}}
rules:
  - {name: surge, watch: best, when: {sales_surge: {at_least: 2.5}}, order_by: heat change}
  - {name: gmv, watch: best, when: {gmv_surge_ratio: {at_least: 3}, heat: {above: 2}}}
  - {name: odd, watch: best, when: {total_sale_7d_cnt: {unusual: 3}}}
  - {name: below, watch: best, when: {sales_growth: {at_least: 50%}}}
"""


@pytest.fixture
def past(folder: Path) -> int:
    """Six days of a list with a quiet day of its own, on which one product surges; the last."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    book = load([folder / "rules.yaml"], {})
    (watch,) = book.used_watches
    last = int(time.time()) - 3_600
    with Database.open(folder / "watcher.db") as database:
        database.rules.sync(book.marks, last - 10 * DAY)
        for day, yesterday in enumerate((2, 0.1, 2, 2, 2, 0.1)):
            at = last - (5 - day) * DAY
            read = scan(at, market(yesterday=yesterday, big=(6, 80, 140, 170)), watch=watch.key)
            policies = policies_of(book.channels)
            evaluate(database, read, book.rules, policies, book.metrics, at + 60)
    return last


def test_product(watcher: Command, past: int) -> None:
    """A step for each scan at which the list's day changed it; one's own formula of it, too."""
    wanted = ("--metric", "sales_surge", "--metric", "heat", "--metric", "total_sale_7d_cnt")
    assert "sales surge, last 30 days" in watcher("product", "big", *wanted).out
    data = json.loads(watcher("product", "big", *wanted, "--json").out)
    values = [row["values"] for row in data["rows"]]
    assert [round(each["sales_surge"], 1) for each in values] == [1.0, 2.9, 1.0, 2.9]
    assert all(each["heat"] == pytest.approx(2 * each["sales_surge"]) for each in values)
    assert {each["total_sale_7d_cnt"] for each in values} == {80}


def test_explain(watcher: Command, past: int) -> None:
    """The form, what such a value meant on real sales, and what is missing of what has none."""
    shown = watcher("explain", "surge", "big").out
    assert "met  sales surge (normal form) at least 2.5: 2.92" in shown
    assert "1 in 37 listed product-days reached 2.5; of what was told at 2.5, 62% went" in shown
    leaf = json.loads(watcher("explain", "surge", "big", "--json").out)["when"]
    assert leaf["evidence"]["form"] == "normal"
    assert "1 in 37" in leaf["meant"]
    assert "no total_sale_gmv_1d_amt and no" in watcher("explain", "gmv", "big").out
    assert "60d" not in watcher("explain", "gmv", "big").out
    assert "0 of the 8 values 7 days apart" in watcher("explain", "odd", "big").out
    low = json.loads(watcher("explain", "surge", "1", "--json").out)["when"]
    assert low["evidence"]["value"] < 2
    assert not low["meant"]


def test_backtest(watcher: Command, past: int) -> None:
    """By what the list said of itself then."""
    assert "fired 2 times; 1 ended, 1 fire" in watcher("backtest", "surge").out


@pytest.mark.parametrize("more", [(), ("--every-scan",)])
def test_export(watcher: Command, past: int, more: tuple[str, ...]) -> None:
    """As it was at each scan; a row without it where no number changed."""
    wanted = ("--metric", "sales_surge", "--metric", "heat", "--product", "big", *more)
    result = watcher("export", *wanted, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [round(float(row["sales_surge"]), 1) for row in rows] == [
        1.0, *([2.9, 1.0, 1.0, 1.0, 2.9] if more else [])
    ]  # fmt: skip
    assert [float(row["heat"]) for row in rows] == pytest.approx(
        [2 * float(row["sales_surge"]) for row in rows]
    )


def test_export_of_scans(watcher: Command, past: int) -> None:
    """What the list said of itself at each."""
    result = watcher("export", "--what", "scans", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.out)))
    assert [row["list_day"] for row in rows][1] == "0.3"
    assert {(row["list_idle"], row["list_sparse"]) for row in rows} == {("0.0", "0")}


def test_rule_tests(watcher: Command, folder: Path) -> None:
    """Give the counters; the list's day is of few products as usual. A surge itself is computed."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    fields = (
        "first_crawl_dt: 20200101, total_sale_1d_cnt: 2 60, total_sale_7d_cnt: 14 160, "
        "total_sale_30d_cnt: 60 200"
    )
    text = (
        "rules: rules.yaml\ntests:\n- name: takes off\n  rule: surge\n"
        f'  products: {{"1": {{{fields}}}}}\n  alerts:\n'
        '  - {at: 0}\n  - {at: 1d, firing: ["1"], told: ["1"]}\n'
    )
    (folder / "tests.yaml").write_text(text, encoding="utf-8")
    assert watcher("test", "tests.yaml").code == 0
    (folder / "wrong.yaml").write_text(text.replace(fields, "sales_surge: 3"), encoding="utf-8")
    assert "sales_surge is computed: give first_crawl_dt, total_sale_1d_cnt, total" in (
        refused := watcher("test", "wrong.yaml").err
    )
    assert "list_" not in refused


def test_metrics_say_what_scores_meant(watcher: Command) -> None:
    """As a table, and for programs."""
    rows = {row["name"]: row for row in json.loads(watcher("metrics", "--json").out)}
    assert set(rows) >= ADDED_LATER
    assert "list_day" not in rows
    marks = rows["sales_surge"]["measured"]["normal"]
    assert marks[-1] == {"value": 4, "reached": 0.0092, "went_on": 0.78}
    shown = watcher("metrics").out
    assert "1 in 109" in shown
    assert "nearly certain" not in shown


def test_rarer_is_surer() -> None:
    """Of each measured metric: the higher the mark the fewer reach it, and the more go on."""
    for marks in MEASURED.values():
        reached = [mark.reached for mark in marks]
        went_on = [mark.went_on for mark in marks]
        assert sorted(reached, reverse=True) == reached
        assert sorted(went_on) == went_on
        assert [mark.value for mark in marks] == sorted(mark.value for mark in marks)


MEANING = re.compile(r"(?m)^\| (\w+) ([\d.]+) \| ([\d.]+)% \| \d+% \| [\d.]+ \| (\d+)% \|$")


def test_what_scores_meant_is_what_was_measured() -> None:
    """The marks that `explain` names are those of the table of the measurement."""
    page = (Path(__file__).parents[2] / "docs/signals.md").read_text("utf-8")
    marks = {
        (metric, mark.value): mark
        for (metric, form), found in MEASURED.items()
        for mark in found
        if form == NORMAL
    }
    compared = 0
    for metric, value, reached, went_on in MEANING.findall(page):
        mark = marks.get((metric, float(value)))
        if mark is not None:
            compared += 1
            assert (metric, value, f"{mark.went_on:.0%}") == (metric, value, f"{went_on}%")
            assert mark.reached == pytest.approx(float(reached) / 100, abs=0.005)
    assert compared >= len(marks) - 1


GIVEN = {
    "between": "[1, 2]", "in": "[1, 2]", "not_in": "[1, 2]", "rises": "50%", "falls": "50%",
    "changes": "50%", "lowest": "3d", "highest": "3d", "unchanged": "3d",
}  # fmt: skip


@pytest.mark.parametrize(
    "metric", sorted(ADDED_LATER & {each.name for each in Catalogue().metrics()})
)
def test_every_operator_takes_it(watcher: Command, past: int, folder: Path, metric: str) -> None:
    """With every baseline, in an order and in a formula; judged once without a failure."""
    baselines = ("last", "2d ago", "median 4d", "mean 4d", "min 4d", "max 4d")
    whens = [
        f"{metric}: {{{name}: {GIVEN.get(name, '2')}}}"
        for name, operator in NUMBER_BY_NAME.items()
        if not operator.only_rank
    ]
    whens += [f"{metric}: {{rises: 10%, from: {each}}}" for each in baselines]
    lines = [
        f"  - {{name: r{n}, watch: best, when: {{{when}}}, order_by: {metric}}}"
        for n, when in enumerate([*whens, "own: {above: 1}"])
    ]
    text = RULES.partition("rules:\n")[0].replace("heat: sales_surge", f"own: {metric}")
    (folder / "rules.yaml").write_text(f"{text}rules:\n" + "\n".join(lines), encoding="utf-8")
    checked = watcher("check")
    assert checked.code == 0, checked.err
    book = load([folder / "rules.yaml"], {})
    with Database.open(folder / "watcher.db") as database:
        database.rules.sync(book.marks, past)
        read = scan(past + 60, market(big=(16, 80, 140, 170)), watch=book.used_watches[0].key)
        policies = policies_of(book.channels)
        outcome = evaluate(database, read, book.rules, policies, book.metrics, past + 120)
        assert len(outcome.judged) == len(lines)
        assert {each.rule for each in outcome.judged if each.met} or metric not in (
            "sales_surge", "sales_surge_ratio"
        )  # fmt: skip
    for number in range(0, len(lines), 5):
        assert watcher("explain", f"r{number}", "big").code == 0


def test_check_keeps_a_name_of_ones_own(watcher: Command, folder: Path) -> None:
    """A formula that had the name before the built-in metric: it is used, also in others."""
    text = RULES.replace(
        "heat: sales_surge", "sales_surge: total_sale_1d_cnt / 2, heat: sales_surge"
    )
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    checked = watcher("check")
    assert checked.code == 0
    warned = 'metrics.sales_surge: there is a metric "sales_surge" by now, and this formula is'
    assert warned in checked.out
    book = load([folder / "rules.yaml"], {})
    assert book.metrics["sales_surge"].needs == book.metrics["heat"].needs == {"total_sale_1d_cnt"}
