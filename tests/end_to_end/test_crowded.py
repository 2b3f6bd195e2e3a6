"""The real daemon, with few descriptors, while somebody without the token holds all connections."""

from __future__ import annotations

import asyncio
import re
import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from tests.end_to_end.process import Watcher, until
from tests.end_to_end.test_running import RULES, SECOND
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

HALF_OPEN, DESCRIPTORS = 1_024, 96
TOKEN = "a-token-that-nobody-guesses"
_DROPPED = re.compile(r"^watcher_page_connections_dropped_total (\S+)$", re.MULTILINE)


@contextmanager
def many_descriptors() -> Iterator[int]:
    """As many sockets as the test wants and the machine lets this process have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = before[1] if before[1] != resource.RLIM_INFINITY else 1 << 16
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 1 << 16), before[1]))
    try:
        yield min(HALF_OPEN, most - 200)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def descriptors_of(pid: int) -> int:
    """How many the process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


async def test_the_daemons_own_work_goes_on(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """A new rule is read, its list scanned, stored and told, and who has the token is answered,
    while a thousand half-open requests are held."""
    watcher = Watcher(
        tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()}, descriptors=DESCRIPTORS
    )
    watcher.rules.write_text(RULES, encoding="utf-8")
    token = tmp_path / "token"
    token.write_text(TOKEN, encoding="utf-8")
    async with watcher.running("--web-token-file", str(token)) as daemon:
        await until(lambda: len(sink.taken) == 1)
        with many_descriptors() as count, ExitStack() as stack:
            for number in range(count):
                await _half_open(URL(daemon.page), stack)
                if number % 100 == 0:
                    assert descriptors_of(daemon.process.pid) <= DESCRIPTORS * 3 // 4
            second = RULES + SECOND.replace("at_least: 1m", "above: 0")
            watcher.rules.write_text(second, encoding="utf-8")
            await until(lambda: len(sink.taken) == 2)
            headers = {"Authorization": f"Bearer {TOKEN}"}
            async with aiohttp.ClientSession(daemon.page, headers=headers) as session:
                async with session.get("/healthz") as answer:
                    assert (answer.status, await answer.text()) == (200, "ok\n")
                async with session.get("/metrics") as answer:
                    dropped = re.search(_DROPPED, await answer.text())
            assert dropped is not None
            assert float(dropped[1]) >= count - DESCRIPTORS // 2
        assert watcher.query("SELECT count(*) FROM scans WHERE state = 'complete'") == [(2,)]
        assert not [line for line in daemon.log if line["level"] == "error"]
        assert daemon.other == []
        assert await daemon.stop() == 0


async def _half_open(page: URL, stack: ExitStack) -> None:
    """A connection with half a request, kept as long as the page lets it live."""
    assert page.host is not None
    assert page.port is not None
    connection = stack.enter_context(socket.socket())
    connection.setblocking(False)  # noqa: FBT003 - socket's own
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (page.host, page.port))
    with suppress(ConnectionError):
        await loop.sock_sendall(connection, b"GET / HTTP/1.1\r\nHost: localhost\r\n")
