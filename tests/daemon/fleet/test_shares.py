"""A daemon's share: what it takes, what it hands over, and when it waits."""

from __future__ import annotations

import msgspec

from tests.daemon.fleet.fakes import a_daemon
from watcher.daemon.fleet.lease_keeper import FleetView
from watcher.daemon.fleet.shares import (
    ALIVE_SECONDS,
    BACK_SECONDS,
    FREE_SECONDS,
    GIVEN_SECONDS,
    REST_SECONDS,
    UNFINISHED_SECONDS,
    Shares,
)
from watcher.store.control import LEASE_SECONDS, LeaseState


def seen(daemons: str, ago: float = 0.0, /, **holders: str | None) -> FleetView:
    """A look at daemons of one letter, heard of so long ago, and at who holds which book."""
    at_work = [msgspec.structs.replace(a_daemon(each), seen=ago) for each in daemons]
    leases = [
        LeaseState(book, holder, 1, 5.0 if holder is not None else 0.0, 0)
        for book, holder in holders.items()
    ]
    return FleetView(tuple(leases), tuple(at_work), 0.0)


def taken(shares: Shares, view: FleetView, now: float = 0.0) -> list[str]:
    """What it takes at a look."""
    shares.reckon(view)
    held = [each.book for each in view.leases if each.holder == shares.me]
    return shares.to_take(view, held, now)


def given(shares: Shares, view: FleetView, now: float = 0.0) -> str | None:
    """What it hands over at a look."""
    taken(shares, view, now)
    held = [each.book for each in view.leases if each.holder == shares.me]
    return shares.to_hand_over(held, now)


def test_free_books_are_shared() -> None:
    """Each takes its own, though nobody has said so."""
    view = seen("ab", one=None, two=None, three=None, four=None)
    first, second = (taken(Shares(each, None), view) for each in "ab")
    assert sorted(first + second) == ["four", "one", "three", "two"]
    assert len(first) == len(second) == 2


def test_a_silent_daemon_is_not_waited_for() -> None:
    """It may be dead, though its last word is still there."""
    view = seen("b", ALIVE_SECONDS, one=None)
    assert taken(Shares("z", None), view) == ["one"]


def test_what_another_should_take_is_anybodys_after_a_while() -> None:
    """It may hang, or be unable to."""
    view = seen("az", one=None)
    shares = Shares("z", None)
    assert taken(shares, view, 0.0) == []
    assert taken(shares, view, GIVEN_SECONDS - 0.1) == []
    assert taken(shares, view, GIVEN_SECONDS) == ["one"]


def test_what_ran_out_while_the_server_was_away_is_its_holders() -> None:
    """Who is back first takes nothing that another may have a scan for, which is paid."""
    shares = Shares("z", None)
    assert taken(shares, seen("az", one="a"), 0.0) == []
    away = LEASE_SECONDS + 60.0

    def back(after: float) -> FleetView:
        view = seen("az", away, one="a")
        lease = msgspec.structs.replace(view.leases[0], left=-60.0)
        return msgspec.structs.replace(view, leases=(lease,), at=away + after)

    for after in (0.0, BACK_SECONDS - 0.1):
        assert taken(shares, back(after), away + after) == []
    assert taken(shares, back(BACK_SECONDS), away + BACK_SECONDS) == ["one"]


def test_half_a_copy_is_left_alone_for_a_while() -> None:
    """Whoever copies into it needs its lease."""
    shares = Shares("z", None)
    view = seen("z", one=None)
    assert taken(shares, view, 0.0) == ["one"]
    shares.rest("one", 0.0)
    assert taken(shares, view, UNFINISHED_SECONDS - 0.1) == []
    assert taken(shares, view, UNFINISHED_SECONDS) == ["one"]


def test_what_was_lost_is_anybodys_sooner() -> None:
    """Nobody had it for the time of a lease already."""
    view = seen("az", one="dead")
    view = msgspec.structs.replace(
        view, leases=(msgspec.structs.replace(view.leases[0], left=-0.1),)
    )
    shares = Shares("z", None)
    assert taken(shares, view, 0.0) == []
    assert taken(shares, view, FREE_SECONDS) == ["one"]


def test_a_lease_that_ran_out_is_free() -> None:
    """Its holder is dead, whatever the row still says: it is not waited for."""
    view = seen("ab")
    ran_out = FleetView((LeaseState("one", "dead", 1, -0.1, 0),), view.daemons, 0.0)
    found = [taken(Shares(each, None), ran_out) for each in "ab"]
    assert sorted(found) == [[], ["one"]]


