"""The daemon under a supervisor: systemd's protocol, the heartbeat, a page off loopback."""

from __future__ import annotations

import asyncio
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Watcher, until
from tests.end_to_end.test_running import RULES
from tests.fakes.sink import SECRET, Service, serving
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end


@dataclass
class Supervisor:
    """systemd's end of the socket: the lines that came, in order."""

    lines: asyncio.Queue[str]

    async def hears(self, *wanted: str) -> list[str]:
        """Wait for these lines in this order; all that came until then."""
        heard: list[str] = []
        async with asyncio.timeout(60):
            for line in wanted:
                while not (heard and heard[-1].startswith(line)):
                    heard.append(await self.lines.get())
        return heard


@asynccontextmanager
async def supervising(path: Path) -> AsyncIterator[Supervisor]:
    """A datagram socket at ``path``."""
    supervisor = Supervisor(asyncio.Queue())

    class Protocol(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, _address: object) -> None:
            for line in data.decode().split("\n"):
                supervisor.lines.put_nowait(line)

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.setblocking(False)  # noqa: FBT003 - its only form
        end.bind(str(path))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(Protocol, sock=end)
        try:
            yield supervisor
        finally:
            transport.close()


async def test_systemd_hears_of_everything(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """Ready, alive, reloading, not alive while the database is locked, alive again, stopping."""
    env = {
        "SINK_URL": sink.url.reveal(),
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "800000",
    }
    watcher = Watcher(tmp_path, simulator.url, env)
    watcher.rules.write_text(RULES, encoding="utf-8")
    async with supervising(tmp_path / "notify") as systemd, watcher.running() as daemon:
        await systemd.hears("READY=1", "STATUS=1 rules on 1 lists", "WATCHDOG=1")
        await daemon.said("scanned")
        daemon.process.send_signal(signal.SIGHUP)
        await systemd.hears("RELOADING=1", "MONOTONIC_USEC=", "READY=1", "WATCHDOG=1")
        with closing(sqlite3.connect(watcher.database, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await systemd.hears("STATUS=ill: the database has not taken a write")
            other.execute("ROLLBACK")
        await systemd.hears("WATCHDOG=1", "STATUS=well again")
        assert await daemon.stop() == 0
        await systemd.hears("STOPPING=1")


async def test_the_heartbeat_follows_a_good_round(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """Not one in which a list could not be read; its address is in no log."""
    simulator.fail_next(times=10_000, status=401)
    async with serving() as service:
        env = {
            "SINK_URL": sink.url.reveal(),
            "BEAT_URL": f"http://127.0.0.1:{service.port}/{SECRET}",
        }
        watcher = Watcher(tmp_path, simulator.url, env)
        watcher.rules.write_text(RULES + 'heartbeat: "${BEAT_URL}"\n', encoding="utf-8")
        async with watcher.running("--log-level", "debug") as daemon:
            await daemon.said("scanned", state="failed")
            simulator.faults.clear()
            daemon.process.send_signal(signal.SIGHUP)
            await daemon.said("scanned", state="complete")
            await until(lambda: service.paths == [f"/{SECRET}"])
            assert await daemon.stop() == 0
        assert SECRET not in str(daemon.log) + str(daemon.other)


async def test_the_page_off_loopback_needs_the_token(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """Without a token file it does not start; with one it asks for it."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES, encoding="utf-8")
    code, _, err = await watcher.call("run", "--listen", "0.0.0.0:0")
    assert code == 1
    assert "--web-token-file" in err
    token = tmp_path / "token"
    token.write_text(f"{SECRET}\n", encoding="utf-8")
    options = ("--listen", "0.0.0.0:0", "--web-token-file", str(token))
    async with watcher.running(*options) as daemon, aiohttp.ClientSession() as session:
        page = daemon.page.replace("0.0.0.0", "127.0.0.1")
        async with session.get(f"{page}healthz") as answer:
            assert answer.status == 401
        headers = {"Authorization": f"Bearer {SECRET}"}
        async with session.get(f"{page}healthz", headers=headers) as answer:
            assert (answer.status, await answer.text()) == (200, "ok\n")
        address = daemon.page.removeprefix("http://").strip("/")
        asked = ("health", "--listen", address, "--web-token-file", str(token))
        assert await watcher.call(*asked) == (0, "ok\n", "")
        code, _, err = await watcher.call(*asked[:3])
        assert (code, "answers 401" in err) == (1, True)
        assert await daemon.stop() == 0
    assert SECRET not in str(daemon.log) + str(daemon.other)
