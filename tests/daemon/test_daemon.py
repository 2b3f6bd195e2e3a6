"""The daemon's queue, and what it does when a scan breaks; the scanner is a fake."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from tests.daemon.clocks import SetClock
from tests.store.making import firing, scan
from watcher.alerting.audiences import Audience
from watcher.alerting.evaluation import Outcome
from watcher.daemon.daemon import BROKEN_SECONDS, Daemon, Job, forget_others
from watcher.daemon.scanner import Scanner
from watcher.errors import StoreError
from watcher.keyapi.client import Client
from watcher.model import Instant
from watcher.rules.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.database import Database
from watcher.store.holding import Held
from watcher.store.writer import Writer
from watcher.units import DAY, HOUR

RULES = """
channels: {me: {url: "json://127.0.0.1:9/"}}
operator: [me]
defaults: {region: US, notify: [me]}
rules:
  - name: top
    watch: {sort: total_sale_7d_cnt desc, top: 30}
    when: {rank: {at_most: 3}}
"""
ENV = {"KEYAPI_KEY": "key", "KEYAPI_URL": "http://127.0.0.1:9"}


@dataclass
class FakeScanner:
    """Scans as it is told to."""

    work: Callable[[Watch, Instant], Outcome | None]
    operator: list[Audience] = field(default_factory=lambda: [Audience("me", ("me/1",))])
    scans: list[Instant] = field(default_factory=list)
    until: Instant = 0
    unstored: str | None = None

    async def scan(self, watch: Watch, at: Instant, *, moved: Callable[[], None]) -> Outcome | None:
        moved()
        self.scans.append(at)
        return self.work(watch, at)

    def swap(self, _book: Rulebook, _client: Client | None) -> None:
        """It has no use for either."""

    @property
    def book(self) -> Rulebook:
        return book()

    def doubt(self, _database: Database) -> None:
        """The source never refused anything."""

    def postpone(self, _watch: Watch, until: Instant) -> None:
        self.until = until

    def not_before(self, _watch: Watch) -> Instant:
        return self.until


def book() -> Rulebook:
    """One rule."""
    return load_text(RULES, env=ENV)


@pytest.fixture
async def daemon() -> AsyncIterator[Daemon]:
    """A daemon whose clock stands still."""
    async with Writer() as writer:
        yield Daemon(book(), writer, SetClock(), load=book)


async def run_until(daemon: Daemon, done: Callable[[], bool]) -> None:
    """Run the daemon until so, then stop it; looks every few milliseconds."""

    async def wait() -> None:
        async with asyncio.timeout(20):
            while not done():  # noqa: ASYNC110 - nothing gives an event to wait for
                await asyncio.sleep(0.005)
        daemon.stopping.set()

    waiting = asyncio.create_task(wait())
    await daemon.run()
    await waiting


async def causes(daemon: Daemon) -> list[str]:
    """What the operator was told and goes on."""
    return [each.cause for each in await daemon.writer.run(lambda db: db.health.causes())]


async def test_a_scan_that_breaks_is_postponed_and_told(daemon: Daemon) -> None:
    """The worker lives on, and the watch is armed for later: its credits are spent."""

    def breaks(_watch: Watch, _at: Instant) -> None:
        raise RuntimeError("a bug")

    fake = FakeScanner(breaks)
    daemon.scanner = cast("Scanner", fake)
    (watch,) = daemon.book.used_watches
    now = daemon.clock.now()
    await run_until(daemon, lambda: daemon.timers.due(watch.key) == now + BROKEN_SECONDS)
    assert fake.scans == [now]
    assert await causes(daemon) == ["watch top: breaks"]


async def test_what_scans_took_is_given_back_after_the_last(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """First the database's pages, on the thread that has them; whatever the database says."""
    calls: list[str] = []

    def let_go(_database: Database) -> None:
        calls.append("pages")
        raise StoreError("it was moved", Path("watcher.db"))

    monkeypatch.setattr(Database, "let_go", let_go)
    monkeypatch.setattr("watcher.daemon.daemon.give_back", lambda: calls.append("heap"))
    daemon.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    await run_until(daemon, lambda: "heap" in calls)
    assert calls[:2] == ["pages", "heap"]


async def test_the_next_good_scan_ends_the_trouble(daemon: Daemon) -> None:
    """Told when it began; over when it is."""
    (watch,) = daemon.book.used_watches
    fake = FakeScanner(lambda _watch, _at: None)
    daemon.scanner = cast("Scanner", fake)
    await daemon._trouble("watch top: breaks", "a bug")
    await daemon._end_trouble("watch top: breaks")
    assert await causes(daemon) == []
    rows = await daemon.writer.run(lambda db: db.outbox.waiting_for("me/1"))
    assert [row.message.title for row in rows] == [
        "watcher: watch top: breaks",
        "watcher: over: watch top: breaks",
    ]
    assert daemon.timers.due(watch.key) is None


async def test_a_start_ends_what_an_earlier_run_told_of_itself(daemon: Daemon) -> None:
    """The file was mended while nothing ran, and the part that died begins with the rest; else
    neither would ever be over, and the next of its kind not be told."""
    for cause in ("rule file", "task delivery", "key refused"):
        await daemon._trouble(cause, "a trouble")
    daemon.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    await run_until(daemon, lambda: daemon.timers.running)
    assert await causes(daemon) == ["key refused"]
    rows = await daemon.writer.run(
        lambda db: db.outbox.list(target="me/1")  # dead ones too: nobody listens there
    )
    assert sorted(row.message.title for row in rows if row.message.over) == [
        "watcher: over: rule file",
        "watcher: over: task delivery",
    ]


