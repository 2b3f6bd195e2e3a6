"""What systemd hears, over a real datagram socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from watcher.daemon.supervision.systemd import Systemd


@dataclass
class Ear:
    """The service manager's end."""

    socket: socket.socket
    address: str

    def hear(self) -> list[str]:
        """The lines of the next message."""
        return self.socket.recv(4_096).decode().split("\n")


@pytest.fixture(params=["path", "abstract"])
def ear(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ear]:
    """A socket as systemd makes one."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@watcher-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind("\0" + name[1:] if name.startswith("@") else name)
        end.settimeout(10)
        yield Ear(end, name)


def test_what_is_said(ear: Ear) -> None:
    """Each message of the protocol; a status is one line in any alphabet."""
    systemd = Systemd.of({"NOTIFY_SOCKET": ear.address})
    assert systemd.watchdog is None
    systemd.ready("2 rules on\n1 list: Крем")
    assert ear.hear() == ["READY=1", "STATUS=2 rules on 1 list: Крем"]
    systemd.reloading()
    first, second, third = ear.hear()
    assert first == "RELOADING=1"
    assert int(second.removeprefix("MONOTONIC_USEC=")) > 0
    assert third.startswith("STATUS=")
    systemd.stopping()
    assert ear.hear()[0] == "STOPPING=1"
    systemd.alive()
    assert ear.hear() == ["WATCHDOG=1"]


async def test_the_watchdog_is_fed_while_all_is_well(ear: Ear) -> None:
    """Not while something stands still: then the status says what."""
    reasons: list[str | None] = [None, "the part delivery stands still", None]

    async def ill() -> str | None:
        if not reasons:
            await asyncio.Event().wait()
        return reasons.pop(0)

    systemd = Systemd.of({"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "1000"})
    task = asyncio.create_task(systemd.feed(ill))
    heard = [await asyncio.to_thread(ear.hear) for _ in range(4)]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert heard == [
        ["WATCHDOG=1"],
        ["STATUS=ill: the part delivery stands still"],
        ["WATCHDOG=1"],
        ["STATUS=well again"],
    ]


async def test_the_watchdog_is_fed_well_before_it_bites(
    ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several times in its period: one beat that is late, or lost, is no bite."""
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            raise asyncio.CancelledError

    async def well() -> None:
        return None

    monkeypatch.setattr("watcher.daemon.supervision.systemd.asyncio.sleep", sleep)
    systemd = Systemd.of({"NOTIFY_SOCKET": ear.address, "WATCHDOG_USEC": "300000000"})
    with pytest.raises(asyncio.CancelledError):
        await systemd.feed(well)
    assert waits == [75.0, 75.0, 75.0]
    assert [ear.hear() for _ in waits] == [["WATCHDOG=1"]] * 3


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"},
    ],
)
async def test_where_nobody_waits(environment: dict[str, str]) -> None:
    """Without a watchdog, or with one for another process, there is nothing to feed."""

    async def ill() -> str | None:
        raise AssertionError("nobody asked")

    systemd = Systemd.of(environment)
    assert systemd.watchdog is None
    await systemd.feed(ill)


def test_a_manager_that_is_gone(tmp_path: Path) -> None:
    """What it does not hear stops nobody."""
    Systemd(str(tmp_path / "nobody")).ready("2 rules")
    Systemd().stopping()
