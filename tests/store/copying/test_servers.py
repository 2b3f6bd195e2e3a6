"""Copies from and to books on a server."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from tests.analysis.test_lockstep import RULES, nine_days
from tests.fakes.lockstep import Daemon
from tests.store.copying.test_copier import Killed, dump
from tests.store.making import DAY, START
from watcher.errors import DatabaseHeld, StoreError
from watcher.rules.files.loading import load_text
from watcher.store.control import LeaseLost
from watcher.store.copying.between import copy_store, end_of
from watcher.store.copying.canonical import Total
from watcher.store.engine import open_control, open_scratch, open_store
from watcher.store.places import Place, Server
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database

NOW = START + 400 * DAY


@pytest.fixture
def book(postgres_url: str) -> Server:
    """A book that is not there yet."""
    return Server(postgres_url, "ann")


def totals(store: Store) -> Mapping[str, Total]:
    """What each table comes to."""
    end = end_of(store)
    found = {}
    for name, table in end.tables().items():
        found[name] = Total()
        for batch in end.read(table):
            found[name] += batch.total
    return found


def test_there_and_back(tmp_path: Path, source: Path, book: Server) -> None:
    """File to book, book to another book, that one to a file: it is what it was."""
    other, back = Server(book.url, "bob"), tmp_path / "back.db"
    found = [copy_store(source, book, NOW), copy_store(book, other, NOW)]
    found.append(copy_store(other, back, NOW))
    assert found[0] == found[1] == found[2]
    assert dump(back) == dump(source)


def test_a_book_with_something_in_it_is_left_alone(source: Path, book: Server) -> None:
    """Also with what a copy put there before."""
    copy_store(source, book, NOW)
    with pytest.raises(StoreError, match=r"book ann: has alerts already"):
        copy_store(source, book, NOW)


@pytest.mark.parametrize("small", [3, 40])
def test_half_a_copy_is_no_store(
    source: Path, book: Server, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """Nobody goes on with it but the copy; a source that changed meanwhile begins anew."""
    for module in ("canonical", "sqlite.copy_end", "postgres.copy_end"):
        name = f"copying.{module}" if module == "canonical" else module
        monkeypatch.setattr(f"watcher.store.{name}.BATCH_ROWS", 7)
    calls = iter(range(small))

    def progress(_done: int, _total: int) -> None:
        if next(calls, None) is None:
            raise Killed

    with pytest.raises(Killed):
        copy_store(source, book, NOW, progress)
    for readonly in (True, False):
        with pytest.raises(StoreError, match="is being copied into, or that was cut off"):
            open_store(book, readonly=readonly)
    with Database.open(source) as database:
        database.execute("UPDATE alerts SET last_met = last_met + 1 WHERE id = 1")
    said: list[str] = []
    copy_store(source, book, NOW, say=said.append)
    assert said == [
        f"{book}: going on with a copy that was cut off.",
        f"{source}: its alerts changed since the copy began; begun anew.",
    ]
    with open_store(book, readonly=True) as copy, Database.open(source) as database:
        assert totals(copy) == totals(database)


def test_a_killed_process_goes_on(tmp_path: Path, source: Path, book: Server) -> None:
    """SIGKILL at any time, there and back, and in the end it is what it was."""
    back = tmp_path / "back.db"
    chance = random.Random(1)
    for one, other in ((str(source), book.url), (book.url, str(back))):
        options = ["--to-book" if one == str(source) else "--from-book", "ann"]
        command = [sys.executable, "-m", "watcher", "db", "copy", one, other, *options]
        kills = 0
        while True:
            with subprocess.Popen(
                command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
            ) as process:
                assert process.stderr is not None
                if kills < 6:
                    time.sleep(chance.uniform(0.2, 1.2))
                    os.kill(process.pid, signal.SIGKILL)
                    kills += process.wait() == -signal.SIGKILL
                said = process.stderr.read()
            if process.returncode == 0 or "has alerts already" in said:
                break
            # The lease of one that was killed runs out after some seconds.
            assert process.returncode == -signal.SIGKILL or "in use by command-" in said, said
    assert dump(back) == dump(source)


def test_neither_may_have_a_daemon(tmp_path: Path, source: Path, book: Server) -> None:
    """Nor may one take it while the copy goes on."""
    with closing(open_control(book.url)) as control:
        control.books.create("ann")
        lease = control.leases.take("ann", "a daemon", 60)
        assert lease is not None
        for one, other in ((source, book), (book, tmp_path / "copy.db")):
            with pytest.raises(DatabaseHeld, match="in use by a daemon; stop it first"):
                copy_store(one, other, NOW)
        control.leases.release(lease)

        def progress(_done: int, _total: int) -> None:
            assert control.leases.take("ann", "another", 60) is None

        copy_store(source, book, NOW, progress)
        assert control.leases.take("ann", "another", 60) is not None


def test_a_lost_lease_ends_a_copy(source: Path, book: Server) -> None:
    """As where the process stood still for longer than it holds."""
    taken = False

    def progress(_done: int, _total: int) -> None:
        nonlocal taken
        with closing(open_control(book.url)) as control:
            if not taken:
                control.now()
                run_out(book)
                taken = control.leases.take("ann", "another", 60) is not None

    with pytest.raises(StoreError) as raised:
        copy_store(source, book, NOW, progress)
    assert taken
    assert isinstance(raised.value, LeaseLost) or "can't be reached" in str(raised.value)


def test_a_lost_connection_on_the_way_in(source: Path, book: Server) -> None:
    """Between two batches: the next one is written over a new one, under the same lease."""
    turns = iter(range(4))

    def progress(_done: int, _total: int) -> None:
        if next(turns, None) == 2:
            end_sessions(book)

    copy_store(source, book, NOW, progress)
    with open_store(book, readonly=True) as copy, Database.open(source) as database:
        assert totals(copy) == totals(database)


def test_a_lost_connection_on_the_way_out(tmp_path: Path, source: Path, book: Server) -> None:
    """It is not what was begun to be read: that is said, and the next copy goes on."""
    copy_store(source, book, NOW)
    target, turns = tmp_path / "copy.db", iter(range(4))

    def progress(_done: int, _total: int) -> None:
        if next(turns, None) == 2:
            end_sessions(book)

    with pytest.raises(StoreError, match="book ann: the database"):
        copy_store(book, target, NOW, progress)
    assert not target.stat().st_size
    said: list[str] = []
    copy_store(book, target, NOW, say=said.append)
    assert said == [f"{target}: going on with a copy that was cut off."]
    assert dump(target) == dump(source)


def end_sessions(book: Server) -> None:
    """As where the server was stopped."""
    import psycopg

    with psycopg.connect(book.url, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND application_name LIKE 'watcher/command-%/ann'"
        )


def run_out(book: Server) -> None:
    """Let the lease of a book end now."""
    import psycopg

    with psycopg.connect(book.url, autocommit=True) as conn:
        conn.execute("UPDATE watcher.leases SET until = to_timestamp(0)")


def test_no_such_book(tmp_path: Path, book: Server) -> None:
    """Only the one that is copied into is made."""
    with pytest.raises(StoreError, match=r"there is no(?: such)? book"):
        copy_store(book, tmp_path / "copy.db", NOW)
    with open_control(book.url) as control:
        assert control.books.names() == []
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("first", ["file", "book"])
def test_a_copied_store_goes_on(tmp_path: Path, book: Server, first: str) -> None:
    """Half of a history on one engine, the other half on the other, and all of it on one: the same
    messages at the same times, and the same in every table. Its days have silences and credits."""
    rules = load_text(RULES)
    scans = list(nine_days(rules, 2))
    places: list[Place] = [tmp_path / "file.db", book]
    if first == "book":
        places.reverse()
        with closing(open_control(book.url)) as control:
            control.books.create("ann")
    with Database.open(tmp_path / "whole.db") as whole:
        told = Daemon(whole, rules)
        for each in scans:
            play(told, each)
        expected = totals(whole)
        said: list[object] = []
        for turn, part in enumerate((scans[: len(scans) // 2], scans[len(scans) // 2 :])):
            if turn:
                copy_store(places[0], places[1], NOW)
            with open_store(places[turn]) as half:
                daemon = Daemon(half, rules)
                daemon._now = 0 if not turn else scans[len(scans) // 2 - 1].finished  # noqa: SLF001
                for each in part:
                    play(daemon, each)
                said += daemon.said
                found = totals(half)
        assert said == told.said
        assert found == expected


def play(daemon: Daemon, scan: object) -> None:
    """A scan as the daemon pays for it; some of what it tells is sent."""
    database = daemon.database
    now = scan.finished  # type: ignore[attr-defined]
    reservation = database.ledger.reserve(scan.watch, 5, now, None, None)  # type: ignore[attr-defined]
    daemon.scan(scan)  # type: ignore[arg-type]
    assert reservation is not None
    database.ledger.settle(reservation, 3)
    for target, _, _ in database.outbox.due_targets(now):
        row = database.outbox.next_for(target)
        if row is not None and row.id % 3:
            database.outbox.sent(row.id, now)


def test_a_scratch_of_a_book(source: Path, book: Server) -> None:
    """What is tried on it stays there; what it spends is spent in the book."""
    copy_store(source, book, NOW)
    with open_scratch(book) as scratch, Database.open(source) as database:
        assert totals(scratch) == totals(database)
        assert scratch.ledger.pay("w", 5, NOW, 10, None)
        assert not scratch.ledger.pay("w", 6, NOW, 10, None)
        fill_health(scratch)
    with open_store(book, readonly=True) as opened:
        assert opened.ledger.spent(NOW).day == 5
        assert not [each for each in opened.health.list() if each.name == "tried"]


def fill_health(store: Store) -> None:
    """A write like any other."""
    with store.atomic():
        store.health.failing("watch", "tried", "error", NOW)
