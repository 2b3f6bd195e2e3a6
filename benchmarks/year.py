"""A year of daily scans of 10,000 products, three in ten of which change a day.

What an observation takes in the file, what a product takes that did not change, whether a scan's
transaction grows with the past, and how long one product takes to show.

    python -m benchmarks.year sizes FILE           # what the children do: on a copy, tables' bytes,
    python -m benchmarks.year growth FILE FILE 9   # on two copies, 9 scans each,
    python -m benchmarks.year command FILE         # the command `product`,
    python -m benchmarks.year page FILE            # its page
"""

from __future__ import annotations

import asyncio
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks import pages
from benchmarks.bare import reading, statements
from benchmarks.history import Year, again, moving, rules, store, year
from benchmarks.processes import answer, child, ratios
from benchmarks.report import Line
from watcher.model import Instant
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.units import DAY

MOST_BYTES, MOST_GROWTH = 250, 1.3
MOST_SHOWN = 22.0  # against the statements behind it
_MONTH, _FILLED = 30, 28  # days; after so many all windows of the rules are full
_QUIET, _WARM = 10, 3  # scans
_TABLES = {
    "observations": ("observations",),
    "scans": ("scans", "watches"),
    "long texts": ("product_texts",),
    "alerts": ("transitions", "alerts", "told", "held"),
    "messages": ("tries", "notifications", "messages"),
    "products": ("products",),
}
_PLACES = (0, 500, 9_000)  # of the products that are shown, in the last list


def lines(times: int) -> Iterator[Line]:
    """The case; the year is made once, what is read from it is read ``times`` times."""
    made = year()
    yield from _sizes(made)
    yield _growth(made, times)
    yield from _shown(made.path, times)


def _sizes(made: Year) -> Iterator[Line]:
    with tempfile.TemporaryDirectory() as folder:
        found = child("benchmarks.year", "sizes", str(made.copy(Path(folder) / "year.db")))
    changed, file = sum(scan.changed for scan in made.scans), made.path.stat().st_size
    each = {kind: found[kind] / changed for kind in _TABLES}
    others = ", ".join(f"{each[kind]:.0f} B {kind}" for kind in _TABLES if kind != "observations")
    yield Line(
        "an observation that changed, in the file of a year of daily scans of 10,000 products",
        (each["observations"] + found["unchanged"],), "B", MOST_BYTES,
        beside=f"{changed:,}; row, index and a share of its scan's row. All of the file is "
        f"{file / 1e6:,.0f} MB, {file / changed:.0f} B an observation, with {others}",
    )  # fmt: skip
    yield Line(
        "... and one that did not change", (found["unchanged"],), "B",
        beside=f"a share of its scan's row; {found['written']} observations written",
    )  # fmt: skip


def _growth(made: Year, times: int) -> Line:
    """Scans at the year's end and at the end of the first full month, taken in turn."""
    month = year(_FILLED + _MONTH)
    with tempfile.TemporaryDirectory() as folder:
        copies = [
            str(each.copy(Path(folder) / f"{name}.db"))
            for name, each in (("first", month), ("last", made))
        ]
        found = child("benchmarks.year", "growth", *copies, str(times * 3))
    first, last = found["first"], found["last"]
    return Line(
        "a scan's transaction, 20 rules, CPU: at the year's end against the first month's",
        ratios(last, first), "x", MOST_GROWTH,
        beside=f"{statistics.median(last):.0f} ms against {statistics.median(first):.0f} ms",
    )  # fmt: skip


def _shown(path: Path, times: int) -> Iterator[Line]:
    found = [child("benchmarks.year", "command", str(path)) for _ in range(times)]
    yield Line(
        "`watcher product`, 90 days: read and shown, against its statements alone",
        tuple(statistics.median(each["shown"]) / each["bare"] for each in found), "x", MOST_SHOWN,
        beside=f"{statistics.median(found[0]['shown']):.1f} ms; whole command "
        f"{statistics.median(each['whole'] for each in found):.0f} ms, first "
        f"time in a process {statistics.median(each['shown'][0] for each in found):.0f} ms",
    )  # fmt: skip
    found = [child("benchmarks.year", "page", str(path)) for _ in range(times)]
    yield Line(
        "a product's page, 90 days, with the plot of its rank, against its statements and a file's "
        "answer: the slowest of three products",
        tuple(each["90"]["ratio"] for each in found), "x", pages.MOST,
        beside=f"{found[0]['90']['median']:.0f} ms, {found[0]['90']['size']:.0f} KB; slowest "
        f"answer {max(each['90']['slowest'] for each in found):.0f} ms",
    )  # fmt: skip
    yield Line(
        "... all of the year and its rank, from 365 lists of 10,000",
        tuple(each["400"]["ratio"] for each in found), "x", pages.MOST,
        beside=f"{found[0]['400']['median']:.0f} ms",
    )  # fmt: skip


