"""The delivery loop on a clock that the tests move."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.delivery.ends import receiving, serving
from tests.delivery.messages import NOW, alerts, operator
from watcher.delivery.courier import POLL, Courier, Nobody, Storage, StoreThread, Way, backoff
from watcher.delivery.message import Rendered, Style
from watcher.delivery.target import Attachment, Kind, Outcome, Target
from watcher.errors import StoreError
from watcher.model import Chart, Message, Notification, NotificationState, Series
from watcher.rules.templates import parse_template
from watcher.store.database import Database
from watcher.store.writer import Writer
from watcher.units import DAY, HOUR

T = TypeVar("T")
SENT = Outcome(Kind.SENT, "took it")
AGAIN = Outcome(Kind.RETRY, "HTTP 500")
GONE = Outcome(Kind.DEAD, "HTTP 404")


@dataclass
class Clock:
    """The time, and a pause that moves it instead of waiting."""

    now: int = NOW
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> int:
        return self.now

    async def pause(self, event: asyncio.Event, seconds: float) -> None:
        if not event.is_set():
            self.pauses.append(seconds)
            self.now += max(int(seconds), 1)
        await asyncio.sleep(0)


@dataclass
class Line:
    """A target that answers as planned, then takes everything; keeps what it was sent."""

    plan: list[Outcome] = field(default_factory=list)
    taken: list[Rendered] = field(default_factory=list)
    gate: asyncio.Event | None = None
    error: Exception | None = None
    style: Style = Style.PLAIN
    limit: int = 4_000
    awaited: dict[int, asyncio.Event] = field(default_factory=dict)
    had: list[frozenset[str]] = field(default_factory=list)
    released: bool = False
    takes_files: bool = False
    files: list[int] = field(default_factory=list)  # how many came with each message

    def has(self, count: int) -> asyncio.Event:
        """Set once this many messages came."""
        self.awaited[count] = asyncio.Event()
        return self.awaited[count]

    def release(self) -> None:
        self.released = True

    async def send(
        self,
        rendered: Rendered,
        attachments: Sequence[Attachment] = (),
        /,
        *,
        taken: Collection[str] = (),
    ) -> Outcome:
        self.files.append(len(attachments))
        self.had.append(frozenset(taken))
        if self.error is not None:
            raise self.error
        self.taken.append(rendered)
        if len(self.taken) in self.awaited:
            self.awaited[len(self.taken)].set()
        if self.gate is not None:
            await self.gate.wait()
        return self.plan.pop(0) if self.plan else SENT


@dataclass
class Ear(Nobody):
    """Writes down what became of each row, and breaks if it is to."""

    heard: list[str] = field(default_factory=list)
    error: Exception | None = None

    def died(self, storage: object, notification: Notification, reason: str) -> None:
        self._hear(f"{notification.id} died: {reason}")

    def took(self, storage: object, notification: Notification) -> None:
        self._hear(f"{notification.id} sent")

    def _hear(self, what: str) -> None:
        self.heard.append(what)
        if self.error is not None:
            raise self.error


class Store:
    """The real store in memory, on this thread; ``broken`` tells which work fails next."""

    def __init__(self) -> None:
        self.database = Database.in_memory()
        self.broken = 0

    async def run(self, work: Callable[[Database], T], /) -> T:
        await asyncio.sleep(0)
        return work(self.database)

    def add(self, message: Message, *targets: str, at: int = NOW) -> list[int]:
        return self.database.outbox.add("growth", targets, message, at)

    def row(self, row_id: int) -> Notification:
        row = self.database.outbox.get(row_id)
        assert row is not None
        return row

    def outcomes(self, row_id: int) -> list[str]:
        return [each.outcome for each in self.database.outbox.tries(row_id)]


class FullDisk(Store):
    """A store whose marks fail for some time."""

    async def run(self, work: Callable[[Database], T], /) -> T:
        if self.broken and work.__qualname__.startswith("Courier._write"):
            self.broken -= 1
            raise StoreError("the disk is full", self.database.path)
        return await super().run(work)


@pytest.fixture
def store() -> Any:
    """A store in memory."""
    made = Store()
    yield made
    made.database.close()


def _courier(
    store: StoreThread[Database], lines: Mapping[str, Line], clock: Clock, **more: Any
) -> Courier[Database]:
    return Courier(store, lines, now=clock, pause=clock.pause, **more)


async def _turn(courier: Courier[Database]) -> float:
    wait = await courier.turn()
    await courier.idle()
    return wait


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 10), (1, 20), (2, 40), (8, 2_560), (9, 3_600), (500, 3_600)]
)
def test_backoff_doubles_to_an_hour(tries: int, seconds: int) -> None:
    """10 s, doubling, never over an hour."""
    assert backoff(tries) == seconds


async def test_sends_in_order_and_marks(store: Store) -> None:
    """Each target gets its rows in the order in which they were written."""
    clock, lines = Clock(), {"growth/1": Line(), "growth/2": Line()}
    ids = [store.add(operator(text), "growth/1", "growth/2") for text in "abc"]
    assert await _turn(_courier(store, lines, clock)) == POLL
    for line in lines.values():
        assert [each.body for each in line.taken] == ["a", "b", "c"]
    row = store.row(ids[0][0])
    assert (row.state, row.tries, row.finished) == (NotificationState.SENT, 1, NOW)
    assert store.outcomes(row.id) == ["sent"]


async def test_a_failed_row_holds_its_targets_queue_only(store: Store) -> None:
    """The order is kept: what is behind waits, another target's rows do not."""
    clock, lines = Clock(), {"growth/1": Line([AGAIN]), "growth/2": Line()}
    (first, _), (second, other) = (
        store.add(operator(text), "growth/1", "growth/2") for text in "ab"
    )
    courier = _courier(store, lines, clock)
    await _turn(courier)
    row = store.row(first)
    assert (row.state, row.next_try, row.error) == (
        NotificationState.WAITING,
        NOW + 10,
        "HTTP 500",
    )
    assert store.row(second).tries == 0
    assert store.row(other).state is NotificationState.SENT
    clock.now += 9
    assert await _turn(courier) == 1.0
    assert len(lines["growth/1"].taken) == 1
    clock.now += 1
    await _turn(courier)
    assert [each.body for each in lines["growth/1"].taken] == ["a", "a", "b"]


