"""The real daemon reads a market over HTTP while days pass; exactly what should arrive does.

What should arrive is worked out here, plainly, from the list that the market showed each day.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.end_to_end.process import KEY, Daemon, Watcher, product_ids, until
from tests.fakes.market import boost, set_price
from tests.fakes.sink import receiving, serving
from watcher.source.simulator import SMOOTH, Market, Simulator

pytestmark = pytest.mark.end_to_end

TOP = 30
DAYS = 2
PARAMS = {"region": "US", "product_sort_field": "4", "sort_type": "1"}

RULES = """
api: {requests_per_second: 500}
channels:
  http: {url: "${SINK_URL}", group_by: rule}
  post: {url: "${MAIL_URL}", group_by: rule}
operator: [http]
defaults: {region: US, every: 1s, notify: [http], limit: 100}
watches:
  list: {sort: total_sale_7d_cnt desc, top: 30}
rules:
  - name: selling
    watch: list
    when: {total_sale_7d_cnt: {at_least: 1}}
    cooldown: 100w
    notify: [http, post]
  - name: cheaper
    watch: list
    when: {spu_avg_price: {falls: 5%}}
  - name: more
    watch: list
    when: {total_sale_7d_cnt: {rises: 8%, from: last, min_change: 10}}
  - name: turned
    watch: list
    when: {sales_trend_flag: {becomes: rising}}
  - name: newcomer
    watch: list
    when: {appears: true}
"""

Product = Mapping[str, object]


def number(product: Product, name: str) -> float:
    """A numeric field."""
    value = product[name]
    assert isinstance(value, int | float)
    return float(value)


@dataclass
class Expected:
    """What each rule should have told so far, by plain loops over the days' lists."""

    before: dict[str, Product] = field(default_factory=dict)
    told: dict[str, list[set[str]]] = field(default_factory=dict)

    def see(self, listed: list[Product]) -> None:
        """A day's list."""
        first = not self.before
        now = {str(product["product_id"]): product for product in listed}
        known = {each: (self.before[each], now[each]) for each in now if each in self.before}
        already = set().union(*self.told.get("selling", []))

        def moved(test: Callable[[Product, Product], bool]) -> set[str]:
            return {each for each, (old, new) in known.items() if test(old, new)}

        selling = {each for each, new in now.items() if number(new, "total_sale_7d_cnt") >= 1}
        self._add("selling", selling - already)
        self._add("cheaper", moved(lambda old, new: _moves(old, new, "spu_avg_price") <= -0.05))
        self._add(
            "more",
            moved(
                lambda old, new: (
                    _moves(old, new, "total_sale_7d_cnt") >= 0.08
                    and number(new, "total_sale_7d_cnt") - number(old, "total_sale_7d_cnt") >= 10
                )
            ),
        )
        self._add(
            "turned",
            moved(
                lambda old, new: (
                    number(old, "sales_trend_flag") != 1 and number(new, "sales_trend_flag") == 1
                )
            ),
        )
        self._add("newcomer", set() if first else now.keys() - self.before.keys())
        self.before |= now

    def _add(self, rule: str, products: set[str]) -> None:
        if products:
            self.told.setdefault(rule, []).append(products)


def _moves(old: Product, new: Product, name: str) -> float:
    return number(new, name) / number(old, name) - 1


def listed(market: Market) -> list[Product]:
    """The list as the market shows it today."""
    pages = range(1, TOP // 10 + 1)
    return [
        product
        for page in pages
        for product in market.answer({**PARAMS, "page_num": str(page), "page_size": "10"})
    ]


async def a_day_passes(
    simulator: Simulator, daemon: Daemon, watcher: Watcher, cheaper: str
) -> None:
    """Advance the market between two scans, and wait until the new day has been told."""
    await until(lambda: simulator.pages % (TOP // 10) == 0)
    # In the server's own loop, without a pause: no scan can begin in between.
    simulator.market.advance()
    set_price(simulator.market, cheaper, 0.5)
    await all_told(daemon, watcher)


async def all_told(daemon: Daemon, watcher: Watcher) -> None:
    """Two more whole scans, and nothing waiting."""
    scans = sum(line.get("event") == "scanned" for line in daemon.log)
    await daemon.said("scanned", scans + 2)
    waiting = "SELECT count(*) FROM notifications WHERE state = 'waiting'"
    await until(lambda: watcher.query(waiting) == [(0,)])


def html_of(mail: EmailMessage) -> str:
    """The HTML part of a mail."""
    part = mail.get_body(("html",))
    assert part is not None
    return str(part.get_content())


def told(messages: list[Mapping[str, str]]) -> dict[str, list[set[str]]]:
    """The products of each message by rule, in order."""
    found: dict[str, list[set[str]]] = {}
    for message in messages:
        rule = message["title"].partition("] ")[2].partition(":")[0]
        found.setdefault(rule, []).append(product_ids(message["message"]))
    return found


@pytest.mark.long
async def test_days_of_a_market(tmp_path: Path) -> None:
    """Over days, an HTTP sink and a mail server get exactly the expected alerts, once."""
    # Slow waves: what turns keeps its way for days, as the test's rules count on.
    market = Market(
        seed=11, products=300, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    async with (
        Simulator(market, key=KEY) as simulator,
        serving() as sink,
        receiving() as mail,
    ):
        env = {"SINK_URL": sink.url.reveal(), "MAIL_URL": mail.url(["shop@example.com"]).reveal()}
        watcher = Watcher(tmp_path, simulator.url, env)
        watcher.rules.write_text(RULES, encoding="utf-8")
        # Some stories, so that each rule has something to tell on any machine.
        first = [str(product["product_id"]) for product in listed(market)]
        for lucky in first[10:20]:
            boost(market, lucky, 4, days=7)
        expected = Expected()
        expected.see(listed(market))
        async with watcher.running() as daemon:
            await all_told(daemon, watcher)
            for day in range(DAYS):
                await a_day_passes(simulator, daemon, watcher, cheaper=first[day])
                expected.see(listed(market))
            assert await daemon.stop() == 0
        assert told(sink.taken) == expected.told
        assert {"selling", "cheaper", "more", "turned", "newcomer"} == expected.told.keys()
        mailed = [product_ids(html_of(each)) for each in mail.taken]
        assert mailed == expected.told["selling"]
        assert KEY not in str(daemon.log)
        assert watcher.query("PRAGMA integrity_check") == [("ok",)]
