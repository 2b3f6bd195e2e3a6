"""A database that is away for a while: nothing is bought meanwhile, nothing is lost, and the
operator of each book hears of it in few words.

    python -m tests.faults.fleet.away --seconds 600
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.fleet.faulting import LEASE_SECONDS, until
from tests.faults.fleet.world import Fleet, FleetBook, fleet
from tests.faults.judging import doubled, notifications, repeats_of
from tests.postgres import cluster

_AGAIN_SECONDS = 90.0  # after it is back: pauses between two tries grow up to a minute
_TOLD_SECONDS = 300.0  # the operator has heard of it by then
_SOON = 2 * LEASE_SECONDS  # in which a lease runs out, and a scan that was read to its end ends


@dataclass
class Absence:
    """What came of one. ``bought`` is how many requests there were once the leases had run out,
    ``again`` after how many seconds each book was scanned, ``words`` what operators were told."""

    seconds: float
    bought: int = 0
    again: dict[str, float] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [
            f"the database was away for {self.seconds:.0f} s: {self.bought} requests meanwhile",
            f"  scanned again after {max(self.again.values(), default=0.0):.1f} s at most",
            f"  operators were told: {dict(self.words)}",
            f"  logs: {dict(self.events)}",
            f"  breaches: {len(self.breaches)}",
            *(f"  BREACH {each}" for each in self.breaches),
        ]
        return "\n".join(lines)


async def absence(
    folder: Path, url: str, seconds: float, seed: int, *, names: Sequence[str] = ("amber", "birch")
) -> Absence:
    """Two daemons whose server can't be reached for so long."""
    async with fleet(folder, "absent", url, seed, places=2, names=names) as made:
        for place in range(made.places):
            await made.start(place)
        await until(made.held_by_all, "every book is held")
        books = list(made.books.values())
        await until(lambda: all(_is_at_rest(each) for each in books), "all is told")
        for book in books:
            book.turn_the_page()  # there are news, which somebody may just be about to tell
        outcome = Absence(seconds)
        await _be_away(made, outcome)
        outcome.again = await _scanned_again(books)
        await until(lambda: all(_is_at_rest(each) for each in books), "all is told", _AGAIN_SECONDS)
        await made.stop()
        _judge(made, outcome)
    return outcome


async def _be_away(made: Fleet, outcome: Absence) -> None:
    for proxy in made.proxies:
        proxy.refusing = True
        proxy.cut()
    await asyncio.sleep(min(_SOON, outcome.seconds / 2))
    before = _asked(made)
    await asyncio.sleep(outcome.seconds - min(_SOON, outcome.seconds / 2))
    outcome.bought = _asked(made) - before
    for proxy in made.proxies:
        proxy.refusing = False


def _asked(made: Fleet) -> int:
    return sum(len(book.source.asked_by) for book in made.books.values())


def _is_at_rest(book: FleetBook) -> bool:
    scans = book.query("SELECT watch, count(*) FROM scans WHERE state = 'complete' GROUP BY watch")
    whole = {watch for watch, count in scans if count > 1}
    return whole == {watch.key for watch in book.book.used_watches} and not book.waiting()


async def _scanned_again(books: Sequence[FleetBook]) -> dict[str, float]:
    began = time.monotonic()
    before = {book.name: book.number("SELECT count(*) FROM scans") for book in books}
    again: dict[str, float] = {}

    def scanned() -> bool:
        for book in books:
            count = book.number("SELECT count(*) FROM scans")
            if book.name not in again and count > before[book.name]:
                again[book.name] = time.monotonic() - began
        return len(again) == len(before)

    await until(scanned, "every book is scanned again", _AGAIN_SECONDS)
    return again


def _judge(made: Fleet, outcome: Absence) -> None:
    if outcome.bought:
        outcome.breaches.append(f"{outcome.bought} requests while nothing could be kept")
    for name, book in made.books.items():
        rows, taken = notifications(book), book.sink.taken
        told = {each.mark for each in taken}
        # Of the database itself the operator hears past the outbox.
        products = [each for each in taken if not each.target.startswith("ops/")]
        breaches = [f"marked as sent, and never told: {mark}" for mark in set(rows) - told]
        known = {each.mark for each in products}
        breaches += [f"told, and not known: {mark}" for mark in known - set(rows)]
        breaches += doubled(book)
        repeats = repeats_of(products)
        targets = Counter(mark[0] for mark in repeats)
        breaches += [f"{n} repeated to {to}" for to, n in targets.items() if n > 1]
        words = Counter(each.title for each in taken if each.target.startswith("ops/"))
        breaches += [f"{n} times: {title}" for title, n in words.items() if n > 1]
        if outcome.seconds >= _TOLD_SECONDS and len(words) != 2:
            breaches.append(f"the operator heard {dict(words)}, and not that it began and is over")
        used, asked = book.number("SELECT sum(used) FROM credits"), len(book.source.asked_by)
        if used < asked:
            breaches.append(f"{used} credits for {asked} requests")
        outcome.words += words
        outcome.breaches += [f"{name}: {each}" for each in breaches]
    for member in made.past:
        loud = (each for each in member.daemon.log if each.get("level") in ("warning", "error"))
        outcome.events.update(str(each.get("event")) for each in loud)
        if code := member.daemon.process.returncode:
            outcome.breaches.append(f"incarnation {member.incarnation} ended with {code}")


def main() -> int:
    """The long run by hand."""
    parser = argparse.ArgumentParser(description="Take the database away for a while.")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="watcher-away-") as folder, cluster() as server:
        url = server.create_database("absent")
        outcome = asyncio.run(absence(Path(folder) / "it", url, chosen.seconds, chosen.seed))
    sys.stdout.write(f"{outcome}\n")
    return 1 if outcome.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
