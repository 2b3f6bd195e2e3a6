"""Targets and stores for tests of the delivery loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.delivery.messages import NOW
from tests.fakes.clock import SetClock
from watcher.delivery.courier import Courier, Nobody, Sender
from watcher.delivery.marking import StoreThread
from watcher.delivery.rendered import Attachment, OutcomeKind, Rendered, SendOutcome, Style
from watcher.message import Message, Notification
from watcher.store.sqlite.database import Database

T = TypeVar("T")
SENT = SendOutcome(OutcomeKind.SENT, "took it")
AGAIN = SendOutcome(OutcomeKind.RETRY, "HTTP 500")
GONE = SendOutcome(OutcomeKind.DEAD, "HTTP 404")


def clock_at(instant: int = NOW) -> SetClock:
    """A clock at the time of the messages here."""
    return SetClock(instant)


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
    attached: list[Sequence[Attachment]] = field(default_factory=list)

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
        self.attached.append(attachments)
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


class Breaking(Store):
    """A store whose ``broken`` next marks fail with ``error``: what is noted is one transaction."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error, self._atomic = error, self.database.atomic
        self.database.atomic = self._fail  # type: ignore[method-assign]

    @contextmanager
    def _fail(self) -> Iterator[None]:
        if self.broken:
            self.broken -= 1
            raise self._error
        with self._atomic():
            yield


def courier_of(
    store: StoreThread, lines: Mapping[str, Sender], clock: SetClock, **more: Any
) -> Courier:
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
