"""A year of daily scans of 10,000 products, three in ten of which change a day.

What an observation takes in the file, what a product takes that did not change, whether a scan's
transaction grows with the past, and how long one product takes to show.

    python -m benchmarks.year quiet FILE      # what the children do: scans without a change,
    python -m benchmarks.year command FILE    # the command `product`,
    python -m benchmarks.year page FILE       # its page
"""

from __future__ import annotations

import asyncio
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import pages
from benchmarks.history import Made, again, rules, store, year
from benchmarks.processes import answer, child, ratios
from benchmarks.report import Line
from watcher.rules.loading import load_text
from watcher.store.database import Database
from watcher.units import DAY

MOST_BYTES, MOST_GROWTH, MOST_MS = 250, 1.3, 50
_MONTH, _FILLED = 30, 28  # days; after so many all windows of the rules are full
_QUIET = 10
_PLACES = (0, 500, 9_000)  # of the products that are shown, in the last list


def lines(times: int) -> Iterator[Line]:
    """The case; the year is made once, what is read from it is read ``times`` times."""
    made = year()
    changed = sum(scan.changed for scan in made.scans)
    size = made.path.stat().st_size
    yield Line(
        "a year of daily scans of 10,000 products: the file, for each observation that changed",
        (size / changed,), "B", MOST_BYTES,
        beside=f"{size / 1e6:,.0f} MB, all tables and indexes, {changed:,} observations",
    )  # fmt: skip
    yield _quiet(made.path)
    yield _growth(made.scans)
    yield from _shown(made.path, times)


def _quiet(path: Path) -> Line:
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "year.db"
        copy.write_bytes(path.read_bytes())
        found = child("benchmarks.year", "quiet", str(copy))
    return Line(
        "a product in a scan that found it unchanged", (found["bytes"],), "B",
        beside=f"its share of the scan's row; {found['changed']} observations written",
    )  # fmt: skip


def _growth(scans: list[Made]) -> Line:
    """The last month against the first in which all windows were full, day by day."""
    first, last = scans[_FILLED : _FILLED + _MONTH], scans[-_MONTH:]
    cpu = [[scan.cpu for scan in month] for month in (first, last)]
    wall = [statistics.median(scan.wall for scan in month) * 1_000 for month in (first, last)]
    before, after = (statistics.median(month) * 1_000 for month in cpu)
    return Line(
        "a scan's transaction, 20 rules: last month against first, CPU",
        ratios(cpu[1], cpu[0]), "x", MOST_GROWTH,
        beside=f"{after:.0f} ms against {before:.0f} ms; wall {wall[1]:.0f} against {wall[0]:.0f}",
    )  # fmt: skip


def _shown(path: Path, times: int) -> Iterator[Line]:
    found = [child("benchmarks.year", "command", str(path)) for _ in range(times)]
    yield Line(
        "`watcher product`, 90 days: read and shown",
        tuple(statistics.median(each["shown"]) for each in found), "ms", MOST_MS,
        beside=f"whole command {statistics.median(each['whole'] for each in found):.0f} ms, first "
        f"time in a process {statistics.median(each['shown'][0] for each in found):.0f} ms",
    )  # fmt: skip
    found = [child("benchmarks.year", "page", str(path)) for _ in range(times)]
    yield Line(
        "a product's page, 400 days and its rank: the slowest of six",
        tuple(each["median"] for each in found), "ms", MOST_MS,
        beside=f"{max(each['size'] for each in found):.0f} KB; the slowest answer "
        f"{max(each['slowest'] for each in found):.0f} ms",
    )  # fmt: skip


def quiet(path: Path) -> None:
    """Scans in which nothing changed: bytes for each product and scan, the last one's left out."""
    book = load_text(rules())
    watch = book.used_watches[0]
    with Database.open(path) as database:
        scan = again(database, watch)
        used, changed = [], 0
        for day in range(_QUIET):
            made = store(database, book, watch, replace(scan, at=scan.at + day * DAY))
            used.append(_used(database))
            changed += made.changed
    grown = np.diff(used).mean() / len(scan)
    answer({"bytes": grown, "changed": changed})


def _used(database: Database) -> int:
    stats = database.upkeep.stats()
    return stats.bytes - stats.free


def command(path: Path) -> None:
    """``product`` in this process, as often as there are products; then the whole command once."""
    from watcher.cli.product import command as product  # noqa: PLC0415

    shown = []
    for key in _products(path) * 5:
        begin = time.perf_counter()
        with redirect_stdout(io.StringIO()):
            product.main([*_arguments(path, key)], standalone_mode=False)
        shown.append((time.perf_counter() - begin) * 1_000)
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "watcher", "product", *_arguments(path, key)],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    answer({"shown": shown, "whole": (time.perf_counter() - begin) * 1_000})


def _arguments(path: Path, product: str) -> tuple[str, ...]:
    return product, "--region", "US", "--days", "90", "--db", str(path)


def page(path: Path) -> None:
    """The page of each product, without and with its rank in the list."""
    addresses = [
        f"products/US/{product}?days=400{metric}"
        for product in _products(path)
        for metric in ("", "&metric=rank")
    ]
    with Database.open(path, readonly=True) as database:
        now = again(database, load_text(rules()).used_watches[0]).at
    found = asyncio.run(pages.measure(path, load_text(rules()), addresses, now=now))
    assert all(each.status == 200 for each in found), found
    answer(
        {
            "median": max(each.median for each in found),
            "slowest": max(each.slowest for each in found),
            "size": max(each.size for each in found),
        }
    )


def _products(path: Path) -> list[str]:
    with Database.open(path, readonly=True) as database:
        scan = again(database, load_text(rules()).used_watches[0])
    return [scan.product_ids[place] for place in _PLACES]


if __name__ == "__main__":
    {"quiet": quiet, "command": command, "page": page}[sys.argv[1]](Path(sys.argv[2]))
