"""A database that fails for a while."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

from tests.store.making import START
from watcher.daemon.scheduling.store_retry import LONGEST_WAIT, StoreRetry
from watcher.errors import NotADatabase, StoreError
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database

T = TypeVar("T")


@dataclass
class Here:
    """A store whose jobs run where they are asked for."""

    database: Database

    async def run(self, job: Callable[[Database], T]) -> T:
        return job(self.database)


@dataclass
class Waits:
    """What a patient store says while it waits; after ``most`` waits ``then`` happens."""

    then: Callable[[], object]
    most: int = 1
    failures: list[int] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    async def hear(self, _error: StoreError, failures: int) -> None:
        self.failures.append(failures)

    async def pause(self, _stop: asyncio.Event, seconds: float) -> None:
        self.pauses.append(seconds)
        if len(self.pauses) == self.most:
            self.then()


async def test_a_lock_is_waited_for(tmp_path: Path) -> None:
    """Another program's lock, longer than a statement waits: the job is done once it is gone."""
    path = tmp_path / "w.db"
    with (
        Database.open(path, timeout=0.01) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        waits = Waits(lambda: other.execute("ROLLBACK"), most=9)
        patient = StoreRetry(Here(store), asyncio.Event(), waits.hear, waits.pause)
        await patient.run(lambda db: db.ledger.charge("w", 3, START))
        assert store.ledger.spent(START).day == 3
    assert waits.failures == list(range(1, 10))
    assert waits.pauses == [1, 2, 4, 8, 16, 32, LONGEST_WAIT, LONGEST_WAIT, LONGEST_WAIT]


@pytest.mark.parametrize("stoppable", [True, False])
async def test_the_stop_ends_the_patience(tmp_path: Path, *, stoppable: bool) -> None:
    """One more try, then the error; without a stop there is no patience at all."""
    path = tmp_path / "w.db"
    stop = asyncio.Event()
    with (
        Database.open(path, timeout=0.01) as store,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        waits = Waits(stop.set)
        patient = StoreRetry(Here(store), stop if stoppable else None, waits.hear, waits.pause)
        with pytest.raises(StoreError, match="locked by another program"):
            await patient.run(lambda db: db.ledger.charge("w", 3, START))
    assert waits.failures == ([1] if stoppable else [])


async def test_damage_is_not_waited_for(tmp_path: Path) -> None:
    """It does not pass."""

    def damaged(database: Store) -> None:
        raise NotADatabase("damaged", database.place)

    with Database.open(tmp_path / "w.db") as store:
        waits = Waits(lambda: None)
        patient = StoreRetry(Here(store), asyncio.Event(), waits.hear, waits.pause)
        with pytest.raises(NotADatabase):
            await patient.run(damaged)
    assert waits.failures == []
