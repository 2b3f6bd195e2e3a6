"""A market in which everything that people or the source write is a text of our choosing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.analysis.reports.due import sweep
from watcher.audited import Audited
from watcher.fields import CATEGORIES
from watcher.incident import Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.message import Message
from watcher.model import Instant, LongTexts, Severity
from watcher.notification.policy import policies_of
from watcher.page_text import PageText
from watcher.people import Author, Role, Via
from watcher.people import digest_of as digest_of_person
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.engine import open_store
from watcher.store.ports import Store
from watcher.store.sql.links import digest_of
from watcher.store.sql.siblings import Category
from watcher.store.sqlite.database import Database
from watcher.units import HOUR

TOKEN = "A" * 22  # of a message's link
FEED_TOKEN = "f" * 40
PRODUCTS = tuple(str(1_729_000_000_000_000_000 + number) for number in range(1, 7))
SELLERS = ("7495981769829615944", "7495000000000000001")
CATEGORY, SECOND, THIRD = "601450", "601451", "601452"
GROUP = f"seller_id={SELLERS[0]}"
DAYS, VERSIONS = 12, 2

Texts = Callable[[str], str]
"""The text of something by what it is: of a rule's name, a comment."""


def harmless(what: str) -> str:
    """Its own name."""
    return f"some {what}"


def hostile(what: str) -> str:
    """All that has a meaning in HTML, in attributes, in SVG, in templates and on terminals."""
    begin = f'</pre><script>alert("{what}")</script>"\'><b onmouseover=x style=y>{{{{7*7}}}}'
    if what in _SHORT:
        return begin
    return (
        f"{begin}' onfocus='z {{% raise %}} &lt;i&gt; ]]> --> </title></textarea>"
        "</style></svg>\u202ejavascript:alert(1)\u2066"
    )


def lengthy(what: str) -> str:
    """More than any line holds, without a space."""
    return f"some{what.replace(' ', '')}" + "x" * (80 if what in _SHORT else 400)


# Of these names no more is taken.
_SHORT = frozenset(
    {
        "page rule",
        "first page rule",
        "report",
        "seller",
        "rule",
        "group rule",
        "niche rule",
        "patient rule",
        "mine",
    }
)


@dataclass(frozen=True)
class Market:
    """A database file, with the rules and the time that belong to it."""

    path: Path
    book: Rulebook
    now: Instant
    texts: Texts

    def draft(self, page: PageText) -> Rulebook:
        """The rules as they would be with another text of the page."""
        return load([self.path.with_suffix(".yaml")], {}, page=page, strict=True)

    def rows(self) -> Sequence[str]:
        """All that is stored, as SQL."""
        with sqlite3.connect(self.path) as database:
            found = [*database.iterdump()]
        database.close()
        return found


def rules_of(texts: Texts) -> str:
    """The rule file."""

    def named(what: str) -> str:
        return json.dumps(texts(what))

    best, shelves, niches = named("watch"), named("group"), named("niche")
    return f"""
channels:
  me: {{url: "json://localhost/"}}
  boss: {{url: ["json://localhost/a", "json://localhost/b"], min_severity: warning}}
defaults: {{region: US, notify: [me, boss], page: "https://watcher.example.org/path"}}
metrics: {{earnings: spu_avg_price * 0.1}}
sellers: {{"{SELLERS[0]}": {named("seller")}}}
watches:
  {best}: {{sort: total_sale_7d_cnt desc}}
  {named("second watch")}: {{products: followed}}
groups:
  {shelves}: {{of: {best}, by: seller_id, metrics: {{
    gmv: {{sum: total_sale_gmv_7d_amt}}, strong: {{count: {{total_sale_7d_cnt: {{at_least: 50}}}}}}
  }}}}
  {niches}: {{of: {best}, by: category_id, metrics: {{gmv: {{sum: total_sale_gmv_7d_amt}}}}}}
reports:
  {named("report")}: {{at: "0 8 * * *", watch: {best}}}
rules:
  - name: {named("rule")}
    description: {named("description")}
    watch: {best}              # {texts("remark")}
    when:
      any:
        - total_sale_7d_cnt: {{at_least: 100}}
        - product_name: {{contains: {named("condition")}}}
    until: {{total_sale_7d_cnt: {{below: 50}}}}
    severity: critical
  - {{name: {named("group rule")}, watch: {shelves}, when: {{strong: {{at_least: 2}}}}}}
  - {{name: {named("niche rule")}, watch: {niches}, when: {{gmv: {{above: 100}}}}}}
  - {{name: {named("patient rule")}, watch: {best}, when: {{total_sale_7d_cnt: {{at_least: 30}}}},
     for: 30d}}
  - {{name: {named("mine")}, watch: {named("second watch")},
     when: {{total_sale_7d_cnt: {{at_least: 30}}}}, enabled: false}}
"""


def page_text(texts: Texts, of: str = "page rule") -> str:
    """The rules that are written in the page."""
    return f"""
# {texts("remark")}
rules:
  - name: {json.dumps(texts(of))}
    description: {json.dumps(texts("description"))}
    watch: {json.dumps(texts("watch"))}
    when: {{total_sale_7d_cnt: {{at_least: 60}}}}
    notify: me
"""


def make(path: Path, texts: Texts) -> Market:
    """Twelve days of six products of two sellers, and something of all that pages show."""
    own = path.with_suffix(".yaml")
    own.write_text(rules_of(texts), "utf-8")
    book = load([own], {}, page=PageText(page_text(texts), VERSIONS))
    assert book.page_number == VERSIONS
    with Database.open(path) as database:
        now = fill(database, book, texts)
    return Market(path, book, now, texts)


