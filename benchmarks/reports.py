"""What a report costs: two lists of 10,000 products, eight days apart, with 2,000 sellers.

Measured is all that the daemon does for it: the report made of a file and written to the outbox,
and once more with all its rows as CSV, as mail gets them.

    python -m benchmarks.reports DATABASE [PRODUCTS]   # one measurement, as JSON
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.crowds import peopled
from benchmarks.lists import first_scan, next_day
from benchmarks.processes import answer, child, measured
from benchmarks.report import Line
from benchmarks.workload import PRODUCTS, WATCH, file, plain
from watcher.analysis.reports.composing import whole_of
from watcher.analysis.reports.due import sweep
from watcher.notification.policy import policies_of
from watcher.rules.files.loading import load_text
from watcher.store.engine import open_store
from watcher.text.report_csv import report_csv
from watcher.units import DAY, HOUR

MOST = 1.0
_DAYS = 8
_REPORT = f'reports: {{daily: {{at: "08:00", watch: {WATCH}, compare: 7d ago}}}}\n'


def lines(times: int) -> Iterator[Line]:
    """CPU seconds of a report."""
    found = [_run() for _ in range(times)]
    told = [each["told"] for each in found]
    yield Line(
        "CPU of a report over 10,000 products with 2,000 sellers, made and queued",
        tuple(told), "s", MOST,
        beside=f"its {found[0]['rows']:,} rows as CSV {median(each['csv'] for each in found):.2f} "
        "s more, where mail gets them",
    )  # fmt: skip


def _run() -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        return child("benchmarks.reports", f"{folder}/watcher.db")


def main(place: str, products: int = PRODUCTS) -> None:
    """Some days of history, then the report."""
    rules = [", ".join(each.text() for each in rule) for rule in plain(1)]
    book = load_text(file(rules, products) + _REPORT)
    (watch,) = book.used_watches
    chance, policies = np.random.default_rng(8), policies_of(book.channels)
    with open_store(Path(place)) as database:
        scan = peopled(first_scan(watch, 20_000 * DAY))
        for _ in range(_DAYS):
            database.history.record(scan)
            scan = peopled(next_day(scan, chance))
        now = scan.at - DAY + 8 * HOUR
        sweep(database, book, policies, now - DAY)
        with measured() as telling:
            rows = sweep(database, book, policies, now)
        told = database.outbox.get(rows[0])
        assert told is not None
        report = told.message.report
        assert report is not None
        with measured() as writing:
            content = report_csv(whole_of(database, book, report))
    answer({"told": telling.cpu, "csv": writing.cpu, "rows": content.count(b"\r\n") - 1})


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
