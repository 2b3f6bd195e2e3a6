"""1,000 products of one's own and 50 shops beside a list of 10,000: what they cost together.

Each day's scans, from the source's answer to the last alert, in one process; the simulated market
is served by another. The first days fill the store, the last one is measured. Held against the sum
of what the same watches cost apart, each with its rules and a store of its own: beside a large list
a small one is not to cost more than its own requests do. And against as many requests of the list
alone, which share one transaction where each small scan has its own.

    python -m benchmarks.shops URL FOLDER all|apart   # one measurement, as JSON
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import aiohttp

from benchmarks.processes import answer, child, measured, ratios
from benchmarks.report import Line
from tests.fakes.clock import SetClock
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.supervision.memory import give_back
from watcher.model import ScanState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.source.client import Client
from watcher.source.rows import MOST_TEXTS
from watcher.source.simulator.market import Market
from watcher.source.simulator.server import CONTROL
from watcher.store.threads import Writer
from watcher.units import DAY

LISTED, OWN, SHOPS, OF_SHOP = 10_000, 1_000, 50, 100
_MARKET = {"seed": 7, "products": 20_000, "regions": ("US",)}
_LIST = "list"
_START = date(2026, 11, 1)
_FIRST = 20_758 * DAY
_RULES = """
  - {name: rises, watch: WATCHES, when: {total_sale_7d_cnt: {rises: 50%, min_change: 20}}}
  - {name: cheaper, watch: WATCHES, when: {spu_avg_price: {falls: 10%, from: median 14d}}}
  - {name: sells, watch: WATCHES, when: {total_sale_7d_cnt: {at_least: 500}}}
"""


def lines(times: int) -> Iterator[Line]:
    """CPU of all together, against all apart and against the list's requests."""
    ours: list[dict[str, Any]] = []
    apart: list[dict[str, Any]] = []
    for turn in range(times):
        # Which is first changes: what else the machine does may grow meanwhile.
        for found, what in ((ours, "all"), (apart, "apart"))[:: 1 if turn % 2 else -1]:
            with _market() as url, tempfile.TemporaryDirectory() as folder:
                found.append(child("benchmarks.shops", url, folder, what))
    own, sums = ([each["cpu"] for each in found] for found in (ours, apart))
    per_request = [each["list"] / each["list_requests"] for each in apart]
    as_many = [each * our["requests"] for each, our in zip(per_request, ours, strict=True)]
    yield Line(
        "CPU of 1,000 own products and 50 shops beside a list of 10,000, against the sum of each "
        "watch's by itself", ratios(own, sums), "x", 1.05,
        beside=f"{median(own):.2f} s against {median(sums):.2f} s; {ours[0]['requests']:,} "
        "requests",
    )  # fmt: skip
    yield Line(
        "... against as many requests of the list", ratios(own, as_many), "x",
        beside=f"{median(own):.2f} s against {median(as_many):.2f} s; {SHOPS + 1} more scans, each "
        "with a transaction of its own",
    )  # fmt: skip


@contextmanager
def _market() -> Iterator[str]:
    """The address of a simulated market that runs within the block."""
    command = [
        sys.executable, "-m", "watcher.source.simulator", "--port", "0", "--regions", "US",
        "--products", str(_MARKET["products"]), "--start", _START.isoformat(),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield _address(process)
        finally:
            process.terminate()


def _address(process: subprocess.Popen[str]) -> str:
    for line in process.stdout or ():
        words = [word.strip(".,;") for word in line.replace("=", " ").split()]
        if found := [word for word in words if word.startswith("http://127.0.0.1:")]:
            return found[0]
    raise RuntimeError("the simulated market does not say where it is")


def _watches() -> dict[str, str]:
    """Each watch as it is written, by its name."""
    market = Market(start=_START, **_MARKET)  # type: ignore[arg-type]
    sellers = Counter(market.column("seller_id")[market.listed()].tolist()).most_common(SHOPS)
    shops = {
        f"shop-{number}": f"{{shop: '{seller}', top: {OF_SHOP}}}"
        for number, (seller, _) in enumerate(sellers)
    }
    mine = f"{{products: {list(market.product_ids()[-OWN:])}}}"
    listed = f"{{region: US, sort: total_sale_7d_cnt desc, top: {LISTED}}}"
    return {_LIST: listed, "mine": mine} | shops


def _book(watches: Mapping[str, str]) -> Rulebook:
    written = "".join(f"  {name}: {text}\n" for name, text in watches.items())
    rules = _RULES.replace("WATCHES", f"[{', '.join(watches)}]")
    return load_text(
        'channels: {me: {url: "json://localhost/"}}\ndefaults: {every: 24h, notify: [me]}\n'
        f"watches:\n{written}rules:{rules}"
    )


class _Days:
    """The days of some watches on a store of their own; each round of scans is one."""

    def __init__(self, book: Rulebook, client: Client, writer: Writer) -> None:
        self._clock = SetClock(_FIRST)
        self._scanner = Scanner(book, client, writer, self._clock)

    async def fill(self) -> None:
        """The days until all long texts are read."""
        for _ in range(-(-LISTED // MOST_TEXTS)):
            await self._round()
            give_back()
            self._clock.instant += DAY

    async def measure(self) -> tuple[float, int]:
        """The CPU seconds and the requests of another day."""
        with measured() as cost:
            requests = await self._round()
        return cost.cpu, requests

    async def _round(self) -> int:
        requests = 0
        for watch in self._scanner.book.used_watches:
            outcome = await self._scanner.scan(watch, self._clock.now())
            if outcome is None or outcome.scan.state is not ScanState.COMPLETE:
                raise RuntimeError("a scan was not made, or is not complete")
            requests += outcome.scan.requests
        return requests


async def main(url: str, folder: Path, what: str) -> None:
    """All days, the last measured."""
    watches = _watches()
    groups = [watches] if what == "all" else [{name: text} for name, text in watches.items()]
    async with (
        AsyncExitStack() as stack,
        Client(url, "demo-key", requests_per_second=1e6, concurrency=2) as client,
        aiohttp.ClientSession() as session,
    ):
        days = []
        for number, group in enumerate(groups):
            writer = await stack.enter_async_context(Writer(folder / f"{number}.db"))
            days.append(_Days(_book(group), client, writer))
            await days[-1].fill()
        await session.post(f"{url}{CONTROL}/advance")
        found = [await each.measure() for each in days]
    cpu, requests = (sum(column) for column in zip(*found, strict=True))
    answer({"cpu": cpu, "requests": requests, "list": found[0][0], "list_requests": found[0][1]})


if __name__ == "__main__":
    gc.freeze()  # as `watcher run` after its imports
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
