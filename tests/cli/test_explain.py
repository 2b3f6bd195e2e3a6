"""``watcher explain``."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import DAY, SALES, scan
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

RULES = """
channels:
  me: {url: "json://user:hidden-word@localhost"}
  boss: {url: "json://localhost", min_severity: critical}
defaults: {region: US, notify: [me, boss]}
rules:
  - name: rising
    watch: &beauty {sort: total_sale_7d_cnt desc, top: 50}
    when:
      total_sale_7d_cnt: {rises: 30%, from: 7d ago, min_change: 5}
      spu_avg_price: {at_most: 20, falls: 1, from: median 7d}
      any:
        - sales_trend_flag: rising
        - not: {product_name: {contains: refill}}
    until: {total_sale_7d_cnt: {below: 5}}
  - name: outside
    watch: {sort: total_sale_7d_cnt desc, top: 50}
    when: {rank: {leaves_top: 2}}
    for: 24h
"""


@pytest.fixture
def past(folder: Path) -> Path:
    """Ten days of scans, judged; the path of the database."""
    path = folder / "rules.yaml"
    path.write_text(RULES.replace("&beauty ", ""), encoding="utf-8")
    book = load([path], {})
    (watch,) = book.used_watches
    last = int(time.time()) - 3600
    with Database.open(folder / "watcher.db") as database:
        for day in range(10):
            products = {
                "1": {SALES: 50.0 + day * day, "spu_avg_price": 20.0 - day * day / 10,
                      "sales_trend_flag": 1.0},
                "2": {SALES: 9.0},
            }  # fmt: skip
            if day == 9:
                del products["2"]
            evaluate(
                database,
                scan(last - (9 - day) * DAY, products, watch=watch.key,
                     names={"1": "Face \x1bSerum"}),
                book.rules, policies_of(book.channels), book.metrics, last,
            )  # fmt: skip
    return folder / "watcher.db"


def test_shows_everything_at_once(watcher: Command, past: Path) -> None:
    """The tree, the alert, the channels; no secret and no control character."""
    shown = watcher("explain", "rising", "1")
    assert shown.code == 0, shown.err
    out = shown.out
    assert "rising: Face  Serum (US 1)" in out
    assert "when: met" in out
    assert "met  7-day sales rises 30% from 7d ago, by 5 at least: 131, was 54 7d before (" in out
    assert "price at most 20: 11.9" in out
    assert "price falls 1 from median 7d: 11.90, median 7d " in out
    assert "met  any of these" in out
    assert "met  trend is rising: rising" in out
    assert 'not met  name contains "refill": "Face  Serum"' in out
    assert "until: not met" in out
    assert "Alert: A1 fires since" in out
    assert "  fired on: 7-day sales rises 30%" in out
    assert "Channel me: already told; last told of it" in out
    assert "me/1: the message is waiting, 1 waiting, next try" in out
    assert "Channel boss: below the channel's min_severity" in out
    assert "hidden-word" not in out
    assert "\x1b" not in out


def test_values_are_not_rounded_into_their_limit(
    watcher: Command, past: Path, folder: Path
) -> None:
    """And a condition without a metric reads as one."""
    rule = "when: {pays: {at_least: 1.19}, not: {appears: true}}"
    text = RULES.replace("rules:", "metrics: {pays: spu_avg_price / 10}\nrules:", 1)
    text = text.replace("when: {rank: {leaves_top: 2}}", rule).replace("1.19", "1.1901")
    (folder / "rules.yaml").write_text(text.replace("&beauty ", ""), encoding="utf-8")
    out = watcher("explain", "outside", "1").out
    assert "not met  pays at least 1.1901: 1.19\n" in out
    assert "not met  list: appears for the first time\n" in out
    text = text.replace("spu_avg_price / 10", "spu_avg_price / 10 - 0.001")
    text = text.replace("1.1901", "1.19").replace("&beauty ", "")
    (folder / "rules.yaml").write_text(text, encoding="utf-8")
    assert "not met  pays at least 1.19: 1.189\n" in watcher("explain", "outside", "1").out


def test_a_pending_alert_and_one_outside(watcher: Command, past: Path) -> None:
    """Which gate holds, and that the list has lost it."""
    out = watcher("explain", "outside", "2").out
    assert "whose list it has left" in out
    assert "rank leaves the top 2: outside, was #2 1d before" in out
    assert "is pending since" in out
    assert '"for" holds it' in out
    assert "Note: missing from the newest complete scan" in out


def test_json(watcher: Command, past: Path) -> None:
    """The same for programs."""
    data = json.loads(watcher("explain", "rising", "serum", "--json").out)
    assert data["when"]["verdict"] == "met"
    assert data["when"]["word"] == "all"
    assert data["when"]["parts"][0]["evidence"]["baseline"] == 54
    assert (
        data["when"]["parts"][0]["evidence"]["condition"] == "rises 30% from 7d ago, by 5 at least"
    )
    assert data["alert"]["evidence"][0]["condition"] == "rises 30% from 7d ago, by 5 at least"
    assert data["alert"]["state"] == "firing"
    assert data["gates"][0]["decision"] == "already told"


def test_a_product_not_in_the_newest_scan(watcher: Command, past: Path) -> None:
    """Is judged where it was seen last."""
    out = watcher("explain", "rising", "2").out
    assert "Not in the newest scan" in out
    assert "Judged on the last scan that lists it" in out
    assert "no data  price at most 20: the product has no spu_avg_price" in out
    assert "Alert: none; the rule has not fired on it" in out


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("risin", "1"), 'no rule "risin", did you mean "rising"?'),
        (("zzz", "1"), "there are rising, outside"),
        (("rising", "99"), 'no product "99" in US'),
        (("rising", "1", "--region", "gb"), 'rule "rising" watches US, not GB'),
    ],
)
def test_errors_are_clear(
    watcher: Command, past: Path, arguments: tuple[str, ...], error: str
) -> None:
    """Exit 1, one reason."""
    result = watcher("explain", *arguments)
    assert result.code == 1
    assert error in result.err


def test_the_database_is_untouched(watcher: Command, past: Path) -> None:
    """And none is made where there is none."""
    before = past.read_bytes()
    watcher("explain", "rising", "1", "--region", "us")
    assert past.read_bytes() == before
    missing = past.with_name("none.db")
    assert watcher("explain", "rising", "1", "--db", missing).code == 1
    assert not missing.exists()


def test_again(watcher: Command, folder: Path) -> None:
    """For each channel that it tells: what it was last told with, and how far it is from a word
    more."""
    path = folder / "rules.yaml"
    path.write_text(
        'channels: {me: {url: "json://localhost"}}\ndefaults: {region: US, notify: [me]}\n'
        "rules:\n- {name: cheap, watch: {sort: total_sale_7d_cnt desc}, "
        "when: {spu_avg_price: {below: 20}}, again: {spu_avg_price: {falls: 5%}}}\n",
        encoding="utf-8",
    )
    book = load([path], {})
    (watch,) = book.used_watches
    last = int(time.time()) - 3600
    with Database.open(folder / "watcher.db") as database:
        for day, price in enumerate((19.9, 19.5)):
            at = last - (1 - day) * DAY
            made = scan(at, {"1": {"spu_avg_price": price, SALES: 9.0 + day}}, watch=watch.key)
            policies = policies_of(book.channels)
            evaluate(database, made, book.rules, policies, book.metrics, at)
    page = watcher("explain", "cheap", "1").out
    assert "told again when" in page
    assert "price falls 5% from what was last told: 19.50, was 19.90" in page
    (again,) = json.loads(watcher("explain", "cheap", "1", "--json").out)["again"]
    assert (again["channel"], again["reason"]["verdict"]) == ("me", "not met")
    assert again["reason"]["evidence"]["condition"] == "falls 5% from what was last told"


REFRESHED = """
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me], every: refresh}
watches: {w: {sort: total_sale_7d_cnt desc}}
rules:
  - {name: soon, watch: w, when: {total_sale_7d_cnt: {above: 1}}, for: 24h}
  - {name: later, watch: w, when: {total_sale_7d_cnt: {above: 1}}, for: 3d}
  - {name: told, watch: w, when: {total_sale_7d_cnt: {above: 1}}, remind: 2d}
  - {name: hours, watch: w, when: {total_sale_7d_cnt: {above: 1}}, for: 36h}
"""


def test_data_days_are_said_as_such(watcher: Command, folder: Path) -> None:
    """A data day begins when its data comes: a time of the clock would be a promise."""
    path = folder / "rules.yaml"
    path.write_text(REFRESHED, encoding="utf-8")
    book = load([path], {})
    (watch,) = book.used_watches
    with Database.open(folder / "watcher.db") as database:
        evaluate(
            database, scan(int(time.time()) - 3600, {"1": {SALES: 50.0}}, watch=watch.key),
            book.rules, policies_of(book.channels), book.metrics, int(time.time()),
        )  # fmt: skip
    shown = {rule.name: watcher("explain", rule.name, "1").out for rule in book.rules}
    assert "fires if still met on the next data day, about " in shown["soon"]
    assert "fires if still met 3 data days from now, about " in shown["later"]
    assert "a reminder is due about " in shown["told"]
    assert "fires if still met at a scan from " in shown["hours"]
