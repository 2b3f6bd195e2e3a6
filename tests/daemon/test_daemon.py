"""The daemon's queue, and what it does when a scan breaks; the scanner is a fake."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from tests.daemon.fakes import ENV, FakeScanner, book
from tests.fakes.clock import SetClock
from tests.store.making import firing, scan
from watcher.daemon.adopting import adopt
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.heartbeat import Heartbeat
from watcher.daemon.scheduling.scanner import Scanner
from watcher.daemon.supervision.liveness import SILENCE, Liveness
from watcher.daemon.workers import BROKEN_SECONDS, LOST_LOOKS, Job
from watcher.errors import StoreError
from watcher.incident import About, Incident, IncidentKind
from watcher.model import Instant
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.sql.silences import Held
from watcher.store.sqlite.database import Database
from watcher.store.threads import Writer
from watcher.text.messages import title_of
from watcher.units import DAY, HOUR, MINUTE


async def run_until(daemon: Daemon, done: Callable[[], bool]) -> None:
    """Run the daemon until so, then stop it; looks every few milliseconds."""

    async def wait() -> None:
        try:
            async with asyncio.timeout(20):
                while not done():  # noqa: ASYNC110 - nothing gives an event to wait for
                    await asyncio.sleep(0.005)
        finally:
            daemon.core.stopping.set()

    waiting = asyncio.create_task(wait())
    await daemon.run()
    await waiting


async def causes(daemon: Daemon) -> list[str]:
    """What the operator was told and goes on."""
    return [each.cause for each in await daemon.core.writer.run(lambda db: db.health.incidents())]


async def test_a_scan_that_breaks_is_postponed_and_told(daemon: Daemon) -> None:
    """The worker lives on, and the watch is armed for later: its credits are spent."""

    def breaks(_watch: Watch, _at: Instant) -> None:
        raise RuntimeError("a bug")

    fake = FakeScanner(breaks)
    daemon.core.scanner = cast("Scanner", fake)
    (watch,) = daemon.core.book.used_watches
    now = daemon.core.clock.now()
    await run_until(daemon, lambda: daemon.core.timers.due(watch.key) == now + BROKEN_SECONDS)
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
    monkeypatch.setattr("watcher.daemon.supervision.memory.give_back", lambda: calls.append("heap"))
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    await run_until(daemon, lambda: "heap" in calls)
    assert calls[:2] == ["pages", "heap"]


async def test_the_next_good_scan_ends_the_trouble(daemon: Daemon) -> None:
    """Told when it began; over when it is."""
    (watch,) = daemon.core.book.used_watches
    fake = FakeScanner(lambda _watch, _at: None)
    daemon.core.scanner = cast("Scanner", fake)
    incident = Incident(IncidentKind.BREAKS, About.WATCH, watch.name)
    await daemon.core.note(incident.with_details(text="a bug"), on=True)
    await daemon.core.note(incident, on=False)
    assert await causes(daemon) == []
    rows = await daemon.core.writer.run(lambda db: db.outbox.waiting_for("me/1"))
    assert [title_of(row.message) for row in rows] == [
        "watcher: watch top: breaks",
        "watcher: over: watch top: breaks",
    ]
    assert daemon.core.timers.due(watch.key) is None


async def test_a_start_ends_what_an_earlier_run_told_of_itself(daemon: Daemon) -> None:
    """The file was mended while nothing ran, and the part that died begins with the rest; else
    neither would ever be over, and the next of its kind not be told."""
    task = Incident(IncidentKind.TASK, About.PART, "delivery")
    for incident in (Incident(IncidentKind.RULE_FILE), task, Incident(IncidentKind.KEY_REFUSED)):
        await daemon.core.note(incident.with_details(text="a trouble"), on=True)
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    await run_until(daemon, lambda: daemon.core.timers.running)
    assert await causes(daemon) == ["key refused"]
    rows = await daemon.core.writer.run(
        lambda db: db.outbox.list(target="me/1")  # dead ones too: nobody listens there
    )
    assert sorted(title_of(row.message) for row in rows if row.message.over) == [
        "watcher: over: rule file",
        "watcher: over: task delivery",
    ]


async def test_a_watch_is_queued_once(daemon: Daemon) -> None:
    """Not again while it waits, whoever asks."""
    fake = FakeScanner(lambda _watch, _at: None)
    daemon.core.scanner = cast("Scanner", fake)
    (watch,) = daemon.core.book.used_watches
    fake.until = daemon.core.clock.now() + DAY
    for at in range(5):
        daemon.workers.enqueue(watch.key, at)
    await run_until(daemon, lambda: bool(fake.scans))
    assert fake.scans == [0]


async def test_a_scan_on_time_stands_for_its_instant(daemon: Daemon) -> None:
    """Some seconds late is on time; hours late is now."""
    (watch,) = daemon.core.book.used_watches
    slot = watch.schedule.next(daemon.core.clock.now())
    queued: list[Instant] = []
    clock = cast("SetClock", daemon.core.clock)
    for late in (0, 59, 2 * HOUR, 3 * DAY):
        clock.instant = slot + late
        daemon.workers.busy.clear()
        daemon.workers.ring(watch.key, slot)
        queued.append(daemon.workers.queue.get_nowait().at)
    assert queued == [slot, slot, slot + 2 * HOUR, slot + 3 * DAY]


async def test_no_part_can_stop_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has the stop to wait for, and no way to give the order, nor has what it hands it to."""
    stops: list[asyncio.Event] = []

    def made(*_parts: object, stop: asyncio.Event) -> FakeScanner:
        stops.append(stop)
        return FakeScanner(lambda _watch, _at: None)

    async def deliver(stop: asyncio.Event) -> None:
        stops.append(stop)
        await stop.wait()

    monkeypatch.setattr("watcher.daemon.core.Scanner", made)
    async with Writer() as writer:
        daemon = Daemon(Core(book(), writer, SetClock()), book)
        daemon.core.courier.run = deliver  # type: ignore[method-assign]
        await run_until(daemon, lambda: len(stops) == 2)
    for stop in stops:
        assert stop.is_set()
        with pytest.raises(RuntimeError, match="can't stop the daemon"):
            stop.set()


