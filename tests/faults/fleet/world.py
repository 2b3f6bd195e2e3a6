"""A fleet's world: books on a server, daemons that hold them, each behind a proxy of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import watcher as product
from tests.dropping import Dropping
from tests.end_to_end.process import Daemon, Watcher
from tests.faults.days import Days, watches_of
from tests.faults.fleet.books import CAPPED, FIRST_CAP, Own, rules_of, secrets
from tests.faults.fleet.leases import LeaseHistory
from tests.faults.fleet.source import BookSource
from tests.faults.lockstep import Doors
from tests.faults.rows import ServerRows
from tests.faults.sink import sinking
from watcher.rules.files.loading import load_text
from watcher.source.simulator import SMOOTH, Market

_GLANCE = 0.05
Heard = Callable[[str, int], None]


@dataclass(kw_only=True)
class FleetBook(Days):
    """A book of the fleet; ``holder`` says which incarnation has it now."""

    rows: ServerRows
    own: Own
    holder: Callable[[], int | None]
    source: BookSource

    def query(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        return self.rows.query(sql, *values)

    def is_scanning(self) -> bool:
        holder = self.holder()
        return holder is not None and self.source.doors.under_way(holder)

    def last_words(self) -> object:
        return f"held by {self.holder()}, {self.source.arrived} requests came"

    def unsent(self) -> set[int]:
        """The notifications that wait."""
        return {
            row[0] for row in self.query("SELECT id FROM notifications WHERE state = 'waiting'")
        }


@dataclass
class Member:
    """One incarnation of a daemon, in its place."""

    place: int
    incarnation: int
    daemon: Daemon
    reading: asyncio.Task[None]

    @property
    def pid(self) -> int:
        return self.daemon.process.pid

    @property
    def alive(self) -> bool:
        return self.daemon.process.returncode is None

    @property
    def ready(self) -> bool:
        """Whether it has said that it is at work."""
        return self.alive and any(line.get("event") == "watching" for line in self.daemon.log)


@dataclass(kw_only=True)
class Fleet:
    """Daemons in ``places``, each of which has a proxy; ``heard`` hears what sources and sinks do
    for an incarnation. ``caps`` has when which cap was pushed, ``stalls`` when this very harness
    stood still and would see late what came."""

    name: str
    url: str
    watcher: Watcher
    books: dict[str, FleetBook]
    leases: LeaseHistory
    proxies: Sequence[Dropping]
    pids: dict[int, int]
    places: int
    members: dict[int, Member] = field(default_factory=dict)
    past: list[Member] = field(default_factory=list)
    heard: Heard = lambda _event, _who: None
    caps: list[tuple[float, int]] = field(default_factory=list)
    stalls: list[tuple[float, float]] = field(default_factory=list)
    arguments: tuple[str, ...] = ("--all-books",)

    async def start(self, place: int) -> Member:
        """The next incarnation in that place; it may not be ready yet."""
        number = len(self.past) + 1
        env = dict(self.watcher.env)
        for name, book in self.books.items():
            source = book.source
            env |= secrets(name, source.key_of(number), source.url, book.sink.url(number), book.own)
        url = self.url_of(place)
        process = await Watcher(self.watcher.folder, "", env).spawn(
            "run", "--db", url, *self.arguments, "--listen", "off", "--log-format", "json"
        )
        daemon = Daemon(process)
        member = Member(place, number, daemon, asyncio.create_task(daemon.read()))
        self.pids[process.pid] = number
        self.members[place] = member
        self.past.append(member)
        return member

    def url_of(self, place: int) -> str:
        """The database as the daemon in that place reaches it."""
        if not self.proxies:
            return self.url
        parts = urlsplit(self.url)
        return parts._replace(
            netloc=f"{parts.username}@127.0.0.1:{self.proxies[place].port}"
        ).geturl()

    async def push(self, book: str, cap: int = FIRST_CAP) -> None:
        """Push the book's rules as a user does; a cap counts from before it is in force."""
        folder = self.watcher.folder / book
        await asyncio.to_thread(folder.mkdir, exist_ok=True)
        await asyncio.to_thread((folder / "rules.yaml").write_text, rules_of(book, cap))
        if book == CAPPED:
            self.caps.append((time.time(), cap))
        code, out, err = await self.watcher.call(
            "rules", "push", str(folder), "--book", book, "--db", self.url
        )
        assert code == 0, f"{out}{err}"

    async def stop(self) -> None:
        """All daemons in order, one after another; who does not end says where it stands."""
        for member in list(self.members.values()):
            try:
                if member.alive:
                    await member.daemon.stop()
            except TimeoutError:
                member.daemon.process.send_signal(signal.SIGABRT)
                await member.daemon.process.wait()
            await member.reading

    async def watch_itself(self) -> None:
        """Note when the harness stood still."""
        before = time.time()
        while True:
            await asyncio.sleep(_GLANCE)
            now = time.time()
            if now - before > 2 * _GLANCE:
                self.stalls.append((before, now))
            before = now

    def state(self) -> str:
        """Who is there, and who holds what."""
        there = {each.incarnation: each.ready for each in self.members.values()}
        return f"daemons that are ready: {there}, holders: {self.leases.holders()}"

    def held_by_all(self) -> bool:
        """Whether every book has a holder, and each holder no more than its share."""
        holders = list(self.leases.holders().values())
        most = -(-len(self.books) // max(1, len(self.members)))
        counts = {who: holders.count(who) for who in holders}
        return bool(holders) and None not in counts and max(counts.values(), default=0) <= most


@asynccontextmanager
async def fleet(
    folder: Path,
    name: str,
    url: str,
    seed: int,
    *,
    places: int,
    names: Sequence[str],
    direct: bool = False,
) -> AsyncIterator[Fleet]:
    """Books in an empty database, their sources and sinks, and proxies (not where the daemons reach
    it ``direct``); no daemon is started."""
    await asyncio.to_thread(folder.mkdir, parents=True)
    env = {"PYTHONPATH": str(Path(product.__file__).parents[1]), "PYTHONFAULTHANDLER": "1"}
    pids: dict[int, int] = {}
    async with AsyncExitStack() as stack:
        behind = 0 if direct else places
        port = 0 if direct else urlsplit(url).port or 5432
        proxies = [stack.enter_context(Dropping(port)) for _ in range(behind)]
        leases = LeaseHistory(url, lambda pid: pids[pid])
        stack.callback(leases.close)
        made = Fleet(
            name=name, url=url, watcher=Watcher(folder, "", env), books={}, leases=leases,
            proxies=proxies, pids=pids, places=places,
        )  # fmt: skip
        for number, book in enumerate(names):
            made.books[book] = await stack.enter_async_context(_book(made, book, seed + number))
            await made.push(book)
        leases.begin()
        itself = asyncio.create_task(made.watch_itself())
        try:
            yield made
        finally:
            itself.cancel()
            await _end(made)


async def _end(made: Fleet) -> None:
    for member in made.past:
        if member.alive:
            with suppress(ProcessLookupError):
                member.daemon.process.kill()
            await member.daemon.process.wait()
        await member.reading
        lines = [json.dumps(line) for line in member.daemon.log] + member.daemon.other
        log = made.watcher.folder / f"incarnation-{member.incarnation}.log"
        await asyncio.to_thread(log.write_text, "\n".join(lines))


@asynccontextmanager
async def _book(fleet: Fleet, name: str, seed: int) -> AsyncIterator[FleetBook]:
    # Calm: what differs from the undisturbed run is a fault's doing.
    market = Market(
        seed=seed, products=200, start=date(2026, 11, 1), regions=("US",), behaviour=SMOOTH
    )
    own = Own.of(market)
    ends = secrets(name, "key", "http://127.0.0.1:9", "json://127.0.0.1:9", own)
    rulebook = load_text(rules_of(name), env=ends)
    source = BookSource(
        market,
        Doors(lambda watch: made.committed(watch)),  # noqa: PLW0108 - it is made below
        watches_of(rulebook, frozenset(own.ids)),
    )

    def hear(event: str, who: int) -> None:
        fleet.heard(event, who)

    source.heard = hear
    async with sinking(lambda: made.day, hear) as sink, source:
        made = FleetBook(
            name=name, seed=seed, own=own, simulator=source, source=source, sink=sink,
            book=rulebook,
            rows=ServerRows(fleet.url, name), holder=lambda: fleet.leases.holder(name),
        )  # fmt: skip
        try:
            yield made
        finally:
            made.rows.close()
