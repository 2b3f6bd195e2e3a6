"""It stays up: in a busy folder, past the silence that a part may keep, with the system's limits
used up, and where a part is started anew."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from tests.end_to_end.process import Daemon, Watcher, until
from tests.end_to_end.test_running import SECOND
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

RULES = """
api: {requests_per_second: 10, concurrency: 4}
channels: {http: {url: "${SINK_URL}"}}
operator: [http]
defaults: {region: US, every: 1s, notify: [http]}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: TOP}
    when: {total_sale_7d_cnt: {at_least: 1}}
"""
PATIENCE = 1.3  # of tests.end_to_end.hasty: a second's silence, and then a bit


@contextmanager
def busy(folder: Path) -> Iterator[None]:
    """Somebody writes into a file of this folder, a hundred times a second."""
    over = threading.Event()

    def write() -> None:
        with (folder / "some.log").open("a") as log:
            while not over.wait(0.01):
                log.write("busy\n")
                log.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        over.set()
        writer.join()


async def well(daemon: Daemon) -> str:
    """What the daemon says of its health."""
    async with aiohttp.ClientSession() as session, session.get(f"{daemon.page}healthz") as answer:
        return (await answer.text()).strip()


def deaths(daemon: Daemon) -> list[str]:
    """The parts that died."""
    return [line["task"] for line in daemon.log if line.get("event") == "task died"]


def beside(folder: Path) -> tuple[Path, Path]:
    """The README's layout: the rule file beside the database. The path that is given to the
    daemon, and that of the file which is edited."""
    return folder / "rules.yaml", folder / "rules.yaml"


def in_a_folder(folder: Path) -> tuple[Path, Path]:
    """All files of a folder."""
    (folder / "rules").mkdir()
    return folder / "rules", folder / "rules" / "some.yaml"


def by_a_link(folder: Path) -> tuple[Path, Path]:
    """Beside the database is a link only."""
    (folder / "elsewhere").mkdir()
    (folder / "rules.yaml").symlink_to(Path("elsewhere") / "real.yaml")
    return folder / "rules.yaml", folder / "elsewhere" / "real.yaml"


@pytest.mark.parametrize(("layout", "top"), [(beside, 20_000), (in_a_folder, 10), (by_a_link, 10)])
async def test_a_busy_folder_ends_nothing(
    tmp_path: Path,
    simulator: Simulator,
    sink: Service,
    layout: Callable[[Path], tuple[Path, Path]],
    top: int,
) -> None:
    """Other files there change without a pause, and one list is read for longer than the part may
    be silent. An edit is read all the while, with the secret that it names."""
    watcher = Watcher(tmp_path, simulator.url, {"CREDENTIALS_DIRECTORY": str(tmp_path)})
    (tmp_path / "SINK_URL").write_text(sink.url.reveal(), encoding="utf-8")
    watcher.module = "tests.end_to_end.hasty"
    given, edited = layout(tmp_path)
    rules = RULES.replace("TOP", str(top))
    edited.write_text(rules, encoding="utf-8")
    with busy(edited.parent), busy(tmp_path):
        async with watcher.running("--rules", str(given)) as daemon:
            loop = asyncio.get_running_loop()
            past = loop.time() + 3 * PATIENCE
            await until(lambda: loop.time() > past or daemon.process.returncode is not None)
            assert (daemon.process.returncode, await well(daemon)) == (None, "ok")
            edited.write_text(rules + SECOND, encoding="utf-8")
            await daemon.said("rules reloaded", rules=2)
            assert deaths(daemon) == []
            assert await daemon.stop() == 0


async def test_a_part_that_is_started_anew_ends_nothing(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """Again and again: it is told once, and the rest goes on."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal(), "LOOK": "60"})
    watcher.module = "tests.end_to_end.hasty"
    watcher.rules.write_text(RULES.replace("TOP", "10"), encoding="utf-8")
    async with watcher.running() as daemon:
        await daemon.said("task died", 2, task="rule files")
        scans = sum(line.get("event") == "scanned" for line in daemon.log)
        await daemon.said("scanned", scans + 2)
        assert await daemon.stop() == 0
    titles = [message["title"] for message in sink.taken]
    assert titles.count("watcher: task rule files") == 1


def without(limit: str) -> tuple[str, ...]:
    """What starts a program in a world of its own, in which that limit of the system is 0."""
    command = f'echo 0 > /proc/sys/user/{limit} && exec "$@"'
    return "unshare", "--user", "--map-root-user", "sh", "-c", command, "sh"


def _can_unshare() -> bool:
    if shutil.which("unshare") is None or not Path("/proc/sys/user/max_inotify_watches").exists():
        return False
    trial = [*without("max_inotify_watches"), "true"]
    return subprocess.run(trial, check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not _can_unshare(), reason="this system lets nobody make a user namespace")
@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
async def test_file_watches_that_are_used_up(
    tmp_path: Path, simulator: Simulator, sink: Service, limit: str
) -> None:
    """The rule files are looked at instead; the limit is named, once."""
    watcher = Watcher(tmp_path, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.before = without(limit)
    rules = RULES.replace("TOP", "10")
    watcher.rules.write_text(rules, encoding="utf-8")
    async with watcher.running() as daemon:
        for count in (1, 2):
            watcher.rules.write_text(rules + SECOND + "\n" * count, encoding="utf-8")
            await daemon.said("rules reloaded", count)
        assert (await well(daemon), deaths(daemon)) == ("ok", [])
        assert await daemon.stop() == 0
    (said,) = [line for line in daemon.log if "can't be watched" in str(line.get("event"))]
    named = limit.replace("max_inotify", "fs.inotify.max_user")
    assert str(said["used_up"]).startswith(named)


# What a library in the depths of a part might do to the daemon.
ENDS = {
    "the stop is set": "daemon.core.stopping.set()",
    "an exit": "sys.exit(0)",
    "a cancellation": "[each.cancel() for each in asyncio.all_tasks()]",
}
_WITHIN = """
import asyncio, sys
from watcher.cli.main import main
from watcher.daemon.daemon import Daemon
def ends(daemon):
    END
def run(daemon, ready=None):
    asyncio.get_running_loop().call_later(0.3, ends, daemon)
    return whole(daemon, ready)
whole, Daemon.run = Daemon.run, run
main(["run", "--listen", "off"])
"""


@pytest.mark.parametrize("end", ENDS)
def test_an_end_that_nobody_asked_for(tmp_path: Path, end: str) -> None:
    """Never with exit code 0: a service manager starts it anew."""
    watcher = Watcher(tmp_path, "http://127.0.0.1:9", {"SINK_URL": "json://127.0.0.1:9"})
    watcher.rules.write_text(RULES.replace("TOP", "10"), encoding="utf-8")
    command = [sys.executable, "-c", _WITHIN.replace("END", ENDS[end])]
    env = {**watcher.environment(), "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, check=False)
    assert ended.returncode == 1, ended.stderr.decode()
