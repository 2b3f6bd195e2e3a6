"""A fleet under faults beside one undisturbed daemon with the same books, and the judgement."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.faults.days import Days
from tests.faults.fleet.books import BOOKS, CAPPED, FIRST_CAP, STEP
from tests.faults.fleet.evidence import collect
from tests.faults.fleet.faulting import Faulting, until
from tests.faults.fleet.judging import Judgement, judge
from tests.faults.fleet.world import Fleet, fleet

PLACES = 3
_CAP_EVERY = 6  # faults


async def run(
    folder: Path,
    urls: tuple[str, str],
    faults: int,
    seed: int,
    *,
    names: Sequence[str] = tuple(BOOKS),
    say: Callable[[str], object] = lambda _line: None,
) -> Judgement:
    """Both fleets, each on an empty database of its own; ``urls`` are theirs."""
    began = time.monotonic()
    async with (
        fleet(folder / "faulty", "faulty", urls[0], seed, places=PLACES, names=names) as faulty,
        fleet(folder / "calm", "calm", urls[1], seed, places=1, names=names) as calm,
    ):
        faulting = Faulting(faulty, random.Random(seed), _cap, say=say)
        async with asyncio.TaskGroup() as group:
            work = group.create_task(faulting.run(faults))
            group.create_task(_live_all(faulty, calm, faulting, group, work))
        await faulty.stop()
        await calm.stop()
        judgement = judge(collect(faulty, faulting.faults), collect(calm, ()))
    judgement.seconds = time.monotonic() - began
    return judgement


def _cap(number: int) -> int | None:
    """The cap to be pushed after that fault; None: that of before stays."""
    return FIRST_CAP + STEP * (number // _CAP_EVERY) if number % _CAP_EVERY == 0 else None


async def _live_all(
    faulty: Fleet,
    calm: Fleet,
    faulting: Faulting,
    group: asyncio.TaskGroup,
    work: asyncio.Task[None],
) -> None:
    """Let the days of every book pass in both; the undisturbed one is never ahead."""
    await calm.start(0)
    await until(calm.held_by_all, "the undisturbed daemon holds every book")
    for name, book in faulty.books.items():
        if name == CAPPED:  # its day ends with its credits
            continue
        living = group.create_task(_live(book, work))
        group.create_task(_shadow(calm.books[name], book, living))


async def _live(book: Days, work: asyncio.Task[None]) -> None:
    while not work.done():
        await book.pass_day(lambda: True)
    await book.rest()


async def _shadow(book: Days, leader: Days, living: asyncio.Task[None]) -> None:
    def permitted() -> bool:
        return leader.day > book.day

    while not living.done() or permitted():
        if permitted():
            await book.pass_day(permitted)
        else:
            await asyncio.sleep(0.1)
    await book.rest()