@pytest.mark.parametrize("gone", ["never armed", "rung and not queued"])
async def test_a_watch_without_an_alarm_gets_one(daemon: Daemon, gone: str) -> None:
    """Whatever went wrong between its scan and the next: it is read again, once there was time for
    everything that arms it."""
    (watch,) = daemon.core.book.used_watches
    now = daemon.core.clock.now()
    fake = FakeScanner(lambda _watch, _at: None, until=now + HOUR)
    daemon.core.scanner = cast("Scanner", fake)
    if gone == "rung and not queued":
        daemon.core.timers.arm(watch.key, now, lambda _key, _due: None)
    before = daemon.core.timers.due(watch.key)
    for _ in range(LOST_LOOKS):
        await daemon.workers.find_lost()
    assert daemon.core.timers.due(watch.key) == before
    await daemon.workers.find_lost()
    assert daemon.core.timers.due(watch.key) == now + HOUR
    fake.until = now + DAY
    for _ in range(LOST_LOOKS + 1):
        await daemon.workers.find_lost()
    assert daemon.core.timers.due(watch.key) == now + HOUR  # it has one


async def test_a_watch_that_is_queued_needs_no_alarm(daemon: Daemon) -> None:
    """Nor one that is without it now and then: the looks count in a row."""
    (watch,) = daemon.core.book.used_watches
    now = daemon.core.clock.now()
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _w, _at: None, until=now + HOUR))
    for look in range(3 * LOST_LOOKS):
        if look % LOST_LOOKS == 0:
            daemon.workers.enqueue(watch.key, now)
        await daemon.workers.find_lost()
        daemon.workers.busy.clear()
    assert daemon.core.timers.due(watch.key) is None


@pytest.mark.parametrize(
    ("error", "later"),
    [(ValueError("a bug"), BROKEN_SECONDS), (StoreError("locked", Path("w.db")), MINUTE)],
)
async def test_what_breaks_at_arming_does_not_forget_the_watch(
    daemon: Daemon, error: Exception, later: int
) -> None:
    """A fault of ours in one schedule, or a database that fails: it is tried again later, and the
    worker lives on."""

    class Breaks(FakeScanner):
        def not_before(self, _watch: Watch) -> Instant:
            raise error

    daemon.core.scanner = cast("Scanner", Breaks(lambda _watch, _at: None))
    (watch,) = daemon.core.book.used_watches
    await daemon.workers.arm(watch.key)
    assert daemon.core.timers.due(watch.key) == daemon.core.clock.now() + later


