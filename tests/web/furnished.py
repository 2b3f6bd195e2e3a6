"""A database with something of everything that the pages show, hostile names among it."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.fakes.world import World
from tests.store.making import DAY
from watcher.incident import Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.message import Message
from watcher.model import LongTexts, Severity
from watcher.store.ports import Store
from watcher.store.sql.recording import meaning, pack_texts

DAYS = 40
HOSTILE = '<script>alert(1)</script>"><b onmouseover=x>Serum</b>'
BAD_RULE = "</pre><script>alert(2)</script>"
RULES = f"""
metrics:
  earnings: spu_avg_price * 0.1
rules:
  - name: taking-off
    description: Products that sell
    watch: {{sort: total_sale_7d_cnt desc}}
    when:                       # see https://secret.example/hook?key=1
      any:
        - total_sale_7d_cnt: {{at_least: 100}}
        - product_name: {{contains: serum}}
      not: {{spu_avg_price: {{above: 1k}}}}
    until: {{total_sale_7d_cnt: {{below: 50}}}}
    severity: critical
  - name: "{BAD_RULE}"
    watch: {{sort: total_sale_7d_cnt desc}}
    when: {{total_sale_7d_cnt: {{at_least: 30}}}}
    for: 30d
  # a comment between rules
  - {{name: "a/b ?#%.json", watch: {{sort: total_sale_7d_cnt desc}},
     when: {{total_sale_7d_cnt: {{above: 1m}}}}}}
"""
DESCRIPTION = (
    '[{"type":"text","text":"<img src=x onerror=alert(3)>"},{"type":"ul","content":["soft"]}]'
)
OPTIONS = (
    '[{"prop_name":"Colour","sale_prop_values":[{"prop_value_id":"7","prop_value":"gold"},'
    '{"prop_value_id":"8","prop_value":"<i>red</i>"}]}]'
)
VARIANTS = (
    '[{"sku_id":"70","sale_prop_value_ids":"7","real_price":{"price_str":"$1.99"}},'
    '{"sku_id":"80","sale_prop_value_ids":"8","real_price":{"sale_price_decimal":"2.99",'
    '"currency_name":"USD"}}]'
)


def furnish(database: Store) -> World:
    """40 days of three products: one sells now and then, one always, one never."""
    world = World(database, RULES)
    for day in range(DAYS):
        world.scan(
            {
                "1": {
                    "total_sale_7d_cnt": 150.0 if day % 20 >= 12 else 20.0 + day,
                    "total_sale_gmv_7d_amt": 1_234.5 + 10 * day,
                    "spu_avg_price": 12.99,
                    "sales_trend_flag": day % 3,
                    "first_crawl_dt": 20230101,
                },
                "2": {"total_sale_7d_cnt": 40.0 + day},
                "3": {"total_sale_7d_cnt": 3.0},
            }
        )
    _name(database)
    _tell(database, world)
    return world


def _name(database: Any) -> None:
    database.execute("UPDATE products SET product_name = ? WHERE product_id = '1'", (HOSTILE,))
    database.execute(
        "INSERT INTO former_texts (until, product, texts) "
        "SELECT max(s.mark) - 3 * 86400, p.id, ? FROM products AS p JOIN scans AS s ON 1 = 1 "
        "WHERE p.product_id = '1' GROUP BY p.id",
        (msgspec.json.encode({"product_name": f"Old {HOSTILE}"}).decode(),),
    )
    texts = LongTexts(None, DESCRIPTION, OPTIONS, VARIANTS)
    database.execute(
        "INSERT INTO product_texts (product, changed, read, meaning, packed) "
        "SELECT id, 1, 1, ?, ? FROM products WHERE product_id = '1'",
        (meaning(texts), pack_texts(texts)),
    )


def _tell(database: Store, world: World) -> None:
    """Messages of every state, two troubles, a failing watch, and credits."""
    now = world.now
    message = Message("test", "A sample <message>", Severity.INFO, now, text="Line one\nLine two")
    first, second, third = database.outbox.add("me", ["me/1", "me/2", "me/3"], message, now)
    database.outbox.sent(first, now, "200 <ok>")
    database.outbox.failed(second, now, "503: try later", now + 60)
    database.outbox.dead(second, now, "404: <b>no such hook</b>")
    database.outbox.dead(third, now, "410: gone")
    Operator(database, [], now).begin(
        Incident(IncidentKind.RULE_FILE).with_details(
            text="The rule file can't be used.\nr.yaml:3:5: <b>"
        )
    )
    (watch, *_) = world.book.used_watches
    database.health.failing("watch", watch.key, "503: <i>later</i>", now - DAY)
    database.health.failing("rule", BAD_RULE, "it breaks", now - DAY)
    database.ledger.charge(watch.key, 460, now)
