"""The delivery loop on a clock that the tests move: order, retries, clocks."""

from __future__ import annotations

import asyncio

import pytest

from tests.delivery.couriers import (
    AGAIN,
    GONE,
    Ear,
    Line,
    Store,
    UntilSeven,
    clock_at,
    courier_of,
    turn,
)
from tests.delivery.messages import NOW, operator
from watcher.delivery.courier import FIRST_PAUSE, LONGEST_PAUSE, POLL
from watcher.delivery.rendered import OutcomeKind, SendOutcome, Way
from watcher.errors import StoreAway
from watcher.message import NotificationState
from watcher.retrying import backoff
from watcher.units import DAY, HOUR


@pytest.mark.parametrize(
    ("tries", "seconds"), [(0, 10), (1, 20), (2, 40), (8, 2_560), (9, 3_600), (500, 3_600)]
)
def test_backoff_doubles_to_an_hour(tries: int, seconds: int) -> None:
    """10 s, doubling, never over an hour."""
    assert backoff(tries, FIRST_PAUSE, LONGEST_PAUSE) == seconds


async def test_sends_in_order_and_marks(store: Store) -> None:
    """Each target gets its rows in the order in which they were written."""
    clock, lines = clock_at(), {"growth/1": Line(), "growth/2": Line()}
    ids = [store.add(operator(text), "growth/1", "growth/2") for text in "abc"]
    assert await turn(courier_of(store, lines, clock)) == POLL
    for line in lines.values():
        assert [each.body for each in line.taken] == ["a", "b", "c"]
    row = store.row(ids[0][0])
    assert (row.state, row.tries, row.finished) == (NotificationState.SENT, 1, NOW)
    assert store.outcomes(row.id) == ["sent"]


async def test_nothing_is_sent_before_it_may_be(store: Store) -> None:
    """Each message waits for the right to it; where that is gone nothing was tried."""
    clock, line, rights = clock_at(), Line(), [True, False, True]

    async def begin() -> None:
        if not rights.pop(0):
            raise StoreAway("its lease could not be renewed in time", "a server")

    ids = [store.add(operator(text), "growth/1")[0] for text in "ab"]
    courier = courier_of(store, {"growth/1": line}, clock, begin=begin)
    assert await courier.turn() == POLL
    with pytest.raises(StoreAway):
        await turn(courier)
    assert [each.body for each in line.taken] == ["a"]
    rows = [store.row(each) for each in ids]
    assert [(row.state, row.tries) for row in rows] == [
        (NotificationState.SENT, 1),
        (NotificationState.WAITING, 0),
    ]
    await courier.abandon()
    await turn(courier)  # it begins no more, whatever it may
    assert (line.released, len(line.taken)) == (True, 1)


async def test_a_failed_row_holds_its_targets_queue_only(store: Store) -> None:
    """The order is kept: what is behind waits, another target's rows do not."""
    clock, lines = clock_at(), {"growth/1": Line([AGAIN]), "growth/2": Line()}
    (first, _), (second, other) = (
        store.add(operator(text), "growth/1", "growth/2") for text in "ab"
    )
    courier = courier_of(store, lines, clock)
    await turn(courier)
    row = store.row(first)
    assert (row.state, row.next_try, row.error) == (
        NotificationState.WAITING,
        NOW + 10,
        "HTTP 500",
    )
    assert store.row(second).tries == 0
    assert store.row(other).state is NotificationState.SENT
    clock.instant += 9
    assert await turn(courier) == 1.0
    assert len(lines["growth/1"].taken) == 1
    clock.instant += 1
    await turn(courier)
    assert [each.body for each in lines["growth/1"].taken] == ["a", "a", "b"]


async def test_nothing_is_sent_in_quiet_hours(store: Store) -> None:
    """A retry that comes due, or what waited over a restart, is sent when they end."""
    clock, lines = clock_at(), {"growth/1": Line([AGAIN]), "growth/2": Line()}
    (row_id, _) = store.add(operator("a"), "growth/1", "growth/2")
    courier = courier_of(store, lines, clock)
    await turn(courier)
    courier.update(lines, {"growth": Way(quiet=UntilSeven(NOW + HOUR))})
    clock.instant += 600
    (other,) = store.add(operator("b"), "growth/2")
    await turn(courier)
    assert [len(line.taken) for line in lines.values()] == [1, 1]
    assert [store.row(row).next_try for row in (row_id, other)] == [NOW + HOUR, NOW + HOUR]
    assert store.row(row_id).tries == 1
    clock.instant = NOW + HOUR
    await turn(courier)
    assert [[each.body for each in line.taken] for line in lines.values()] == [
        ["a", "a"],
        ["a", "b"],
    ]


async def test_retry_after_is_obeyed(store: Store) -> None:
    """A service that says when is asked then, not before."""
    clock = clock_at()
    line = Line(
        [
            SendOutcome(OutcomeKind.RETRY, "HTTP 429", 300.0),
            SendOutcome(OutcomeKind.RETRY, "HTTP 429", 1.0),
        ]
    )
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = courier_of(store, {"growth/1": line}, clock)
    await turn(courier)
    assert store.row(row_id).next_try == NOW + 300
    clock.instant += 300
    await turn(courier)
    assert store.row(row_id).next_try == clock.instant + 20