@dataclass
class UntilSeven:
    """Quiet hours that end at one instant."""

    end: int

    def until(self, now: int) -> int | None:
        return self.end if now < self.end else None


async def test_nothing_is_sent_in_quiet_hours(store: Store) -> None:
    """A retry that comes due, or what waited over a restart, is sent when they end."""
    clock, lines = Clock(), {"growth/1": Line([AGAIN]), "growth/2": Line()}
    (row_id, _) = store.add(operator("a"), "growth/1", "growth/2")
    courier = _courier(store, lines, clock)
    await _turn(courier)
    courier.update(lines, {"growth": Way(quiet=UntilSeven(NOW + HOUR))})
    clock.now += 600
    (other,) = store.add(operator("b"), "growth/2")
    await _turn(courier)
    assert [len(line.taken) for line in lines.values()] == [1, 1]
    assert [store.row(row).next_try for row in (row_id, other)] == [NOW + HOUR, NOW + HOUR]
    assert store.row(row_id).tries == 1
    clock.now = NOW + HOUR
    await _turn(courier)
    assert [[each.body for each in line.taken] for line in lines.values()] == [
        ["a", "a"],
        ["a", "b"],
    ]


async def test_retry_after_is_obeyed(store: Store) -> None:
    """A service that says when is asked then, not before."""
    clock = Clock()
    line = Line([Outcome(Kind.RETRY, "HTTP 429", 300.0), Outcome(Kind.RETRY, "HTTP 429", 1.0)])
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = _courier(store, {"growth/1": line}, clock)
    await _turn(courier)
    assert store.row(row_id).next_try == NOW + 300
    clock.now += 300
    await _turn(courier)
    assert store.row(row_id).next_try == clock.now + 20


