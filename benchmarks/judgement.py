"""1,000 rules of three conditions on 10,000 products: all that follows from a scan that was read.

Through the real ``evaluate`` on a file, after eight days of history: recording, baselines,
verdicts, lifecycle, notices. Held against numpy alone, which compares as many columns of that list
with a limit, three a rule, and says which products meet all three.

    python -m benchmarks.judgement DATABASE   # one measurement, as JSON
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured, ratios
from benchmarks.report import Line
from benchmarks.workload import OWN, file, varied
from watcher.model import Floats
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.units import DAY

_DAYS = 8
MOST = 25.0
_RULES = 1_000


def lines(times: int) -> Iterator[Line]:
    """CPU seconds of a scan's evaluation."""
    with tempfile.TemporaryDirectory() as folder:
        found = [child("benchmarks.judgement", f"{folder}/{time}.db") for time in range(times)]
    ours, bare = ([each[name] for each in found] for name in ("cpu", "bare"))
    yield Line(
        "CPU of evaluating 10,000 products by 1,000 rules of three conditions, against numpy's "
        "comparisons alone", ratios(ours, bare), "x", MOST,
        beside=f"{median(ours):.2f} s against {median(bare):.3f} s; {found[0]['live']:,} alerts "
        f"live, {found[0]['fired']:,} begin",
    )  # fmt: skip


def main(path: Path) -> None:
    """Some days of history, and the day that is measured."""
    book = load_text(file(varied(), more=OWN))
    (watch,) = book.used_watches
    policies = policies_of(book.channels)
    chance = np.random.default_rng(8)
    with Database.open(path) as database:
        scan = first_scan(watch, 20_000 * DAY)
        for day in range(_DAYS + 1):
            live = sum(database.alerts.counts().values())
            rules = book.rules if day >= _DAYS - 1 else ()
            with measured() as cost:
                outcome = evaluate(database, scan, rules, policies, book.metrics, scan.at)
            scan = next_day(scan, chance)
    with measured() as bare:
        _compare(scan.numbers)
    found = {"cpu": cost.cpu, "bare": bare.cpu, "live": live, "fired": len(outcome.fired)}
    answer(found)


def _compare(numbers: Floats) -> int:
    """Three comparisons a rule, each with what is known, over the whole list; how many are met."""
    columns = np.ascontiguousarray(numbers.T)
    met = 0
    for rule in range(_RULES):
        of_rule = [columns[(3 * rule + place) % len(columns)] for place in range(3)]
        masks = [(column >= rule) & ~np.isnan(column) for column in of_rule]
        met += len(np.flatnonzero(masks[0] & masks[1] & masks[2]))
    return met


if __name__ == "__main__":
    main(Path(sys.argv[1]))
