"""Two worlds side by side: one that something befalls, and one that it is compared with."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from typing import TypeVar

from tests.end_to_end.process import Daemon
from tests.faults.world import Installation

T = TypeVar("T")


async def side_by_side(
    changed: Installation,
    calm: Installation,
    over: asyncio.Event,
    work: Coroutine[None, None, T],
    days: int,
) -> T:
    """Do ``work`` to one world while days pass in both, and ``days`` more once ``over`` is set.

    Where one of them breaks, all end.
    """
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work)
        living = group.create_task(live(changed, over, days))
        group.create_task(shadow(calm, changed, living))
    return working.result()


async def live(world: Installation, over: asyncio.Event, extra_days: int) -> None:
    """Let days pass until the kills are over, and some more."""
    while not over.is_set():
        await world.pass_day(lambda: True)
    for _ in range(extra_days):
        await world.pass_day(lambda: True)
    await world.rest()


async def shadow(calm: Installation, leader: Installation, living: asyncio.Task[None]) -> None:
    """The undisturbed world: a day begins there once the other world has begun it."""
    daemon, _ = await calm.start()
    await daemon.said("watching")

    def permitted() -> bool:
        return leader.day > calm.day

    while not living.done() or permitted():
        if permitted():
            await calm.pass_day(permitted)
        else:
            await asyncio.sleep(0.05)
    await calm.rest()


# What every: 1s is warned of; that the machine was slow for a moment, which is nobody's fault; and
# that a list of the market shrank by a third.
_USUAL = ("rule file", "the event loop was held", "scan with problems")


def strange_lines(daemon: Daemon) -> list[str]:
    """What a healthy daemon never logs."""
    loud = [
        json.dumps(line)
        for line in daemon.log
        if line.get("level") in ("warning", "error", "critical") and line.get("event") not in _USUAL
    ]
    return loud + [line for line in daemon.other if line.strip()]