async def test_a_permanent_answer_is_dead_at_once(store: Store) -> None:
    """The row is given up, told of, and the next one goes."""
    clock, line = Clock(), Line([GONE])
    first, second = (store.add(operator(text), "growth/1")[0] for text in "ab")
    ear = Ear()
    await _turn(_courier(store, {"growth/1": line}, clock, keeper=ear))
    assert ear.heard == [f"{first} died: HTTP 404", f"{second} sent"]
    assert store.row(first).state is NotificationState.DEAD
    assert store.row(second).state is NotificationState.SENT


@pytest.mark.parametrize("retry_after", [None, 7 * DAY])
async def test_a_day_of_failures_is_dead(store: Store, retry_after: float | None) -> None:
    """Given up 24 h after the first try, with a last try at the end of the day."""
    clock, line = Clock(), Line([Outcome(Kind.RETRY, "HTTP 503", retry_after)] * 99)
    (row_id,) = store.add(operator("a"), "growth/1", at=NOW - HOUR)
    courier = _courier(store, {"growth/1": line}, clock)
    while store.row(row_id).state is NotificationState.WAITING:
        clock.now = store.row(row_id).next_try if store.row(row_id).tries else NOW
        await _turn(courier)
    row = store.row(row_id)
    assert (row.state, row.error) == (
        NotificationState.DEAD,
        "given up after 24 h: HTTP 503",
    )
    assert clock.now == NOW + DAY
    assert row.tries == (2 if retry_after else 33)


async def test_what_was_dead_can_be_sent_again(store: Store) -> None:
    """``outbox retry`` puts the row back with a fresh day."""
    clock, line = Clock(), Line([GONE])
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = _courier(store, {"growth/1": line}, clock)
    await _turn(courier)
    clock.now += 3 * DAY
    assert store.database.outbox.retry(None, clock.now) == [row_id]
    line.plan = [AGAIN]
    await _turn(courier)
    assert store.row(row_id).next_try == clock.now + 10
    clock.now += 10
    await _turn(courier)
    assert store.outcomes(row_id) == ["dead", "failed", "sent"]


async def test_a_stuck_target_delays_no_other(store: Store) -> None:
    """While one hangs, the other's rows go out; one row a target is under way."""
    clock, stuck, free = Clock(), Line(gate=asyncio.Event()), Line()
    for text in "ab":
        store.add(operator(text), "growth/1", "growth/2")
    courier = _courier(store, {"growth/1": stuck, "growth/2": free}, clock)
    both = free.has(2)
    await courier.turn()
    await both.wait()
    await courier.turn()
    assert (len(stuck.taken), len(free.taken)) == (1, 2)
    assert stuck.gate is not None
    stuck.gate.set()
    await courier.idle()
    assert len(stuck.taken) == 2


async def test_an_unknown_target_is_dead_with_a_reason(store: Store) -> None:
    """A reload took the channel away: its rows say so, even those not due."""
    clock, line = Clock(), Line([AGAIN])
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = _courier(store, {"growth/1": line}, clock)
    await _turn(courier)
    courier.update({})
    await _turn(courier)
    row = store.row(row_id)
    assert (row.state, row.error) == (
        NotificationState.DEAD,
        "the rule file no longer names this target",
    )


async def test_all_that_waits_for_an_unknown_target_is_dead_at_once(store: Store) -> None:
    """As a whole: thousands would be told one by one."""
    clock, ear = Clock(), Ear()
    ids = [store.add(operator("a"), "growth/1")[0] for _ in range(3)]
    await _turn(_courier(store, {}, clock, keeper=ear))
    assert [store.row(each).state for each in ids] == [NotificationState.DEAD] * 3
    assert ear.heard == [f"{ids[0]} died: the rule file no longer names this target"]


