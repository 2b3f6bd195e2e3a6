"""Three daemons with six books against one with all of them, where the API's pace is the limit.

The API here gives each address so many requests a second and no more: each daemon has a simulator
of its own that says 429 to what is beyond. So that neither side is hampered by refusals, the books'
own pace is what their operator would set: the books of one daemon share what its address gets. All
books always have a list to read. Counted are the pages that were given while nothing else happened:
after the books were spread.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, closing
from datetime import UTC, datetime

from benchmarks.engines import SETTINGS
from benchmarks.processes import ratios
from benchmarks.report import Line
from tests.postgres import Cluster, binaries, cluster
from watcher.source.simulator import SMOOTH, Market, Simulator
from watcher.store.engine import open_control

BOOKS, DAEMONS = 6, 3
LEAST = 2.5
PER_SECOND = 6  # requests of an address
_SECONDS = 20.0  # for which pages are counted
_SETTLED, _PATIENCE = 3.0, 90.0
_RULES = """
api: {requests_per_second: PACE, concurrency: 4}
channels: {me: {url: "json://127.0.0.1:9/"}}
defaults: {region: US, every: 1m, notify: []}
rules:
  - {name: top, watch: {sort: total_sale_7d_cnt desc, top: 3000}, when: {rank: {at_most: 1}}}
"""


def lines(times: int) -> Iterator[Line]:
    """The case, at most twice; nothing where no server is installed."""
    if binaries() is None:
        print("fleet: no PostgreSQL server is installed", file=sys.stderr)
        return
    with cluster(**SETTINGS) as server:
        found = [
            {count: asyncio.run(_rate(server, count)) for count in (1, DAEMONS)}
            for _ in range(min(times, 2))
        ]
    one, three = ([each[count] for each in found] for count in (1, DAEMONS))
    yield Line(
        "time of three daemons for the lists of six books where the API's pace is the limit, "
        "against one daemon's",
        ratios(one, three), "x", 1 / LEAST,
        beside=f"{three[0]:.1f} pages a second against {one[0]:.1f}; an address gets at most "
        f"{PER_SECOND}",
    )  # fmt: skip


async def _rate(server: Cluster, count: int) -> float:
    """Pages a second that so many daemons read."""
    url = server.create_database()
    rules = _RULES.replace("PACE", f"{PER_SECOND * count // BOOKS}").encode()
    with closing(open_control(url)) as control:
        for number in range(BOOKS):
            control.books.create(f"book{number}")
            control.books.push(
                f"book{number}", {"rules.yaml": rules}, expected=None, by="benchmark"
            )
    market = Market(
        start=datetime.now(UTC).date(), products=3_000, regions=("US",), behaviour=SMOOTH
    )
    async with AsyncExitStack() as served:
        sources = [
            await served.enter_async_context(Simulator(market, per_second=PER_SECOND))
            for _ in range(count)
        ]
        with ExitStack() as stack:
            for source in sources:
                process = stack.enter_context(_daemon(url, source))
                stack.callback(process.terminate)
            await _spread(url, count)
            before = sum(each.pages for each in sources)
            begin = time.monotonic()
            await asyncio.sleep(_SECONDS)
            return (sum(each.pages for each in sources) - before) / (time.monotonic() - begin)


def _daemon(url: str, source: Simulator) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "watcher", "run", "--db", url, "--all-books"]
    env = {"PATH": os.environ["PATH"], "KEYAPI_URL": source.url, "KEYAPI_KEY": source.key}
    return subprocess.Popen(
        [*command, "--listen", "off", "--log-level", "error"], env=env, stdout=subprocess.DEVNULL
    )


async def _spread(url: str, daemons: int) -> None:
    """Wait until each daemon has its share, and a little more, for its first pages."""
    until = time.monotonic() + _PATIENCE
    with closing(open_control(url)) as control:
        while time.monotonic() < until:
            held = Counter(each.holder for each in control.leases.all() if each.held)
            if sorted(held.values()) == [BOOKS // daemons] * daemons:
                await asyncio.sleep(_SETTLED)
                return
            await asyncio.sleep(0.2)
    raise TimeoutError(f"the books were not spread: {held}")
