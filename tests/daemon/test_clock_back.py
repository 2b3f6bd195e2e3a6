"""A clock that was a year ahead for some scans and was then set back: nothing waits for a year."""

from __future__ import annotations

import asyncio

import pytest

from tests.daemon.fakes import book
from tests.daemon.scheduling.bench import KEY, RULES, Bench, bench, watch_of
from tests.fakes.clock import START, SetClock
from tests.store.making import told_of
from watcher import plan
from watcher.analysis.overview import overview
from watcher.cli.status_tables import show
from watcher.daemon.core import Core
from watcher.daemon.daemon import Daemon
from watcher.daemon.scheduling.scanner import Scanner
from watcher.incident import Incident, IncidentKind
from watcher.message import Message, NotificationState
from watcher.model import Severity
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.store.threads import Writer
from watcher.text.messages import title_of
from watcher.units import DAY, HOUR

__all__ = ["bench"]
YEAR = 365 * DAY
BACK = "watcher: the clock was set back"


async def test_scans_and_reminders_count_from_now(bench: Bench) -> None:
    """The next scan comes within its interval, the next reminder after its time, and the operator
    hears once why."""
    text = f"{RULES}    remind: 2d\n".replace("API", bench.api)
    rules = load_text(text, env={"KEYAPI_KEY": KEY, "KEYAPI_URL": bench.simulator.url})
    watch, clock = watch_of(rules), bench.clock
    async with bench.client() as client:
        scanner = Scanner(rules, client, bench.writer, clock)
        for day in range(2):
            clock.instant = START + YEAR + day * DAY
            await bench.scan(scanner)
        assert len(await bench.titles()) == 1
        clock.instant = START
        for _ in range(4):
            scans = await bench.writer.run(lambda db: db.history.scans(watch.key))
            due = plan.due(watch.schedule, scans, clock.now())
            assert due - clock.now() <= 36 * HOUR
            clock.instant = max(due, clock.now())
            assert await bench.scan(scanner) is not None
    titles = (await bench.titles())[1:]
    assert titles.count(BACK) == 1
    assert [title for title in titles if "top" in title] == ["[info] top: 3 products (US)"]
    told = await bench.writer.run(lambda db: told_of(db, ["top"]))
    assert all(START < each.told_at <= clock.now() for each in told)


@pytest.mark.parametrize("ahead", [HOUR, DAY, DAY + 1, 3 * DAY])
async def test_no_two_scans_get_one_instant(bench: Bench, ahead: int) -> None:
    """When the time comes that a scan was stamped with while the clock was ahead, and where two
    come in one second: none is lost."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        for instant in (ahead, ahead, ahead + 1, 0, 0, ahead, ahead + 1, ahead + 2):
            bench.clock.instant = START + instant
            assert await bench.scan(scanner) is not None
    scans = await bench.writer.run(lambda db: db.history.scans())
    assert len({each.at for each in scans}) == 8


async def test_a_daemon_that_starts_looks_at_every_time() -> None:
    """Also at old rows; what waits for delivery goes on at once, and it is told once."""
    async with Writer() as writer:

        def year_ahead(database: Store) -> None:
            message = Message("test", "old", Severity.INFO, created=START)
            (row,) = database.outbox.add("me", ["me/1"], message, START)
            database.outbox.failed(row, START + YEAR, "no", START + YEAR + HOUR)
            database.health.ok("watch", "x", START + YEAR)
            database.silences.add(begins=START + YEAR, ends=START + YEAR + DAY, rule="x")

        await writer.run(year_ahead)
        for _ in range(2):
            daemon = Daemon(Core(book(), writer, SetClock()), book)
            await writer.run(daemon.reloader.begin_anew)
        due = await writer.run(lambda db: db.outbox.due_targets(START))
        assert due[0][1] == START
        (silence,) = await writer.run(lambda db: db.silences.active(START))
        assert silence.ends == START + DAY
        rows = await writer.run(lambda db: db.outbox.list([NotificationState.WAITING]))
        assert [title_of(row.message) for row in rows].count(BACK) == 1


async def test_a_daemon_that_runs_sees_it_between_scans() -> None:
    """Each minute, without a scan."""
    async with Writer() as writer:
        daemon = Daemon(Core(book(), writer, SetClock()), book)
        await writer.run(daemon.reloader.begin_anew)
        await writer.run(
            lambda db: db.health.raise_cause(
                Incident(IncidentKind.KEY_REFUSED).with_details(text="x"), START + YEAR
            )
        )
        assert await writer.run(daemon.maintenance.sweep_once)
        assert not await writer.run(daemon.maintenance.sweep_once)
        (cause,) = await writer.run(lambda db: db.health.incidents())
        assert cause.since == START


async def test_what_waits_for_the_store_goes_by_the_clock_of_its_turn(bench: Bench) -> None:
    """A long commit of another list is no clock that was set back."""
    writer, clock = bench.writer, bench.clock
    daemon = Daemon(Core(book(), writer, clock), book)
    await writer.run(daemon.reloader.begin_anew)

    def commit(database: Store) -> None:
        clock.instant += HOUR
        database.health.raise_cause(
            Incident(IncidentKind.KEY_REFUSED).with_details(text="x"), clock.now()
        )

    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, writer, clock)
        for part in (daemon.maintenance.sweep(), bench.scan(scanner)):
            first = asyncio.ensure_future(writer.run(commit))
            await asyncio.sleep(0)  # it is in the queue before the part's
            task = asyncio.ensure_future(part)
            await first
            await asyncio.sleep(0)
            await writer.run(lambda _database: None)  # the part's had its turn
            task.cancel()
            await asyncio.wait({task})
    told = await writer.run(lambda db: db.outbox.list())
    assert BACK not in [title_of(row.message) for row in told]


async def test_status_shows_no_scan_of_the_future(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything could be mended: it only reads."""
    async with bench.client() as client:
        scanner = Scanner(bench.book(), client, bench.writer, bench.clock)
        await bench.scan(scanner, START + HOUR)
    state = await bench.writer.run(lambda db: overview(db, scanner.book, START))
    assert state.watches[0].last is not None
    assert state.watches[0].last.at == START + HOUR
    show(state)
    assert "in 1h" not in capsys.readouterr().out