def fill(database: Store, book: Rulebook, texts: Texts) -> Instant:
    """The same in any store; the time at its end."""
    database.rules.sync(book.marks, START)
    watch = next(each for each in book.used_watches if each.name == texts("watch"))
    database.categories.put(
        [
            Category(CATEGORY, 1, texts("category")),
            Category(SECOND, 2, texts("second category"), CATEGORY),
            Category(THIRD, 3, texts("third category"), SECOND),
        ],
        START,
    )
    policies = policies_of(book.channels)
    sweep(database, book, policies, START)
    now = START
    for day in range(DAYS):
        now = START + day * DAY
        _scan(database, book, watch, texts, day)
        sweep(database, book, policies, now + 12 * HOUR)
    now += HOUR
    _tell(database, book, texts, now)
    _write(database, texts, now)
    return now


def _scan(database: Store, book: Rulebook, watch: Watch, texts: Texts, day: int) -> None:
    at = START + day * DAY
    rows = {
        PRODUCTS[number - 1]: {
            SALES: 40.0 * number + (90.0 if number == 1 and day % 8 >= 4 else day),
            GMV: 400.0 * number + 10 * day,
            "spu_avg_price": 12.99,
            "sales_trend_flag": float(day % 3),
            "first_crawl_dt": 20230101.0,
        }
        for number in range(1, 7)
    }
    renamed = "former product" if day < 5 else "product"
    names = {key: texts(f"{renamed} {key[-1]}") for key in rows}
    made = scan(at, rows, watch=watch.key, names=names, texts=dict.fromkeys(rows, _long(texts)))
    size = len(rows)
    columns = {
        **made.texts,
        "seller_id": tuple(SELLERS[number % 2] for number in range(size)),
        **dict(
            zip(CATEGORIES, [(each,) * size for each in (CATEGORY, SECOND, THIRD)], strict=True)
        ),
    }
    evaluate(
        database,
        replace(made, texts=columns),
        book.rules_of(watch),
        policies_of(book.channels),
        book.metrics,
        at + 60,
    )


def _long(texts: Texts) -> LongTexts:
    """A description, options and variants, as the source writes them."""
    described = [
        {"type": "text", "text": texts("text")},
        {"type": "ul", "content": [texts("list")]},
    ]
    options = [
        {
            "prop_name": texts("option"),
            "sale_prop_values": [{"prop_value_id": "7", "prop_value": texts("value")}],
        }
    ]
    variants = [
        {
            "sku_id": "70",
            "sale_prop_value_ids": "7",
            "real_price": {"sale_price_decimal": "2.99", "currency_name": "USD"},
        },
        {"sku_id": "80", "sale_prop_value_ids": "7", "real_price": {"price_str": texts("price")}},
    ]
    return LongTexts(
        None, *(msgspec.json.encode(each).decode() for each in (described, options, variants))
    )


def _tell(database: Store, book: Rulebook, texts: Texts, now: Instant) -> None:
    """Messages of every state, a link to act, troubles, and a failing watch and rule."""
    message = Message("test", texts("title"), Severity.INFO, now, text=texts("line"))
    first, second, third = database.outbox.add("me", ["me/1", "me/2", "me/3"], message, now)
    database.outbox.sent(first, now, texts("answer"))
    database.outbox.failed(second, now, texts("failure"), now + 60)
    database.outbox.dead(third, now, texts("refusal"))
    told = next(each for each in database.outbox.waiting_for("me/1") if each.message.items)
    database.links.add(digest_of(TOKEN), told.id, now)
    database.outbox.sent(told.id, now, texts("answer"))
    Operator(database, [], now).begin(
        Incident(IncidentKind.RULE_FILE).with_details(text=texts("trouble"))
    )
    for watch in book.used_watches:
        database.health.failing("watch", watch.key, texts("error"), now - DAY)
        database.ledger.charge(watch.key, 46, now)
    database.health.failing("rule", texts("rule"), texts("rule's error"), now - DAY)


def _write(database: Store, texts: Texts, now: Instant) -> None:
    """What people write, and who may read a feed of it."""
    audited = Audited(database, Author(texts("author"), Via.PAGE), now - DAY)
    audited.silence(ends=now + DAY, rule=texts("pattern"), comment=texts("comment"))
    audited.edit_rules(page_text(texts, "first page rule"), base=0)
    audited.edit_rules(page_text(texts), base=1)
    audited.follow(PRODUCTS[3:4], texts("note"))
    audited.add_person("reader", Role.FEED, digest_of_person(FEED_TOKEN))
    gone = audited.add_person("gone", Role.FEED, digest_of_person("g" * 40))
    audited.revoke_person(gone)
    database.followed.add(PRODUCTS[:2], now - DAY, texts("note"))
    silences = database.silences
    silences.add(begins=now, ends=now + DAY, rule=texts("pattern"), comment=texts("comment"))
    silences.add(begins=now, ends=now + DAY, product=PRODUCTS[0], comment=texts("comment"))
    silences.add(begins=now, ends=now + DAY, seller=texts("seller pattern"))
    over = silences.add(begins=now - DAY, ends=now, rule=texts("rule"), comment=texts("comment"))
    silences.end(over.id, now)


def opened(path: Path) -> Mapping[str, int]:
    """The number of rows in each table that has any, for who doubts that there is something."""
    with open_store(path) as store:
        assert isinstance(store, Database)
        tables = [
            name for (name,) in store.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
        ]
        return {name: store.rows(f"SELECT count(*) FROM {name}")[0][0] for name in tables}
