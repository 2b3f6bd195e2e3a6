"""1,000 products of one's own and 50 shops beside a list of 10,000: what a request of theirs costs.

Each day's scans of all watches, from the source's answer to the last alert, in one process; the
simulated market is served by another. The first day fills the store, the second is measured. Beside
it stands what as many requests cost where they read one list: a scan of few products is not to cost
more than its requests do.

    python -m benchmarks.shops URL DATABASE all|list   # one measurement, as JSON
"""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.processes import Cost, answer, child, measured, ratios
from benchmarks.report import Line
from tests.fakes.clock import SetClock
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.supervision.memory import give_back
from watcher.model import ScanState
from watcher.rules.files.loading import load_text
from watcher.source.client import Client
from watcher.source.rows import MOST_TEXTS
from watcher.source.simulator.market import Market
from watcher.source.simulator.server import CONTROL
from watcher.store.threads import Writer
from watcher.units import DAY

LISTED, OWN, SHOPS, OF_SHOP = 10_000, 1_000, 50, 100
_MARKET = {"seed": 7, "products": 20_000, "regions": ("US",)}
_PACE = 2  # requests a second
_START = date(2026, 11, 1)
_FIRST = 20_758 * DAY
_RULES = """
  - {name: rises, watch: WATCHES, when: {total_sale_7d_cnt: {rises: 50%, min_change: 20}}}
  - {name: cheaper, watch: WATCHES, when: {spu_avg_price: {falls: 10%, from: median 14d}}}
  - {name: sells, watch: WATCHES, when: {total_sale_7d_cnt: {at_least: 500}}}
"""


def lines(times: int) -> Iterator[Line]:
    """CPU by request, against that of the list alone."""
    ours: list[dict[str, Any]] = []
    alone: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(times):
            for found, what in ((ours, "all"), (alone, "list")):
                with _market() as url:
                    found.append(child("benchmarks.shops", url, f"{folder}/{what}{turn}.db", what))
    own = [each["cpu"] for each in ours]
    sum_of_requests = [its["cpu"] / its["requests"] * our["requests"]
                       for our, its in zip(ours, alone, strict=True)]  # fmt: skip
    beside = (
        f"{min(own):.2f} s for {ours[0]['requests']:,} requests, "
        f"{min(each['cpu'] for each in alone):.2f} s for the list's {alone[0]['requests']:,}"
    )
    paced = [each["requests"] / _PACE for each in ours]
    yield Line(
        "time of 1,000 own products and 50 shops beside a list of 10,000 at the usual pace of 2 "
        "requests a second, all of our work counted as waiting, against the requests alone",
        ratios([least + cpu for least, cpu in zip(paced, own, strict=True)], paced),
        "x", 1.05, beside=beside,
    )  # fmt: skip
    yield Line(
        "... CPU, against as many requests of the list", ratios(own, sum_of_requests), "x",
        beside=f"of {SHOPS + 1} more scans, each with a transaction of its own",
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


def _book(what: str) -> str:
    market = Market(start=_START, **_MARKET)  # type: ignore[arg-type]
    sellers = Counter(market.column("seller_id")[market.listed()].tolist()).most_common(SHOPS)
    watches = {"list": f"{{region: US, sort: total_sale_7d_cnt desc, top: {LISTED}}}"}
    if what == "all":
        watches["mine"] = f"{{products: {list(market.product_ids()[-OWN:])}}}"
        watches |= {
            f"shop-{number}": f"{{shop: '{seller}', top: {OF_SHOP}}}"
            for number, (seller, _) in enumerate(sellers)
        }
    written = "".join(f"  {name}: {text}\n" for name, text in watches.items())
    rules = _RULES.replace("WATCHES", f"[{', '.join(watches)}]")
    return (
        'channels: {me: {url: "json://localhost/"}}\ndefaults: {every: 24h, notify: [me]}\n'
        f"watches:\n{written}rules:{rules}"
    )


async def _scans(url: str, writer: Writer, what: str) -> tuple[int, Cost]:
    """Scans of the first days, and those of a later one with what they cost."""
    clock = SetClock(_FIRST)
    book = load_text(_book(what))
    requests = 0
    async with Client(url, "demo-key", requests_per_second=1e6, concurrency=2) as client:
        scanner = Scanner(book, client, writer, clock)
        for _ in range(-(-LISTED // MOST_TEXTS)):
            await _round(scanner, clock)
            give_back()
            clock.instant += DAY
        async with aiohttp.ClientSession() as session:
            await session.post(f"{url}{CONTROL}/advance")
        with measured() as cost:
            requests = await _round(scanner, clock)
    return requests, cost


async def _round(scanner: Scanner, clock: SetClock) -> int:
    requests = 0
    for watch in scanner.book.used_watches:
        outcome = await scanner.scan(watch, clock.now())
        if outcome is None or outcome.scan.state is not ScanState.COMPLETE:
            raise RuntimeError("a scan was not made, or is not complete")
        requests += outcome.scan.requests
    return requests


async def main(url: str, database: Path, what: str) -> None:
    """All days, the last measured."""
    async with Writer(database) as writer:
        requests, cost = await _scans(url, writer, what)
    answer({"cpu": cost.cpu, "wall": cost.wall, "requests": requests})


if __name__ == "__main__":
    gc.freeze()  # as `watcher run` after its imports
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
