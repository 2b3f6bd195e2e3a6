"""A large database for the pages: lists of 10,000 and of 200 products over 400 days, with all that
comes of them and all that people write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.audited import Audited
from watcher.evidence import Evidence
from watcher.fields import BY_NAME, NUMERIC_INDEX, NUMERIC_NAMES, TEXTS
from watcher.message import Item, Message
from watcher.model import Instant, LongTexts, Scan, ScanState, Severity, Verdict
from watcher.people import Author, Role, Via
from watcher.people import digest_of as digest_of_person
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.records import GroupFigures
from watcher.store.sql.links import digest_of
from watcher.store.sql.siblings import Category
from watcher.store.sqlite.database import Database
from watcher.units import DAY, Unit

NOW = 1_790_000_000
LINK, FEED = "L" * 22, "f" * 40  # tokens
BIG_SELLER, CATEGORY = "7495000000000000000", "600000"  # of half and of all products
GROUP = "seller_id=7495000000000000001"
_NAMES = ("PureGlow Deluxe Face Serum with Vitamin C", "Mini Waffle Maker", "LED Strip Lights 20m")


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of everything there is. ``small`` is the length of all lists but one; one small list
    and the large one have ``days``, the others ``few``."""

    products: int = 10_000
    rules: int = 200
    watches: int = 100
    days: int = 400
    few: int = 20
    small: int = 200
    alerts: int = 100_000
    firing: int = 8_000
    messages: int = 50_000
    written: int = 20_000  # records of what people did


LARGE = Extent()
PAGE = """\
rules:
  - {{name: page-{number}, watch: list-1, when: {{total_sale_7d_cnt: {{at_least: 1m}}}}}}
"""


def rules(extent: Extent = LARGE) -> str:
    """A rule file of so many rules and lists."""
    watches = "\n".join(
        f"  list-{number}: {{sort: total_sale_7d_cnt desc, category_id: '{600_000 + number}', "
        f"top: {extent.products if number == 1 else extent.small}}}"
        for number in range(extent.watches)
    )
    written = "\n".join(
        f"  - name: rule-{number}\n    description: Products whose week beats the weeks before\n"
        f"    watch: list-{number % extent.watches}\n    when:\n"
        "      sales_growth: {at_least: 50%}\n"
        "      total_sale_gmv_7d_amt: {rises: 30%, from: 7d ago, min_change: 500}\n"
        "    severity: warning"
        for number in range(extent.rules)
    )
    return (
        'api: {credits_per_day: 5000, credits_per_month: 90000}\nchannels:\n  me: {url: "json://'
        'localhost/"}\n  boss: {url: ["json://localhost/a", "json://localhost/b"]}\n'
        "defaults: {region: US, every: 24h, notify: [me, boss], cooldown: 24h}\n"
        f"watches:\n{watches}\n  own: {{products: followed}}\n"
        "groups:\n  shelves: {of: list-1, by: seller_id, "
        "metrics: {gmv: {sum: total_sale_gmv_7d_amt}}}\n"
        'reports:\n  weekly: {at: "0 8 * * mon", watch: list-1}\n'
        f"rules:\n{written}\n"
        "  - {name: shelf, watch: shelves, when: {gmv: {rises: 30%, from: 7d ago}}}\n"
        "  - {name: mine, watch: own, when: {total_sale_7d_cnt: {at_least: 50}}}\n"
    )


def make(path: Path, book: Rulebook, extent: Extent = LARGE) -> None:
    """Fill a new database."""
    with Database.open(path) as database:
        database.rules.sync(book.marks, NOW)
        watches = {watch.name: watch for watch in book.used_watches}
        database.categories.put(_categories(), NOW)
        for scan in _scans(watches, extent):
            recorded = database.history.record(scan)
            if scan.watch == watches["list-1"].key:
                _figures(database, recorded.scan_id, scan.at)
        for name in ("list-2", "list-3"):
            database.health.failing("watch", watches[name].key, "503: try later", NOW - DAY)
        with database.atomic():
            _alerts(database, extent)
            _messages(database, extent)
            _people(database, extent)
        database.ledger.charge("w", 4_321, NOW)
        for number in range(30):
            database.silences.add(begins=NOW, ends=NOW + DAY, rule=f"rule-{number}", comment="sale")
        database.execute("ANALYZE")


def product(number: int) -> str:
    """The id of the product of that number; low ones sell most."""
    return str(1_729_000_000_000_000_000 + number)


def _categories() -> list[Category]:
    """One above all, 20 below it, and ten below each of these."""
    first = [Category(CATEGORY, 1, "Beauty & Personal Care")]
    second = [Category(str(601_000 + row), 2, f"Kind {row}", CATEGORY) for row in range(20)]
    third = [
        Category(str(602_000 + row), 3, f"Sort {row}", second[row % 20].category_id)
        for row in range(200)
    ]
    return [*first, *second, *third]


def _scans(watches: dict[str, Watch], extent: Extent) -> Iterator[Scan]:
    """Day by day, as a daemon reads them: what was stored together is read together."""
    for day in range(extent.days, -1, -1):
        at = NOW - day * DAY
        yield scan_of(watches["list-0"], at, extent.small)
        yield scan_of(watches["list-1"], at, extent.products)
        for number in range(2, extent.watches if day <= extent.few else 0):
            yield scan_of(watches[f"list-{number}"], at, extent.small)
    yield scan_of(watches["own"], NOW, extent.small)


