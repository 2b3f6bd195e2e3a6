"""Daemons whose server is away when they start, and behind a black hole when they are to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.dropping import Dropping
from tests.end_to_end.fleet import Fleet
from tests.end_to_end.process import Daemon, Watcher, until
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

STOP_SECONDS = 45.0  # less than what a service manager waits for


@pytest.fixture
def proxy(postgres_url: str) -> Iterator[Dropping]:
    """Between a daemon and the server."""
    with Dropping(urlsplit(postgres_url).port or 5432) as made:
        yield made


@pytest.fixture
def fleet(
    tmp_path: Path, postgres_url: str, proxy: Dropping, simulator: Simulator, sink: Service
) -> Fleet:
    """One book on a server that daemons reach by the proxy."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    Fleet(watcher, postgres_url).make("shop")
    parts = urlsplit(postgres_url)
    return Fleet(
        watcher, parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}").geturl()
    )


async def test_a_stop_in_a_black_hole(fleet: Fleet, proxy: Dropping, simulator: Simulator) -> None:
    """Nothing is answered and nothing closed; a scan is under way, and every connection hangs."""
    simulator.fail_next(page=2, delay=2)
    async with fleet.running() as daemon:
        await until(lambda: simulator.requests == 2)
        proxy.swallow()
        try:
            await asyncio.sleep(3)  # the page has come: it waits to be stored
            began = time.monotonic()
            assert await daemon.stop() == 0
            assert time.monotonic() - began < STOP_SECONDS
        finally:
            proxy.heal()


async def test_a_server_that_is_away_at_the_start(fleet: Fleet, proxy: Dropping) -> None:
    """As after a failure of the power: the log says what is waited for, and then all goes on."""
    proxy.refusing = True
    process = await fleet.watcher.spawn(
        "run", "--db", fleet.url, "--all-books", "--listen", "off", "--log-format", "json"
    )
    daemon = Daemon(process)
    reading = asyncio.create_task(daemon.read())
    try:
        line = await daemon.said("the server is away: it is waited for")
        assert "see whether it runs and the URL is right" in line["error"]
        await until(lambda: proxy.accepted > 2)
        proxy.refusing = False
        await daemon.said("scanned", book="shop")
        assert await daemon.stop() == 0
    finally:
        if process.returncode is None:
            process.kill()
        await reading
    # Once; a busy machine may hold the loop, which is another warning.
    assert len([each for each in daemon.log if each["event"] == line["event"]]) == 1


async def test_who_waits_for_the_server_can_be_stopped(fleet: Fleet, proxy: Dropping) -> None:
    """In order, and at once."""
    proxy.refusing = True
    process = await fleet.watcher.spawn(
        "run", "--db", fleet.url, "--all-books", "--log-format", "json"
    )
    daemon = Daemon(process)
    reading = asyncio.create_task(daemon.read())
    await daemon.said("the server is away: it is waited for")
    assert await daemon.stop() == 0
    await reading


async def test_what_does_not_pass_by_itself_is_an_error_at_once(fleet: Fleet) -> None:
    """A database that there is not; the same holds of a user, and of a password."""
    code, _, error = await fleet.watcher.call("run", "--db", f"{fleet.url}no", "--all-books")
    assert code == 1
    assert "has no such database" in error
