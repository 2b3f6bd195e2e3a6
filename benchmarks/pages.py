"""Every page of the web page on a large database: how long it takes, and how large it is.

    python -m benchmarks.pages                   # makes the database, measures, prints a table
    python -m benchmarks.pages --database FILE   # keeps the database there, or uses the one there

    python -m benchmarks.pages --only /sellers   # those whose address begins so

10,000 products, 200 rules on 100 lists, 100,000 alerts, 50,000 notifications, 20,000 records of
what people did; the list of 10,000 and one of 200 have been read daily for 400 days. Exits with 1
where a page is over its limits. "Processor" is what the answer takes of one, with the asking, and
"first" what the first of them takes, of which nothing is kept yet.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import aiohttp

from benchmarks.bare import reading, statements
from benchmarks.page_addresses import addresses
from benchmarks.page_market import NOW, make, rules
from watcher.model import Instant
from watcher.page_text import PageText
from watcher.rules.files.loading import load, load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.threads import StoreReader, Writer
from watcher.web.app import Site
from watcher.web.context import Drafts, Sources

MOST, MOST_KB = 25.0, 150.0
FOR_PROGRAMS = ("/api/", "/metrics", "/feed")
PREVIEW_MS = 2_000.0  # of 90 days
TRIED = """
rules:
  - {name: tried, watch: list-1, when: {sales_growth: {at_least: 60%}}}
  - {name: tried-too, watch: list-1, when: {total_sale_gmv_7d_amt: {rises: 50%, from: 7d ago}}}
"""
_FIELDS = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
GOAL_MS = 100.0  # on an idle machine
FILE = "static/style.css"  # an answer with no statement behind it
TIMES = 15


@dataclass(frozen=True, slots=True)
class Measured:
    """One page: its address, the median and the slowest answer in ms, the median of what it takes
    of a processor in ms, of which ``goal`` is wanted, and the ``first`` visit of it; its size in
    KB; ``bare`` is how long SQLite alone takes for its statements, and the server for a file, in
    ms."""

    path: str
    status: int
    median: float
    slowest: float
    processor: float
    first: float
    size: float
    bare: float = 1.0
    goal: float = GOAL_MS

    @property
    def ratio(self) -> float:
        """Its answer against the bare work behind it."""
        return self.median / self.bare

    @property
    def good(self) -> bool:
        """Whether it is within the limits."""
        return self.status == 200 and self.ratio < MOST and self.is_small

    @property
    def is_small(self) -> bool:
        """Whether a page is; what programs read may be longer."""
        return self.size < MOST_KB or self.path.startswith(FOR_PROGRAMS)


async def measure(
    path: Path, book: Rulebook, paths: Sequence[str] = (), *, now: Instant = NOW + 600
) -> list[Measured]:
    """Each of the given pages, or all, several times, one after the other; then the bare work."""
    given = paths or [*addresses()]
    async with served(path, book, now) as session:
        found = [await _measure(session, one) for one in (FILE, *given)]
    with statements() as texts:
        async with served(path, book, now) as session:
            bare = [await _bare(session, one, path, texts) for one in given]
    return [
        replace(page, bare=found[0].median + its) for page, its in zip(found[1:], bare, strict=True)
    ]


async def preview(path: Path, text: str, *, times: int = 3, now: Instant = NOW + 600) -> Measured:
    """What rules that are tried in the page would have told: they judge 90 days of the large list,
    and those in force are the ``text``. It is over its limit where it takes ``PREVIEW_MS``."""
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder) / "rules.yaml"
        own.write_text(text, "utf-8")
        found = []
        async with served(path, load_text(text), now, own) as session:
            async with session.get("/rules/page") as answer:
                fields = dict(_FIELDS.findall(await answer.text()))
            form = {**fields, "text": TRIED, "do": "preview"}
            for _ in range(times):
                begin, used = time.perf_counter(), time.process_time()
                async with session.post("/rules/page", data=form) as answer:
                    size, status = len(await answer.read()), answer.status
                took, used = time.perf_counter() - begin, time.process_time() - used
                found.append((took * 1_000, used * 1_000))
        walls, processor = [each for each, _ in found], [each for _, each in found]
        return Measured(
            "/rules/page (a preview)", status, statistics.median(walls), max(walls),
            statistics.median(processor), processor[0], size / 1_000,
            bare=PREVIEW_MS / MOST, goal=PREVIEW_MS,
        )  # fmt: skip


def _draft(own: Path, page: PageText) -> Rulebook:
    return load([own], {}, page=page, strict=True)


@asynccontextmanager
async def served(
    path: Path, book: Rulebook, now: Instant, own: Path | None = None
) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the page, which is served on the database at ``path``; its rules can be edited
    where ``own`` is the file of the others."""

    async def well() -> None:
        return None

    async with Writer(path) as writer, StoreReader(path) as reader:
        drafts = Drafts(partial(_draft, own), reader.run) if own is not None else None
        sources = Sources(
            reader.run, writer.run, lambda: book, lambda: now, well, lambda: None, drafts=drafts
        )
        site = Site(sources, "127.0.0.1:0")
        await site.start()
        try:
            async with aiohttp.ClientSession(site.url) as session:
                yield session
        finally:
            await site.stop()


