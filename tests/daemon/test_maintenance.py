"""The look at the disk."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple, TypeVar, cast

import pytest

from tests.fakes.clock import SetClock
from tests.store.making import START, scan
from watcher.daemon.core import Core
from watcher.daemon.maintenance import DISK, Disk, Maintenance, may_prune
from watcher.daemon.supervision.liveness import Liveness
from watcher.daemon.workers import Workers
from watcher.incident import Incident
from watcher.rules.rulebook import Keep
from watcher.store.records import Pruned, ScanRow
from watcher.store.sqlite.database import Database
from watcher.store.threads import Writer
from watcher.text.incidents import incident_text
from watcher.units import DAY, HOUR

T = TypeVar("T")
MIB, GIB = 1 << 20, 1 << 30


class Space(NamedTuple):
    """As ``shutil.disk_usage`` gives it."""

    total: int
    used: int
    free: int


def with_free(monkeypatch: pytest.MonkeyPatch, total: int, free: int) -> None:
    """A disk of that size, with so much free."""
    space = Space(total, total - free, free)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: space)


@pytest.mark.parametrize(
    ("total", "free", "short"),
    [
        (20 * MIB, 19 * MIB, True),  # whatever its size: that is soon full
        (GIB, 99 * MIB, True),
        (GIB, 101 * MIB, False),
        (10 * GIB, 500 * MIB, True),  # a twentieth is 512 MiB
        (10 * GIB, 513 * MIB, False),
        (2_000 * GIB, 1_023 * MIB, True),
        (2_000 * GIB, 1_025 * MIB, False),
    ],
)
def test_what_is_nearly_full(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, total: int, free: int, *, short: bool
) -> None:
    """A share of the disk, between bounds."""
    with_free(monkeypatch, total, free)
    assert (Disk(tmp_path).shortage(known=False) is not None) is short


def test_what_is_known_ends_well_above(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Free space that goes up and down by little is one trouble, not many."""
    with_free(monkeypatch, GIB, 120 * MIB)
    found = Disk(tmp_path).shortage(known=True)
    assert found is not None
    assert "120 MiB of 1024 MiB are free" in incident_text(found)
    with_free(monkeypatch, GIB, 160 * MIB)
    assert Disk(tmp_path).shortage(known=True) is None


def test_the_real_disk(tmp_path: Path) -> None:
    """It answers at all."""
    Disk(tmp_path).shortage(known=False)


async def test_a_disk_that_hangs_holds_up_nobody(tmp_path: Path) -> None:
    """Of a network it may: it is looked at on a thread that nothing else needs."""
    threads: list[str] = []
    looked = asyncio.Event()

    class Here(Disk):
        def shortage(self, *, known: bool) -> Incident | None:
            threads.append(threading.current_thread().name)
            return None

    async def note(_incident: Incident, *, on: bool) -> None:
        assert not on
        looked.set()

    task = asyncio.create_task(_part(note=note).watch_disk(Here(tmp_path)))
    await looked.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert threads == ["disk"]


def _part(*, keep: Keep | None = None, **shared: Any) -> Maintenance:
    """The part of a daemon that has nothing but this."""
    shared = {"clock": SetClock(), "liveness": Liveness(), **shared}
    core = SimpleNamespace(book=SimpleNamespace(keep=keep), **shared)
    return Maintenance(cast("Core", core), cast("Workers", None))


