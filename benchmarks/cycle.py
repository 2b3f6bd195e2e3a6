"""A whole scan's cycle of 10,000 products with 100 rules, beside a straight line of bare libraries.

Fetched from a server of its own process over loopback, decoded, stored in a file, judged, told.
The first scans fill the store (each reads some of the long texts), the one of the next day is
measured: 30% of the products changed, some alerts begin and some end. Long texts are read once a
month, and not in the scan that is measured.

    python -m benchmarks.cycle URL DATABASE   # one measurement, as JSON
"""

from __future__ import annotations

import asyncio
import gc
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.processes import Cost, answer, child, forget_peak, measured, ratios
from benchmarks.report import Line
from benchmarks.serving import serving
from benchmarks.straight import AT_ONCE
from benchmarks.workload import KEY, PRODUCTS, file, plain
from tests.fakes.clock import SetClock
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.supervision.memory import give_back
from watcher.model import ScanState
from watcher.pipeline import ScanOutcome
from watcher.rules.files.loading import load_text
from watcher.source.client import Client
from watcher.source.rows import MOST_TEXTS
from watcher.store.threads import Writer
from watcher.units import DAY

_UNPACED = 1e6  # requests a second
_FIRST = 20_000 * DAY


def lines(times: int) -> Iterator[Line]:
    """CPU and peak memory against the straight line's."""
    ours, bare = [], []
    with serving() as url, tempfile.TemporaryDirectory() as folder:
        for time in range(times):
            ours.append(child("benchmarks.cycle", url, f"{folder}/ours-{time}.db"))
            bare.append(child("benchmarks.straight", url, f"{folder}/bare-{time}.db"))
    if any(our["fired"] != its["fired"] for our, its in zip(ours, bare, strict=True)):
        raise ValueError(f"the alerts differ: {ours[0]['fired']}, {bare[0]['fired']}")
    yield _line("CPU of a scan of 10,000 products, 100 rules", ours, bare, "cpu", 1.35)
    yield _line("peak memory of it", ours, bare, "peak", 1.5)


def _line(
    what: str, ours: list[dict[str, Any]], bare: list[dict[str, Any]], name: str, most: float
) -> Line:
    our, its = [each[name] for each in ours], [each[name] for each in bare]
    unit, scale = ("s", 1.0) if name == "cpu" else ("MB", 1e6)
    show = "{:.2f} s" if unit == "s" else "{:.0f} MB"
    beside = f"{show} against {show}".format(min(our) / scale, min(its) / scale)
    return Line(what, ratios(our, its), "x", most, beside=beside)


async def _scans(url: str, writer: Writer) -> tuple[ScanOutcome, Cost]:
    """Scans of the first day's list, and one of the second's with what it cost."""
    clock = SetClock(_FIRST)
    book = load_text(file([", ".join(each.text() for each in rule) for rule in plain()]))
    async with _client(f"{url}/1") as first, _client(f"{url}/2") as second:
        scanner = Scanner(book, first, writer, clock)
        for _ in range(-(-PRODUCTS // MOST_TEXTS)):
            await _scan(scanner, clock)
            give_back()  # as the daemon does after its scans
            clock.instant += DAY
        scanner.swap(book, second)
        forget_peak()
        with measured() as cost:
            outcome = await _scan(scanner, clock)
    return outcome, cost


def _client(url: str) -> Client:
    return Client(url, KEY, requests_per_second=_UNPACED, concurrency=AT_ONCE)


async def _scan(scanner: Scanner, clock: SetClock) -> ScanOutcome:
    (watch,) = scanner.book.used_watches
    outcome = await scanner.scan(watch, clock.now())
    if outcome is None or outcome.scan.state is not ScanState.COMPLETE:
        raise RuntimeError("the scan was not made, or is not complete")
    return outcome


async def main(url: str, database: Path) -> None:
    """Both days, the second measured."""
    async with Writer(database) as writer:
        outcome, cost = await _scans(url, writer)
    answer({"cpu": cost.cpu, "wall": cost.wall, "peak": cost.peak, "fired": len(outcome.fired)})


if __name__ == "__main__":
    gc.freeze()  # as `watcher run` after its imports
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