async def test_a_reload_during_a_try(store: Store) -> None:
    """It ends with the target that it began with; the next row goes to the new one."""
    clock, old, new = Clock(), Line(gate=asyncio.Event()), Line()
    first, second = (store.add(operator(text), "growth/1")[0] for text in "ab")
    courier = _courier(store, {"growth/1": old}, clock)
    began = old.has(1)
    await courier.turn()
    await began.wait()
    courier.update({"growth/1": new})
    assert old.gate is not None
    old.gate.set()
    await courier.idle()
    assert [[each.body for each in line.taken] for line in (old, new)] == [["a"], ["b"]]
    assert {store.row(each).state for each in (first, second)} == {NotificationState.SENT}


async def test_a_clock_set_back_delays_nothing(store: Store) -> None:
    """What was planned by the clock as it stood then is tried now, and planned anew."""
    clock, line = Clock(), Line([AGAIN] * 3)
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = _courier(store, {"growth/1": line}, clock)
    await _turn(courier)
    clock.now -= DAY
    await _turn(courier)
    assert (len(line.taken), store.row(row_id).next_try) == (2, clock.now + 20)
    assert await _turn(courier) == POLL
    assert len(line.taken) == 2
    clock.now += 20
    await _turn(courier)
    assert store.row(row_id).first_try == NOW - DAY


async def test_a_row_from_the_future_is_sent(store: Store) -> None:
    """It was written before the clock was set back."""
    clock, line = Clock(), Line()
    store.add(operator("a"), "growth/1", at=NOW + DAY)
    await _turn(_courier(store, {"growth/1": line}, clock))
    assert len(line.taken) == 1


async def test_a_clock_set_forward_kills_nothing(store: Store) -> None:
    """Nor does a machine that slept, or a daemon that was down: nobody tried meanwhile."""
    clock, line = Clock(), Line([AGAIN] * 99)
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = _courier(store, {"growth/1": line}, clock)
    await _turn(courier)
    clock.now += 3 * DAY
    await _turn(courier)
    assert store.row(row_id).state is NotificationState.WAITING
    began = clock.now
    while store.row(row_id).state is NotificationState.WAITING:
        clock.now = store.row(row_id).next_try
        await _turn(courier)
    assert DAY - 2 * HOUR <= clock.now - began <= DAY


async def test_recipients_that_have_it_are_remembered(store: Store) -> None:
    """In the database: over a restart and a reload, too."""
    clock, some = Clock(), frozenset({"one", "two"})
    line = Line([replace(AGAIN, taken=some), replace(GONE, taken=some)])
    (row_id,) = store.add(operator("a"), "growth/1")
    await _turn(_courier(store, {"growth/1": line}, clock))
    assert store.row(row_id).taken == some
    clock.now += 10
    await _turn(_courier(store, {"growth/1": line}, clock))
    store.database.outbox.retry([row_id], clock.now)
    await _turn(_courier(store, {"growth/1": line}, clock))
    assert line.had == [frozenset(), some, some]


async def test_a_mark_that_breaks_is_made_before_anything_is_sent_again(store: Store) -> None:
    """Also after the loop began anew: it would repeat the message for ever."""

    class Breaking(Store):
        async def run(self, work: Callable[[Database], T], /) -> T:
            if self.broken and work.__qualname__.startswith("Courier._write"):
                self.broken -= 1
                raise RuntimeError("the store is not open")
            return await super().run(work)

    clock, line, breaking = Clock(), Line(), Breaking()
    (row_id,) = breaking.add(operator("a"), "growth/1")
    breaking.broken = 2
    courier = _courier(breaking, {"growth/1": line}, clock)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await _turn(courier)
    await _turn(courier)
    assert (len(line.taken), breaking.row(row_id).state) == (1, NotificationState.SENT)
    breaking.database.close()