async def test_no_scan_is_late_while_the_source_has_all_wait(daemon: Daemon) -> None:
    """One may wait for its turn behind others that are told to wait again and again."""
    hand = SetClock()
    daemon.core.liveness = Liveness(hand)
    daemon.workers.supervisor.start("scanning 1", asyncio.Event().wait)  # type: ignore[arg-type]
    daemon.core.liveness.beat("scanning 1", SILENCE["scan"])
    hand.forward(SILENCE["scan"] - 1)
    daemon.workers.forgive()
    hand.forward(2)
    assert daemon.core.liveness.late() == {"scanning 1": 1}
    daemon.core.client.waits = lambda: 900.0  # type: ignore[method-assign]
    daemon.workers.forgive()
    assert daemon.core.liveness.late() == {}
    await daemon.workers.supervisor.stop()


async def test_the_clocks_part_looks_after_the_alarms(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every few seconds: at who waits for the source, and at what has no alarm."""
    seen: list[str] = []

    async def find() -> None:
        seen.append("lost")

    async def sleep(seconds: float) -> None:
        seen.append(f"{seconds:g} s")
        if len(seen) > 6:
            raise asyncio.CancelledError

    daemon.workers.forgive = lambda: seen.append("forgiven")  # type: ignore[method-assign]
    daemon.workers.find_lost = find  # type: ignore[method-assign]
    monkeypatch.setattr("watcher.daemon.maintenance.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await daemon.maintenance.watch_clock()
    assert seen == ["5 s", "forgiven", "lost", "5 s", "forgiven", "lost", "5 s"]


async def test_after_each_round_memory_is_given_back(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the heartbeat is told, where all of it was good."""
    given: list[str] = []
    monkeypatch.setattr(
        "watcher.daemon.supervision.memory.give_back", lambda: given.append("memory")
    )
    monkeypatch.setattr(Heartbeat, "beat", lambda _self, _address: given.append("beat"))
    (watch,) = daemon.core.book.used_watches
    assert daemon.workers.end_of_scan(watch.key, good=True)
    assert daemon.workers.end_of_scan(watch.key, good=False)
    daemon.workers.busy.add("another")
    assert not daemon.workers.end_of_scan(watch.key, good=True)
    daemon.workers.busy.clear()
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None))
    await run_until(daemon, lambda: "memory" in given)
    assert (given[:2], given.count("beat")) == (["beat", "memory"], 1)


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
        daemon = Daemon(Core(ranked, writer, SetClock()), book)
        daemon.workers.queue.put_nowait(Job(math.inf, 0))
        for watch in ranked.used_watches:
            daemon.workers.enqueue(watch.key, 1)
        keys = [daemon.workers.queue.get_nowait().key for _ in range(5)]
    first, second, third, fourth = (watch.key for watch in ranked.used_watches)
    assert keys == [second, first, third, fourth, ""]


async def test_what_was_held_is_told_between_scans(daemon: Daemon) -> None:
    """The daemon's sweep, at a time at which no scan is due."""
    (watch,) = daemon.core.book.used_watches
    now = daemon.core.clock.now()

    def held(database: Store) -> None:
        silence = database.silences.add(begins=now - DAY, ends=now - 1, rule="*")
        keys = database.history.record(scan(now - DAY, {"1": 1}, watch=watch.key)).products
        adopt(database, daemon.core.book, now)
        (alert,) = database.alerts.save([firing("top", int(keys[0]), now - DAY)])
        database.held.put([Held("top", alert.product, "me", alert.id, now - DAY, silence.id)])

    await daemon.core.writer.run(held)
    daemon.core.scanner = cast("Scanner", FakeScanner(lambda _watch, _at: None, until=now + DAY))
    told: list[str] = []
    daemon.core.courier.wake = lambda: told.append("wake")  # type: ignore[method-assign]
    await run_until(daemon, lambda: bool(told))
    rows = await daemon.core.writer.run(lambda db: db.outbox.list())
    assert [title_of(row.message) for row in rows] == ["[info] top: 1 product (US)"]
