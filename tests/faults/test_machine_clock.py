"""The machine's clock set forward and back by hours under the real daemon."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.end_to_end.process import until
from tests.fakes.sink import Service
from tests.faults.machine_room import Machine, until_healthy
from watcher.source.simulator import Simulator

pytestmark = pytest.mark.end_to_end

HOUR = 3_600


def _library() -> str | None:
    """libfaketime, as the program beside it preloads it; None where it is not installed."""
    if shutil.which("faketime") is None:
        return None
    command = ["faketime", "-m", "now", "sh", "-c", "echo $LD_PRELOAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


LIBRARY = _library()
needs_faketime = pytest.mark.skipif(LIBRARY is None, reason="faketime is not installed")


@dataclass
class ProcessClock:
    """The clock of one process: the real one and ``offset`` seconds."""

    file: Path

    def set(self, offset: int) -> None:
        self.file.write_text(f"{offset:+d}\n", encoding="utf-8")

    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": LIBRARY or "",
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }


@needs_faketime
@pytest.mark.long
async def test_forward_and_back(tmp_path: Path, simulator: Simulator, sink: Service) -> None:
    """Five hours forward: what came due is read once, at once. Back again: nothing is bought
    twice, nothing waits for hours, time in the database never runs backwards."""
    clock = ProcessClock(tmp_path / "clock")
    clock.set(0)
    (tmp_path / "disk").mkdir()
    env = {"SINK_URL": sink.url.reveal(), **clock.environment()}
    machine = Machine(tmp_path, simulator.url, env, disk=tmp_path / "disk")
    machine.read(20)
    rules = machine.rules.read_text(encoding="utf-8").replace("every: 24h", "every: 1h")
    machine.rules.write_text(rules, encoding="utf-8")
    async with machine.running() as daemon:
        await daemon.said("scanned")
        await until(machine.all_is_sent)
        clock.set(5 * HOUR)
        await daemon.said("scanned", 2)
        await daemon.said("the clock jumped")
        clock.set(0)
        await daemon.said("the clock jumped", 2)
        machine.rules.write_text(rules.replace("at_least: 1}", "at_least: 2}"), encoding="utf-8")
        await daemon.said("rules reloaded")
        await until_healthy(daemon)
        assert await daemon.stop() == 0
    assert not daemon.other
    assert not [line for line in daemon.log if line["event"] == "task died"]
    assert simulator.pages == 4
    (first, second) = machine.query("SELECT at, mark FROM scans ORDER BY id")
    assert 4 * HOUR < second[0] - first[0] < 6 * HOUR
    assert first < second
    days = machine.query("SELECT sum(used), count(*) FROM credits")
    assert days in ([(4, 1)], [(4, 2)])
    titles = [message["title"] for message in sink.taken]
    assert [title for title in titles if "selling" in title] == titles[:1]