async def test_a_keeper_that_breaks_stops_nothing(store: Store) -> None:
    """What became of the row is noted all the same."""
    clock, line, ear = Clock(), Line([GONE]), Ear(error=ValueError("broken"))
    rows = [store.add(operator(text), "growth/1")[0] for text in "ab"]
    await _turn(_courier(store, {"growth/1": line}, clock, keeper=ear))
    assert [store.row(row).state for row in rows] == [
        NotificationState.DEAD,
        NotificationState.SENT,
    ]


class Joining(Nobody):
    """Makes one of three and more, or breaks."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def join(self, storage: Database, target: str) -> bool:  # type: ignore[override]
        if self.error is not None:
            raise self.error
        rows = [each.id for each in storage.outbox.waiting_for(target)]
        if len(rows) < 3:
            return False
        return storage.backlog.join(target, rows, operator("joined"), NOW) is not None


async def test_dozens_are_joined_before_they_are_sent(store: Store) -> None:
    """What comes later comes after it; a few go one by one."""
    clock, line, few = Clock(), Line([AGAIN]), Line()
    for text in "abc":
        store.add(operator(text), "growth/1", *(("growth/2",) if text < "c" else ()))
    courier = _courier(store, {"growth/1": line, "growth/2": few}, clock, keeper=Joining())
    await _turn(courier)
    store.add(operator("d"), "growth/1", at=clock.now)
    clock.now += 10
    await _turn(courier)
    assert [each.body for each in line.taken] == ["joined", "joined", "d"]
    assert [each.body for each in few.taken] == ["a", "b"]


async def test_what_can_not_be_joined_is_sent_one_by_one(store: Store) -> None:
    """A fault of the joining holds nothing back."""
    clock, line = Clock(), Line()
    for text in "abc":
        store.add(operator(text), "growth/1")
    keeper = Joining(ValueError("broken"))
    await _turn(_courier(store, {"growth/1": line}, clock, keeper=keeper))
    assert [each.body for each in line.taken] == ["a", "b", "c"]


async def test_nothing_is_joined_in_quiet_hours(store: Store) -> None:
    """It would not be of what holds when they end."""
    clock, line = Clock(), Line()
    for text in "abc":
        store.add(operator(text), "growth/1")
    ways = {"growth": Way(quiet=UntilSeven(NOW + HOUR))}
    courier = _courier(store, {"growth/1": line}, clock, keeper=Joining(), ways=ways)
    await _turn(courier)
    assert len(store.database.outbox.waiting_for("growth/1")) == 3
    clock.now += HOUR
    await _turn(courier)
    assert [each.body for each in line.taken] == ["joined"]


async def test_a_reload_swaps_targets(store: Store) -> None:
    """Rows that wait go to the new URL of their target, in its zone."""
    clock, old, new = Clock(), Line([AGAIN]), Line()
    store.add(alerts(["Lamp"]), "growth/1")
    courier = _courier(store, {"growth/1": old}, clock)
    await _turn(courier)
    courier.update({"growth/1": new}, {"growth": Way(ZoneInfo("Asia/Tokyo"))})
    clock.now += 10
    await _turn(courier)
    assert "24 Nov 2026, 00:00 JST" in new.taken[0].body
    assert (old.released, new.released) == (True, False)


async def test_a_row_that_breaks_the_sender_waits(store: Store) -> None:
    """An error of ours stops neither the loop nor tells its text."""
    clock, broken, free = Clock(), Line(error=ValueError("json://secret")), Line()
    row_id, _ = store.add(operator("a"), "growth/1", "growth/2")
    await _turn(_courier(store, {"growth/1": broken, "growth/2": free}, clock))
    assert store.row(row_id).error == "it could not be written (ValueError)"
    assert len(free.taken) == 1


async def test_is_not_sent_again_while_the_disk_is_full() -> None:
    """The mark is tried again, the message is not."""
    clock, line, full = Clock(), Line(), FullDisk()
    (row_id,) = full.add(operator("a"), "growth/1")
    full.broken = 3
    await _turn(_courier(full, {"growth/1": line}, clock))
    assert full.row(row_id).state is NotificationState.SENT
    assert (len(line.taken), clock.pauses) == (1, [1.0, 2.0, 4.0])
    full.database.close()


async def test_a_store_that_breaks_ends_the_loop(store: Store) -> None:
    """The loop's guard is to hear of it, and begins it anew."""

    class Broken(Store):
        async def run(self, work: Callable[[Database], T], /) -> T:
            raise StoreError("unreadable", self.database.path)

    broken = Broken()
    with pytest.raises(StoreError):
        await _courier(broken, {}, Clock()).turn()
    broken.database.close()


