"""A server that dies while books are scanned, and its synchronous replica that goes on.

What was seen to be committed is there afterwards, nobody was told what is not, and every book is
scanned again soon: the daemons find the replica by themselves, for their URL names both.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from tests.faults.fleet.faulting import until
from tests.faults.fleet.world import Fleet, FleetBook, fleet
from tests.faults.judging import doubled, notifications, repeats_of
from tests.postgres import Cluster, both, cluster

SCANNED_AGAIN_SECONDS = 15.0
_DAY_SECONDS = 1.0
_GLANCE = 0.02


@dataclass
class Promotion:
    """What came of one. ``seen`` is how many scans and marks were seen before it, ``again`` after
    how many seconds each book was scanned."""

    seen: int = 0
    again: dict[str, float] = field(default_factory=dict)
    messages: int = 0
    repeats: int = 0
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        again = max(self.again.values(), default=0.0)
        lines = [
            f"promoted: {self.seen} scans and marks were seen before it",
            f"  {self.messages} messages, {self.repeats} of them repeated",
            f"  every book was scanned again after {again:.1f} s at most",
            *(f"  BREACH {each}" for each in self.breaches),
        ]
        return "\n".join(lines)


async def promoted(
    folder: Path, seed: int, *, names: Sequence[str] = ("amber", "birch"), places: int = 2
) -> Promotion:
    """One promotion, on servers of its own."""
    with cluster(synchronous_commit="on") as primary:
        replica = await asyncio.to_thread(primary.replica)
        database = "promoted"
        primary.create_database(database)
        url = both(primary, replica, database)
        async with fleet(
            folder, "promoted", url, seed, places=places, names=names, direct=True
        ) as made:
            return await _Case(made, primary, replica, random.Random(seed)).run()


@dataclass
class _Case:
    fleet: Fleet
    primary: Cluster
    replica: Cluster
    chance: random.Random
    seen: dict[str, set[tuple[object, ...]]] = field(default_factory=dict)

    async def run(self) -> Promotion:
        for place in range(self.fleet.places):
            await self.fleet.start(place)
        await until(self.fleet.held_by_all, "every book is held")
        books = self.fleet.books.values()
        await until(lambda: all(_scans(each) > 1 for each in books), "every book is scanned")
        passing = asyncio.create_task(self._pass_days())
        observing = asyncio.create_task(self._observe())
        await asyncio.sleep(self.chance.uniform(2, 5))
        await self._die()
        observing.cancel()
        await asyncio.to_thread(self.replica.promote)
        again = await self._scanned_again()
        passing.cancel()
        await until(lambda: not any(each.waiting() for each in books), "all is sent")
        await self.fleet.stop()
        return self._judged(again)

    async def _pass_days(self) -> None:
        """News, whenever they come: there is no twin to compare with."""
        while True:
            await asyncio.sleep(_DAY_SECONDS)
            for book in self.fleet.books.values():
                book.turn_the_page()

    async def _observe(self) -> None:
        """Note what is committed, as the primary shows it."""
        while True:
            await asyncio.to_thread(self._look)
            await asyncio.sleep(_GLANCE)

    def _look(self) -> None:
        with psycopg.connect(self.primary.url_of("promoted")) as conn:
            for name in self.fleet.books:
                rows = conn.execute(_COMMITTED.replace("BOOK", f"book_{name}"))
                self.seen.setdefault(name, set()).update(rows.fetchall())

    async def _die(self) -> None:
        """In the middle of a scan: an answer has just gone out."""
        answered = asyncio.Event()

        def heard(event: str, _who: int) -> None:
            if event == "answer":
                answered.set()

        self.fleet.heard = heard
        with suppress(TimeoutError):
            async with asyncio.timeout(10):
                await answered.wait()
        await asyncio.sleep(self.chance.choice((0.0, 0.005, 0.02)))
        await asyncio.to_thread(self.primary.crash)

    async def _scanned_again(self) -> dict[str, float]:
        began = time.monotonic()
        before = {name: _scans(book) for name, book in self.fleet.books.items()}
        again: dict[str, float] = {}

        def scanned() -> bool:
            for name, book in self.fleet.books.items():
                if name not in again and _scans(book) > before[name]:
                    again[name] = time.monotonic() - began
            return len(again) == len(before)

        with suppress(AssertionError):
            await until(scanned, "every book is scanned again", 60)
        return again

    def _judged(self, again: dict[str, float]) -> Promotion:
        made = Promotion(sum(map(len, self.seen.values())), again)
        for name, book in self.fleet.books.items():
            now = set(book.query(_COMMITTED.replace("BOOK", f"book_{name}")))
            rows, taken = notifications(book), book.sink.taken
            repeats = repeats_of([each for each in taken if not each.target.startswith("ops/")])
            told = {each.mark for each in taken}
            breaches = [f"committed, and lost: {each}" for each in self.seen[name] - now]
            breaches += [
                f"told, and not known: {m}" for m in told - set(rows) if m[0][:4] != "ops/"
            ]
            breaches += [f"marked as sent, and never told: {mark}" for mark in set(rows) - told]
            breaches += [
                f"told by two notifications: {m}" for m, ids in rows.items() if len(ids) > 1
            ]
            breaches += doubled(book)
            for target in {mark[0] for mark in repeats}:
                if (count := sum(len(r) - 1 for m, r in repeats.items() if m[0] == target)) > 1:
                    breaches.append(f"{count} messages repeated to {target}")
            if (seconds := again.get(name, 99.0)) > SCANNED_AGAIN_SECONDS:
                breaches.append(f"scanned again after {seconds:.1f} s")
            made.messages += len(taken)
            made.repeats += sum(len(each) - 1 for each in repeats.values())
            made.breaches += [f"{name}: {each}" for each in breaches]
        codes = {m.incarnation: m.daemon.process.returncode for m in self.fleet.past}
        made.breaches += [
            f"incarnation {who} ended with {code}" for who, code in codes.items() if code
        ]
        return made


_COMMITTED = (
    "SELECT 'scan', id, watch, at FROM BOOK.scans UNION ALL SELECT 'sent', id, target, 0 "
    "FROM BOOK.notifications WHERE state = 'sent'"
)


def _scans(book: FleetBook) -> int:
    return book.number("SELECT count(*) FROM scans")
