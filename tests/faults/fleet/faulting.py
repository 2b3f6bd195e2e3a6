"""The faults: drawn at random, sprung at either end or inside of a transaction."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from tests.dropping import Dropping, How, Moment
from tests.faults.fleet.books import CAPPED
from tests.faults.fleet.world import Fleet, Member

LEASE_SECONDS = 6.0
LATEST_SECONDS = 5.0  # what should spring a fault may never come
_AWAY = (LEASE_SECONDS + 1, LEASE_SECONDS + 4)  # longer than a lease
_HOLE = (1.0, LEASE_SECONDS + 4)
_PAUSE = (0.2, 2.5)

# What happens, when, and how often of a hundred. At the source and the service: when a request or a
# message has come, or its answer has gone out. ``begin`` and ``commit``: while the server has not
# got that word yet, so that the process is gone or stands still inside of it.
KINDS = {
    ("kill", "any"): 10, ("kill", "answer"): 5, ("kill", "taken"): 7, ("kill", "acknowledged"): 7,
    ("kill", "begin"): 3, ("kill", "commit"): 8,
    ("stop", "any"): 4, ("stop", "answer"): 3, ("stop", "taken"): 4, ("stop", "acknowledged"): 4,
    ("stop", "begin"): 5, ("stop", "commit"): 5,
    ("cut", "any"): 8, ("cut", "before"): 6, ("cut", "after"): 7, ("cut", "late"): 6,
    ("cut", "copy"): 4, ("hole", "any"): 4,
}  # fmt: skip
_SIGNALS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
_HOWS = {"before": How.BEFORE, "after": How.AFTER, "late": How.LATE, "copy": How.HALF}


@dataclass
class Fault:
    """What befell an incarnation, from ``at`` (Unix seconds) to ``until`` (None: for ever), and
    which notifications waited in each book right then."""

    number: int
    kind: str
    where: str
    who: int
    at: float
    until: float | None = None
    late: bool = False
    unsent: dict[str, set[int]] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.number} ({self.kind} at {self.where} of incarnation {self.who})"


@dataclass
class Faulting:
    """Disturbs a fleet so many times; the last word is that all is well again."""

    fleet: Fleet
    chance: random.Random
    most_caps: Callable[[int], int | None] = lambda _number: None
    faults: list[Fault] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    say: Callable[[str], object] = lambda _line: None
    _away: set[int] = field(default_factory=set)  # places whose daemon is none for now
    _later: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, count: int) -> None:
        """Start all daemons, disturb them, and wait until they have come to rest."""
        for place in range(len(self.fleet.proxies)):
            await self.fleet.start(place)
        await self._settled()
        for number in range(1, count + 1):
            await asyncio.sleep(self.chance.uniform(*_PAUSE))
            await self._disturb(number)
        await asyncio.gather(*self._later)
        await self._settled()
        self.over.set()

    async def _settled(self) -> None:
        """Every book is held, and evenly."""
        try:
            await until(self.fleet.held_by_all, "every book is held, and evenly")
        except AssertionError as error:
            raise AssertionError(f"{error}; {self.fleet.state()}") from None

    async def _disturb(self, number: int) -> None:
        (kind, where), *_ = self.chance.choices(list(KINDS), list(KINDS.values()))
        place = await self._victim()
        member = self.fleet.members[place]
        fault = Fault(number, kind, where, member.incarnation, 0.0)
        await self._befall(fault, member)
        self.faults.append(fault)
        self.say(f"{fault.at:.1f} fault {fault}{', late' if fault.late else ''}")
        fault.unsent = {name: book.unsent() for name, book in self.fleet.books.items()}
        if (cap := self.most_caps(number)) is not None:
            await self.fleet.push(CAPPED, cap)

    async def _victim(self) -> int:
        """A random one of those at work, where another one is there to take over."""
        fleet = self.fleet

        def fit() -> list[int]:
            return [
                place
                for place, member in fleet.members.items()
                if place not in self._away and member.ready
            ]

        await until(lambda: len(fit()) > 1, "two daemons are at work")
        return self.chance.choice(fit())

    async def _befall(self, fault: Fault, member: Member) -> None:
        def happen() -> None:
            fault.at = fault.at or time.time()
            if fault.kind in _SIGNALS:
                with suppress(ProcessLookupError):
                    os.kill(member.pid, _SIGNALS[fault.kind])

        proxy = self.fleet.proxies[member.place]
        if fault.kind == "cut" and fault.where != "any":
            await self._cut_at(fault, proxy)
        elif fault.where in ("begin", "commit"):
            trap = proxy.trap(
                Moment(fault.where), How.PASS, count=self.chance.randint(1, 8), act=happen
            )
            await self._soon(trap.sprung.is_set)
            proxy.forget(trap)
        elif fault.where != "any":
            await self._at_event(fault, happen)
        else:
            await asyncio.sleep(self.chance.uniform(0, 1.5))
        if not fault.at:
            fault.late = fault.where != "any"
            happen()
        await self._aftermath(fault, member, proxy)

    async def _cut_at(self, fault: Fault, proxy: Dropping) -> None:
        how = _HOWS[fault.where]
        moment = Moment.COPY if how is How.HALF else Moment.COMMIT
        most = 3 if how is How.HALF else 8
        delay = self.chance.choice((0.05, 0.5, 2.0))

        def happen() -> None:
            fault.at = time.time()

        trap = proxy.trap(moment, how, count=self.chance.randint(1, most), delay=delay, act=happen)
        await self._soon(trap.sprung.is_set)
        if trap.sprung.is_set():
            await self._soon(trap.ended.is_set)
        proxy.forget(trap)

    async def _at_event(self, fault: Fault, happen: Callable[[], None]) -> None:
        left = self.chance.randint(1, 5)

        def heard(event: str, who: int) -> None:
            nonlocal left
            if event == fault.where and who == fault.who and not fault.at:
                left -= 1
                if left == 0:
                    happen()

        self.fleet.heard = heard
        await self._soon(lambda: bool(fault.at))
        self.fleet.heard = lambda _event, _who: None

    async def _soon(self, so: Callable[[], bool]) -> None:
        end = time.monotonic() + LATEST_SECONDS
        while not so() and time.monotonic() < end:  # noqa: ASYNC110 - a thread tells
            await asyncio.sleep(0.01)

    async def _aftermath(self, fault: Fault, member: Member, proxy: Dropping) -> None:
        if fault.kind == "cut":
            if fault.where == "any" or fault.late:
                proxy.cut()
            fault.until = time.time()
            return
        self._away.add(member.place)
        back = {"kill": self._restart, "stop": self._go_on, "hole": self._heal}[fault.kind]
        if fault.kind == "kill":
            await member.daemon.process.wait()
        elif fault.kind == "hole":
            proxy.swallow()
        task = asyncio.create_task(back(fault, member))
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    async def _restart(self, _fault: Fault, member: Member) -> None:
        await asyncio.sleep(self.chance.uniform(0, 2))
        await self.fleet.start(member.place)
        self._away.discard(member.place)

    async def _go_on(self, fault: Fault, member: Member) -> None:
        await asyncio.sleep(self.chance.uniform(*_AWAY))
        fault.until = time.time()
        os.kill(member.pid, signal.SIGCONT)
        self._away.discard(member.place)

    async def _heal(self, fault: Fault, member: Member) -> None:
        await asyncio.sleep(self.chance.uniform(*_HOLE))
        fault.until = time.time()
        self.fleet.proxies[member.place].heal()
        self._away.discard(member.place)


async def until(so: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    """Wait until it is so; ``what`` is its name where it never is."""
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        await asyncio.sleep(0.1)
