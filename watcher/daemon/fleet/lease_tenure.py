"""A lease as its holder knows it: until when, by a clock of its own, nobody else can have it."""

from __future__ import annotations

import asyncio
import contextvars
import time
from collections.abc import Callable
from typing import TypeVar

from watcher.daemon.tenure import Tenure
from watcher.delivery.courier import pause_until
from watcher.delivery.marking import StoreThread
from watcher.errors import LeaseUncertain
from watcher.store.control import Lease, LeaseLost
from watcher.store.places import Place
from watcher.store.ports import Store

_LOOK = 1.0  # seconds between two looks whether the daemon stops, while the lease is uncertain
# Goes on while the machine is suspended, as the server's clock does.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)

T = TypeVar("T")


def steady() -> float:
    """Seconds of a clock that nobody sets, and that runs whatever stands still here."""
    return time.clock_gettime(_CLOCK)


class LeaseTenure(Tenure):
    """Certain before ``until``, an instant of ``clock`` before which the lease can't have run out.
    It is moved by the thread that renews the lease, and read by everybody. ``ill`` is what is wrong
    with the book, for the others to see."""

    def __init__(
        self, lease: Lease, place: Place, until: float, clock: Callable[[], float] = steady
    ) -> None:
        self.lease, self.place, self.until = lease, place, until
        self.stopping = asyncio.Event()  # the book is to be handed over in order
        self.lost = asyncio.Event()  # another daemon has it: nothing more may be done for it
        self.ill: str | None = None
        self._clock = clock
        self._news = asyncio.Event()

    def certain(self) -> bool:
        return self._clock() < self.until and not self.lost.is_set()

    async def begin(self, waits: Callable[[], None] = lambda: None) -> None:
        while not self.certain():
            if self.lost.is_set() or self.stopping.is_set():
                raise self.refusal()
            waits()
            await pause_until(self._news, _LOOK)

    async def rest(self, seconds: float) -> None:
        end, was_certain = time.monotonic() + seconds, True
        while (left := end - time.monotonic()) > 0 and (was_certain or not self.certain()):
            was_certain = was_certain and self.certain()
            await pause_until(self._news, min(left, _LOOK))

    def tell(self) -> None:
        """Wake who waits for it. On the loop's thread."""
        news, self._news = self._news, asyncio.Event()
        news.set()

    def lose(self) -> None:
        """It is another's. On the loop's thread."""
        self.until = 0.0
        self.lost.set()
        self.tell()

    def check(self) -> None:
        """Raise ``LeaseLost``, or ``LeaseUncertain`` where it can't be told for now."""
        if not self.certain():
            raise self.refusal()

    def refusal(self) -> LeaseLost | LeaseUncertain:
        """The reason that nothing may be begun."""
        book = self.lease.book
        if self.lost.is_set():
            return LeaseLost(f"book {book}: another daemon has it by now", self.place)
        return LeaseUncertain(
            f"book {book}: its lease could not be renewed in time; nothing is begun before it is",
            self.place,
        )


class LeasedStore:
    """A book's store under a lease: no job begins while the lease is not certain. ``suspect`` is
    called where the store says that it is lost."""

    def __init__(
        self, store: StoreThread, tenure: LeaseTenure, suspect: Callable[[], None]
    ) -> None:
        self._store = store
        self._tenure = tenure
        self._suspect = suspect

    async def run(self, job: Callable[[Store], T]) -> T:
        """Return what ``job`` does, or raise."""
        context = contextvars.copy_context()  # the log says the book there, too

        def leased(store: Store) -> T:
            self._tenure.check()  # as of the job's turn
            return context.run(job, store)

        self._tenure.check()
        try:
            return await self._store.run(leased)
        except LeaseLost:
            self._suspect()
            raise