async def _bare(
    session: aiohttp.ClientSession, path: str, database: Path, texts: list[str]
) -> float:
    """Milliseconds that SQLite alone takes for the statements of one page."""
    texts.clear()
    async with session.get(f"/{path}") as answer:
        await answer.read()
    read = [text for text in texts if text.lstrip().startswith(("SELECT", "WITH"))]
    return min(reading(database, read) for _ in range(3)) * 1_000


async def _measure(session: aiohttp.ClientSession, path: str) -> Measured:
    times, processor, size, status = [], [], 0, 0
    for _ in range(TIMES):
        begin, used = time.perf_counter(), time.process_time()
        async with session.get(f"/{path}") as answer:
            size, status = len(await answer.read()), answer.status
        processor.append((time.process_time() - used) * 1_000)
        times.append((time.perf_counter() - begin) * 1_000)
    found = statistics.median(times), max(times), statistics.median(processor), processor[0]
    return Measured(f"/{path}", status, *found, size / 1_000)


def show(found: Sequence[Measured]) -> None:
    """The table."""
    times = f"{'median ms':>9} {'slowest':>9} {'processor':>9} {'first':>7}"
    print(f"{'page':76} {times} {'KB':>7} {'against bare':>12}")
    for each in found:
        mark = "" if each.good else f"  over the limits ({each.status})"
        if each.good and max(each.processor, each.first) > each.goal:
            mark = f"  over {each.goal:.0f} ms"
        times = f"{each.median:9.1f} {each.slowest:9.1f} {each.processor:9.1f} {each.first:7.1f}"
        print(f"{each.path[:76]:76} {times} {each.size:7.1f} {each.ratio:11.1f}x{mark}")


def main() -> int:
    """Make, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--database", type=Path, help="kept there; used if it is there already")
    parser.add_argument("--only", default="", help="the begin of the addresses that are measured")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = chosen.database or Path(folder) / "pages.db"
        wanted = [one for one in addresses() if f"/{one}".startswith(chosen.only)]
        book = load_text(rules())
        if not path.exists():
            begin = time.perf_counter()
            make(path, book)
            print(f"made {path.stat().st_size / 1e6:.0f} MB in {time.perf_counter() - begin:.0f} s")
        found = asyncio.run(measure(path, book, wanted)) if wanted else []
        if "/rules/page".startswith(chosen.only):
            tried = asyncio.run(preview(path, rules()))
            found.append(tried)
    show(found)
    return 0 if all(each.good for each in found) else 1


if __name__ == "__main__":
    sys.exit(main())
