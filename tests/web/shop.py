"""A database of sellers and categories for the page: one with 120 products, others with hostile or
without names, in two regions."""

from __future__ import annotations

from dataclasses import replace

from tests.fakes.world import HEAD, World
from tests.store.making import GMV, SALES, scan
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.store.ports import Store
from watcher.store.sql.siblings import Category

GLOW, ODD, HOSTILE = "7495981769829615944", "8001", '<b>"&/?#%\u202e'
BEAUTY, CARE, NAMELESS = "601450", "849672", "900900"
PRODUCTS = 120
RULES = f"""
sellers: {{"{GLOW}": "Glow <Lab>"}}
watches:
  bestsellers: {{sort: total_sale_7d_cnt desc}}
  british: {{sort: total_sale_7d_cnt desc, region: GB}}
rules:
  - {{name: sells, watch: bestsellers, when: {{total_sale_7d_cnt: {{at_least: 115}}}}}}
  - name: of-some
    watch: bestsellers
    when:
      total_sale_7d_cnt: {{at_least: 1m}}
      not: {{seller_id: {{in: ["{GLOW}", "1"]}}}}
      any: [{{category_l2_id: "{CARE}"}}, {{total_sale_7d_cnt: {{at_least: 2m}}}}]
  - {{name: far, watch: british, when: {{total_sale_7d_cnt: {{at_least: 1m}}}}}}
"""


def furnish_shop(database: Store) -> World:
    """Ten days of a list of 120 products of one seller and some of three others'."""
    world = World(database, RULES, head=HEAD)
    watches = {watch.name: watch for watch in world.book.used_watches}
    for day in range(10):
        world.day = day
        own = {str(n): {SALES: float(n), GMV: n * 9.99} for n in range(1, PRODUCTS + 1)}
        others = {"501": {SALES: 5.0}, "502": {SALES: 6.0}, "503": {SALES: 2.0}}
        if day < 5:
            others["504"] = {SALES: 900.0}  # leaves
        listed = own | others
        made = scan(world.now, listed, watch=watches["bestsellers"].key, names={"1": HOSTILE})
        whose = [GLOW] * PRODUCTS + [ODD, HOSTILE, None, GLOW]
        of = [BEAUTY] * PRODUCTS + [BEAUTY, NAMELESS, "0", BEAUTY]
        below = [CARE] * PRODUCTS + [CARE, None, None, CARE]
        texts = {
            **made.texts,
            "seller_id": tuple(whose[: len(listed)]),
            "category_id": tuple(of[: len(listed)]),
            "category_l2_id": tuple(below[: len(listed)]),
        }
        british = scan(
            world.now + 60, {"1": {SALES: 3.0}}, watch=watches["british"].key, region="GB"
        )
        british = replace(british, texts={**british.texts, "seller_id": (GLOW,)})
        for each, watch in ((replace(made, texts=texts), "bestsellers"), (british, "british")):
            evaluate(
                database, each, world.book.rules_of(watches[watch]),
                policies_of(world.book.channels), world.book.metrics, world.now + 120,
            )  # fmt: skip
    names = [Category(BEAUTY, 1, "Beauty <i>"), Category(CARE, 2, "Skin\u202ecare", BEAUTY)]
    database.categories.put(names, world.now)
    return world