def sizes(path: Path) -> None:
    """Bytes that a product takes of a scan without a change, and that kinds of tables take."""
    book = load_text(rules())
    watch = book.used_watches[0]
    with Database.open(path) as database:
        scan, taken, written = again(database, watch), [], 0
        for day in range(_QUIET):
            made = store(database, book, watch, replace(scan, at=scan.at + day * DAY))
            taken.append(_taken(database))
            written += made.changed
        unchanged = float(np.diff(taken).mean()) / len(scan)
        tables = {kind: _dropped(database, names) for kind, names in _TABLES.items()}
    answer(tables | {"unchanged": unchanged, "written": written})


def _dropped(database: Database, tables: Sequence[str]) -> int:
    """The bytes of these tables and their indexes: what is free without them."""
    before = _taken(database)
    with database.atomic():
        for table in tables:
            database.execute(f"DROP TABLE {table}")
    return before - _taken(database)


def _taken(database: Database) -> int:
    free = database.number("PRAGMA freelist_count")
    return (database.number("PRAGMA page_count") - free) * database.number("PRAGMA page_size")


def growth(first: Path, last: Path, times: int) -> None:
    """CPU ms of a scan's transaction on two databases in turn."""
    book = load_text(rules())
    watch = book.used_watches[0]
    found: dict[str, list[float]] = {"first": [], "last": []}
    with Database.open(first) as short, Database.open(last) as long:
        databases = {"first": short, "last": long}
        scans = {name: moving(again(each, watch)) for name, each in databases.items()}
        for turn in range(_WARM + times):
            for name, database in databases.items():
                made = store(database, book, watch, next(scans[name]))
                if turn >= _WARM:
                    found[name].append(made.cpu * 1_000)
    answer(found)


def command(path: Path) -> None:
    """``product`` in this process, as often as there are products; then the whole command once."""
    from watcher.cli.product import command as product  # noqa: PLC0415

    def show(key: str) -> float:
        begin = time.perf_counter()
        with redirect_stdout(io.StringIO()):
            product.main([*_arguments(path, key)], standalone_mode=False)
        return (time.perf_counter() - begin) * 1_000

    keys = _products(path)
    shown = [show(key) for key in keys * 5]
    with statements() as texts:
        for key in keys:
            show(key)
    read = [text for text in texts if text.lstrip().startswith(("SELECT", "WITH"))]
    bare = min(reading(path, read) for _ in range(3)) * 1_000 / len(keys)
    begin = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "watcher", "product", *_arguments(path, keys[0])],
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    answer({"shown": shown, "bare": bare, "whole": (time.perf_counter() - begin) * 1_000})


def _arguments(path: Path, product: str) -> tuple[str, ...]:
    return product, "--region", "US", "--days", "90", "--db", str(path)


def page(path: Path) -> None:
    """The page of each product, without and with its rank in the list."""
    book = load_text(rules())
    with Database.open(path, readonly=True) as database:
        now = again(database, book.used_watches[0]).at
    answer({str(days): _pages(path, book, days, now) for days in (90, 400)})


def _pages(path: Path, book: Rulebook, days: int, now: Instant) -> dict[str, float]:
    addresses = [
        f"products/US/{product}?days={days}{metric}"
        for product in _products(path)
        for metric in ("", "&metric=rank")
    ]
    found = asyncio.run(pages.measure(path, book, addresses, now=now))
    assert all(each.status == 200 for each in found), found
    return {
        "median": max(each.median for each in found),
        "ratio": max(each.ratio for each in found),
        "slowest": max(each.slowest for each in found),
        "size": max(each.size for each in found),
    }


def _products(path: Path) -> list[str]:
    with Database.open(path, readonly=True) as database:
        scan = again(database, load_text(rules()).used_watches[0])
    return [scan.product_ids[place] for place in _PLACES]


if __name__ == "__main__":
    what, file, *rest = sys.argv[1:]
    if what == "growth":
        growth(Path(file), Path(rest[0]), int(rest[1]))
    else:
        {"sizes": sizes, "command": command, "page": page}[what](Path(file))
