"""Lists with sellers, prices and currencies, and the reports on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.store.making import DAY, START, scan
from watcher.analysis.reports.composing import Moment, compose
from watcher.model import Instant, LongTexts, ScanState
from watcher.report import ReportContent
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store

GMV, PRICE, SALES = "total_sale_gmv_7d_amt", "spu_avg_price", "total_sale_7d_cnt"
_SKUS = '[{"sku_id":"8","real_price":{"sale_price_decimal":"2.99","currency_name":"%s"}}]'
HEAD = """
channels:
  me: {url: "json://localhost/"}
  boss: {url: ["json://localhost/a", "json://localhost/b"], min_severity: critical,
         at_most: 1 a day}
defaults: {region: US, notify: [me]}
sellers: {"7495981769829615944": GlowLab}
watches:
  best: {sort: total_sale_7d_cnt desc}
  rival: {sort: total_sale_7d_cnt desc, top: 20}
  abroad: {sort: total_sale_7d_cnt desc, region: GB}
rules: [{name: selling, watch: best, when: {total_sale_7d_cnt: {rises: 50%}}}]
"""
GLOW = "7495981769829615944"
WEEKLY = '{at: "0 8 * * mon", watch: best}'


@dataclass(frozen=True, slots=True)
class P:
    """A product as a scan finds it."""

    gmv: float | None = None
    price: float | None = None
    sales: float | None = None
    seller: str = GLOW
    name: str = ""

    @property
    def numbers(self) -> dict[str, float]:
        """Its fields that have a value."""
        given = {GMV: self.gmv, PRICE: self.price, SALES: self.sales}
        return {name: value for name, value in given.items() if value is not None}


@dataclass
class Market:
    """A store with lists of products, and the rules that are in force."""

    database: Store
    reports: str = f"reports: {{weekly: {WEEKLY}}}"
    head: str = HEAD
    book: Rulebook = field(init=False)

    def __post_init__(self) -> None:
        self.reread(self.reports)

    def reread(self, reports: str) -> None:
        """The reports as the file has them now."""
        self.book = load_text(f"{self.head}\n{reports}")
        self.database.rules.sync(self.book.marks, START)

    def watch(self, name: str = "best") -> Watch:
        """The watch of that name."""
        return next(each for each in self.book.watches if each.name == name)

    def scan(
        self,
        at: Instant,
        products: Mapping[str, P],
        *,
        watch: str = "best",
        region: str = "US",
        currency: str | None = "USD",
        state: ScanState = ScanState.COMPLETE,
    ) -> int:
        """Record a list of that time; the scan's id."""
        numbers = {key: each.numbers for key, each in products.items()}
        names = {key: each.name or f"Product {key}" for key, each in products.items()}
        skus = _SKUS % currency if currency is not None else None
        long = dict.fromkeys(products, LongTexts(None, None, None, skus))
        made = scan(
            at, numbers, watch=self.watch(watch).key, region=region, state=state, names=names,
            texts=long,
        )  # fmt: skip
        texts = {
            **made.texts,
            "seller_id": tuple(each.seller for each in products.values()),
        }
        return self.database.history.record(replace(made, texts=texts)).scan_id

    def weeks(self, before: Mapping[str, P], now: Mapping[str, P]) -> None:
        """Two scans of ``best``, a week apart."""
        self.scan(START, before)
        self.scan(START + 7 * DAY, now)

    def report(self, name: str = "weekly", at: Instant = START + 7 * DAY + 60) -> ReportContent:
        """The report as it is at a time."""
        asked = next(each for each in self.book.reports if each.name == name)
        return compose(self.database, self.book, asked, Moment(at, at))
