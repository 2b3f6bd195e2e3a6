"""Kills while the database is made: whatever stands on the disk then, the next start goes on."""

from __future__ import annotations

import random
from pathlib import Path

from tests.faults.judging import examine
from tests.faults.pair import strange_lines
from tests.faults.traps import Trap
from tests.faults.world import Installation, world

_CHANGES = 6  # of the write-ahead log, until it holds all tables
_DELAYS = (0.0, 0.0005, 0.002, 0.005)


async def births(folder: Path, count: int, seed: int) -> list[str]:
    """Kill ``count`` daemons over a database that they begin to make; the breaches."""
    chance = random.Random(seed)
    breaches: list[str] = []
    async with world(folder, "born", seed) as place:
        for number in range(1, count + 1):
            _bury(folder)
            trap = Trap("database", chance.randint(1, _CHANGES), chance.choice(_DELAYS))
            breaches += [f"birth {number}: {each}" for each in await _birth(place, number, trap)]
    return breaches


def _bury(folder: Path) -> None:
    for left in folder.glob("watcher.db*"):
        left.unlink()


async def _birth(place: Installation, number: int, trap: Trap) -> list[str]:
    daemon, reading = await place.start()
    await trap.spring(daemon, place.watcher.database)
    await reading
    autopsy = await examine(place, number, trap.kind, ready=False)
    found = [autopsy.intact] if autopsy.intact != "ok" else []
    daemon, reading = await place.start()
    await daemon.said("watching")
    daemon.process.kill()
    await reading
    return [*found, *strange_lines(daemon)]
