"""1,000 rules of three conditions on 10,000 products: all that follows from a scan that was read.

Through the real ``evaluate`` on a file, after eight days of history: recording, baselines,
verdicts, lifecycle, notices. The goal, for verdicts and lifecycle, is held for all of it.

    python -m benchmarks.judgement DATABASE   # one measurement, as JSON
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured
from benchmarks.report import Line
from benchmarks.workload import OWN, file, varied
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.units import DAY

_DAYS = 8


def lines(times: int) -> Iterator[Line]:
    """CPU seconds of a scan's evaluation."""
    with tempfile.TemporaryDirectory() as folder:
        found = [child("benchmarks.judgement", f"{folder}/{time}.db") for time in range(times)]
    beside = f"{found[0]['live']:,} alerts live, {found[0]['fired']:,} begin"
    what = "CPU of evaluating 10,000 products by 1,000 rules of three conditions"
    yield Line(what, tuple(each["cpu"] for each in found), "s", 0.5, beside=beside)


def main(path: Path) -> None:
    """Some days of history, and the day that is measured."""
    book = load_text(file(varied(), more=OWN))
    (watch,) = book.used_watches
    audiences = policies_of(book.channels)
    chance = np.random.default_rng(8)
    with Database.open(path) as database:
        scan = first_scan(watch, 20_000 * DAY)
        for day in range(_DAYS + 1):
            live = sum(database.alerts.counts().values())
            rules = book.rules if day >= _DAYS - 1 else ()
            with measured() as cost:
                outcome = evaluate(database, scan, rules, audiences, book.metrics, scan.at)
            scan = next_day(scan, chance)
    answer({"cpu": cost.cpu, "peak": cost.peak, "live": live, "fired": len(outcome.fired)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