async def test_runs_until_stopped_and_wakes(store: Store) -> None:
    """The loop sleeps to the next try, wakes for new rows, beats, and ends at the stop."""
    clock, line, stop = Clock(), Line([AGAIN, AGAIN]), asyncio.Event()
    store.add(operator("a"), "growth/1")
    turns: list[int] = []
    courier = _courier(store, {"growth/1": line}, clock, on_turn=lambda: turns.append(clock.now))
    third, fourth = line.has(3), line.has(4)
    task = asyncio.create_task(courier.run(stop))
    await third.wait()
    assert clock.now >= NOW + 30
    assert max(clock.pauses) <= POLL
    store.add(operator("b"), "growth/1", at=clock.now)
    courier.wake()
    await fourth.wait()
    stop.set()
    await task
    assert turns[0] == NOW
    assert len(turns) >= 4
    await courier.drain(1)


async def test_drain_sends_what_is_due(store: Store) -> None:
    """At the stop the rows just written still go out."""
    clock, line = Clock(), Line()
    (row_id,) = store.add(operator("a"), "growth/1")
    await _courier(store, {"growth/1": line}, clock).drain(5)
    assert store.row(row_id).state is NotificationState.SENT


async def test_drain_sends_what_a_dead_message_leads_to(store: Store) -> None:
    """`watcher once` ends with it: another target is told at once."""

    class Telling(Nobody):
        def died(self, storage: Database, _row: Notification, _reason: str) -> None:  # type: ignore[override]
            storage.outbox.add("growth", ["growth/2"], operator("it is dead"), NOW)

    clock, lines = Clock(), {"growth/1": Line([GONE]), "growth/2": Line()}
    store.add(operator("a"), "growth/1")
    await _courier(store, lines, clock, keeper=Telling()).drain(5)
    assert [each.body for each in lines["growth/2"].taken] == ["it is dead"]


async def test_drain_does_not_wait_for_quiet_hours(store: Store) -> None:
    """Even of a row from the future, which is looked at again and again."""
    clock, line = Clock(), Line()
    store.add(operator("a"), "growth/1", at=NOW + DAY)
    courier = _courier(
        store, {"growth/1": line}, clock, ways={"growth": Way(quiet=UntilSeven(NOW + HOUR))}
    )
    async with asyncio.timeout(5):
        await courier.drain(60)
    assert line.taken == []


async def test_drain_leaves_a_stuck_target(store: Store) -> None:
    """What hangs at the stop stays waiting, and goes out at the next start."""
    clock, stuck = Clock(), Line(gate=asyncio.Event())
    (row_id,) = store.add(operator("a"), "growth/1")
    await _courier(store, {"growth/1": stuck}, clock).drain(0.01)
    assert store.row(row_id).state is NotificationState.WAITING
    again = Line()
    await _turn(_courier(store, {"growth/1": again}, clock))
    assert len(again.taken) == 1


