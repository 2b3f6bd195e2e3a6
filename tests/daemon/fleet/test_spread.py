"""The spread of books over daemons: even, stable, with as few moves as can be."""

from __future__ import annotations

from collections import Counter
from functools import partial
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.daemon.fleet.spread import Wants, spread

DAEMONS, BOOKS = ("a", "b", "c", "d"), tuple("1234567")


@st.composite
def fleets(draw: st.DrawFn) -> tuple[Wants, dict[str, str | None]]:
    """Daemons that want all or some books, and who has which now; a holder may be gone."""
    daemons = draw(st.lists(st.sampled_from(DAEMONS), min_size=1, unique=True))
    some = st.none() | st.frozensets(st.sampled_from(BOOKS))
    wants = {each: draw(some) for each in daemons}
    books = draw(st.lists(st.sampled_from(BOOKS), unique=True))
    return wants, {each: draw(st.none() | st.sampled_from(DAEMONS)) for each in books}


def may(wants: Wants, daemon: str, book: str) -> bool:
    """Whether the daemon wants the book."""
    wanted = wants[daemon]
    return wanted is None or book in wanted


def movable(wants: Wants, holders: dict[str, str | None]) -> list[str]:
    """The books that somebody may have, and no stranger has."""
    return [
        book
        for book, holder in holders.items()
        if (holder is None or holder in wants) and any(may(wants, each, book) for each in wants)
    ]


def moves(plan: dict[str, str], holders: dict[str, str | None]) -> int:
    """The books that are taken from who has them."""
    return sum(holders[book] not in (None, daemon) for book, daemon in plan.items())


def loads(plan: dict[str, str], wants: Wants) -> list[int]:
    """The books a daemon, the most first."""
    count = Counter(plan.values())
    return sorted((count[each] for each in wants), reverse=True)


@given(fleets())
def test_each_book_goes_to_one_who_wants_it(fleet: tuple[Wants, dict[str, str | None]]) -> None:
    """Every one that somebody wants, and that no stranger holds."""
    wants, holders = fleet
    plan = spread(wants, holders)
    assert sorted(plan) == sorted(movable(wants, holders))
    assert all(may(wants, daemon, book) for book, daemon in plan.items())


@given(fleets())
def test_nothing_moves_in_an_even_spread(fleet: tuple[Wants, dict[str, str | None]]) -> None:
    """The plan of a plan is the plan."""
    wants, holders = fleet
    plan = spread(wants, holders)
    assert spread(wants, {**holders, **plan}) == plan


@given(fleets())
def test_all_come_to_the_same(fleet: tuple[Wants, dict[str, str | None]]) -> None:
    """In whatever order a daemon was told of the others, and of the books."""
    wants, holders = fleet
    other = spread(dict(reversed([*wants.items()])), dict(reversed(holders.items())))
    assert other == spread(wants, holders)


@given(fleets())
@settings(max_examples=60, deadline=None)
def test_it_is_as_even_as_can_be(fleet: tuple[Wants, dict[str, str | None]]) -> None:
    """Of all spreads that the wants allow, and of those that are as even none moves fewer."""
    wants, holders = fleet
    books = movable(wants, holders)[:6]
    holders = {each: holders[each] for each in books}
    plan = spread(wants, holders)
    willing = [[each for each in wants if may(wants, each, book)] for book in books]
    every = [dict(zip(books, chosen, strict=True)) for chosen in product(*willing)]
    best = min(map(partial(unevenness, wants), every))
    assert unevenness(wants, plan) == best
    even = [each for each in every if unevenness(wants, each) == best]
    assert moves(plan, holders) == min(moves(each, holders) for each in even)


def unevenness(wants: Wants, plan: dict[str, str]) -> int:
    """The least where no daemon can give one that has two less a book."""
    return sum(load * load for load in loads(plan, wants))


@given(
    st.lists(st.sampled_from(DAEMONS), min_size=1, unique=True),
    st.dictionaries(st.sampled_from(BOOKS), st.none() | st.sampled_from(DAEMONS)),
)
def test_who_want_all_differ_by_one_and_move_the_least(
    daemons: list[str], holders: dict[str, str | None]
) -> None:
    """Each holds at most the books over the daemons, rounded up; a book moves only from one who has
    more than that, or more than somebody who has two less."""
    wants: Wants = dict.fromkeys(daemons)
    plan = spread(wants, holders)
    held = loads(plan, wants)
    assert held[0] - held[-1] <= 1
    had = Counter(holder for holder in holders.values() if holder in daemons)
    # The fewest: those above what an even spread leaves each of those that have most.
    low, high = divmod(len(plan), len(daemons))
    most = sorted((had[each] for each in daemons), reverse=True)
    fewest = sum(max(0, each - (low + (rank < high))) for rank, each in enumerate(most))
    assert moves(plan, holders) == fewest


def test_who_wants_one_book_has_it() -> None:
    """Though another could have it too: that one has enough."""
    wants: Wants = {"a": None, "b": frozenset("1")}
    assert spread(wants, {"1": "a", "2": "a", "3": "a"}) == {"1": "b", "2": "a", "3": "a"}


def test_a_chain_of_moves() -> None:
    """One who wants nothing of what there is too much of gets it by way of another."""
    wants: Wants = {"a": frozenset("1234"), "b": frozenset("45"), "c": frozenset("5")}
    held: dict[str, str | None] = {**dict.fromkeys("123", "a"), "4": "a", "5": "b"}
    plan = spread(wants, held)
    assert loads(plan, wants) == [3, 1, 1]
    assert (plan["4"], plan["5"]) == ("b", "c")


@pytest.mark.parametrize("names", ["abcd", "dcba"])
def test_a_long_chain_of_moves(names: str) -> None:
    """Each of them gives its book on to the next, in whatever order they are looked at."""
    wants = {f"d{at}": {*names[max(0, at - 1) : at + 1]} for at in range(5)}
    wants["d0"].add("x")
    holders = {name: f"d{at}" for at, name in enumerate(names)}
    moved = {name: f"d{at + 1}" for at, name in enumerate(names)}
    assert spread(wants, {**holders, "x": None}) == {**moved, "x": "d0"}


def test_who_stops_keeps_nothing() -> None:
    """It wants none any more: its books are the others' in everybody's plan."""
    wants: Wants = {"a": frozenset(), "b": None}
    assert spread(wants, {"1": "a", "2": "b"}) == {"1": "b", "2": "b"}
