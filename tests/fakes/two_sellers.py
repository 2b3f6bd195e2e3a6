"""A list of several sellers' products, and rules over these sellers: groups for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.fakes.world import HEAD, World
from tests.store.making import GMV, SALES, scan
from watcher.fields import CATEGORIES
from watcher.model import ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import ScanOutcome, evaluate
from watcher.store.ports import Store

GLOW, OTHER = "7495981769829615944", "7495000000000000001"
SUBJECT = f"seller_id={GLOW}"
RULES = f"""
sellers: {{"{GLOW}": Glow <Lab>}}
watches:
  bestsellers: {{sort: total_sale_7d_cnt desc}}
groups:
  shelves:
    of: bestsellers
    by: seller_id
    metrics:
      gmv: {{sum: total_sale_gmv_7d_amt}}
      strong: {{count: {{total_sale_7d_cnt: {{at_least: 50}}}}}}
      per_product: gmv / size
rules:
  - name: strong-shelf
    description: Sellers of which many products sell
    watch: shelves
    when: {{strong: {{at_least: 2}}, gmv: {{above: 100}}}}
  - {{name: single, watch: bestsellers, when: {{total_sale_7d_cnt: {{at_least: 1k}}}}}}
"""


@dataclass
class Shelves:
    """Days of a list: by seller the sales of each of its products."""

    database: Store
    rules: str = RULES

    def __post_init__(self) -> None:
        self.world = World(self.database, self.rules, head=HEAD)

    def scan(
        self, sellers: Mapping[str, list[float]], state: ScanState = ScanState.COMPLETE
    ) -> ScanOutcome:
        """The next day's scan; a product's GMV is ten times its sales, and the end of its seller's
        id that of its category."""
        world = self.world
        world.day += 1
        rows = [
            (f"{place}{row}", seller, sales)
            for place, (seller, several) in enumerate(sellers.items(), start=1)
            for row, sales in enumerate(several)
        ]
        (watch,) = world.book.used_watches
        products = {product: {SALES: sales, GMV: 10 * sales} for product, _, sales in rows}
        made = scan(world.now, products, watch=watch.key, state=state)
        whose = tuple(seller for _, seller, _ in rows)
        alike = dict.fromkeys(CATEGORIES, tuple(each[-6:] for each in whose))
        texts = {**made.texts, "seller_id": whose, **alike}
        return evaluate(
            self.database,
            replace(made, texts=texts),
            world.book.rules_of(watch),
            policies_of(world.book.channels),
            world.book.metrics,
            world.now + 60,
        )


def shelves(database: Store) -> Shelves:
    """Five days: Glow Lab's shelf is strong from the fourth on, the other's never; a seller of two
    products is no group."""
    made = Shelves(database)
    for day in range(5):
        glow = [40.0, 45.0, 60.0] if day < 3 else [55.0, 58.0, 80.0]
        made.scan({GLOW: glow, OTHER: [5.0 + day, 6.0, 7.0, 8.0], "3": [900.0, 800.0]})
    return made
