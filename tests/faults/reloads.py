"""Reload under load: good and bad files, written in every way, while scans run and messages go out.

    python -m tests.faults.reloads --reloads 200 --seed 1

a third of them for each way in which a rulebook may lie on the disk; prints counts and every
breach; exit code 1 if any.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path

from tests.end_to_end.process import Daemon
from tests.faults.editions import COMING, MOST_AT_ONCE, Edition, bad, catalogue, good
from tests.faults.editors import LAYOUTS, Layout
from tests.faults.judging import at_rest
from tests.faults.pair import side_by_side, strange_lines
from tests.faults.settling import Outcome, pace, settle
from tests.faults.world import Installation, world
from watcher.daemon.supervision.rule_watcher import RuleFiles

_SAMPLES = 12
_BAD = 0.4
HANGUP = 0.3
BURST = 0.15


@dataclass(frozen=True, slots=True)
class Size:
    """What a process holds open; ``files`` that are no connections."""

    files: int
    connections: int
    threads: int
    tasks: int


@dataclass
class Reloading:
    """Writes edition after edition, and waits for the daemon's word on each."""

    world: Installation
    layout: Layout
    chance: random.Random
    daemon: Daemon
    number: int = 0
    ways: Counter[str] = field(default_factory=Counter)
    sizes: list[Size] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, reloads: int) -> tuple[dict[str, float], list[str]]:
        """So many reloads, the last to a good edition; then what ``pace`` gives of that."""
        every = max(1, reloads // _SAMPLES)
        edition = good(0, self.chance)
        for number in range(1, reloads + 1):
            edition = await self.reload(last=number == reloads)
            if number % every == 0:
                self.sizes.append(await self._measure())
        self.over.set()
        return await pace(self.world, edition)

    async def reload(self, *, last: bool) -> Edition:
        """Write editions until one is news, and wait for the daemon's word on it."""
        seen = {self._digest()}  # what the daemon may know already
        if self.chance.random() < BURST:  # superseded before anybody can have said a word
            for _ in range(self.chance.randint(1, 3)):
                self._write(self._edition())
                seen.add(self._digest())
        # Of what it knows it says no word: two editions are the same where both are no file.
        while self._digest() in seen:
            while (edition := self._edition()).fault is not None and last:
                pass
            said = "rules reloaded" if edition.fault is None else "rule file refused"
            before = sum(line.get("event") == said for line in self.daemon.log)
            self._write(edition)
        if self.chance.random() < HANGUP:
            self.daemon.process.send_signal(signal.SIGHUP)
            self.ways["with SIGHUP"] += 1
        await self.daemon.said(said, before + 1)
        return edition

    def _edition(self) -> Edition:
        self.number += 1
        make = bad if self.chance.random() < _BAD else good
        return make(self.number, self.chance)

    def _digest(self) -> str:
        return RuleFiles(self.layout.path).digest()

    def _write(self, edition: Edition) -> None:
        self.ways[self.layout.write(edition, self.chance)] += 1
        self.ways["bad" if edition.fault else "good"] += 1

    async def _measure(self) -> Size:
        known = sum(line.get("event") == "probe" for line in self.daemon.log)
        self.daemon.process.send_signal(signal.SIGUSR1)
        probe = await self.daemon.said("probe", known + 1)
        process = Path(f"/proc/{self.daemon.process.pid}")
        opened = [*_opened(process / "fd")]
        connections = sum(each.startswith("socket:") for each in opened)
        return Size(
            len(opened) - connections,
            connections,
            len(os.listdir(process / "task")),  # noqa: PTH208 - only their number counts
            int(probe["tasks"]),
        )


def _opened(descriptors: Path) -> Iterator[str]:
    """What each is; one may be closed meanwhile."""
    for each in descriptors.iterdir():
        with suppress(FileNotFoundError):
            yield str(each.readlink())


async def run(folder: Path, kind: str, reloads: int, seed: int, days: int = 1) -> Outcome:
    """One daemon with its rules lying as ``kind`` says, beside a world without reloads."""
    began = time.monotonic()
    for name in ("loaded", "calm"):
        (folder / name).mkdir()
    async with (
        world(folder / "loaded", "loaded", seed, catalogue()) as loaded,
        world(folder / "calm", "calm", seed) as calm,
    ):
        chance = random.Random(seed)
        layout = LAYOUTS[kind](loaded.watcher.folder)
        layout.write(good(0, chance), chance)
        loaded.ignore(set(COMING))
        loaded.watcher.module = "tests.faults.probe"
        daemon, reading = await loaded.start("run", "--rules", str(layout.path))
        await daemon.said("watching")
        work = Reloading(loaded, layout, chance, daemon)
        doing = work.run(reloads)
        paced, breaches = await side_by_side(loaded, calm, work.over, doing, days)
        outcome = await settle(loaded, calm, paced)
        assert calm.daemon is not None
        codes = (await daemon.stop(), await calm.daemon.stop())
        await reading
        # Not before: what a scan under way has asked for is not in the ledger yet.
        outcome.breaches += at_rest(loaded, kills=0)
    outcome.kind, outcome.reloads, outcome.ways = kind, reloads, work.ways
    outcome.breaches += [*breaches, *_grown(work.sizes)]
    outcome.sizes = [str(astuple(size)) for size in work.sizes]
    outcome.breaches += [] if codes == (0, 0) else [f"exit codes {codes}"]
    outcome.breaches += [
        line for line in strange_lines(daemon) if '"rule file refused"' not in line
    ]
    outcome.seconds = time.monotonic() - began
    return outcome


# Connections and tasks come and go with the work (on a busy machine two scans of four pages and the
# targets' queues may be under way at every look), and a client keeps its connections, as many as it
# asks at once, for a while; the loop's pool of threads fills up to its size (the processors and
# four more) and stays so.
_SLACK = {
    "files": 2, "connections": 2 * MOST_AT_ONCE, "threads": (os.cpu_count() or 1) + 4, "tasks": 12,
}  # fmt: skip


def _grown(sizes: list[Size]) -> list[str]:
    """Compares the least of the first third with the least of the last: a leak raises the least."""
    third = max(1, len(sizes) // 3)
    breaches = []
    for name, slack in _SLACK.items():
        first = min(getattr(size, name) for size in sizes[:third])
        last = min(getattr(size, name) for size in sizes[-third:])
        if last > first + slack:
            breaches.append(f"{name} grew from {first} to {last}")
    return breaches


def main() -> int:
    """The long run by hand."""
    parser = argparse.ArgumentParser(description="Reload the rules again and again.")
    parser.add_argument("--reloads", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    failed = False
    for kind in LAYOUTS:
        share = -(-chosen.reloads // len(LAYOUTS))
        with tempfile.TemporaryDirectory(prefix="watcher-reloads-") as folder:
            outcome = asyncio.run(run(Path(folder), kind, share, chosen.seed))
        sys.stdout.write(f"{outcome}\n")
        sys.stdout.flush()
        failed |= bool(outcome.breaches)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
