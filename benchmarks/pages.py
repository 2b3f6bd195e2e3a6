"""Every page of the web page on a large database: how long it takes, and how large it is.

    python -m benchmarks.pages                   # makes the database, measures, prints a table
    python -m benchmarks.pages --database FILE   # keeps the database there, or uses the one there

10,000 products, 200 rules on 100 lists, 100,000 alerts, 50,000 notifications; one list of 200
products has been read daily for 400 days. Exits with 1 where a page is over its limits.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import numpy as np

from benchmarks.bare import reading, statements
from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.evidence import Evidence
from watcher.fields import BY_NAME, NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.message import Item, Message
from watcher.model import Instant, LongTexts, Scan, ScanState, Severity, Verdict
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.sqlite.database import Database
from watcher.store.threads import StoreReader, Writer
from watcher.units import DAY, Unit
from watcher.web.app import Site
from watcher.web.context import Sources

NOW = 1_790_000_000
PRODUCTS, RULES, WATCHES = 10_000, 200, 100
ALERTS, FIRING, MESSAGES = 100_000, 8_000, 50_000
LONG_DAYS, WIDE_DAYS, SMALL = 400, 10, 200
MOST, MOST_KB = 25.0, 200.0
FILE = "static/style.css"  # an answer with no statement behind it
TIMES = 15
PATHS = (
    "", "watches", "watches/list-1", "watches/list-1?sort=-total_sale_7d_cnt",
    "watches/list-1?q=waffle&min.spu_avg_price=11&sort=spu_avg_price&page=3",
    "watches/list-1?min.total_sale_7d_cnt.change=10%25&sort=-total_sale_7d_cnt.change",
    "watches/list-1/rule?q=waffle", "rules", "scores", "rules/rule-0", "rules/rule-7", "alerts",
    "alerts?state=pending", "alerts?state=over", "alerts?state=over&before=20000",
    "alerts?state=over&rule=rule-199", "alerts?state=firing&before=95000", "products?q=serum",
    "products?q=no+such", "products/US/1729000000000", "products/US/1729000000000?days=400",
    "products/US/1729000000000?days=400&metric=sales_growth",
    "products/US/1729000000000?days=400&metric=rank", "products/US/1729000009000",
    "products/US/1729000009000?metric=rank&days=400",
    "outbox", "outbox?state=dead", "outbox?state=sent&before=9000", "outbox/5000", "silences",
    "metrics", "api/overview.json", "api/rules/rule-0.json",
    "api/products/US/1729000000000.json?days=400", "api/outbox.json", "api/alerts.json",
    "api/alerts.json?state=over", "api/scores.json", "static/style.css",
)  # fmt: skip

_NAMES = ("PureGlow Deluxe Face Serum with Vitamin C", "Mini Waffle Maker", "LED Strip Lights 20m")


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: its address, the median and the slowest answer in ms, its size in KB; ``bare`` is
    how long SQLite alone takes for its statements, and the server for a file, in ms."""

    path: str
    status: int
    median: float
    slowest: float
    size: float
    bare: float = 1.0

    @property
    def ratio(self) -> float:
        """Its answer against the bare work behind it."""
        return self.median / self.bare

    @property
    def good(self) -> bool:
        """Whether it is within the limits."""
        return self.status == 200 and self.ratio < MOST and self.size < MOST_KB


def rules() -> str:
    """A rule file of so many rules and lists."""
    watches = "\n".join(
        f"  list-{number}: {{sort: total_sale_7d_cnt desc, category_id: '{600_000 + number}', "
        f"top: {PRODUCTS if number == 1 else SMALL}}}"
        for number in range(WATCHES)
    )
    written = "\n".join(
        f"  - name: rule-{number}\n    description: Products whose week beats the weeks before\n"
        f"    watch: list-{number % WATCHES}\n    when:\n      sales_growth: {{at_least: 50%}}\n"
        "      total_sale_gmv_7d_amt: {rises: 30%, from: 7d ago, min_change: 500}\n"
        "    severity: warning"
        for number in range(RULES)
    )
    return (
        'api: {credits_per_day: 5000, credits_per_month: 90000}\nchannels:\n  me: {url: "json://'
        'localhost/"}\n  boss: {url: ["json://localhost/a", "json://localhost/b"]}\n'
        "defaults: {region: US, every: 24h, notify: [me, boss], cooldown: 24h}\n"
        f"watches:\n{watches}\nrules:\n{written}\n"
    )


