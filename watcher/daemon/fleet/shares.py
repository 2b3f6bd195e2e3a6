"""This daemon's share of the books: what it is to take now, and what to hand over."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from watcher.daemon.fleet.lease_keeper import FleetView
from watcher.daemon.fleet.spread import spread
from watcher.store.control import LEASE_SECONDS, LONGEST_LEASE

# Since a daemon was heard of, after which nobody waits for it to take a book: less than a lease, so
# that one whose leases have run out is not waited for, and more than two renewals.
ALIVE_SECONDS = 4.5
# After which a book that another should have taken is anybody's: one whose holder was lost, and one
# that was handed over in order.
FREE_SECONDS = 1.5
GIVEN_SECONDS = 4.0
# Without a look for a lease's time the others' leases may have run out only because the server was
# away: for so long after it they are left to those who had them, and who know what is paid for.
BACK_SECONDS = 3.0
UNFINISHED_SECONDS = 30.0  # before a book is taken again that is copied into
REST_SECONDS = 60.0  # before a book is handed over again that nobody took


@dataclass(slots=True)
class Shares:
    """The share of the daemon ``me``, which may hold the books ``wanted`` (None: all). ``now`` is
    an instant of a clock that never jumps."""

    me: str
    wanted: tuple[str, ...] | None
    _refused: set[str] = field(default_factory=set)
    _ends: dict[tuple[str, int], float] = field(default_factory=dict)  # by book and fence
    _free: dict[str, float] = field(default_factory=dict)  # since when nobody holds it
    _resting: dict[str, float] = field(default_factory=dict)  # until when a book is left alone
    _looked: float | None = None
    _back: float = float("-inf")  # since when the server is back
    _given: str | None = None  # what was handed over last
    _reckoned: tuple[object, object] = ({}, {})  # what the spread was made for
    _plan: dict[str, str] = field(default_factory=dict)
    _rests: float = float("-inf")  # until when nothing is handed over

    def reckon(self, view: FleetView) -> None:
        """Reckon the spread of all books; of hundreds that takes a second."""
        names = frozenset(each.book for each in view.leases)
        wants = {
            each.id: _allowed(names, each.wanted, each.refused)
            for each in view.daemons
            if each.seen < ALIVE_SECONDS
        }
        wants[self.me] = _allowed(names, self.wanted, self._refused)
        holders = {each.book: each.holder if each.held else None for each in view.leases}
        if (wants, holders) != self._reckoned:
            self._reckoned = wants, holders
            self._plan = spread(wants, holders)

    def to_take(self, view: FleetView, held: Collection[str], now: float) -> list[str]:
        """The books to take now, which are not among those ``held``."""
        patience = dict(self._run_out(view))
        free = set(patience)
        if self._looked is not None and view.at - self._looked > LEASE_SECONDS:
            self._back = view.at
        self._looked = view.at
        if view.at - self._back < BACK_SECONDS:
            free -= {each.book for each in view.leases if each.holder not in (None, self.me)}
        self._free = {book: self._free.get(book, now) for book in free}
        found = []
        for book in sorted(free - set(held)):
            overdue, ours = now - self._free[book] >= patience[book], self._is_ours(book)
            if not self._may(book) or not (ours or overdue) or now < self._resting.get(book, now):
                continue
            if not ours and book == self._given:
                self._rests = now + REST_SECONDS  # the one that should have it does not take it
            found.append(book)
        return found

    def to_hand_over(self, held: Collection[str], now: float) -> str | None:
        """The one of the books ``held`` to be handed over now: the next may follow once somebody
        has it."""
        if now < self._rests or self._given in self._free:
            return None
        for book in sorted(held):
            if self._plan.get(book, self.me) != self.me:
                self._given = book
                return book
        return None

    def refuse(self, book: str) -> None:
        """Never take it again: a newer version wrote it."""
        self._refused.add(book)

    def rest(self, book: str, now: float) -> None:
        """Leave it alone for a while: half a copy is in it."""
        self._resting[book] = now + UNFINISHED_SECONDS

    @property
    def refused(self) -> tuple[str, ...]:
        """The books that it may not hold any more."""
        return tuple(sorted(self._refused))

    def _run_out(self, view: FleetView) -> Iterator[tuple[str, float]]:
        """The books that nobody has, and how long another is waited for to take each. A server that
        was replaced may have another clock: a lease holds for as long as it was seen to by the
        clock here, and none for longer."""
        ends, self._ends = self._ends, {}
        for each in view.leases:
            if each.holder is None:
                yield each.book, GIVEN_SECONDS
                continue
            of = each.book, each.fence
            until = view.at + min(each.left, LEASE_SECONDS)
            if each.left > LONGEST_LEASE:  # whoever lives renews it, and then it has not
                self._ends[of] = ends.get(of, until)
            else:
                self._ends[of] = max(until, ends.get(of, until))
            if self._ends[of] <= view.at:
                yield each.book, FREE_SECONDS

    def unheld(self, view: FleetView) -> list[str]:
        """The wanted books that nobody holds, those that there are not among them."""
        held = {each.book for each in view.leases if each.held}
        names = {each.book for each in view.leases} if self.wanted is None else set(self.wanted)
        return sorted(names - held)

    def _may(self, book: str) -> bool:
        return (self.wanted is None or book in self.wanted) and book not in self._refused

    def _is_ours(self, book: str) -> bool:
        return self._plan.get(book) == self.me


def _allowed(
    names: frozenset[str], wanted: Collection[str] | None, refused: Collection[str]
) -> frozenset[str] | None:
    """The books that a daemon may hold, None for all."""
    if not refused:
        return None if wanted is None else frozenset(wanted)
    return (names if wanted is None else frozenset(wanted)) - frozenset(refused)