def scan_of(watch: Watch, at: int, size: int) -> Scan:
    """A list of so many products as it was read at a time."""
    random = np.random.default_rng(at)
    numbers = np.full((size, len(NUMERIC_NAMES)), np.nan)
    base = np.random.default_rng(1).lognormal(5, 1.5, size)
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
    ids = tuple(product(number) for number in range(size))
    texts: dict[str, tuple[str | None, ...]] = {field.name: (None,) * size for field in TEXTS}
    rows = range(size)
    texts |= {
        "product_id": ids,
        "product_name": tuple(f"{_NAMES[row % len(_NAMES)]} no. {row}" for row in rows),
        "seller_id": tuple(_seller(row) for row in rows),
        "category_id": (CATEGORY,) * size,
        "category_l2_id": tuple(str(601_000 + row % 20) for row in rows),
        "category_l3_id": tuple(str(602_000 + row % 200) for row in rows),
    }
    long = LongTexts(
        desc_detail='[{"type":"text","text":"' + "Made for everyday use. " * 200 + '"}]',
        skus='[{"sku_id":"1","sale_prop_value_ids":"2","real_price":{"price_str":"$12.99",'
        '"currency":"USD"}}]',
    )
    return Scan(
        watch.key, "US", at, at, at + 60, ScanState.COMPLETE, size // 10, size // 10, ids,
        np.arange(1, size + 1), numbers, texts, {ids[0]: long},
    )  # fmt: skip


def _seller(row: int) -> str:
    """One has every other product, 500 others have the rest."""
    return BIG_SELLER if row % 2 else str(7_495_000_000_000_000_001 + row // 2 % 500)


def _figures(database: Database, scan: int, at: Instant) -> None:
    """The GMV of each seller of the large list."""
    sellers = [("US", str(7_495_000_000_000_000_000 + row)) for row in range(501)]
    groups = database.groups.keys("seller_id", sellers, at)
    gmv = np.random.default_rng(at).lognormal(8, 1, len(groups)).round(2)
    values = {"sum(total_sale_gmv_7d_amt)": gmv, "size()": np.full(len(groups), 10.0)}
    database.groups.note(scan, "seller_id", GroupFigures(scan, at, groups, values))


def _evidence(number: int) -> tuple[Evidence, ...]:
    gmv = BY_NAME["total_sale_gmv_7d_amt"]
    return (
        Evidence("sales_growth", "sales growth", Unit.FRACTION, "at least 50%", Verdict.MET, 0.84),
        Evidence(
            gmv.name, gmv.label, gmv.unit, "rises 30% from 7d ago", Verdict.MET,
            4_830.0 + number, 1_200.0, NOW - 7 * DAY,
        ),
    )  # fmt: skip


def _alerts(database: Database, extent: Extent) -> None:
    """Those that are over first; what fires is spread over all rules, product by product."""
    made = []
    for number in range(extent.alerts):
        live = number >= extent.alerts - extent.firing
        since = NOW - 400 * DAY + number * (400 * DAY // extent.alerts)
        # Product 1 has a long past, rule 0 has most alerts.
        product = 1 + (number * 7) % extent.products if live or number % 50 else 1
        rule = f"rule-{number % extent.rules if live or number % 3 else 0}"
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
        for alert in saved[-extent.firing :]
        for channel in ("me", "boss")
    )


def _messages(database: Database, extent: Extent) -> None:
    items = tuple(
        Item(
            f"A{number}", "firing", "US", product(number), _NAMES[number % 3], NOW,
            "USD", why=_evidence(number), facts={"total_sale_7d_cnt": 372.0, "rank": 17.0},
        )
        for number in range(10)
    )  # fmt: skip
    for number in range(extent.messages // 2):
        at = NOW - (extent.messages // 2 - number) * (800 * DAY // extent.messages)
        rule = f"rule-{number % extent.rules}"
        message = Message(
            "alerts", f"[warning] {rule}: 10 products (US)", Severity.WARNING, at,
            rule=rule, data_at=at, items=items,
        )  # fmt: skip
        for one in database.outbox.add("boss", ["boss/1", "boss/2"], message, at):
            if number % 40 == 0:
                database.outbox.dead(one, at, "404: no such hook")
            elif number % 41:
                database.outbox.sent(one, at)
    (last,) = database.outbox.add("me", ["me/1"], message, NOW)
    database.links.add(digest_of(LINK), last, NOW)


def _people(database: Database, extent: Extent) -> None:
    """People of all roles, all that they did, and what they follow."""
    database.people.add("reader", Role.FEED, digest_of_person(FEED), NOW)
    for number in range(20):
        database.people.add(f"reader {number}", Role.FEED, f"{number:064x}", NOW)
    ann = Audited(database, Author("ann", Via.PAGE), NOW)
    for number in range(20):
        ann.edit_rules(PAGE.format(number=number), base=number)
    for number in range(extent.written):
        what, subject = ("silence", str(number)) if number % 3 else ("follow", product(number))
        author, at = (
            Author(f"reader {number % 20}", Via.PAGE),
            NOW - (extent.written - number) * 600,
        )
        after = {"rule": f"rule-{number % extent.rules}", "ends": NOW, "comment": "sale"}
        database.audit.note(author, at, what, subject, None, after)
    database.followed.add([product(number) for number in range(extent.small)], NOW - DAY, "ours")
