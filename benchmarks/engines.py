"""SQLite and PostgreSQL side by side: a scan of 10,000 products of which 3,000 changed, after 120
daily ones, and 10,000 notifications over 20 targets.

The server is one of its own on loopback with the settings that PostgreSQL comes with: it has each
commit on its disk, which SQLite (as watcher runs it) has not. Its processes' CPU is counted in.

    python -m benchmarks.engines scan PLACE SCANS SERVER     # what the children do; the process id
    python -m benchmarks.engines deliver PLACE URL SERVER    # of the server, 0 for a file
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from benchmarks import delivery
from benchmarks.history import again, moving, rules, year
from benchmarks.processes import answer, child, cpu_of_family, measured, ratios
from benchmarks.report import Line
from tests.postgres import Cluster, binaries, cluster
from watcher.daemon.supervision.loop_lag import LoopLag
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.store.copying.between import copy_store
from watcher.store.engine import Writer, hold, open_store
from watcher.store.places import Place, Server, parse_place
from watcher.store.sqlite.database import Database

DAYS, SCANS, WARM = 120, 9, 3
MOST_WALL, MOST_CPU = 1.5, 1.3
MOST_DELIVERY = 1.0 / 0.9  # of SQLite's time: no slower, but for what two runs differ by
# As a server comes; the memory is what a small one has.
SETTINGS = {
    "fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on",
    "shared_buffers": "256MB", "max_connections": "100",
}  # fmt: skip


def lines(times: int) -> Iterator[Line]:
    """The case; nothing where no server is installed."""
    if binaries() is None:
        print("engines: no PostgreSQL server is installed", file=sys.stderr)
        return
    with cluster(**SETTINGS) as server:
        yield from _scans(server, times)
        yield from _deliveries(server, min(times, 2))


def _scans(server: Cluster, times: int) -> Iterator[Line]:
    """Each time both begin with the same past: the file's copy, and a copy of that."""
    found: dict[str, list[dict[str, float]]] = {"sqlite": [], "postgres": []}
    with tempfile.TemporaryDirectory() as folder:
        file = year(DAYS).copy(Path(folder) / "past.db")
        for turn in range(times):
            url = server.create_database()
            copy_store(file, Server(url), int(time.time()))
            one = year(DAYS).copy(Path(folder) / f"{turn}.db")
            found["sqlite"].append(child("benchmarks.engines", "scan", str(one), f"{SCANS}", "0"))
            found["postgres"].append(
                child("benchmarks.engines", "scan", url, f"{SCANS}", f"{server.pid}")
            )
            one.unlink()
    ours, theirs = found["postgres"], found["sqlite"]
    if any(one["fired"] != other["fired"] for one, other in zip(ours, theirs, strict=True)):
        raise ValueError(f"the alerts differ: {ours}, {theirs}")
    for name, what, most in (
        ("wall", "wall", MOST_WALL),
        ("cpu", "CPU, server included", MOST_CPU),
    ):
        mine, its = ([each[name] for each in runs] for runs in (ours, theirs))
        served = f", {min(each['server'] for each in ours):.0f} ms of it the server's"
        yield Line(
            f"a scan of 10,000 products, 3,000 changed, on PostgreSQL, {what}, against SQLite",
            ratios(mine, its), "x", most,
            beside=f"{min(mine):.0f} ms against {min(its):.0f} ms"
            f"{served if name == 'cpu' else ''}",
        )  # fmt: skip


def _deliveries(server: Cluster, times: int) -> Iterator[Line]:
    found: dict[str, list[dict[str, float]]] = {"sqlite": [], "postgres": []}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            for name, place, process in (
                ("sqlite", f"{folder}/watcher.db", 0),
                ("postgres", server.create_database(), server.pid),
            ):
                with delivery.sink() as url:
                    run = child("benchmarks.engines", "deliver", place, url, f"{process}")
                    found[name].append(run | delivery.taken(url))
    if any(
        run["doubles"] or run["taken"] != delivery.ROWS for runs in found.values() for run in runs
    ):
        raise ValueError(f"not each was taken once: {found}")
    ours, theirs = found["postgres"], found["sqlite"]
    yield Line(
        "10,000 due notifications to 20 targets, one by one, on PostgreSQL, wall, against SQLite",
        ratios([each["wall"] for each in ours], [each["wall"] for each in theirs]), "x",
        MOST_DELIVERY,
        beside=f"{delivery.ROWS / ours[0]['wall']:,.0f} a second against "
        f"{delivery.ROWS / theirs[0]['wall']:,.0f}; {ours[0]['cpu']:.1f} s CPU, server included, "
        f"against {theirs[0]['cpu']:.1f} s; none taken twice",
    )  # fmt: skip


def scan(place: Place, scans: int, server: int) -> dict[str, float]:
    """Milliseconds a scan, the mean of several."""
    book = load_text(rules())
    (watch,) = book.used_watches
    chosen, policies = book.rules_of(watch), policies_of(book.channels)
    fired = 0
    with hold(place) as lease, closing(open_store(place, lease=lease)) as opened:
        past = moving(again(cast("Database", opened), watch))
        for number in range(WARM + scans):
            each = next(past)
            if number == WARM:
                before = cpu_of_family(server)
                costs = []
            with measured() as cost:
                outcome = evaluate(opened, each, chosen, policies, book.metrics, each.finished)
            if number >= WARM:
                costs.append(cost)
                fired += len(outcome.fired)
        served = cpu_of_family(server) - before
    wall = sum(each.wall for each in costs)
    cpu = sum(each.cpu for each in costs) + served
    scale = 1_000 / scans
    return {"wall": wall * scale, "cpu": cpu * scale, "server": served * scale, "fired": fired}


def deliver(place: Place, url: str, server: int) -> dict[str, Any]:
    """See ``delivery.deliver``; the server's CPU is counted in."""
    with hold(place) as lease:
        before = cpu_of_family(server)
        writer = Writer(place, lease)
        found: dict[str, Any] = delivery.deliver(writer, url, joined=False, holds=LoopLag())
    return found | {"cpu": found["cpu"] + cpu_of_family(server) - before}


def main() -> None:
    """What a child does."""
    match sys.argv[1:]:
        case ["scan", place, scans, server]:
            answer(scan(parse_place(place), int(scans), int(server)))
        case ["deliver", place, url, server]:
            answer(deliver(parse_place(place), url, int(server)))


if __name__ == "__main__":
    main()
