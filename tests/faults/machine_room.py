"""A machine to break: a small disk, and a daemon whose database lies on it."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Daemon, Watcher, until

RULES = """
api: {requests_per_second: 1000}
channels:
  http: {url: "${SINK_URL}"}
operator: [http]
defaults: {region: US, every: 24h, notify: [http]}
watches:
  list: {sort: total_sale_7d_cnt desc, top: TOP}
rules:
  - name: selling
    watch: list
    when: {total_sale_7d_cnt: {at_least: 1}}
"""


@dataclass
class Machine(Watcher):
    """A watcher whose database lies on a disk of its own."""

    disk: Path = Path()

    @property
    def database(self) -> Path:
        return self.disk / "watcher.db"

    def environment(self) -> dict[str, str]:
        return {**super().environment(), "WATCHER_DB": str(self.database)}

    def all_is_sent(self) -> bool:
        """Whether there are messages, and none waits."""
        return self.query("SELECT DISTINCT state FROM notifications") == [("sent",)]

    def read(self, top: int) -> None:
        """Write the rule file so that the first ``top`` are read: another number, another list."""
        self.rules.write_text(RULES.replace("TOP", str(top)), encoding="utf-8")


@cache
def mounting() -> str | None:
    """Why no disk can be made here; None where it can."""
    if os.geteuid() != 0:
        return "only root may mount a small disk"
    done = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return None if done.returncode == 0 else "this machine lets nobody mount a disk"


needs_a_disk = pytest.mark.skipif(mounting() is not None, reason=str(mounting()))


@dataclass
class Disk:
    """A mounted disk."""

    path: Path

    @property
    def free(self) -> int:
        """Bytes."""
        room = os.statvfs(self.path)
        return room.f_bavail * room.f_frsize

    def fill(self, leave: int = 0) -> None:
        """Leave so many bytes free."""
        with (self.path / "filler").open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, self.free - leave))

    def empty(self) -> None:
        """Free what was filled."""
        (self.path / "filler").unlink()

    def remount(self, how: str) -> None:
        """``ro`` or ``rw``, or another size: ``size=8m``."""
        subprocess.run(["mount", "-o", f"remount,{how}", self.path], check=True)


@contextlib.contextmanager
def small_disk(path: Path, kilobytes: int = 112_000) -> Iterator[Disk]:
    """A disk mounted at ``path`` for the time of the block; just not "nearly full" when empty."""
    path.mkdir(exist_ok=True)
    options = f"size={kilobytes}k"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "-l", path], check=True)


async def healthz(daemon: Daemon) -> tuple[int, str]:
    """What the page says of its health."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{daemon.page}healthz") as answer,
    ):
        return answer.status, (await answer.text()).strip()


async def until_healthy(daemon: Daemon, *, healthy: bool = True) -> str:
    """Wait until it is (or is not); what it said then."""
    said = ""

    async def so() -> bool:
        nonlocal said
        status, said = await healthz(daemon)
        return (status == 200) is healthy

    await until(so)
    return said


def open_files(pid: int) -> int:
    """How many handles the process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def resident(pid: int) -> int:
    """Bytes of memory that the process uses."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * resource.getpagesize()
