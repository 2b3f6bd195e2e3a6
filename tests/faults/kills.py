"""Kill at any moment: SIGKILL, restart, and compare with a world in which nobody was killed.

    python -m tests.faults.kills --kills 200 --seed 1

prints what was killed where, what was told twice and why, and every breach; exit code 1 if any.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.births import births
from tests.faults.judging import Autopsy, Report, examine, judge
from tests.faults.pair import side_by_side, strange_lines
from tests.faults.traps import draw
from tests.faults.world import Installation, world


@dataclass
class Killing:
    """Kills one world's daemon again and again, and looks at what each kill left behind."""

    world: Installation
    chance: random.Random
    autopsies: list[Autopsy] = field(default_factory=list)
    strange: Counter[str] = field(default_factory=Counter)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, kills: int) -> asyncio.Task[None]:
        """Kill so many times; the last incarnation lives on. The task that reads its log."""
        for number in range(1, kills + 1):
            await self._kill(number)
        daemon, reading = await self.world.start()
        await daemon.said("watching")
        self.over.set()
        return reading

    async def _kill(self, number: int) -> None:
        daemon, reading = await self.world.start()
        trap = draw(self.chance)
        self.world.simulator.notice = trap.notice
        late = await trap.spring(daemon, self.world.watcher.database)
        code = await daemon.process.wait()
        self.world.simulator.notice = _ignore
        ready = any(line.get("event") == "watching" for line in daemon.log)
        autopsy = await examine(
            self.world, number, f"{trap.kind}{' (late)' if late else ''}", ready=ready
        )
        await reading
        autopsy.strange = strange_lines(daemon)
        if code != -9:
            autopsy.strange.append(f"the daemon ended by itself with {code}: {daemon.other[-3:]}")
        self.autopsies.append(autopsy)


def _ignore(_event: str) -> None:
    """No trap is set."""


async def run(folder: Path, kills: int, seed: int, extra_days: int = 1) -> Report:
    """Both worlds side by side, the undisturbed one never ahead; then the judgement."""
    began = time.monotonic()
    (folder / "killed").mkdir()
    (folder / "calm").mkdir()
    async with (
        world(folder / "killed", "killed", seed, with_wishes=True) as killed,
        world(folder / "calm", "calm", seed, with_wishes=True) as calm,
    ):
        killing = Killing(killed, random.Random(seed))
        work = killing.run(kills)
        reading = await side_by_side(killed, calm, killing.over, work, extra_days)
        codes = {"killed": await _stop(killed), "calm": await _stop(calm)}
        await reading
        report = judge(killed, calm, killing.autopsies, codes)
    report.seconds = time.monotonic() - began
    return report


async def _stop(world: Installation) -> int:
    assert world.daemon is not None
    return await world.daemon.stop()


def main() -> int:
    """The long run by hand."""
    parser = argparse.ArgumentParser(description="Kill the daemon at any moment.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--births", type=int, default=20, help="kills while a database is made")
    parser.add_argument("--folder", type=Path, help="kept afterwards; default: a temporary one")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="watcher-kills-") as temporary:
        folder = chosen.folder or Path(temporary)
        report = asyncio.run(run(folder, chosen.kills, chosen.seed))
        report.births = chosen.births
        (folder / "born").mkdir()
        report.breaches += asyncio.run(births(folder / "born", chosen.births, chosen.seed))
    sys.stdout.write(f"{report}\n")
    return 1 if report.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
