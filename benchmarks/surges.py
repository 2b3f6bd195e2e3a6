"""What surges cost a scan of 10,000 products: what the list says of itself, and all their metrics.

python -m benchmarks.surges DATABASE   # one measurement, as JSON
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
from msgspec.structs import replace

from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured, ratios
from benchmarks.report import Line
from benchmarks.workload import file
from watcher.evaluation.jumps import remember
from watcher.evaluation.list_facts import with_facts
from watcher.evaluation.table import ScanTable
from watcher.model import Floats
from watcher.rules.derived import DERIVED
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import Catalogue
from watcher.store.sqlite.database import Database
from watcher.units import DAY

_DAYS = 8
MOST = 6.0
_AGAIN = 10  # times in a row, for one takes hardly as long as a clock can tell


_SURGES = [metric.name for metric in DERIVED if "surge" in metric.name]


def lines(times: int) -> Iterator[Line]:
    """CPU of both, and of the first alone, which every scan pays."""
    with tempfile.TemporaryDirectory() as folder:
        found = [child("benchmarks.surges", f"{folder}/{time}.db") for time in range(times)]
    facts = sorted(each["facts"] for each in found)[len(found) // 2]
    ours, bare = ([each[name] for each in found] for name in ("all", "bare"))
    yield Line(
        "CPU of what a list of 10,000 says of itself, and of the six surge metrics, against numpy "
        "alone", ratios(ours, bare), "x", MOST,
        beside=f"{median(ours):.1f} ms against {median(bare):.1f} ms; {facts:.1f} ms without a "
        "rule that asks for a surge",
    )  # fmt: skip


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
                for name in _SURGES:
                    table.number(catalogue[name])
    with measured() as bare:
        for _ in range(_AGAIN * len(_SURGES)):
            _compute(scan.numbers)
    each = 1_000 / _AGAIN
    found = {"facts": first.cpu, "all": first.cpu + second.cpu, "bare": bare.cpu}
    answer({name: seconds * each for name, seconds in found.items()})


def _compute(numbers: Floats) -> Floats:
    """A lift over its standard error, twice, and the lower of both: one metric of a list."""
    day, week, month = numbers[:, 0], numbers[:, 1], numbers[:, 2]
    before = month - week
    with np.errstate(all="ignore"):
        lifts = [
            (np.log(sold + 0.5) - np.log(before + 0.5)) / np.sqrt(1 / (sold + 0.5) + 1 / before)
            for sold in (day, week - day)
        ]
        return np.asarray(np.minimum(*lifts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