async def test_a_backlog_of_hundreds_goes_out(store: Store) -> None:
    """One turn empties a long queue."""
    clock, line = Clock(), Line()
    for number in range(300):
        store.add(operator(str(number)), "growth/1")
    await _turn(_courier(store, {"growth/1": line}, clock))
    assert [each.body for each in line.taken] == [str(number) for number in range(300)]


async def test_from_the_real_store_to_real_ends() -> None:
    """The writer's thread, Apprise, an HTTP service and a mail server, all together."""
    async with serving() as service, receiving() as mail, Writer() as writer:
        targets = {
            "growth/1": Target("growth/1", service.url),
            "me/1": Target("me/1", mail.url()),
        }
        message = alerts(["Glow <b>Serum</b>"])
        await writer.run(lambda db: db.outbox.add("growth", ["growth/1"], message, NOW))
        await writer.run(lambda db: db.outbox.add("me", ["me/1"], message, NOW))
        courier = Courier(writer, targets, now=lambda: NOW)
        await _turn(courier)
        counts = await writer.run(lambda db: db.outbox.counts())
        assert counts[NotificationState.SENT] == 2
        assert "Glow <\u200bb>Serum<\u200b/b>" in service.taken[0]["message"]
        assert mail.taken[0]["subject"] == message.title


def test_the_store_is_the_couriers_storage() -> None:
    """The narrow protocol is what the real store is (mypy holds it, too)."""
    database = Database.in_memory()
    storage: Storage = database
    assert list(storage.outbox.due_targets(NOW)) == []
    assert msgspec.json.decode(msgspec.json.encode(alerts(["x"])), type=Message) == alerts(["x"])
    database.close()


async def test_its_own_layout_and_where_it_is_refused(store: Store) -> None:
    """A service that does not take the user's markup gets the usual message: no alert is lost."""
    template = parse_template("OWN {{ rule }} {% for p in products %}{{ p.name }}{% endfor %}")
    takes, refuses = Line(), Line([Outcome(Kind.DEAD, "HTTP 400")])
    lines = {"growth/1": takes, "growth/2": refuses}
    first, second = store.add(alerts(["Lamp"]), *lines)
    await _turn(_courier(store, lines, Clock(), ways={"growth": Way(template=template)}))
    assert [each.body for each in takes.taken] == ["OWN beauty-rising Lamp"]
    assert [each.body[:3] for each in refuses.taken] == ["OWN", "Bea"]
    assert "7-day GMV" in refuses.taken[1].body
    assert (store.outcomes(first), store.outcomes(second)) == (["sent"], ["sent"])


class Drawing(Nobody):
    """Has a chart for every message, or breaks on it."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    def chart(self, _storage: object, _notification: Notification) -> Chart:  # type: ignore[override]
        if self.broken:
            raise ValueError("no past")
        points = tuple((NOW - day * DAY, 100.0 + day) for day in range(5))
        return Chart("7-day sales", "count", NOW, (Series(1, "Lamp", "17", points, (NOW,)),))


async def test_a_picture_goes_with_the_first_try_only(store: Store) -> None:
    """Where the service takes files; who failed may have taken the text of it already."""
    plain, rich = Line(), Line([AGAIN], takes_files=True)
    store.add(alerts(["Lamp"]), "growth/1", "growth/2")
    clock = Clock()
    courier = _courier(store, {"growth/1": plain, "growth/2": rich}, clock, keeper=Drawing())
    await _turn(courier)
    clock.now += 10
    await _turn(courier)
    assert (plain.files, rich.files) == ([0], [1, 0])


async def test_a_picture_that_breaks_costs_no_message(store: Store) -> None:
    """It goes without."""
    line = Line(takes_files=True)
    row = store.add(alerts(["Lamp"]), "growth/1")[0]
    await _turn(_courier(store, {"growth/1": line}, Clock(), keeper=Drawing(broken=True)))
    assert line.files == [0]
    assert store.outcomes(row) == ["sent"]
