"""``watcher product``."""

from __future__ import annotations

import csv
import io
import json
import re
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import DAY, SALES, firing, scan
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database
from watcher.units import format_instant

RULES = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me]}
metrics: {mine: total_sale_7d_cnt * 2}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 50}
    when: {total_sale_7d_cnt: {at_least: 1}}
"""


@pytest.fixture
def past(folder: Path) -> int:
    """Forty days of one product of a hostile name, and others; when the last scan was."""
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    (watch,) = load([folder / "rules.yaml"], {}).used_watches
    last = int(time.time()) - 3600
    names = {"1": "Glow \x1b[31mSerum", "2": "Red Cup", "3": "Blue Cup"}
    with Database.open(folder / "watcher.db") as database, database.atomic():
        for day in range(40):
            at = last - (39 - day) * DAY
            values: dict[str, float] = {SALES: 100 + day // 10, "sales_trend_flag": day // 30}
            products: dict[str, float | dict[str, float]] = {"1": values, "2": 5, "3": 4}
            if day >= 5:
                del products["3"]
            recorded = database.history.record(scan(at, products, watch=watch.key, names=names))
        database.history.record(scan(last, {"2": 1}, watch="gb", region="GB"))
        database.alerts.save([firing("selling", int(recorded.products[0]), last)])
    return last


def test_shows_facts_plot_changes_and_alerts(watcher: Command, past: int) -> None:
    """Without what a name may smuggle into a terminal."""
    shown = watcher("product", "1")
    assert shown.code == 0, shown.err
    assert "Glow  [31mSerum (US 1)" in shown.out
    assert "https://www.tiktok.com/shop/pdp/1\n" in shown.out
    assert "7-day sales 103 · " in shown.out
    assert "7-day sales, last 30 days (UTC)" in shown.out
    assert "rising" in shown.out
    assert "A1" in shown.out
    assert "\x1b" not in shown.out
    rows = re.findall(r"^[-\d]{10} [:\d]{5} +(\d+)", shown.out, re.MULTILINE)
    assert rows == ["100", "101", "102", "103", "103"]


@pytest.mark.parametrize("wanted", ["1", "serum", "GLOW"])
def test_by_id_or_name(watcher: Command, past: int, wanted: str) -> None:
    """A part of the name will do."""
    found = watcher("product", wanted, "--json")
    assert json.loads(found.out)["product"]["product_id"] == "1"


def test_one_day_is_a_day(watcher: Command, past: int) -> None:
    """Not "1 days"."""
    assert "7-day sales, last day (UTC)" in watcher("product", "1", "--days", "1").out


def test_json(watcher: Command, past: int) -> None:
    """Facts, rows by metric, alerts."""
    data = json.loads(watcher("product", "1", "--metric", SALES, "--days", "3", "--json").out)
    assert data["metrics"] == [{"name": SALES, "label": "7-day sales", "unit": "count"}]
    assert data["rows"][-1] == {"at": past, "values": {SALES: 103}}
    assert data["alerts"][0]["rule"] == "selling"


def test_csv(watcher: Command, past: int) -> None:
    """One line a change; no value is empty."""
    out = watcher("product", "1", "--metric", SALES, "--metric", "commission", "--csv").out
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["time", SALES, "commission"]
    assert rows[-1][1:] == ["103", ""]
    assert rows[-1][0].endswith("Z")
    assert watcher("product", "1", "--csv", "--json").code == 2


def test_own_metrics_and_ranks(watcher: Command, past: int) -> None:
    """Read from the rule file; each given metric has its plot."""
    shown = watcher("product", "1", "--metric", "mine", "--metric", "rank")
    assert shown.code == 0, shown.err
    assert "mine, last 30 days (UTC)" in shown.out
    assert "rank in selling, last 30 days (UTC)" in shown.out
    assert "#1" in shown.out


def test_a_broken_rule_file_is_no_hindrance(watcher: Command, past: int, folder: Path) -> None:
    """Unless a metric of it is asked for."""
    (folder / "rules.yaml").write_text("rules: 5", encoding="utf-8")
    assert watcher("product", "1").code == 0
    assert "rules.yaml:1" in watcher("product", "1", "--metric", "mine").err
    (folder / "rules.yaml").unlink()
    assert watcher("product", "1").code == 0
    assert 'no metric "mine"' in watcher("product", "1", "--metric", "mine").err
    assert "no watch of the rule file has ranked it" in (
        watcher("product", "1", "--metric", "rank").err
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("99",), 'no product "99": no scan has seen one'),
        (("99", "--region", "gb"), 'no product "99" in GB'),
        (("cup",), "US 2  Red Cup\n  US 3  Blue Cup"),
        (("2",), '"2" is sold in GB, US: say which with --region'),
        (("1", "--metric", "sales_grwth"), 'did you mean "sales_growth"'),
        (("1", "--metric", "product_name"), '"product_name" is a text'),
        (("1", "--metric", "zzz"), "`watcher metrics` lists them"),
        (("3",), "no scan saw it in the last 30 days; last seen"),
    ],
)
def test_errors_are_clear(
    watcher: Command, past: int, arguments: tuple[str, ...], error: str
) -> None:
    """Exit 1, one reason."""
    result = watcher("product", *arguments)
    assert result.code == 1
    assert error in result.err
    assert not result.out


def test_a_value_without_data(watcher: Command, past: int) -> None:
    """Is said, not drawn."""
    shown = watcher("product", "1", "--metric", "commission", "--days", "2")
    assert shown.code == 0
    assert "no values" in shown.out


def test_a_region_settles_it(watcher: Command, past: int) -> None:
    """Of a product that is sold in several."""
    data = json.loads(watcher("product", "2", "--region", "gb", "--json").out)
    assert data["product"]["region"] == "GB"


def test_a_time_that_lies_in_the_future_is_now(
    watcher: Command, past: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock was ahead when it was seen, and no daemon has mended it yet."""
    now = past - 400 * DAY
    monkeypatch.setattr("watcher.cli.options.now_of", lambda _database: now)
    said = format_instant(now)
    assert f"first seen {said}, last {said} (now)" in watcher("product", "1").out


def test_shows_what_texts_were(watcher: Command, past: int, folder: Path) -> None:
    """Both in full, harmless; and as JSON."""
    with Database.open(folder / "watcher.db") as database:
        made = scan(past + 60, {"1": 1.0}, watch="w", names={"1": "Glow \x1b[31mCream"})
        database.history.record(made)
    shown = watcher("product", "1")
    assert "\x1b" not in shown.out
    assert re.search(r"product_name +Glow  \[31mSerum +Glow  \[31mCream", shown.out)
    (change,) = json.loads(watcher("product", "1", "--json").out)["texts"]
    assert (change["name"], change["was"]) == ("product_name", "Glow \x1b[31mSerum")