def make(path: Path, book: Rulebook) -> None:
    """Fill a new database."""
    with Database.open(path) as database:
        database.rules.sync(book.marks, NOW)
        watches = {watch.name: watch for watch in book.used_watches}
        for scan in _scans(watches):
            database.history.record(scan)
        for name in ("list-3", "list-7"):
            database.health.failing("watch", watches[name].key, "503: try later", NOW - DAY)
        with database.atomic():
            _alerts(database)
            _messages(database)
        database.ledger.charge("w", 4_321, NOW)
        for number in range(30):
            database.silences.add(begins=NOW, ends=NOW + DAY, rule=f"rule-{number}", comment="sale")
        database.execute("ANALYZE")


def _scans(watches: dict[str, Watch]) -> Iterator[Scan]:
    for day in range(LONG_DAYS, -1, -1):
        yield scan_of(watches["list-0"], NOW - day * DAY, SMALL)
    for day in range(WIDE_DAYS, -1, -1):
        yield scan_of(watches["list-1"], NOW - day * DAY, PRODUCTS)
    for number in range(2, WATCHES):
        for day in range(20, -1, -1):
            yield scan_of(watches[f"list-{number}"], NOW - day * DAY, SMALL)


def scan_of(watch: Watch, at: int, size: int) -> Scan:
    """A list of so many products as it was read."""
    random = np.random.default_rng(at)
    numbers = np.full((size, len(NUMERIC_NAMES)), np.nan)
    base = np.random.default_rng(1).lognormal(5, 1.5, PRODUCTS)[:size]
    week = (base * random.lognormal(0, 0.2, size)).round()
    for name, column in {
        "total_sale_7d_cnt": week,
        "total_sale_30d_cnt": (week * 4.1).round(),
        "total_sale_gmv_7d_amt": (week * 12.99).round(2),
        "total_sale_gmv_30d_amt": (week * 50.5).round(2),
        "total_views_7d_cnt": (week * 130).round(),
        "total_video_7d_cnt": (week / 10).round(),
        "total_ifl_video_7d_cnt": (week / 12).round(),
        "total_ifl_live_7d_cnt": (week / 50).round(),
        "spu_avg_price": np.round(12.99 + random.integers(-2, 2, size), 2),
        "product_commission_rate": np.full(size, 0.15),
        "product_rating": np.full(size, 4.7),
        "review_count": (base * 3).round(),
        "first_crawl_dt": np.full(size, 20250101.0),
        "sales_trend_flag": random.integers(0, 3, size).astype(float),
    }.items():
        numbers[:, NUMERIC_INDEX[name]] = column
    ids = tuple(str(1_729_000_000_000 + number) for number in range(size))
    texts: dict[str, tuple[str | None, ...]] = {field.name: (None,) * size for field in TEXTS}
    texts["product_id"] = ids
    texts["product_name"] = tuple(
        f"{_NAMES[number % len(_NAMES)]} no. {number}" for number in range(size)
    )
    texts["seller_id"] = tuple(str(7_495_000 + number % 500) for number in range(size))
    long = LongTexts(
        desc_detail='[{"type":"text","text":"' + "Made for everyday use. " * 200 + '"}]',
        skus='[{"sku_id":"1","sale_prop_value_ids":"2","real_price":{"price_str":"$12.99",'
        '"currency":"USD"}}]',
    )
    return Scan(
        watch.key, "US", at, at, at + 60, ScanState.COMPLETE, size // 10, size // 10, ids,
        np.arange(1, size + 1), numbers, texts, {ids[0]: long},
    )  # fmt: skip


def _evidence(number: int) -> tuple[Evidence, ...]:
    gmv = BY_NAME["total_sale_gmv_7d_amt"]
    return (
        Evidence("sales_growth", "sales growth", Unit.FRACTION, "at least 50%", Verdict.MET, 0.84),
        Evidence(
            gmv.name, gmv.label, gmv.unit, "rises 30% from 7d ago", Verdict.MET,
            4_830.0 + number, 1_200.0, NOW - 7 * DAY,
        ),
    )  # fmt: skip


