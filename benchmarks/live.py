"""Pages that are open, on a large database: what they cost while something changes now and then.

    python -m benchmarks.live                    # makes the database of benchmarks.pages, measures
    python -m benchmarks.live --database FILE    # uses the one there, or keeps it there

50 tabs of that many people: each holds a stream of events and asks for its page anew when it is
told, as the script of the page does. A list of 200 products is stored, and an alert moves, every 15
seconds. The page is a process of its own; what it takes of a processor over a minute is measured
without a tab and with 50 (the storing is another process's). Exits with 1 where the 50 take 1% of
one, or more, or where a list takes a fifth longer to be stored.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.page_market import LARGE, NOW, make, product, rules, scan_of
from benchmarks.processes import cpu_of
from watcher.alert import AlertState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.records import Transition
from watcher.store.sqlite.database import Database
from watcher.store.threads import StoreReader, Writer
from watcher.units import DAY
from watcher.web.app import Site
from watcher.web.context import Sources

TABS, SECONDS, EVERY = 50, 60, 15
MOST, SLOWER = 1.0, 1.2  # percent of a processor; how much longer a list may take to be stored
# As people have them open: the first pages often, each product once.
PATHS = (
    *[""] * 20, *["alerts"] * 10, *["outbox"] * 5, *["rules"] * 3, "rules/rule-0", "rules/rule-7",
    *(f"products/US/{product(number)}" for number in range(10)),
)  # fmt: skip


@dataclass(slots=True)
class Heard:
    """What the tabs noticed: seconds from a change until each had the new page."""

    open: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    changed: float = 0.0
    delays: list[float] = field(default_factory=list)
    pages: int = 0


async def serve(path: Path, book: Rulebook) -> None:
    """The page until it is ended; its URL is printed."""

    async def well() -> None:
        return None

    async with Writer(path) as writer, StoreReader(path) as reader:
        sources = Sources(
            reader.run, writer.run, lambda: book, lambda: NOW + 600, well, lambda: None
        )
        site = Site(sources, "127.0.0.1:0")
        await site.start()
        print(site.url, flush=True)
        await asyncio.Event().wait()


@asynccontextmanager
async def served(path: Path) -> AsyncIterator[tuple[str, int]]:
    """The URL of the page of a database, and its process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.live", "--serve", path, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip(), process.pid
    finally:
        process.terminate()
        await process.wait()


async def tab(url: str, path: str, heard: Heard) -> None:
    """A page that is open, for ever."""
    timeout = aiohttp.ClientTimeout(None)
    async with aiohttp.ClientSession(url, timeout=timeout) as session:
        here = {"Referer": f"{url}{path}"}  # as browsers say of a page of the same site
        async with session.get(f"/{path}") as answer:
            page = await answer.text()
        (mark,) = re.findall(r'data-mark="([^"]*)"', page)
        kinds = {kind for each in re.findall(r'data-live="([^"]*)"', page) for kind in each.split()}
        async with session.get(
            "/events",
            params={"mark": mark, "of": " ".join(kinds)},
            headers=here,
        ) as stream:
            assert stream.status == 200, await stream.text()
            heard.open.release()
            async for line in stream.content:
                if line.startswith(b"data:"):
                    await asyncio.sleep(random.uniform(0.5, 1))
                    async with session.get(
                        f"/{path}", headers=here | {"X-Watcher-Live": "1"}
                    ) as answer:
                        await answer.read()
                    heard.pages += 1
                    heard.delays.append(time.monotonic() - heard.changed)


def store(path: Path, watch: Watch) -> float:
    """Store one more list, and move an alert; the seconds that it takes."""
    with Database.open(path) as database:
        newest = database.history.newest_scan(watch.key)
        assert newest is not None
        at = newest.at + DAY
        scan = scan_of(watch, at, LARGE.small)
        begin = time.perf_counter()
        with database.atomic():
            database.history.record(scan)
            (alert,) = database.browsing.live_alerts(AlertState.FIRING, limit=1)
            database.alerts.record([Transition(alert, at, AlertState.PENDING, AlertState.FIRING)])
        return time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class Minute:
    """What a minute took: percent of a processor, and seconds for a stored list, at best."""

    share: float
    stored: float


async def minute(path: Path, book: Rulebook, tabs: int, heard: Heard) -> Minute:
    """Measure with so many tabs."""
    watch = next(each for each in book.used_watches if each.name == "list-2")
    async with served(path) as (url, process), asyncio.TaskGroup() as group:
        open_ = [group.create_task(tab(url, PATHS[each], heard)) for each in range(tabs)]
        for _ in range(tabs):  # what it takes to open them is none of this
            await heard.open.acquire()
        await asyncio.sleep(3)
        cpu, at, stored = cpu_of(process), time.monotonic(), []
        for _ in range(SECONDS // EVERY):
            heard.changed = time.monotonic()
            stored.append(await asyncio.to_thread(store, path, watch))
            await asyncio.sleep(EVERY)
        share = (cpu_of(process) - cpu) / (time.monotonic() - at) * 100
        for each in open_:
            each.cancel()
        return Minute(share, min(stored))


async def measure(path: Path, book: Rulebook) -> bool:
    """Print both minutes; whether they are within the limits."""
    heard = Heard()
    alone = await minute(path, book, 0, heard)
    crowd = await minute(path, book, TABS, heard)
    delays = sorted(heard.delays)
    slower = crowd.stored / alone.stored
    print(f"{TABS} tabs: {crowd.share:.2f}% of a processor ({alone.share:.2f}% without any)")
    print(f"pages asked anew: {heard.pages}; a list is stored in {slower:.2f}x the time")
    if delays:
        print(
            f"seconds until a tab shows a change: median {statistics.median(delays):.1f}, "
            f"last {delays[-1]:.1f}"
        )
    return crowd.share < MOST and slower < SLOWER


def main() -> int:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--database", type=Path, help="kept there; used if it is there already")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    chosen, book = parser.parse_args(), load_text(rules())
    if chosen.serve is not None:
        asyncio.run(serve(chosen.serve, book))
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.database or Path(folder) / "pages.db"
        if not path.exists():
            make(path, book)
        return 0 if asyncio.run(measure(path, book)) else 1


if __name__ == "__main__":
    sys.exit(main())
