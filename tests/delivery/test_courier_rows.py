"""The delivery loop: marks, keepers, joining, the stop, layouts and pictures."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.delivery.couriers import (
    AGAIN,
    GONE,
    Breaking,
    Ear,
    Line,
    Store,
    T,
    UntilSeven,
    clock_at,
    courier_of,
    turn,
)
from tests.delivery.messages import NOW, alerts, operator
from tests.fakes.sink import receiving, serving
from watcher.chart import Chart, Series
from watcher.delivery.apprise.target import Target
from watcher.delivery.courier import POLL, Courier, Nobody
from watcher.delivery.rendered import OutcomeKind, SendOutcome, Way
from watcher.errors import StoreError
from watcher.incident import About, Incident, IncidentKind
from watcher.language import Language
from watcher.message import Message, Notification, NotificationState
from watcher.model import Severity
from watcher.rules.sections.templates import parse_template
from watcher.store.sqlite.database import Database
from watcher.store.threads import Writer
from watcher.text.messages import title_of
from watcher.units import DAY, HOUR


async def test_recipients_that_have_it_are_remembered(store: Store) -> None:
    """In the database: over a restart and a reload, too."""
    clock, some = clock_at(), frozenset({"one", "two"})
    line = Line([replace(AGAIN, taken=some), replace(GONE, taken=some)])
    (row_id,) = store.add(operator("a"), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock))
    assert store.row(row_id).taken == some
    clock.instant += 10
    await turn(courier_of(store, {"growth/1": line}, clock))
    store.database.outbox.retry([row_id], clock.instant)
    await turn(courier_of(store, {"growth/1": line}, clock))
    assert line.had == [frozenset(), some, some]


async def test_a_mark_that_breaks_is_made_before_anything_is_sent_again(store: Store) -> None:
    """Also after the loop began anew: it would repeat the message for ever."""

    breaking = Breaking(RuntimeError("the store is not open"))
    clock, line = clock_at(), Line()
    (row_id,) = breaking.add(operator("a"), "growth/1")
    breaking.broken = 2
    courier = courier_of(breaking, {"growth/1": line}, clock)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            await turn(courier)
    await turn(courier)
    assert (len(line.taken), breaking.row(row_id).state) == (1, NotificationState.SENT)
    breaking.database.close()


async def test_a_keeper_that_breaks_stops_nothing(store: Store) -> None:
    """What became of the row is noted all the same."""
    clock, line, ear = clock_at(), Line([GONE]), Ear(error=ValueError("broken"))
    rows = [store.add(operator(text), "growth/1")[0] for text in "ab"]
    await turn(courier_of(store, {"growth/1": line}, clock, keeper=ear))
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
    clock, line, few = clock_at(), Line([AGAIN]), Line()
    for text in "abc":
        store.add(operator(text), "growth/1", *(("growth/2",) if text < "c" else ()))
    courier = courier_of(store, {"growth/1": line, "growth/2": few}, clock, keeper=Joining())
    await turn(courier)
    store.add(operator("d"), "growth/1", at=clock.instant)
    clock.instant += 10
    await turn(courier)
    assert [each.body for each in line.taken] == ["joined", "joined", "d"]
    assert [each.body for each in few.taken] == ["a", "b"]


async def test_what_can_not_be_joined_is_sent_one_by_one(store: Store) -> None:
    """A fault of the joining holds nothing back."""
    clock, line = clock_at(), Line()
    for text in "abc":
        store.add(operator(text), "growth/1")
    keeper = Joining(ValueError("broken"))
    await turn(courier_of(store, {"growth/1": line}, clock, keeper=keeper))
    assert [each.body for each in line.taken] == ["a", "b", "c"]


async def test_nothing_is_joined_in_quiet_hours(store: Store) -> None:
    """It would not be of what holds when they end."""
    clock, line = clock_at(), Line()
    for text in "abc":
        store.add(operator(text), "growth/1")
    ways = {"growth": Way(quiet=UntilSeven(NOW + HOUR))}
    courier = courier_of(store, {"growth/1": line}, clock, keeper=Joining(), ways=ways)
    await turn(courier)
    assert len(store.database.outbox.waiting_for("growth/1")) == 3
    clock.instant += HOUR
    await turn(courier)
    assert [each.body for each in line.taken] == ["joined"]


async def test_a_reload_swaps_targets(store: Store) -> None:
    """Rows that wait go to the new URL of their target, in its zone."""
    clock, old, new = clock_at(), Line([AGAIN]), Line()
    store.add(alerts(["Lamp"]), "growth/1")
    courier = courier_of(store, {"growth/1": old}, clock)
    await turn(courier)
    courier.update({"growth/1": new}, {"growth": Way(ZoneInfo("Asia/Tokyo"))})
    clock.instant += 10
    await turn(courier)
    assert "24 Nov 2026, 00:00 Asia/Tokyo" in new.taken[0].body
    assert (old.released, new.released) == (True, False)


async def test_a_row_that_breaks_the_sender_waits(store: Store) -> None:
    """An error of ours stops neither the loop nor tells its text."""
    clock, broken, free = clock_at(), Line(error=ValueError("json://secret")), Line()
    row_id, _ = store.add(operator("a"), "growth/1", "growth/2")
    await turn(courier_of(store, {"growth/1": broken, "growth/2": free}, clock))
    assert store.row(row_id).error == "it could not be written (ValueError)"
    assert len(free.taken) == 1


async def test_is_not_sent_again_while_the_disk_is_full() -> None:
    """The mark is tried again, the message is not."""
    clock, line, full = clock_at(), Line(), Breaking(StoreError("the disk is full", Path("w.db")))
    (row_id,) = full.add(operator("a"), "growth/1")
    full.broken = 3
    await turn(courier_of(full, {"growth/1": line}, clock))
    assert full.row(row_id).state is NotificationState.SENT
    assert (len(line.taken), clock.pauses) == (1, [1.0, 2.0, 4.0])
    full.database.close()


async def test_a_mark_under_way_is_made_at_the_stop(store: Store) -> None:
    """The service took the message: the stop lets the write end, or it would be told again."""
    writing, go_on, line = asyncio.Event(), asyncio.Event(), Line()

    class Slow(Store):
        async def run(self, work: Callable[[Database], T], /) -> T:
            if line.taken:
                writing.set()
                await go_on.wait()
            return await super().run(work)

    slow = Slow()
    (row_id,) = slow.add(operator("a"), "growth/1")
    courier = courier_of(slow, {"growth/1": line}, clock_at())
    await courier.turn()
    await writing.wait()
    stopping = asyncio.create_task(courier.drain(0))
    for _ in range(5):
        await asyncio.sleep(0)
    go_on.set()
    await stopping
    assert slow.row(row_id).state is NotificationState.SENT
    assert len(line.taken) == 1
    slow.database.close()


async def test_a_store_that_breaks_ends_the_loop(store: Store) -> None:
    """The loop's guard is to hear of it, and begins it anew."""

    class Broken(Store):
        async def run(self, work: Callable[[Database], T], /) -> T:
            raise StoreError("unreadable", self.database.path)

    broken = Broken()
    with pytest.raises(StoreError):
        await courier_of(broken, {}, clock_at()).turn()
    broken.database.close()