async def test_a_watch_is_queued_once(daemon: Daemon) -> None:
    """Not again while it waits, whoever asks."""
    fake = FakeScanner(lambda _watch, _at: None)
    daemon.scanner = cast("Scanner", fake)
    (watch,) = daemon.book.used_watches
    fake.until = daemon.clock.now() + DAY
    for at in range(5):
        daemon.enqueue(watch.key, at)
    await run_until(daemon, lambda: bool(fake.scans))
    assert fake.scans == [0]


async def test_a_scan_on_time_stands_for_its_instant(daemon: Daemon) -> None:
    """Some seconds late is on time; hours late is now."""
    (watch,) = daemon.book.used_watches
    slot = watch.schedule.next(daemon.clock.now())
    queued: list[Instant] = []
    clock = cast("SetClock", daemon.clock)
    for late in (0, 59, 2 * HOUR, 3 * DAY):
        clock.instant = slot + late
        daemon._busy.clear()
        daemon._ring(watch.key, slot)
        queued.append(daemon._queue.get_nowait().at)
    assert queued == [slot, slot, slot + 2 * HOUR, slot + 3 * DAY]


async def test_a_reload_keeps_no_old_client_open(daemon: Daemon) -> None:
    """Another ``api:`` is another client, and the old one is closed; the last one at the stop."""
    daemon.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    ready = asyncio.Event()
    running = asyncio.create_task(daemon.run(ready.set))
    await ready.wait()
    clients = [daemon._client]
    for pace in (9, 8):
        text = f"{RULES}api: {{requests_per_second: {pace}}}\n"
        daemon.load = partial(load_text, text, env=ENV)
        assert await daemon.reload()
        clients.append(daemon._client)
    sessions = [client._session for client in clients if client._session is not None]
    assert [session.closed for session in sessions] == [True, True, False]
    daemon.stopping.set()
    await running
    assert sessions[-1].closed


async def test_a_storm_of_signals_is_two_reloads(daemon: Daemon) -> None:
    """The one under way may have read the file before the last signal; the others are one."""
    daemon.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    loads: list[int] = []

    def load() -> Rulebook:
        loads.append(1)
        if len(loads) == 1:
            for _ in range(100):
                asyncio.run_coroutine_threadsafe(signal(), loop).result()
        return book()

    async def signal() -> None:
        daemon.reload_soon()

    loop = asyncio.get_running_loop()
    daemon.load = load
    async with Client("http://127.0.0.1:9", "key") as client:
        daemon._client = client
        daemon.reload_soon()
        assert daemon._soon is not None
        await daemon._soon
    assert len(loads) == 2


async def test_the_higher_priority_is_scanned_first() -> None:
    """Of watches that wait; among equals in turn, and the workers' end comes last."""
    rules = [
        f"  - {{name: r{n}, watch: {{sort: total_sale_cnt, top: {n}0}}, when: {{rank: 1}}, "
        f"priority: {priority}}}\n"
        for n, priority in enumerate((0, 7, 0, -1), start=1)
    ]
    text = "defaults: {region: US, notify: []}\nrules:\n" + "".join(rules)
    ranked = load_text(text, env=ENV)
    async with Writer() as writer:
        daemon = Daemon(ranked, writer, SetClock(), load=book)
        daemon._queue.put_nowait(Job(math.inf, 0))
        for watch in ranked.used_watches:
            daemon.enqueue(watch.key, 1)
        keys = [daemon._queue.get_nowait().key for _ in range(5)]
    first, second, third, fourth = (watch.key for watch in ranked.used_watches)
    assert keys == [second, first, third, fourth, ""]


async def test_what_was_held_is_told_between_scans(daemon: Daemon) -> None:
    """The daemon's sweep, at a time at which no scan is due."""
    (watch,) = daemon.book.used_watches
    now = daemon.clock.now()

    def held(database: Database) -> None:
        silence = database.silences.add(begins=now - DAY, ends=now - 1, rule="*")
        keys = database.history.record(scan(now - DAY, {"1": 1}, watch=watch.key)).products
        daemon._adopt(database, daemon.book)
        (alert,) = database.alerts.save([firing("top", int(keys[0]), now - DAY)])
        database.held.put([Held("top", alert.product, "me", alert.id, now - DAY, silence.id)])

    await daemon.writer.run(held)
    daemon.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None, until=now + DAY))
    told: list[str] = []
    daemon.courier.wake = lambda: told.append("wake")  # type: ignore[method-assign]
    await run_until(daemon, lambda: bool(told))
    rows = await daemon.writer.run(lambda db: db.outbox.list())
    assert [row.message.title for row in rows] == ["[info] top: 1 product (US)"]


def test_what_is_no_more_is_forgotten(store: Database) -> None:
    """Health and causes of watches and rules that a reload removed; others stay."""
    (watch,) = book().used_watches
    for kind, name in (("watch", watch.key), ("watch", "gone"), ("rule", "top"), ("rule", "gone")):
        store.health.failing(kind, name, "why", 1)
    dead = ("dead message me/1", "dead message gone/1")
    for cause in ("watch top: fails", "watch gone: fails", "key refused", *dead):
        store.health.raise_cause(cause, "why", 1)
    store.held.put([Held(rule, 1, "me", 1, 1) for rule in ("top", "gone")])
    forget_others(store, book(), 2)
    assert [group.rule for group in store.held.groups()] == ["top"]
    assert {(each.kind, each.name) for each in store.health.list()} == {
        ("watch", watch.key),
        ("rule", "top"),
    }
    assert [each.cause for each in store.health.causes()] == [
        "dead message me/1",
        "key refused",
        "watch top: fails",
    ]
