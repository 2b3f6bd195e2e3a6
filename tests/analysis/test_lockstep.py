"""A replay tells message for message what the daemon told: texts, values, evidence, order, time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.fakes.lockstep import Daemon, assert_equal, replayed
from tests.store import making
from tests.store.making import DAY, GMV, SALES, scan
from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.model import Doubt, Scan, ScanState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.source.simulator import PRESETS, Market
from watcher.store.engine import open_store
from watcher.store.sqlite.database import Database
from watcher.units import utc_day

BERLIN = ZoneInfo("Europe/Berlin")
RULES = """
channels:
  me: {url: "json://localhost/"}
  boss: {url: ["json://localhost/a", "json://localhost/b"], min_severity: warning}
  night: {url: "json://localhost/n", quiet: {hours: "19:00-09:00"}}
  paper: {url: "json://localhost/p", digest: "08:00"}
defaults: {region: US, every: 12h, timezone: Europe/Berlin, notify: [me], cooldown: 24h}
metrics:
  each: total_sale_gmv_7d_amt / total_sale_7d_cnt
watches:
  all: {sort: total_sale_7d_cnt desc}
  some: {sort: total_sale_gmv_7d_amt desc}
  abroad: {region: GB, sort: total_sale_7d_cnt desc}
rules:
  - {name: rises, watch: all, when: {total_sale_7d_cnt: {rises: 20%}}, resolved: true, limit: 2,
     severity: warning, notify: [me, boss, paper, night]}
  - {name: rises-2d, watch: all, when: {total_sale_7d_cnt: {rises: 20%, from: 2d ago}}, for: 12h,
     notify: [night], remind: 24h}
  - {name: usual, watch: all, when: {total_sale_7d_cnt: {rises: 10%, from: median 3d}},
     until: {total_sale_7d_cnt: {below: 60}}, keep_firing_for: 25h, notify: [paper], resolved: true}
  - {name: odd, watch: all, when: {total_sale_7d_cnt: {unusual: 1, over: 14d}}, cooldown: 12h}
  - {name: price, watch: all, when: {each: {falls: 5%, from: mean 2d}}, order_by: each desc,
     notify: [me, night], resolved: true}
  - {name: top, watch: all, when: {rank: {enters_top: 5}}, notify: [me, paper], cooldown: 2d}
  - {name: out, watch: all, when: {rank: {leaves_top: 8}}, resolved: true, cooldown: 12h}
  - {name: climbs, watch: all, when: {rank: {climbs: 3}}, remind: 12h}
  - {name: fresh, watch: all, when: {appears: true}, notify: [me, paper]}
  - {name: named, watch: all, when: {product_name: {contains: refill}}, resolved: true}
  - {name: high, watch: all, when: {total_sale_7d_cnt: {at_least: 70}}, remind: 36h, resolved: true,
     notify: [night, boss], severity: critical}
  - {name: ripe, watch: all, for: 24h, notify: [paper, night], cooldown: 12h, resolved: true,
     when: {any: [{sales_trend_flag: {equals: rising}}, {total_sale_7d_cnt: {rises: 500%}}]}}
  - {name: steps, watch: all, when: {total_sale_7d_cnt: {at_least: 40}}, cooldown: 3d,
     again: {total_sale_7d_cnt: {changes: 10%}}, notify: [me, night, paper], resolved: true}
  - {name: steps-of-rank, watch: all, when: {rank: {enters_top: 6}}, until: {rank: {above: 12}},
     again: {any: [{rank: {climbs: 1}}, {each: {falls: 5%}}]}, remind: 2d, notify: [me, night]}
  - {name: cheapest, watch: all, when: {each: {lowest: 4d}}, notify: [me, paper], resolved: true}
  - {name: dearest, watch: all, when: {total_sale_7d_cnt: {highest: 6d}}, cooldown: 12h}
  - {name: still, watch: all, when: {sales_trend_flag: {unchanged: 2d}}, resolved: true}
  - {name: surge, watch: all, when: {sales_surge: {at_least: 0}}, resolved: true}
  - {name: other, watch: some, when: {total_sale_7d_cnt: {rises: 10%, from: 1d ago}},
     notify: [paper, me]}
  - {name: far, watch: abroad, when: {total_sale_7d_cnt: {falls: 10%}}, resolved: true,
     notify: [night]}