async def test_it_is_told_and_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The end is told also to who heard of it before a restart; then nothing more."""
    looks = [(GIB, 500 * MIB), (GIB, 50 * MIB), (GIB, 50 * MIB), (GIB, 500 * MIB), (GIB, GIB)]
    said: list[str] = []
    done = asyncio.Event()

    async def note(incident: Incident, *, on: bool) -> None:
        assert not on or "are free" in incident_text(incident)
        said.append(f"{'begin' if on else 'end'} {incident.cause}")

    async def sleep(_seconds: float) -> None:
        looks.pop(0)
        if not looks:
            done.set()
            await asyncio.Event().wait()
        with_free(monkeypatch, *looks[0])

    with_free(monkeypatch, *looks[0])
    monkeypatch.setattr("watcher.daemon.maintenance.asyncio.sleep", sleep)
    task = asyncio.create_task(_part(note=note).watch_disk(Disk(tmp_path)))
    await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert said == [f"{how} {DISK.cause}" for how in ("end", "begin", "begin", "end")]


@dataclass
class Pruner:
    """In the database's place: gives these steps, and then the one that has no more."""

    liveness: Liveness
    steps: list[Pruned]
    limits: list[tuple[int, int]] = field(default_factory=list)
    due: list[float] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)
    records: list[int] = field(default_factory=list)  # that go at one go, before there are none
    filled: int = 0

    @property
    def pruner(self) -> Pruner:
        return self

    @property
    def history(self) -> Pruner:
        return self

    @property
    def links(self) -> Pruner:
        return self

    @property
    def audit(self) -> Records:
        return Records(self)

    @property
    def day_lists(self) -> Pruner:
        return self

    def atomic(self) -> AbstractContextManager[None]:
        return nullcontext()

    def fill(self) -> bool:
        """Two lists are missing."""
        self.filled += 1
        return self.filled < 3

    def prune(self, now: int) -> int:
        self.expired.append(now)
        return 0

    def scans(self, limit: int) -> list[ScanRow]:
        return []

    def step(self, observations: int, notifications: int) -> Pruned:
        self.limits.append((observations, notifications))
        self.due.append(self.liveness.left()["upkeep"])
        return self.steps.pop(0) if self.steps else Pruned(more=False)

    async def run(self, job: Callable[[Database], T]) -> T:
        return job(cast("Database", self))


@dataclass
class Records:
    """Records of writes in the database's place."""

    pruner: Pruner

    def prune(self, now: int) -> int:
        self.pruner.prune(now)
        return self.pruner.records.pop(0) if self.pruner.records else 0


async def test_pruning_leaves_others_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Step after step while there is more, with a pause after each, then what is to be filled in,
    with pauses, too; then again in a day. It is heard of at each step, and within a day and an hour
    after the last."""
    clock, keep = SetClock(), Keep(observations=30 * DAY, notifications=7 * DAY)
    liveness = Liveness(SetClock())
    pruner = Pruner(liveness, [Pruned(more=True, seconds=0.5), Pruned(more=True, seconds=0.25)])
    pruner.records = [1_000, 1_000, 3]
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        if waits.count(DAY) == 2:
            raise asyncio.CancelledError

    monkeypatch.setattr("watcher.daemon.maintenance.asyncio.sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await _part(writer=pruner, keep=keep, clock=clock, liveness=liveness).upkeep()
    assert waits == [1.0, 0.5, 0, 0.1, 0.1, DAY, 0, DAY]
    assert pruner.limits == [(clock.instant - 30 * DAY, clock.instant - 7 * DAY)] * 4
    assert pruner.due == [600, 600, 600, 600]
    assert pruner.records == []
    assert pruner.expired == [clock.instant] * 7  # links, and records of writes until none is old
    assert liveness.left()["upkeep"] == DAY + HOUR


@pytest.mark.parametrize(("days", "left"), [(60, 1), (61, 2), (365, 2)])
async def test_a_clock_far_ahead_prunes_nothing(days: int, left: int) -> None:
    """It would take a whole history that is kept for a year and more."""
    clock = SetClock(START + days * DAY)
    async with Writer() as writer:
        await writer.run(lambda db: db.history.record(scan(START - DAY, {"1": 5})))
        await writer.run(lambda db: db.history.record(scan(START, {"1": 5})))
        assert await writer.run(lambda db: may_prune(db, clock.instant)) is (left == 1)
        liveness = Liveness(clock=lambda: 0.0)
        part = asyncio.create_task(
            _part(
                writer=writer, keep=Keep(observations=DAY), clock=clock, liveness=liveness
            ).upkeep()
        )
        async with asyncio.timeout(20):
            while liveness.left().get("upkeep", 0) < DAY:  # noqa: ASYNC110 - nothing gives an event
                await asyncio.sleep(0.005)
        part.cancel()
        assert await writer.run(lambda db: len(db.history.scans())) == left
