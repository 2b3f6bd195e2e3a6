"""Caps under kills: real daemons and ``once`` beside each other, a market that counts what it is
asked, retries without end, midnights in between.

``python -m tests.faults.source_credits --rounds 100`` prints the counts. What must hold: no day
of the ledger is above the cap, and the market was never asked more than the ledger knows.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from aiohttp import web

from tests.end_to_end.process import KEY, PATIENCE, until
from watcher.source.simulator import SMOOTH, Fault, Market, Simulator
from watcher.units import DAY, HOUR, utc_day

PER_DAY = 40
START = 20_784 * DAY + 20 * HOUR  # 27 November 2026, 20:00 UTC: a month ends soon
ROOT = str(Path(__file__).parents[2])

RULES = f"""
api: {{requests_per_second: 500, credits_per_day: {PER_DAY}, credits_per_month: PER_MONTH}}
defaults: {{region: US}}
rules:
  - {{name: a, watch: {{sort: total_sale_7d_cnt, top: 50, every: 1h}}, when: {{rank: 1}}}}
  - {{name: b, watch: {{sort: spu_avg_price, top: 120, every: 2h}}, when: {{rank: 1}}}}
  - {{name: c, watch: {{sort: total_sale_cnt, top: 30, every: 3h}}, when: {{rank: 1}}, priority: 1}}
"""


class Counting(Simulator):
    """A market that notes when it was asked."""

    def __init__(self) -> None:
        super().__init__(
            # Requests are counted here, not sales.
            Market(
                seed=3, products=200, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
            ),
            KEY,
        )
        self.times: list[float] = []

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self.times.append(time.monotonic())
        return await super()._list(request)


@dataclass
class Harness:
    """A folder, a market and a clock; ``day_seconds`` real seconds are a day."""

    folder: Path
    simulator: Counting
    dice: random.Random
    day_seconds: float = 20.0
    per_month: int = 150
    began: float = field(default_factory=time.monotonic)
    counts: Counter[str] = field(default_factory=Counter)

    def now(self) -> float:
        """The time that all processes share."""
        return self.at(time.monotonic())

    def at(self, moment: float) -> float:
        return START + (moment - self.began) * DAY / self.day_seconds

    @property
    def env(self) -> dict[str, str]:
        """What the processes need to find the code and the market."""
        return {"PYTHONPATH": ROOT, "KEYAPI_KEY": KEY, "KEYAPI_URL": self.simulator.url}

    async def spawn(self, what: str) -> asyncio.subprocess.Process:
        """A process of the kind."""
        self.counts[f"started {what}"] += 1
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.faults.source_child", what,
            str(START), str(self.began), str(DAY / self.day_seconds),
            cwd=self.folder,
            env={**os.environ, **self.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    async def round(self) -> None:
        """Some processes at once, all of them killed or stopped at some moment."""
        self._break_something()
        asked = len(self.simulator.times)
        kinds = [
            self.dice.choice(["run", "run", "once"]),
            *self.dice.choices(["dry", "once", "run"], k=self.dice.randint(0, 2)),
        ]
        self.dice.shuffle(kinds)
        processes = [await self.spawn(kind) for kind in kinds]
        with contextlib.suppress(TimeoutError):
            # To begin with, for as long as processes may take to start on a busy machine.
            async with asyncio.timeout(self.day_seconds / 2 if asked else PATIENCE):
                await until(lambda: len(self.simulator.times) > asked)
        for process in processes:
            await asyncio.sleep(self.dice.expovariate(4))
            await self._end(process)
        self.counts["rounds"] += 1

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        how = signal.SIGKILL if self.dice.random() < 0.85 else signal.SIGTERM
        if process.returncode is None:
            self.counts[f"ended by {how.name}"] += 1
            process.send_signal(how)
        async with asyncio.timeout(60):
            await process.wait()

    def _break_something(self) -> None:
        """A storm of failures for a while, or fair weather."""
        self.simulator.faults.clear()
        storm = self.dice.choice(
            [
                None,
                None,
                Fault(times=15, status=500),
                Fault(times=15, status=429, headers={"Retry-After": "0"}),
                Fault(times=5, drop=True),
                Fault(times=8, delay=0.05),
                Fault(times=8, page=2, status=503),
            ]
        )
        if storm is not None:
            self.simulator.faults.append(storm)

    def check(self) -> None:
        """Raises ``AssertionError`` where the caps did not hold."""
        booked, held = self.ledger()
        days = Counter(str(utc_day(int(self.at(moment)))) for moment in self.simulator.times)
        total = booked + held
        assert all(amount <= PER_DAY for amount in total.values()), total
        # What came after midnight may have been paid before, on a busy machine long before.
        for day in days:
            asked = sum(count for other, count in days.items() if other <= day)
            paid = sum(amount for other, amount in total.items() if other <= day)
            assert asked <= paid, (day, days, total)
        months = Counter[str]()
        for day, amount in total.items():
            months[day[:7]] += amount
        assert all(amount <= self.per_month for amount in months.values()), months

    def ledger(self) -> tuple[Counter[str], Counter[str]]:
        """What is booked and what is set aside, by day."""
        if not (self.folder / "watcher.db").exists():  # killed before it began
            return Counter(), Counter()
        path = f"file:{self.folder / 'watcher.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as conn:
            booked = conn.execute("SELECT day, sum(used) FROM credits GROUP BY day").fetchall()
            held = conn.execute("SELECT day, sum(amount) FROM reservations GROUP BY day").fetchall()
        return Counter(dict(booked)), Counter(dict(held))


async def run(
    folder: Path, rounds: int, seed: int, *, day_seconds: float = 20.0, per_month: int = 150
) -> Counter[str]:
    """So many rounds; what was done."""
    (folder / "rules.yaml").write_text(RULES.replace("PER_MONTH", str(per_month)), encoding="utf-8")
    async with Counting() as simulator:
        harness = Harness(folder, simulator, random.Random(seed), day_seconds, per_month)
        for _ in range(rounds):
            await harness.round()
            harness.check()
        booked, held = harness.ledger()
        harness.counts["ledger"] = (booked + held).total()
        harness.counts["requests"] = len(simulator.times)
        harness.counts["days"] = len({utc_day(int(harness.at(t))) for t in simulator.times})
        return harness.counts


def main() -> None:
    """The long version."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--month", type=int, default=100_000, help="the cap of the month")
    parser.add_argument("--day-seconds", type=float, default=20.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        counts = asyncio.run(
            run(
                Path(folder),
                given.rounds,
                given.seed,
                day_seconds=given.day_seconds,
                per_month=given.month,
            )
        )
    print(f"seed {given.seed}:", dict(counts))  # noqa: T201


if __name__ == "__main__":
    main()
