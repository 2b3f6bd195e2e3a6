"""What bodies without end cost: the memory of a gzip bomb, the time of a drip and of silence.

``python -m tests.faults.source_bodies`` prints them, with the daemon's own timeouts (a minute).
"""

from __future__ import annotations

import asyncio
import gzip
import resource
import time
from datetime import date

from tests.end_to_end.process import KEY
from tests.source.scripted import Purse
from watcher.errors import SourceError
from watcher.source.client import Client
from watcher.source.simulator import SMOOTH, Fault, Market, Simulator

PARAMS = {"region": "US", "page_size": "10"}
MIB = 1 << 20


def peak() -> float:
    """The most memory that the process has had, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


async def ask(simulator: Simulator, fault: Fault) -> str:
    """One try; what it ends with."""
    simulator.faults[:] = [fault]
    async with Client(simulator.url, KEY, tries=1) as client:
        began = time.monotonic()
        try:
            await client.page(PARAMS, 1, Purse())
        except SourceError as error:
            return f"{time.monotonic() - began:.1f} s: {error}"
        return f"{time.monotonic() - began:.1f} s: a page"


async def main() -> None:
    """All of them."""
    # Bodies are broken here, sales are not looked at.
    market = Market(
        seed=1, products=100, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    async with Simulator(market, key=KEY) as simulator:
        bomb = gzip.compress(bytes(64 * MIB), 9) * 64
        headers = {"Content-Encoding": "gzip"}
        before = peak()
        said = await ask(simulator, Fault(body=bomb, headers=headers))
        size, grown = len(bomb) / MIB, peak() - before
        print(f"bomb, 4 GiB in {size:.1f} MiB: +{grown:.1f} MiB, {said}")  # noqa: T201
        print("drip:", await ask(simulator, Fault(drip=2)))  # noqa: T201
        print("silence:", await ask(simulator, Fault(delay=60)))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main())