"""
DAYS = 9
EARLY, LATE = 7, 19  # hours of the day in Berlin


class Shop:
    """Sales that wander; each watch sees some of the products."""

    def __init__(self, book: Rulebook, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.watches = {watch.name: watch for watch in book.watches}
        self.sales = {str(key): float(self.random.integers(40, 90)) for key in range(1, 31)}
        self.names = {key: f"Cup {key}" for key in self.sales}

    def move(self) -> None:
        """Half a day passes."""
        for key in self.sales:
            if self.random.random() < 0.6:
                moved = self.sales[key] * self.random.uniform(0.75, 1.3)
                self.sales[key] = max(1.0, float(round(moved)))
            if self.random.random() < 0.05:
                refill = "" if self.names[key].endswith("refill") else " refill"
                self.names[key] = f"Cup {key}{refill}"

    def scan(self, name: str, at: int, *, factor: float = 1.0, left: int = 24) -> Scan:
        """What a watch lists."""
        watch = self.watches[name]
        kept = [key for key in self.sales if self.random.random() < 0.9][:left]
        if name == "some":
            kept = [key for key in self.sales if int(key) % 2]
        ordered = sorted(kept, key=lambda key: (-self.sales[key], int(key)))
        products = {
            key: {
                SALES: round(self.sales[key] * factor),
                GMV: round(self.sales[key] * factor * 9.99 * (1 + int(key) % 3 / 10), 2),
                "total_sale_1d_cnt": round(self.sales[key] * factor / 6),
                "total_sale_30d_cnt": round(self.sales[key] * factor * 3.5),
                "first_crawl_dt": 20_260_101.0,
                "spu_avg_price": 9.99 + int(key) % 7,
                "sales_trend_flag": float(int(self.sales[key]) % 3),
                "product_commission_rate": 0.1,
                "total_ifl_cnt": float(int(key) % 5),
            }
            for key in ordered
        }
        names = {key: self.names[key] for key in ordered}
        made = scan(at, products, watch=watch.key, region=watch.query.region, names=names)
        return replace(made, finished=at + 240)


def nine_days(book: Rulebook, seed: int) -> Iterator[Scan]:
    """Berlin's clock is set back in the night to the fourth of them."""
    shop = Shop(book, seed)
    kept: Scan | None = None
    for turn in range(2 * DAYS):
        hour = LATE if turn % 2 else EARLY
        local = datetime(2026, 10, 22 + turn // 2, hour, 30, tzinfo=BERLIN)
        at = int(local.astimezone(UTC).timestamp())
        if turn not in (10, 11, 12):  # the source stands still for more than a day
            shop.move()
        if turn in (10, 11, 12) and kept is not None:
            yield replace(kept, at=at, started=at, finished=at + 240)
            continue
        jump = 4.0 if turn in (6, 14) else 1.0  # one is mended, the other stays
        if turn == 15:
            shop.sales = {key: 4 * value for key, value in shop.sales.items()}
        now = shop.scan("all", at, factor=jump)
        kept = now
        if turn == 4:
            now = replace(shop.scan("all", at, left=11), state=ScanState.PARTIAL, error="cut")
        if turn == 8:
            failed = shop.scan("all", at, left=0)
            now = replace(failed, state=ScanState.FAILED, error="down")
        if turn == 9:
            now = replace(now, doubt=Doubt("a gap", at))
        yield now
        if turn % 4 == 1:
            yield shop.scan("abroad", at + 1_800)
        if turn % 3 == 0:
            yield shop.scan("some", at + 3_600, factor=4.0 if turn == 3 else 1.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_replay_tells_what_the_daemon_told(tmp_path: Path, seed: int) -> None:
    """Nine days with the night that Berlin's clock is set back, holds of every kind, several
    channels and watches, jumps, late data, a cut list, and products that come and go."""
    book = load_text(RULES)
    with open_store(making.place(tmp_path)) as database:
        daemon = Daemon(database, book)
        scans = list(nine_days(book, seed))
        for each in scans:
            daemon.scan(each)
        end = scans[-1].finished + 2 * 86_400
        daemon.wait(end)
        for every in (True, False):
            assert_equal(daemon.said, replayed(database, book, (0, end), every=every))
        assert making.raw(database).number("SELECT count(*) FROM jumps") >= 2
        # A database of before knows neither what lists say of themselves nor what jumped.
        making.raw(database).execute(
            "UPDATE scans SET list_day = NULL, list_idle = NULL, list_sparse = NULL"
        )
        making.raw(database).execute("DELETE FROM jumps")
        assert_equal(daemon.said, replayed(database, book, (0, end)))
    kinds = {item.kind for *_, message in daemon.said for item in message.items}
    assert {"firing", "reminder", "resolved"} <= kinds
    assert {channel for _, channel, _ in daemon.said} == {"me", "boss", "night", "paper"}
    assert {message.kind for *_, message in daemon.said} == {"alerts", "digest"}


def test_other_watches_of_the_region_count(store: Database) -> None:
    """Also those of which no rule is played: their values are baselines, and they jump, too."""
    whole = load_text(RULES)
    own = tuple(rule for rule in whole.rules if rule.watch.name == "all")
    book = replace(whole, rules=own)
    daemon, end = Daemon(store, book), 0
    for each in nine_days(whole, 5):
        daemon.scan(each)
        end = each.finished
    assert_equal(daemon.said, replayed(store, book, (0, end)))


README_RULES = re.compile(r"^```yaml\n(channels:.*?)^```$", re.MULTILINE | re.DOTALL)
MONTH = 31


def shipped() -> dict[str, Rulebook]:
    """The rule files that users begin with."""
    root = Path(__file__).parents[2]
    readme = README_RULES.search((root / "README.md").read_text("utf-8"))
    assert readme is not None
    texts = {
        "recipes": (root / "rules.example.yaml").read_text("utf-8"),
        "README": readme[1],
    }
    env = {"SLACK_URL": "json://localhost/"}
    return {name: load_text(text, env=env) for name, text in texts.items()}


def month(book: Rulebook) -> Iterator[Scan]:
    """Each watch sees its part of one market a day, in the order of its sales.

    A stormy one, so that the rarest of the rules have something to tell.
    """
    start = 1_790_000_000
    market = Market(start=utc_day(start), products=60, regions=("US",), behaviour=PRESETS["stormy"])
    for day in range(MONTH):
        if day:
            market.advance()
        table = np.column_stack([market.column(name) for name in NUMERIC_NAMES]).astype(np.float64)
        table = table[market.listed()]
        order = np.argsort(-table[:, NUMERIC_INDEX[SALES]], kind="stable")
        ids = market.product_ids()
        for number, watch in enumerate(book.used_watches):
            kept = order[(order + number) % 3 > 0][:25].tolist()
            records = [market.product(ids[place]) for place in kept]
            at = start + day * DAY + number * 600
            yield Scan(
                watch.key, watch.query.region, at, at, at + 60, ScanState.COMPLETE, 3, 3,
                tuple(ids[place] for place in kept), np.arange(1, len(kept) + 1), table[kept],
                {
                    text.name: tuple(
                        None if record[text.name] is None else str(record[text.name])
                        for record in records
                    )
                    for text in TEXTS
                },
            )  # fmt: skip


@pytest.mark.parametrize("name", ["recipes", "README"])
def test_every_shipped_rule_is_told_alike(store: Database, name: str) -> None:
    """A month of a market, each watch a part of it."""
    book = shipped()[name]
    daemon, end = Daemon(store, book), 0
    for each in month(book):
        daemon.scan(each)
        end = each.finished + DAY
    daemon.wait(end)
    assert_equal(daemon.said, replayed(store, book, (0, end), every=False))
    assert daemon.said
