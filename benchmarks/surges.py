"""What surges cost a scan of 10,000 products: what the list says of itself, and all their metrics.

python -m benchmarks.surges DATABASE   # one measurement, as JSON
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured
from benchmarks.report import Line
from benchmarks.workload import file
from watcher.evaluation.jumps import remember
from watcher.evaluation.list_facts import with_facts
from watcher.evaluation.table import ScanTable
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import ADDED_LATER, Catalogue
from watcher.store.sqlite.database import Database
from watcher.units import DAY

_DAYS = 8
_AGAIN = 10  # times in a row, for one takes hardly as long as a clock can tell


def lines(times: int) -> Iterator[Line]:
    """CPU of both, and of the first alone, which every scan pays."""
    with tempfile.TemporaryDirectory() as folder:
        found = [child("benchmarks.surges", f"{folder}/{time}.db") for time in range(times)]
    facts = sorted(each["facts"] for each in found)[len(found) // 2]
    beside = f"{facts:.1f} ms without a rule that asks for a surge"
    what = "CPU of what a list of 10,000 says of itself, and of the six surge metrics"
    yield Line(what, tuple(each["all"] for each in found), "ms", 20, beside=beside)


def main(path: Path) -> None:
    """Some days of history, and then the day that is measured."""
    (watch,) = load_text(file(["sales_surge: {at_least: 4}"])).used_watches
    chance = np.random.default_rng(8)
    catalogue = Catalogue()
    with Database.open(path) as database:
        scan = first_scan(watch, 20_000 * DAY)
        for _ in range(_DAYS):
            recorded = remember(database, scan)
            scan = next_day(scan, chance)
        with measured() as first:
            for _ in range(_AGAIN):
                facts = with_facts(database, scan).facts
        seen = replace(recorded, facts=facts)
        tables = [ScanTable(scan, seen, database.history, ()) for _ in range(_AGAIN)]
        with measured() as second:
            for table in tables:
                for name in ADDED_LATER:
                    table.number(catalogue[name])
    each = 1_000 / _AGAIN
    answer({"facts": first.cpu * each, "all": (first.cpu + second.cpu) * each})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
