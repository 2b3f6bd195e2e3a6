"""Credits against caps, by UTC day and month."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from tests.store.making import memory
from watcher.store.records import Spent
from watcher.store.sqlite.database import Database


def _at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


NOON = _at("2026-11-30T12:00")


def reserved(store: Database, amount: int, now: int, watch: str = "w") -> int:
    """A reservation that no cap hinders."""
    reservation = store.ledger.reserve(watch, amount, now, None, None)
    assert reservation is not None
    return reservation


def test_a_cap_holds(store: Database) -> None:
    """What does not fit is not reserved, and changes nothing."""
    assert store.ledger.reserve("w", 8, NOON, 10, None)
    assert not store.ledger.reserve("w", 3, NOON, 10, None)
    assert store.ledger.reserve("w", 2, NOON, 10, None)
    assert store.ledger.spent(NOON) == Spent(10, 10)
    assert store.ledger.reserve("w", 99, NOON, None, None)


def test_what_was_not_used_is_given_back(store: Database) -> None:
    """A settled reservation counts what was used, also if that was more."""
    first = reserved(store, 8, NOON)
    store.ledger.settle(first, 3)
    assert store.ledger.spent(NOON) == Spent(3, 3)
    second = reserved(store, 5, NOON)
    store.ledger.settle(second, 7)
    assert store.ledger.spent(NOON) == Spent(10, 10)
    store.ledger.settle(second, 7)
    assert store.ledger.spent(NOON) == Spent(10, 10)


def test_a_crash_can_only_count_too_much(store: Database) -> None:
    """A reservation that nobody settled stays spent for its day and month."""
    store.ledger.reserve("w", 8, NOON, 10, None)
    assert store.ledger.spent(NOON + 60) == Spent(8, 8)


def test_days_and_months_are_utc(store: Database) -> None:
    """The day's cap begins anew at midnight, the month's on the first."""
    for at in ("2026-11-29T23:59:59", "2026-11-30T00:00:00", "2026-11-30T23:59:59"):
        store.ledger.reserve("w", 1, _at(at), None, None)
    assert store.ledger.spent(NOON) == Spent(2, 3)
    assert store.ledger.spent(_at("2026-12-01T00:00:00")) == Spent(0, 0)
    assert not store.ledger.reserve("w", 1, NOON, None, 3)
    assert store.ledger.reserve("w", 1, _at("2026-12-01T00:00:00"), 1, 1)


def test_settled_after_midnight(store: Database) -> None:
    """Counts on the day of its reservation: no day's count falls below what it used."""
    night = _at("2026-11-30T23:59:00")
    before, after = reserved(store, 20, night), reserved(store, 20, night + 120)
    store.ledger.settle(before, 20)
    store.ledger.settle(after, 5)
    assert store.ledger.spent(night) == Spent(20, 20)
    assert store.ledger.spent(night + 120) == Spent(5, 5)


def test_a_charge_asks_no_cap(store: Database) -> None:
    """What a dry run really spent counts, even past the cap."""
    store.ledger.charge("w", 8, NOON)
    assert store.ledger.spent(NOON) == Spent(8, 8)
    assert store.ledger.reserve("w", 1, NOON, 8, None) is None


def test_by_watch_with_what_is_reserved(store: Database) -> None:
    """The largest first."""
    store.ledger.charge("a", 2, NOON)
    store.ledger.reserve("b", 5, NOON, None, None)
    store.ledger.reserve("a", 1, NOON, None, None)
    assert list(store.ledger.by_watch(NOON).items()) == [("b", 5), ("a", 3)]
    assert store.ledger.by_watch(NOON + 86_400) == {}


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.booleans()), max_size=20))
def test_the_cap_is_never_passed(scans: list[tuple[int, int, bool]]) -> None:
    """Whatever is reserved, used (at most that) or left open by a crash: at most the cap."""
    used = 0
    with memory() as store:
        for amount, wanted, crash in scans:
            reservation = store.ledger.reserve("w", amount, NOON, 12, None)
            if reservation is not None:
                used += min(amount, wanted)
                if not crash:
                    store.ledger.settle(reservation, min(amount, wanted))
            assert used <= store.ledger.spent(NOON).day <= 12


def test_what_a_crash_left_is_settled(store: Database) -> None:
    """What was booked counts, and of the rest at most what can have been asked."""
    open_ = reserved(store, 100, NOON)
    store.ledger.book(open_, 40)
    reserved(store, 5, NOON, watch="v")
    assert store.ledger.spent(NOON) == Spent(105, 105)
    assert store.ledger.used(NOON) == Spent(40, 40)
    store.ledger.settle_all(20)
    assert store.ledger.spent(NOON) == store.ledger.used(NOON) == Spent(65, 65)
    store.ledger.settle_all(20)
    assert store.ledger.by_watch(NOON) == {"w": 60, "v": 5}


def test_what_is_paid_at_once(store: Database) -> None:
    """Counted if the caps leave it, and nothing stays set aside; what never went out comes back."""
    assert store.ledger.pay("w", 2, NOON, 3, None)
    assert not store.ledger.pay("w", 2, NOON, 3, None)
    assert store.ledger.set_aside(NOON) == {}
    store.ledger.charge("w", -1, NOON)
    assert store.ledger.spent(NOON) == Spent(1, 1)


def test_every_day_of_a_leap_year_and_the_next() -> None:
    """A credit a day, set aside at its last second: the month has as many as it has days so far,
    however it ends; and what is set aside or used on other days is none of a day's."""
    with memory() as store:
        day = _at("2028-01-01T23:59:59")
        for _ in range(366 + 365):
            date = datetime.fromtimestamp(day, UTC)
            for spent in (store.ledger.spent, store.ledger.used):
                assert spent(day) == Spent(0, date.day - 1), date
            reservation = reserved(store, 1, day)
            assert store.ledger.spent(day) == Spent(1, date.day), date
            assert store.ledger.used(day) == Spent(0, date.day - 1), date
            store.ledger.settle(reservation, 1)
            assert store.ledger.used(day) == store.ledger.spent(day) == Spent(1, date.day), date
            assert store.ledger.reserve("w", 1, day, None, date.day) is None
            day += 86_400


def test_what_is_set_aside_is_of_its_day(store: Database) -> None:
    """By watch; yesterday's crash sets nothing aside today."""
    reserved(store, 5, NOON)
    reserved(store, 2, NOON)
    reserved(store, 7, NOON, watch="v")
    assert store.ledger.set_aside(NOON) == {"w": 7, "v": 7}
    assert store.ledger.set_aside(NOON + 86_400) == {}


def test_equal_watches_are_in_the_order_of_their_names(store: Database) -> None:
    """Or the page's rows would jump."""
    for watch in ("c", "a", "b"):
        store.ledger.charge(watch, 1, NOON)
    assert list(store.ledger.by_watch(NOON)) == ["a", "b", "c"]


def test_caps_hold_to_the_last_credit(store: Database) -> None:
    """The day's and the month's, for reserving and for paying."""
    for per_day, per_month in ((3, None), (None, 3), (3, 3)):
        assert store.ledger.reserve("w", 4, NOON, per_day, per_month) is None
        assert not store.ledger.pay("w", 4, NOON, per_day, per_month)
    reservation = store.ledger.reserve("w", 3, NOON, 3, 3)
    assert reservation is not None
    assert not store.ledger.pay("w", 1, NOON, 3, None)
    assert not store.ledger.pay("w", 1, NOON, None, 3)
    store.ledger.settle(reservation, 2)
    assert store.ledger.pay("w", 1, NOON, 3, 3)
    assert store.ledger.used(NOON) == Spent(3, 3)
