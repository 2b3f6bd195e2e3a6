"""Lists of products made by hand, or at random, and what is known of them beside the store: for
lists as people look at them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.store.making import DAY, START, scan
from watcher.evaluation.jumps import remember
from watcher.model import Instant, Scan, ScanState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store

RULES = """
channels: {me: {url: "json://localhost/"}}
defaults: {region: US, every: 24h, notify: [me]}
sellers: {"7000000000000000001": GlowLab, "7000000000000000002": "果蔬 店"}
metrics:
  earnings: spu_avg_price * commission
watches:
  best: {sort: total_sale_7d_cnt desc, top: 200}
  plain: {top: 100}
  weekly: {sort: total_sale_30d_cnt desc, every: 7d}
  shop: {shop: "7000000000000000001"}
  mine: {products: ["1729000000000000001", "1729000000000000002"]}
rules:
  - {name: sells, watch: best, when: {total_sale_7d_cnt: {at_least: 900}}}
  - {name: cheap, watch: best, when: {spu_avg_price: {below: 5}}}
  - {name: other, watch: plain, when: {spu_avg_price: {below: 0.01}}}
  - {name: rare, watch: weekly, when: {spu_avg_price: {below: 0.01}}}
  - {name: own, watch: shop, when: {spu_avg_price: {below: 0.01}}}
  - {name: my own, watch: mine, when: {spu_avg_price: {below: 0.01}}}
  - name: "inline & odd"
    watch: {sort: total_sale_7d_cnt asc, category_id: "601450", min_spu_avg_price: 2.5, top: 30}
    when: {spu_avg_price: {below: 0.01}}
"""
NAMES = (
    "Vitamin C Serum", "面膜 补水 保湿", "<b onmouseover=x>Lamp</b>", "=HYPERLINK(\"http://x\")",
    "\u202eevil\u0007", "LED 灯带 20m", "serum, \"quoted\"; semicolon", "Ärmel ÄRMEL", "@SUM(A1)",
)  # fmt: skip
SELLERS = ("7000000000000000001", "7000000000000000002", "7000000000000000003", None)
NUMBERS = (
    "spu_avg_price", "total_sale_7d_cnt", "total_sale_30d_cnt", "total_sale_gmv_7d_amt",
    "product_commission_rate", "sales_trend_flag", "first_crawl_dt", "product_rating",
    "total_ifl_video_7d_cnt", "total_ifl_live_7d_cnt",
)  # fmt: skip

Product = dict[str, float | str | None]


@dataclass
class Shelf:
    """A store with scans of one watch's list, and all that they had: by scan, in the list's order,
    each product's values and texts by name."""

    store: Store
    watch: str = "best"
    rules: str = RULES
    days: list[dict[str, Product]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.book: Rulebook = load_text(self.rules)
        self.store.rules.sync(self.book.marks, START)

    @property
    def list(self) -> Watch:
        """The watch."""
        return next(each for each in self.book.watches if each.name == self.watch)

    @property
    def now(self) -> Instant:
        return START + len(self.days) * DAY

    def scan(self, products: Mapping[str, Product], state: ScanState = ScanState.COMPLETE) -> Scan:
        """The next day's scan, which no rule judges."""
        made = self.made(products, state)
        remember(self.store, made, self.list.schedule)
        return made

    def made(self, products: Mapping[str, Product], state: ScanState = ScanState.COMPLETE) -> Scan:
        """The next day's scan, which is not recorded yet."""
        self.days.append({key: dict(values) for key, values in products.items()})
        ranked, key = self.list.query.ranked, self.list.key
        numbers = {
            key: {name: value for name in NUMBERS if (value := _number(values, name)) is not None}
            for key, values in products.items()
        }
        plain = scan(self.now, numbers, watch=key, ranked=ranked, state=state)
        texts = {
            name: tuple(_text(values, name) for values in products.values())
            for name in plain.texts
            if name != "product_id"
        }
        texts["product_id"] = tuple(products)
        regions = tuple(str(values.get("region") or "US") for values in products.values())
        texts["region"] = regions
        market = self.list.query.of_market
        return replace(plain, texts=texts, of_market=market, regions=() if market else regions)


def _number(values: Product, name: str) -> float | None:
    value = values.get(name)
    return value if isinstance(value, float | int) else None


def _text(values: Product, name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) else None


def random_days(seed: int, size: int, days: int = 2) -> list[dict[str, Product]]:
    """Lists of so many products on some days: values move or are missing, products come and go."""
    dice = random.Random(seed)
    known = {str(1_729_000_000_000_000_000 + number): _product(dice) for number in range(size)}
    found = []
    for _day in range(days):
        keys = [key for key in known if dice.random() > 0.1]
        dice.shuffle(keys)
        found.append({key: dict(known[key]) for key in keys})
        for product in known.values():
            _move(dice, product)
    return found


def _product(dice: random.Random) -> Product:
    name = f"{dice.choice(NAMES)} {dice.randrange(9)}"
    product: Product = {
        "product_name": name if dice.random() > 0.05 else None,
        "seller_id": dice.choice(SELLERS),
        "category_id": dice.choice(("601450", "601451", None)),
        "discount": dice.choice(("20%", "-", None)),
        "first_crawl_dt": 20230101,
    }
    for name in NUMBERS[:5]:
        if dice.random() > 0.15:
            product[name] = _value(dice, name)
    product["sales_trend_flag"] = dice.choice((0, 1, 2, None))
    return product


def _value(dice: random.Random, name: str) -> float:
    if name == "spu_avg_price":
        return round(dice.uniform(1, 40), 2)
    if name == "product_commission_rate":
        return dice.choice((0.05, 0.1, 0.15, 0.2))
    return float(dice.choice((0, 1, 10, 90, 100, 110, dice.randrange(2_000))))


def _move(dice: random.Random, product: Product) -> None:
    for name in NUMBERS[:5]:
        if dice.random() < 0.5:
            product[name] = _value(dice, name) if dice.random() > 0.1 else None
