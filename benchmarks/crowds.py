"""What rules over many products cost: 100 rules on a list of 10,000 products, without and with 20
rules on 2,000 sellers and 10 on peers.

The whole scan is measured, as the daemon does it: its 1,000 pages are read from what would be the
wire, and all that follows goes through the real ``evaluate`` on a file, after eight days of
history. Once more is told what of it is the evaluation alone.

    python -m benchmarks.crowds DATABASE plain|crowds [PRODUCTS]   # one measurement, as JSON
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured, ratios
from benchmarks.report import Line
from benchmarks.workload import PRODUCTS, file, plain
from watcher.model import Scan
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.units import DAY

MOST = 1.25
_RULES, _SELLERS, _CATEGORIES, _DAYS = 100, 2_000, 60, 8
_MEASURED = 3  # days, of which the median counts
_GROUPS = """
groups:
  shelves:
    of: all
    by: seller_id
    metrics:
      gmv: {sum: total_sale_gmv_7d_amt}
      price: {median: spu_avg_price}
      dearest: {max: spu_avg_price}
      rising: {count: {sales_trend_flag: rising}}
      hot: {share: {sales_growth: {at_least: 30%}}}
      kinds: {distinct: category_l3_id}
"""
_OF_GROUPS = (
    "gmv: {rises: 30%, from: 7d ago}",
    "gmv: {rises: 50%}",
    "price: {falls: 10%, from: 24h ago}",
    "rising: {at_least: 4}, gmv: {above: 5000}",
    "hot: {at_least: 60%}, size: {at_least: 5}",
    "rising: {rises: 2, from: 24h ago}",
    "kinds: {at_least: 4}",
    "dearest: {rises: 20%, from: 7d ago}",
    "size: {falls: 2, from: 7d ago}",
    "hot: {crosses_above: 50%}",
)
_OF_PEERS = (
    "sales_growth: {highest: 5%, among: category_l3_id}",
    "sales_growth: {highest: 1%, among: watch}",
    "spu_avg_price: {lowest: 5%, among: category_l3_id}",
    "spu_avg_price: {lowest: 10%, among: category_l3_id}",
    "total_sale_7d_cnt: {highest: 5%, among: category_l2_id}",
    "total_sale_gmv_7d_amt: {highest: 5%, among: category_l3_id}",
    "total_views_7d_cnt: {highest: 2%, among: watch}",
    "commission: {highest: 5%, among: category_id}",
    "creators_7d: {highest: 5%, among: category_l3_id}",
    "review_count: {highest: 5%, among: category_l3_id}",
)


def lines(times: int) -> Iterator[Line]:
    """CPU seconds of a scan."""
    found = {kind: [_run(kind) for _ in range(times)] for kind in ("plain", "crowds")}
    ours, bare = (found[kind] for kind in ("crowds", "plain"))
    whole, alone = (
        ratios([each[name] for each in ours], [each[name] for each in bare])
        for name in ("scan", "judged")
    )
    yield Line(
        "CPU of a scan of 10,000 products with 20 rules on 2,000 sellers and 10 on peers beside "
        "100 on products, against those 100 alone",
        whole, "x", MOST,
        beside=f"{median(each['scan'] for each in ours):.2f} s against "
        f"{median(each['scan'] for each in bare):.2f} s; what follows the reading alone "
        f"{median(alone):.2f}x; {ours[0]['live']:,} alerts live against {bare[0]['live']:,}",
    )  # fmt: skip


def _run(kind: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return child("benchmarks.crowds", f"{folder}/{kind}.db", kind)


def book_of(kind: str, products: int) -> Rulebook:
    """Rules on products; of ``crowds`` on groups and peers, too."""
    rules = [", ".join(each.text() for each in rule) for rule in plain(_RULES)]
    if kind == "plain":
        return load_text(file(rules, products))
    text = file([*rules, *_OF_PEERS], products, more=_GROUPS)
    return load_text(text + _rules_on_groups([*_OF_GROUPS, *_OF_GROUPS]))


def _rules_on_groups(rules: Sequence[str]) -> str:
    return "".join(
        f"  - {{name: shelf-{number}, watch: shelves, when: {{{when}}}}}\n"
        for number, when in enumerate(rules)
    )


def peopled(scan: Scan) -> Scan:
    """The scan with sellers and categories of the usual sizes: some have many products."""
    chance, size = np.random.default_rng(3), len(scan)
    texts = dict(scan.texts)
    sellers = (chance.power(2, size) * _SELLERS).astype(int)
    kinds = (chance.power(1.5, size) * _CATEGORIES).astype(int)
    texts["seller_id"] = tuple(f"7495981769{each:09}" for each in sellers.tolist())
    for name, many in (("category_l3_id", 1), ("category_l2_id", 4), ("category_id", 20)):
        texts[name] = tuple(f"60{each // many:04}" for each in kinds.tolist())
    return replace(scan, texts=texts)


def main(path: Path, kind: str, products: int = PRODUCTS) -> None:
    """Some days of history, and the days that are measured."""
    book = book_of(kind, products)
    (watch,) = book.used_watches
    policies, rules = policies_of(book.channels), book.rules_of(watch)
    chance = np.random.default_rng(8)
    judged: list[float] = []
    with Database.open(path) as database:
        with measured() as reading:
            scan = first_scan(watch, 20_000 * DAY)
        scan = peopled(scan)
        for _ in range(_DAYS + _MEASURED):
            with measured() as cost:
                evaluate(database, scan, rules, policies, book.metrics, scan.at)
            judged.append(cost.cpu)
            scan = next_day(scan, chance)
        live = sum(database.alerts.counts().values())
    own = median(judged[_DAYS:])
    answer({"scan": reading.cpu + own, "judged": own, "live": live, "peak": cost.peak})


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