def _alerts(database: Database) -> None:
    """Those that are over first; what fires is spread over all rules, product by product."""
    made = []
    for number in range(ALERTS):
        live = number >= ALERTS - FIRING
        since = NOW - 400 * DAY + number * 340
        # Product 1 has a long past, rule 0 has most alerts.
        product = 1 + (number * 7) % PRODUCTS if live or number % 50 else 1
        rule = f"rule-{number % RULES if live or number % 3 else 0}"
        state = AlertState.INACTIVE
        if live:
            state = AlertState.PENDING if number % 5 == 0 else AlertState.FIRING
        made.append(
            Alert(
                0, rule, product, state, since, since, since,
                None if live else since + 3 * DAY, None if live else "no longer met",
                evidence=_evidence(number),
            )
        )  # fmt: skip
    saved = database.alerts.save(made)
    database.alerts.mark_told(
        NotificationLogEntry(
            alert.rule, alert.product, channel, alert.id, alert.since, notification=alert.id % 999
        )
        for alert in saved[-FIRING:]
        for channel in ("me", "boss")
    )


def _messages(database: Database) -> None:
    items = tuple(
        Item(
            f"A{number}", "firing", "US", str(1_729_000_000_000 + number), _NAMES[number % 3], NOW,
            "USD", why=_evidence(number), facts={"total_sale_7d_cnt": 372.0, "rank": 17.0},
        )
        for number in range(10)
    )  # fmt: skip
    for number in range(MESSAGES // 2):
        at = NOW - (MESSAGES // 2 - number) * 60
        message = Message(
            "alerts", f"[warning] rule-{number % RULES}: 10 products (US)", Severity.WARNING, at,
            rule=f"rule-{number % RULES}", data_at=at, items=items,
        )  # fmt: skip
        for one in database.outbox.add("boss", ["boss/1", "boss/2"], message, at):
            if number % 40 == 0:
                database.outbox.dead(one, at, "404: no such hook")
            elif number % 41:
                database.outbox.sent(one, at)


async def measure(
    path: Path, book: Rulebook, paths: Sequence[str] = PATHS, *, now: Instant = NOW + 600
) -> list[Measured]:
    """Each page several times, one after the other, in the order given; then the bare work."""
    async with _session(path, book, now) as session:
        found = [await _measure(session, one) for one in (FILE, *paths)]
    with statements() as texts:
        async with _session(path, book, now) as session:
            bare = [await _bare(session, one, path, texts) for one in paths]
    return [
        replace(page, bare=found[0].median + its) for page, its in zip(found[1:], bare, strict=True)
    ]


@asynccontextmanager
async def _session(
    path: Path, book: Rulebook, now: Instant
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the page, which is served on the database at ``path``."""

    async def well() -> None:
        return None

    async with Writer(path) as writer, StoreReader(path) as reader:
        sources = Sources(reader.run, writer.run, lambda: book, lambda: now, well, lambda: None)
        site = Site(sources, "127.0.0.1:0")
        await site.start()
        try:
            async with aiohttp.ClientSession(site.url) as session:
                yield session
        finally:
            await site.stop()


async def _bare(
    session: aiohttp.ClientSession, path: str, database: Path, texts: list[str]
) -> float:
    """Milliseconds that SQLite alone takes for the statements of one page."""
    texts.clear()
    async with session.get(f"/{path}") as answer:
        await answer.read()
    read = [text for text in texts if text.lstrip().startswith(("SELECT", "WITH"))]
    return min(reading(database, read) for _ in range(3)) * 1_000


async def _measure(session: aiohttp.ClientSession, path: str) -> Measured:
    times, size, status = [], 0, 0
    for _ in range(TIMES):
        begin = time.perf_counter()
        async with session.get(f"/{path}") as answer:
            size, status = len(await answer.read()), answer.status
        times.append((time.perf_counter() - begin) * 1_000)
    return Measured(f"/{path}", status, statistics.median(times), max(times), size / 1_000)


def show(found: Sequence[Measured]) -> None:
    """The table."""
    print(f"{'page':58} {'median ms':>9} {'slowest':>9} {'KB':>7} {'against bare':>12}")
    for each in found:
        mark = "" if each.good else f"  over the limits ({each.status})"
        figures = f"{each.median:9.1f} {each.slowest:9.1f} {each.size:7.1f} {each.ratio:11.1f}x"
        print(f"{each.path:58} {figures}{mark}")


def main() -> int:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--database", type=Path, help="kept there; used if it is there already")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.database or Path(folder) / "pages.db"
        book = load_text(rules())
        if not path.exists():
            begin = time.perf_counter()
            make(path, book)
            print(f"made {path.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - begin:.0f} s")
        found = asyncio.run(measure(path, book))
    show(found)
    return 0 if all(each.good for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
