"""``watcher health``, asked of a real HTTP service. Of a real daemon: test_supervised.py."""

from __future__ import annotations

import asyncio

from tests.cli.running import Command
from tests.fakes.sink import closed_port, serving


async def test_well_and_ill(watcher: Command) -> None:
    """The daemon's word, and an exit code by its status."""
    async with serving() as service:
        address = f"127.0.0.1:{service.port}"
        result = await asyncio.to_thread(watcher, "health", "--listen", address)
        assert (result.code, result.out, result.err) == (0, "ok\n", "")
        service.status, service.body = 503, "the database has not taken a write for 30 s\n"
        result = await asyncio.to_thread(watcher, "health", "--listen", address)
        assert (result.code, result.out) == (1, "")
        assert result.err == f"{address} answers 503: {service.body}"
        assert set(service.paths) == {"/healthz"}


async def test_everywhere_is_asked_here(watcher: Command) -> None:
    """``0.0.0.0`` is no address to ask."""
    async with serving() as service:
        result = await asyncio.to_thread(watcher, "health", "--listen", f"0.0.0.0:{service.port}")
        assert (result.code, result.out) == (0, "ok\n")


async def test_no_answer(watcher: Command) -> None:
    """Nobody there, one who breaks off, no page at all: a line that says so."""
    port = closed_port()
    result = watcher("health", "--listen", f"127.0.0.1:{port}")
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        f"127.0.0.1:{port} gives no answer: Connection refused; does the daemon run?\n"
    )
    async with serving() as service:
        service.behave = "reset"
        address = f"127.0.0.1:{service.port}"
        result = await asyncio.to_thread(watcher, "health", "--listen", address)
        assert (result.code, "gives no answer" in result.err) == (1, True)
    result = watcher("health", "--listen", "off")
    assert (result.code, "nobody can be asked" in result.err) == (1, True)
