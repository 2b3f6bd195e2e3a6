"""A backlog in the outbox, sent to loopback: does all of it arrive, and does the loop stay free?"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.delivery.messages import NOW, alerts
from tests.fakes.sink import Service, serving
from watcher.delivery.apprise.target import Target, warm_up
from watcher.delivery.courier import Courier, Nobody
from watcher.incidents.delivery_hooks import Post
from watcher.message import NotificationState
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.threads import Writer

RULES = """
channels: {me: {url: "json://localhost"}}
rules:
  - name: r
    watch: {region: US}
    when: {total_sale_7d_cnt: {at_least: 1}}
    notify: [me]
"""
PROBE_SECONDS = 0.002


@dataclass
class Run:
    """What a run showed: seconds it took, the longest hold of the loop, titles by target."""

    seconds: float = 0.0
    longest_hold: float = 0.0
    taken: dict[str, list[str]] = field(default_factory=dict)
    counts: dict[NotificationState, int] = field(default_factory=dict)


@asynccontextmanager
async def _probing(run: Run) -> AsyncIterator[None]:
    """Note how much later than asked the loop comes back to a task."""

    async def probe() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(PROBE_SECONDS)
            late = time.perf_counter() - began - PROBE_SECONDS
            run.longest_hold = max(run.longest_hold, late)

    task = asyncio.create_task(probe())
    try:
        yield
    finally:
        task.cancel()


async def deliver(path: Path, rows: int, targets: int, *, joined: bool) -> Run:
    """Write the rows, spread over the targets, and send them until nothing waits."""
    warm_up()
    run, names = Run(), [f"me/{number}" for number in range(1, targets + 1)]
    async with AsyncExitStack() as stack:
        services = [await stack.enter_async_context(serving()) for _ in names]
        writer = await stack.enter_async_context(Writer(path))
        await writer.run(lambda database: _fill(database, rows, names))
        urls = zip(names, services, strict=True)
        book = load_text(RULES)
        courier: Courier = Courier(
            writer,
            {name: Target(name, service.url) for name, service in urls},
            now=lambda: NOW,
            keeper=Post(lambda: book, lambda: NOW) if joined else Nobody(),
        )
        async with _probing(run):
            began = time.perf_counter()
            await courier.turn()
            await courier.idle()
            run.seconds = time.perf_counter() - began
        run.counts = await writer.run(lambda database: database.outbox.counts())
        run.taken = dict(zip(names, map(_titles, services), strict=True))
    return run


def _fill(database: Store, rows: int, names: Sequence[str]) -> None:
    with database.atomic():
        for number in range(rows // len(names)):
            message = alerts([f"Lamp {number}.{item}" for item in range(10)], title=str(number))
            database.outbox.add("me", names, message, NOW)


def _titles(service: Service) -> list[str]:
    return [str(each["title"]) for each in service.taken]
