"""A clock, targets and stores for tests of the delivery loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.delivery.messages import NOW
from watcher.delivery.courier import Courier, Nobody, StoreThread
from watcher.delivery.rendered import Attachment, OutcomeKind, Rendered, SendOutcome, Style
from watcher.errors import StoreError
from watcher.model import Message, Notification
from watcher.store.sqlite.database import Database

T = TypeVar("T")
SENT = SendOutcome(OutcomeKind.SENT, "took it")
AGAIN = SendOutcome(OutcomeKind.RETRY, "HTTP 500")
GONE = SendOutcome(OutcomeKind.DEAD, "HTTP 404")


@dataclass
class Clock:
    """The time, and a pause that moves it instead of waiting."""

    now: int = NOW
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> int:
        return self.now

    async def pause(self, event: asyncio.Event, seconds: float) -> None:
        if not event.is_set():
            self.pauses.append(seconds)
            self.now += max(int(seconds), 1)
        await asyncio.sleep(0)


@dataclass
class Line:
    """A target that answers as planned, then takes everything; keeps what it was sent."""

    plan: list[SendOutcome] = field(default_factory=list)
    taken: list[Rendered] = field(default_factory=list)
    gate: asyncio.Event | None = None
    error: Exception | None = None
    style: Style = Style.PLAIN
    limit: int = 4_000
    awaited: dict[int, asyncio.Event] = field(default_factory=dict)
    had: list[frozenset[str]] = field(default_factory=list)
    released: bool = False
    takes_files: bool = False
    files: list[int] = field(default_factory=list)  # how many came with each message

    def has(self, count: int) -> asyncio.Event:
        """Set once this many messages came."""
        self.awaited[count] = asyncio.Event()
        return self.awaited[count]

    def release(self) -> None:
        self.released = True

    async def send(
        self,
        rendered: Rendered,
        attachments: Sequence[Attachment] = (),
        /,
        *,
        taken: Collection[str] = (),
    ) -> SendOutcome:
        self.files.append(len(attachments))
        self.had.append(frozenset(taken))
        if self.error is not None:
            raise self.error
        self.taken.append(rendered)
        if len(self.taken) in self.awaited:
            self.awaited[len(self.taken)].set()
        if self.gate is not None:
            await self.gate.wait()
        return self.plan.pop(0) if self.plan else SENT


@dataclass
class Ear(Nobody):
    """Writes down what became of each row, and breaks if it is to."""

    heard: list[str] = field(default_factory=list)
    error: Exception | None = None

    def died(self, storage: object, notification: Notification, reason: str) -> None:
        self._hear(f"{notification.id} died: {reason}")

    def took(self, storage: object, notification: Notification) -> None:
        self._hear(f"{notification.id} sent")

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        if self.error is not None:
            raise self.error


class Store:
    """The real store in memory, on this thread; ``broken`` tells which work fails next."""

    def __init__(self) -> None:
        self.database = Database.in_memory()
        self.broken = 0

    async def run(self, work: Callable[[Database], T], /) -> T:
        await asyncio.sleep(0)
        return work(self.database)

    def add(self, message: Message, *targets: str, at: int = NOW) -> list[int]:
        return self.database.outbox.add("growth", targets, message, at)

    def row(self, row_id: int) -> Notification:
        row = self.database.outbox.get(row_id)
        assert row is not None
        return row

    def outcomes(self, row_id: int) -> list[str]:
        return [each.outcome for each in self.database.outbox.tries(row_id)]


class FullDisk(Store):
    """A store whose marks fail for some time."""

    async def run(self, work: Callable[[Database], T], /) -> T:
        if self.broken and work.__qualname__.startswith("Courier._write"):
            self.broken -= 1
            raise StoreError("the disk is full", self.database.path)
        return await super().run(work)


def courier_of(store: StoreThread, lines: Mapping[str, Line], clock: Clock, **more: Any) -> Courier:
    """A courier on the test's clock."""
    return Courier(store, lines, now=clock, pause=clock.pause, **more)


async def turn(courier: Courier) -> float:
    """One turn of the loop, and all that it began."""
    wait = await courier.turn()
    await courier.idle()
    return wait


@dataclass
class UntilSeven:
    """Quiet hours that end at one instant."""

    end: int

    def until(self, now: int) -> int | None:
        return self.end if now < self.end else None