def test_what_another_left_holds_up_no_surplus() -> None:
    """Only what one has handed over itself, and nobody took, makes it rest."""
    shares = Shares("z", None)
    left = seen("az", one="z", two="z", three=None)
    assert given(shares, left) is None
    assert taken(shares, left, GIVEN_SECONDS) == ["three"]
    full = seen("az", one="z", two="z", three="z")
    assert given(shares, full, GIVEN_SECONDS + 1.0) is not None


def test_a_surplus_goes_one_at_a_time() -> None:
    """The next once somebody has the one before."""
    shares, holders = Shares("a", None), dict[str, str | None]()
    holders.update(dict.fromkeys(("one", "two", "three", "four"), "a"))
    for _ in range(2):
        book = given(shares, seen("ab", **holders))
        assert book is not None
        assert given(shares, seen("ab", **{**holders, book: None})) is None
        holders[book] = "b"
    assert given(shares, seen("ab", **holders)) is None


def test_what_nobody_took_is_not_handed_over_again_at_once() -> None:
    """Or it would go to and fro."""
    shares = Shares("z", None)
    full, one_free = seen("az", one="z", two="z"), seen("az", one="z", two=None)
    assert given(shares, full) == "two"
    assert taken(shares, one_free, 1.0) == []
    assert taken(shares, one_free, 1.0 + GIVEN_SECONDS) == ["two"]
    assert given(shares, full, 2.0 + GIVEN_SECONDS) is None
    assert given(shares, full, 2.0 + GIVEN_SECONDS + REST_SECONDS) == "two"


def test_what_is_refused_is_wanted_no_more() -> None:
    """The others hear that it is not waited for; a book made later is wanted as before."""
    view = seen("a", one=None, two=None)
    shares = Shares("a", None)
    assert not shares.refused
    shares.refuse("one")
    assert shares.refused == ("one",)
    assert taken(shares, view) == ["two"]
    assert taken(shares, view, GIVEN_SECONDS) == ["two"]
    assert taken(shares, seen("a", one=None, new=None)) == ["new"]


def test_what_another_refused_is_not_left_to_it() -> None:
    """Nor is it waited for there; a book made later is."""
    view = seen("az", one=None, two=None)
    refuser = msgspec.structs.replace(view.daemons[0], refused=("one",))
    view = msgspec.structs.replace(view, daemons=(refuser, view.daemons[1]))
    assert taken(Shares("z", None), view) == ["one"]
    shares = Shares("z", None)
    shares.reckon(view)
    assert shares.to_take(view, ["one"], 0.0) == []


def test_a_server_whose_clock_jumped_ahead() -> None:
    """As a replica's may that was promoted: its leases seem to have run out, and their holders are
    certain of them for as long as they were granted."""
    shares = Shares("a", None)
    assert taken(shares, at(0.0, 5.0)) == []
    assert taken(shares, at(1.0, -3_600)) == []
    assert taken(shares, at(4.9, -3_604)) == []
    assert taken(shares, at(5.0, -3_604)) == ["one"]
    assert taken(Shares("a", None), at(1.0, -3_600)) == ["one"]  # who saw nothing before


def test_a_server_whose_clock_jumped_back() -> None:
    """What its holder does not renew is nobody's as soon as ever; what it does is its own."""
    shares, heir = Shares("a", None), Shares("a", None)
    for each in (shares, heir):
        assert taken(each, at(0.0, 5.0)) == []
        assert taken(each, at(1.0, 3_605)) == []
    assert taken(heir, at(2.0, LEASE_SECONDS)) == []
    assert taken(heir, at(7.0, LEASE_SECONDS - 1)) == []
    assert taken(shares, at(6.9, 3_600), 6.9) == []
    assert taken(shares, at(7.0, 3_599), 7.0) == []  # nobody plans with it
    assert taken(shares, at(9.0, 3_597), 9.0) == ["one"]


def at(instant: float, left: float) -> FleetView:
    """A look then at one book of a dead daemon's, whose lease has so long to run."""
    return FleetView((LeaseState("one", "dead", 1, left, 0),), (a_daemon("a"),), instant)


def test_books_that_nobody_holds() -> None:
    """Those that it wants, also one that there is not."""
    view = seen("a", one="b", two=None, three=None)
    assert Shares("a", None).unheld(view) == ["three", "two"]
    assert Shares("a", ("one", "two", "no")).unheld(view) == ["no", "two"]
