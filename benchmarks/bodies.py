"""The answers that a list of 10,000 products gives on two days, as large as KeyAPI's are.

30% of the products change from the first day to the second. A page has some 110 KB, most of it
long texts, and 20 KB compressed.
"""

from __future__ import annotations

import gzip
import random
from datetime import date

import msgspec

from benchmarks.workload import PRODUCTS
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.simulator import SMOOTH, Market

SORT = "total_sale_7d_cnt"
CHANGED = 0.3

Row = dict[str, object]

_REGION = "US"
_FIRST = date(2026, 11, 1)
_MORE_WORDS = 800  # a product: the simulated texts are shorter than the real ones
_LEVEL = 6


def days(products: int = PRODUCTS) -> list[list[Row]]:
    """The list on two days, each in its order."""
    # Slow waves, as all figures so far were measured with.
    market = Market(seed=11, products=products, start=_FIRST, regions=(_REGION,), behaviour=SMOOTH)
    before = {str(row["product_id"]): row for row in _listed(market)[:products]}
    market.advance()
    after = {str(row["product_id"]): row for row in _listed(market)}
    chance = random.Random(11)
    words = _words(chance)
    second: dict[str, Row] = {}
    for product, row in before.items():
        changes = product in after and chance.random() < CHANGED
        second[product] = after[product] if changes else row
        more = {"type": "text", "text": " ".join(chance.choices(words, k=_MORE_WORDS))}
        for each in (row, second[product]):
            each["desc_detail"] = msgspec.json.encode([more]).decode()
    return [sorted(day.values(), key=_place) for day in (before, second)]


def bodies(rows: list[Row]) -> list[bytes]:
    """The pages of a day's list, compressed as a server sends them."""
    return [
        gzip.compress(
            msgspec.json.encode(
                {
                    "code": 0,
                    "message": "success",
                    "data": rows[start : start + PRODUCT_LIST.page_size],
                }
            ),
            _LEVEL,
        )
        for start in range(0, len(rows), PRODUCT_LIST.page_size)
    ]


def _place(row: Row) -> float:
    value = row[SORT]
    return -value if isinstance(value, int | float) else 0


def _listed(market: Market) -> list[Row]:
    asked = {
        "region": _REGION,
        "page_size": str(PRODUCT_LIST.page_size),
        "product_sort_field": str(PRODUCT_LIST.sorts[SORT]),
    }
    rows: list[Row] = []
    for page in range(1, len(market) // PRODUCT_LIST.page_size + 2):
        rows += market.answer({**asked, "page_num": str(page)})
    return rows


def _words(chance: random.Random) -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(chance.choices(letters, k=chance.randint(3, 11))) for _ in range(200)]
