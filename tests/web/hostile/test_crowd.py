"""A thousand connections at once, on every address: each page is answered to somebody else."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import cycle, islice

import pytest

from tests.web.hostile.conftest import Opened
from tests.web.hostile.market import harmless
from tests.web.hostile.samples import LINKS, READS, STREAMS, WRITES, address
from tests.web.hostile.visitor import visiting
from tests.web.raw import visiting as connected
from watcher.web.accept_errors import VisitorLimits

CROWD = 1_000
LIMITS = VisitorLimits(connections=64, streams=32, penalty=0, arrival=600, answer=600)


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """Both ends of all connections are of this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 3 * CROWD:
        pytest.skip(f"needs {3 * CROWD} descriptors")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 3 * CROWD), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _heads() -> Iterator[str]:
    """Requests of all addresses: half ones, whole ones whose answers nobody takes, and forms that
    never come."""
    host = "Host: localhost\r\n"
    for route in (*READS, *STREAMS, *LINKS):
        yield f"GET {address(route, harmless)} HTTP/1.1\r\n{host}"
        yield f"GET {address(route, harmless)} HTTP/1.1\r\n{host}\r\n"
    for route in WRITES:
        kind = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 50000\r\n"
        yield f"POST {address(route, harmless)} HTTP/1.1\r\n{host}{kind}\r\ntoken="


async def test_a_thousand_at_once(opened: Opened) -> None:
    """None of them keeps anybody out, and none has written anything."""
    async with opened(limits=LIMITS) as (page, market), AsyncExitStack() as stack:
        before = market.rows()
        for head in islice(cycle(_heads()), CROWD):
            visitor = await stack.enter_async_context(connected(page.site.url))
            visitor.reading.pause_reading()
            visitor.send(head.encode())
        for route in READS:
            async with visiting(page) as other:
                assert (await other.get(address(route, harmless))).status in (200, 303), route
        assert market.rows() == before
