"""Marks that wait at the same time are kept by one commit, and each is kept or not for itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from tests.delivery.couriers import Store as InMemory
from tests.delivery.messages import NOW, alerts
from watcher.delivery.marking import Change, Marks
from watcher.errors import StoreAway, StoreError
from watcher.store.engine import Writer, hold
from watcher.store.places import Server
from watcher.store.ports import Store

T = TypeVar("T")
TARGETS = [f"json://host/{number}" for number in range(5)]


class Counting(InMemory):
    """Counts its transactions; ``fails`` says of each whether it fails, and with what."""

    def __init__(self) -> None:
        super().__init__()
        self.commits, self.begun = 0, 0
        self.fails: Callable[[int], Exception | None] = lambda _: None
        self._atomic, self._depth = self.database.atomic, 0
        self.database.atomic = self._counted  # type: ignore[method-assign]

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self._depth += 1
        try:
            if self._depth == 1:
                self.begun += 1
                if (error := self.fails(self.begun)) is not None:
                    raise error
            with self._atomic():
                yield
            self.commits += self._depth == 1
        finally:
            self._depth -= 1


def sent(row: int) -> Change:
    """The service took it."""
    return lambda store: store.outbox.sent(row, NOW)


def broken(store: Store) -> None:
    """Writes, and fails then."""
    store.outbox.bury(TARGETS[0], NOW, "it is gone")
    raise ValueError("broken")


async def kept(store: Any, *changes: Change) -> list[object]:
    """What became of changes that wait at the same time, None for one that is kept."""
    marks = Marks(store)
    return await asyncio.gather(*(marks.keep(each) for each in changes), return_exceptions=True)


async def test_one_commit() -> None:
    """Those that wait at the same time share it; what comes meanwhile is in the next one."""
    store = Counting()
    rows = store.add(alerts(["Lamp"]), *TARGETS)
    before = store.commits
    assert await kept(store, *map(sent, rows)) == [None] * 5
    assert store.commits == before + 1
    assert [store.outcomes(row) for row in rows] == [["sent"]] * 5


async def test_a_broken_one() -> None:
    """It alone is not kept, and who waits for it hears why."""
    store = Counting()
    rows = store.add(alerts(["Lamp"]), *TARGETS)
    first, *others = await kept(store, broken, *map(sent, rows[1:]))
    assert isinstance(first, ValueError)
    assert others == [None] * 4
    assert [store.outcomes(row) for row in rows] == [[], *[["sent"]] * 4]
    assert store.row(rows[0]).state.value == "waiting"


async def test_a_store_that_is_away() -> None:
    """All hear it; it is not asked once for each of them."""
    store = Counting()
    rows = store.add(alerts(["Lamp"]), *TARGETS)
    store.fails, store.begun = lambda _: StoreAway("away", store.database.place), 0
    assert {type(each) for each in await kept(store, *map(sent, rows))} == {StoreAway}
    assert store.begun == 2


async def test_a_disk_that_is_full_for_a_while() -> None:
    """What can be kept one by one is."""
    store = Counting()
    rows = store.add(alerts(["Lamp"]), *TARGETS)
    full = StoreError("full", store.database.place)
    store.fails, store.begun = lambda begun: full if begun in (1, 3) else None, 0
    assert await kept(store, *map(sent, rows)) == [None, full, None, None, None]
    assert [len(store.outcomes(row)) for row in rows] == [1, 0, 1, 1, 1]


async def test_one_that_is_taken_back() -> None:
    """Who does not wait any more, before it began, is not noted."""
    store = Counting()
    rows = store.add(alerts(["Lamp"]), *TARGETS)
    marks = Marks(store)
    tasks = [asyncio.create_task(marks.keep(sent(row))) for row in rows[:2]]
    await asyncio.sleep(0)
    tasks[0].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [len(store.outcomes(row)) for row in rows[:2]] == [0, 1]


async def test_on_a_server(postgres_url: str) -> None:
    """There statements are sent before the earlier ones are answered: one that fails is heard of
    late, and harms no other."""
    place = Server(postgres_url)
    with hold(place) as lease:
        async with Writer(place, lease) as writer:

            def add(store: Store) -> list[int]:
                return store.outbox.add("me", TARGETS, alerts(["Lamp"]), NOW)

            def unlike(store: Store) -> None:
                store.outbox.bury(TARGETS[1], NOW, "it is gone")
                store.outbox.sent(rows[1], "soon")  # type: ignore[arg-type]

            rows = await writer.run(add)
            found = await kept(writer, sent(rows[0]), unlike, *map(sent, rows[2:]))
            assert [each is None for each in found] == [True, False, True, True, True]
            tries = await writer.run(lambda store: [len(store.outbox.tries(row)) for row in rows])
            assert tries == [1, 0, 1, 1, 1]
            buried = await writer.run(lambda store: store.outbox.get(rows[1]))
            assert buried is not None
            assert buried.state.value == "waiting"


@pytest.mark.parametrize("count", [1, 5])
async def test_nothing_is_kept_before_the_commit(count: int) -> None:
    """Nobody hears that a mark is kept where its commit failed."""
    store = Counting()
    rows = store.add(alerts(["Lamp"]), *TARGETS)
    error = StoreError("failed", store.database.place)
    store.fails = lambda _: error
    assert await kept(store, *map(sent, rows[:count])) == [error] * count