async def test_a_permanent_answer_is_dead_at_once(store: Store) -> None:
    """The row is given up, told of, and the next one goes."""
    clock, line = clock_at(), Line([GONE])
    first, second = (store.add(operator(text), "growth/1")[0] for text in "ab")
    ear = Ear()
    await turn(courier_of(store, {"growth/1": line}, clock, keeper=ear))
    assert ear.heard == [f"{first} died: HTTP 404", f"{second} sent"]
    assert store.row(first).state is NotificationState.DEAD
    assert store.row(second).state is NotificationState.SENT


@pytest.mark.parametrize("retry_after", [None, 7 * DAY])
async def test_a_day_of_failures_is_dead(store: Store, retry_after: float | None) -> None:
    """Given up 24 h after the first try, with a last try at the end of the day."""
    clock, line = clock_at(), Line([SendOutcome(OutcomeKind.RETRY, "HTTP 503", retry_after)] * 99)
    (row_id,) = store.add(operator("a"), "growth/1", at=NOW - HOUR)
    courier = courier_of(store, {"growth/1": line}, clock)
    while store.row(row_id).state is NotificationState.WAITING:
        clock.instant = store.row(row_id).next_try if store.row(row_id).tries else NOW
        await turn(courier)
    row = store.row(row_id)
    assert (row.state, row.error) == (
        NotificationState.DEAD,
        "given up after 24 h: HTTP 503",
    )
    assert clock.instant == NOW + DAY
    assert row.tries == (2 if retry_after else 33)


async def test_what_was_dead_can_be_sent_again(store: Store) -> None:
    """``outbox retry`` puts the row back with a fresh day."""
    clock, line = clock_at(), Line([GONE])
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = courier_of(store, {"growth/1": line}, clock)
    await turn(courier)
    clock.instant += 3 * DAY
    assert store.database.outbox.retry(None, clock.instant) == [row_id]
    line.plan = [AGAIN]
    await turn(courier)
    assert store.row(row_id).next_try == clock.instant + 10
    clock.instant += 10
    await turn(courier)
    assert store.outcomes(row_id) == ["dead", "failed", "sent"]


async def test_a_stuck_target_delays_no_other(store: Store) -> None:
    """While one hangs, the other's rows go out; one row a target is under way."""
    clock, stuck, free = clock_at(), Line(gate=asyncio.Event()), Line()
    for text in "ab":
        store.add(operator(text), "growth/1", "growth/2")
    courier = courier_of(store, {"growth/1": stuck, "growth/2": free}, clock)
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
    clock, line = clock_at(), Line([AGAIN])
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = courier_of(store, {"growth/1": line}, clock)
    await turn(courier)
    courier.update({}, {})
    await turn(courier)
    row = store.row(row_id)
    assert (row.state, row.error) == (
        NotificationState.DEAD,
        "the rule file no longer names this target",
    )


async def test_all_that_waits_for_an_unknown_target_is_dead_at_once(store: Store) -> None:
    """As a whole: thousands would be told one by one."""
    clock, ear = clock_at(), Ear()
    ids = [store.add(operator("a"), "growth/1")[0] for _ in range(3)]
    await turn(courier_of(store, {}, clock, keeper=ear))
    assert [store.row(each).state for each in ids] == [NotificationState.DEAD] * 3
    assert ear.heard == [f"{ids[0]} died: the rule file no longer names this target"]


async def test_a_reload_during_a_try(store: Store) -> None:
    """It ends with the target that it began with; the next row goes to the new one."""
    clock, old, new = clock_at(), Line(gate=asyncio.Event()), Line()
    first, second = (store.add(operator(text), "growth/1")[0] for text in "ab")
    courier = courier_of(store, {"growth/1": old}, clock)
    began = old.has(1)
    await courier.turn()
    await began.wait()
    courier.update({"growth/1": new}, {})
    assert old.gate is not None
    old.gate.set()
    await courier.idle()
    assert [[each.body for each in line.taken] for line in (old, new)] == [["a"], ["b"]]
    assert {store.row(each).state for each in (first, second)} == {NotificationState.SENT}


async def test_a_clock_set_back_delays_nothing(store: Store) -> None:
    """What was planned by the clock as it stood then is tried now, and planned anew."""
    clock, line = clock_at(), Line([AGAIN] * 3)
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = courier_of(store, {"growth/1": line}, clock)
    await turn(courier)
    clock.instant -= DAY
    await turn(courier)
    assert (len(line.taken), store.row(row_id).next_try) == (2, clock.instant + 20)
    assert await turn(courier) == POLL
    assert len(line.taken) == 2
    clock.instant += 20
    await turn(courier)
    assert store.row(row_id).first_try == NOW - DAY


async def test_a_row_from_the_future_is_sent(store: Store) -> None:
    """It was written before the clock was set back."""
    clock, line = clock_at(), Line()
    store.add(operator("a"), "growth/1", at=NOW + DAY)
    await turn(courier_of(store, {"growth/1": line}, clock))
    assert len(line.taken) == 1


async def test_a_clock_set_forward_kills_nothing(store: Store) -> None:
    """Nor does a machine that slept, or a daemon that was down: nobody tried meanwhile."""
    clock, line = clock_at(), Line([AGAIN] * 99)
    (row_id,) = store.add(operator("a"), "growth/1")
    courier = courier_of(store, {"growth/1": line}, clock)
    await turn(courier)
    clock.instant += 3 * DAY
    await turn(courier)
    assert store.row(row_id).state is NotificationState.WAITING
    began = clock.instant
    while store.row(row_id).state is NotificationState.WAITING:
        clock.instant = store.row(row_id).next_try
        await turn(courier)
    assert DAY - 2 * HOUR <= clock.instant - began <= DAY