async def test_runs_until_stopped_and_wakes(store: Store) -> None:
    """The loop sleeps to the next try, wakes for new rows, beats, and ends at the stop."""
    clock, line, stop = clock_at(), Line([AGAIN, AGAIN]), asyncio.Event()
    store.add(operator("a"), "growth/1")
    turns: list[int] = []
    courier = courier_of(
        store, {"growth/1": line}, clock, on_turn=lambda: turns.append(clock.instant)
    )
    third, fourth = line.has(3), line.has(4)
    task = asyncio.create_task(courier.run(stop))
    await third.wait()
    assert clock.instant >= NOW + 30
    assert max(clock.pauses) <= POLL
    store.add(operator("b"), "growth/1", at=clock.instant)
    courier.wake()
    await fourth.wait()
    stop.set()
    await task
    assert turns[0] == NOW
    assert len(turns) >= 4
    await courier.drain(1)


async def test_drain_sends_what_is_due(store: Store) -> None:
    """At the stop the rows just written still go out."""
    clock, line = clock_at(), Line()
    (row_id,) = store.add(operator("a"), "growth/1")
    await courier_of(store, {"growth/1": line}, clock).drain(5)
    assert store.row(row_id).state is NotificationState.SENT


async def test_drain_sends_what_a_dead_message_leads_to(store: Store) -> None:
    """`watcher once` ends with it: another target is told at once."""

    class Telling(Nobody):
        def died(self, storage: Database, _row: Notification, _reason: str) -> None:  # type: ignore[override]
            storage.outbox.add("growth", ["growth/2"], operator("it is dead"), NOW)

    clock, lines = clock_at(), {"growth/1": Line([GONE]), "growth/2": Line()}
    store.add(operator("a"), "growth/1")
    await courier_of(store, lines, clock, keeper=Telling()).drain(5)
    assert [each.body for each in lines["growth/2"].taken] == ["it is dead"]


async def test_drain_does_not_wait_for_quiet_hours(store: Store) -> None:
    """Even of a row from the future, which is looked at again and again."""
    clock, line = clock_at(), Line()
    store.add(operator("a"), "growth/1", at=NOW + DAY)
    courier = courier_of(
        store, {"growth/1": line}, clock, ways={"growth": Way(quiet=UntilSeven(NOW + HOUR))}
    )
    async with asyncio.timeout(5):
        await courier.drain(60)
    assert line.taken == []


