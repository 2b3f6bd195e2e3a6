"""Hostile pages all the way: through the scan into a real store, and out into messages."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import count

from watcher.analysis.overview import overview
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.errors import SourceError, SourceUnavailable
from watcher.message import Message
from watcher.model import Scan
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.source.client import Budget
from watcher.source.decoding import Page, decoder_of
from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.scan import ScanOrder, read_scan
from watcher.store.sqlite.database import Database

DAY, START = 86_400, 1_700_000_000
RULES = """
channels: {me: {url: "json://localhost/"}, slow: {url: "json://localhost/", digest: "09:00"}}
operator: [me]
defaults: {region: US, notify: [me, slow]}
metrics: {mine: "ln(spu_avg_price) ** total_sale_cnt / (commission - 0.5)"}
watches: {w: {sort: total_sale_7d_cnt desc, top: 40}}
rules:
  - {name: any, watch: w, when: {product_id: {matches: "."}}, resolved: true}
  - {name: new, watch: w, when: {appears: true}}
  - {name: odd, watch: w, when: {any: [{total_sale_7d_cnt: {changes: 1%}}, {mine: {above: 0}},
     {sales_growth: {at_least: 1%}}, {age_days: {at_most: 5}}, {rank: {climbs: 1}},
     {spu_avg_price: {falls: 1, from: min 7d}}, {total_sale_gmv_7d_amt: {unusual: 3}},
     {sales_trend_flag: {becomes: rising}}, {discount: {contains: "%"}}]}}
"""


class Script:
    """A client whose pages are these bodies, decoded as the real one does."""

    concurrency = 2

    def __init__(self, bodies: Sequence[bytes]) -> None:
        self._bodies = bodies
        self.percentages: dict[str, bool] = {}

    def reading(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def page(
        self,
        params: Mapping[str, str],
        page_num: int,
        budget: Budget,
        endpoint: Endpoint = PRODUCT_LIST,
    ) -> Page:
        await budget.spend()
        if page_num > len(self._bodies):
            raise SourceUnavailable("there is no such page", status=500)
        return decoder_of(PRODUCT_LIST).decode(self._bodies[page_num - 1])


class _Purse:
    async def spend(self) -> None:
        pass

    async def refund(self) -> None:
        pass


@dataclass
class Middle:
    """A store, rules that look at everything, and a day for each scan."""

    database: Database
    told: list[Message] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book = load_text(RULES)
        self.database.rules.sync(self.book.marks, START)
        self._days = count(1)

    def check_scan(self, bodies: Sequence[bytes]) -> Scan:
        """Read, evaluated, committed, and told; nothing but a ``SourceError`` on the way."""
        now = START + next(self._days) * DAY
        (watch,) = self.book.used_watches
        result = asyncio.run(
            read_scan(
                ScanOrder(watch.query, watch.key, now, known_pages=2, wants_texts=lambda _: True),
                Script(bodies),  # type: ignore[arg-type]
                _Purse(),
                lambda: now,
            )
        )
        scan = result.scan
        assert result.failure is None or isinstance(result.failure, SourceError)
        assert len(set(scan.product_ids)) == len(scan.product_ids)
        ranks = scan.ranks.tolist()
        assert ranks == sorted(set(ranks)), "two products in one place"
        self.told.clear()
        policies = policies_of(self.book.channels)
        with self.database.atomic():
            evaluate(
                self.database,
                scan,
                self.book.rules,
                policies,
                self.book.metrics,
                now,
                report=self.told.append,
            )
        self.check_told(scan)
        return scan

    def check_told(self, scan: Scan) -> None:
        """Every message can be written in every style, and every page can be shown."""
        now = scan.at + DAY // 2
        sweep(self.database, self.book, policies_of(self.book.channels), now)
        overview(self.database, self.book, now)
        self.database.alerts.list(limit=20)
        for product in scan.product_ids[:2]:
            assert self.database.history.find(product, "US")
        for name in scan.texts["product_name"][:2]:
            self.database.history.named(name or "", "US", 5)
        waiting = self.database.outbox.waiting_for("me/1")
        for message in (*self.told, *(row.message for row in waiting[-3:])):
            for style in Style:
                shown = render(message, style, limit=2_000)
                assert "\x1b" not in shown.title + shown.body
                (shown.title + shown.body).encode()
        for row in waiting:
            self.database.outbox.sent(row.id, now, "ok")
