"""A list of 1,000,000 products, ten scans, 20 rules: memory, and the cost of a product.

One list and not a hundred: a scan is one table from end to end, so that is the harder case. The
first scan is read by the real ``read_scan`` from 100,000 pages that are made in place (over HTTP
they would take hours); for the others its numbers are changed where they lie. Every scan goes
through the real ``evaluate`` on a file. The cost is the median of the scans after the first.

    python -m benchmarks.million PRODUCTS DATABASE   # one measurement, as JSON
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured
from benchmarks.report import Line
from benchmarks.workload import PRODUCTS, file, plain
from watcher.fields import NUMERIC_NAMES
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.units import DAY

_MANY, _SCANS, _RULES = 1_000_000, 10, 20
MOST = 3.5
_STRICT = 1.7  # some thousands of a million products meet a rule


def lines(_times: int) -> Iterator[Line]:
    """Measured once, for it takes minutes."""
    with tempfile.TemporaryDirectory() as folder:
        many, few = (
            child("benchmarks.million", str(size), f"{folder}/{size}.db")
            for size in (_MANY, PRODUCTS)
        )
    read = f"the first, read and stored, {many['first']:.0f} s"
    bare = _MANY * len(NUMERIC_NAMES) * 8
    yield Line(
        "peak memory of 10 scans of 1,000,000 products, 20 rules, against one array of its numbers",
        (many["peak"] / bare,), "x", MOST,
        beside=f"{many['peak'] / 1e6:,.0f} MB against {bare / 1e6:,.0f} MB; {many['cpu']:.1f} s "
        f"CPU a scan; {read}",
    )  # fmt: skip
    each, its = many["cpu"] / _MANY, few["cpu"] / PRODUCTS
    beside = f"{each * 1e6:.1f} µs against {its * 1e6:.1f} µs"
    yield Line("CPU by product, against a list of 10,000", (each / its,), "x", 1.5, beside=beside)


def main(products: int, path: Path) -> None:
    """Ten scans, each with what it cost."""
    rules = [", ".join(each.text() for each in rule) for rule in plain(_RULES, _STRICT)]
    book = load_text(file(rules, products))
    (watch,) = book.used_watches
    policies = policies_of(book.channels)
    chance = np.random.default_rng(10)
    costs = []
    with Database.open(path) as database:
        with measured() as reading:
            scan = first_scan(watch, 20_000 * DAY)
        for number in range(_SCANS):
            if number:
                scan = next_day(scan, chance)
            with measured() as cost:
                evaluate(database, scan, book.rules, policies, book.metrics, scan.at)
            costs.append(cost)
        live = sum(database.alerts.counts().values())
    answer(
        {
            "first": reading.cpu + costs[0].cpu,
            "cpu": statistics.median(cost.cpu for cost in costs[1:]),
            "peak": costs[-1].peak,
            "live": live,
        }
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