async def test_drain_leaves_a_stuck_target(store: Store) -> None:
    """What hangs at the stop stays waiting, and goes out at the next start."""
    clock, stuck = clock_at(), Line(gate=asyncio.Event())
    (row_id,) = store.add(operator("a"), "growth/1")
    await courier_of(store, {"growth/1": stuck}, clock).drain(0.01)
    assert store.row(row_id).state is NotificationState.WAITING
    again = Line()
    await turn(courier_of(store, {"growth/1": again}, clock))
    assert len(again.taken) == 1


async def test_a_backlog_of_hundreds_goes_out(store: Store) -> None:
    """One turn empties a long queue."""
    clock, line = clock_at(), Line()
    for number in range(300):
        store.add(operator(str(number)), "growth/1")
    await turn(courier_of(store, {"growth/1": line}, clock))
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
        await turn(courier)
        counts = await writer.run(lambda db: db.outbox.counts())
        assert counts[NotificationState.SENT] == 2
        assert "Glow <\u200bb>Serum<\u200b/b>" in service.taken[0]["message"]
        assert mail.taken[0]["subject"] == title_of(message)


async def test_its_own_layout_and_where_it_is_refused(store: Store) -> None:
    """A service that does not take the user's markup gets the usual message: no alert is lost."""
    template = parse_template("OWN {{ rule }} {% for p in products %}{{ p.name }}{% endfor %}")
    takes, refuses = Line(), Line([SendOutcome(OutcomeKind.DEAD, "HTTP 400")])
    lines = {"growth/1": takes, "growth/2": refuses}
    first, second = store.add(alerts(["Lamp"]), *lines)
    await turn(courier_of(store, lines, clock_at(), ways={"growth": Way(template=template)}))
    assert [each.body for each in takes.taken] == ["OWN beauty-rising Lamp"]
    assert [each.body[:3] for each in refuses.taken] == ["OWN", "Bea"]
    assert "7-day GMV" in refuses.taken[1].body
    assert (store.outcomes(first), store.outcomes(second)) == (["sent"], ["sent"])


async def test_each_channel_in_its_language(store: Store) -> None:
    """Alerts and what the operator hears; what is stored has none."""
    lines = {"growth/1": Line(), "me/1": Line()}
    for name, channel in (("growth/1", "growth"), ("me/1", "me")):
        message = msgspec.structs.replace(alerts(["Lamp"]), title="", told=1)
        store.database.outbox.add(channel, [name], message, NOW)
        store.database.outbox.add(channel, [name], _over(), NOW)
    ways = {"growth": Way(language=Language.CHINESE)}
    await turn(courier_of(store, lines, clock_at(), ways=ways))
    titles = {name: [each.title for each in line.taken] for name, line in lines.items()}
    assert titles == {
        "growth/1": [
            "【警告】beauty-rising：1 个商品（US）",
            "watcher：已恢复：监控 top：读取失败",
        ],
        "me/1": ["[warning] beauty-rising: 1 product (US)", "watcher: over: watch top: fails"],
    }


def _over() -> Message:
    incident = Incident(IncidentKind.FAILS, About.WATCH, "top")
    incident = incident.with_details(failures=3, error="503")
    return Message("operator", "", Severity.INFO, NOW, incident=incident, over=True)


class Drawing(Nobody):
    """Has a chart for every message, or breaks on it."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    def chart(self, _storage: object, _notification: Notification) -> Chart:
        if self.broken:
            raise ValueError("no past")
        points = tuple((NOW - day * DAY, 100.0 + day) for day in range(5))
        return Chart("7-day sales", "count", NOW, (Series(1, "Lamp", "17", points, (NOW,)),))


async def test_a_picture_goes_with_the_first_try_only(store: Store) -> None:
    """Where the service takes files; who failed may have taken the text of it already."""
    plain, rich = Line(), Line([AGAIN], takes_files=True)
    store.add(alerts(["Lamp"]), "growth/1", "growth/2")
    clock = clock_at()
    courier = courier_of(store, {"growth/1": plain, "growth/2": rich}, clock, keeper=Drawing())
    await turn(courier)
    clock.instant += 10
    await turn(courier)
    assert (plain.files, rich.files) == ([0], [1, 0])


async def test_a_picture_that_breaks_costs_no_message(store: Store) -> None:
    """It goes without."""
    line = Line(takes_files=True)
    row = store.add(alerts(["Lamp"]), "growth/1")[0]
    await turn(courier_of(store, {"growth/1": line}, clock_at(), keeper=Drawing(broken=True)))
    assert line.files == [0]
    assert store.outcomes(row) == ["sent"]
