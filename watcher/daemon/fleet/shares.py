"""This daemon's share of the books: what it is to take now, and what to hand over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from watcher.daemon.fleet.lease_keeper import Look
from watcher.daemon.fleet.spread import spread

ALIVE_SECONDS = 6.0  # since a daemon was heard of, after which nobody waits for it to take a book
FREE_SECONDS = 3.0  # after which a book that another should have taken is anybody's
REST_SECONDS = 60.0  # before a book is handed over again that nobody took


@dataclass(slots=True)
class Shares:
    """The share of the daemon ``me``, which may hold the books ``wanted`` (None: all). ``now`` is
    an instant of a clock that never jumps."""

    me: str
    wanted: tuple[str, ...] | None
    _refused: set[str] = field(default_factory=set)
    _free: dict[str, float] = field(default_factory=dict)  # since when nobody holds it
    _given: str | None = None  # what was handed over last
    _reckoned: tuple[object, object] = ({}, {})  # what the spread was made for
    _plan: dict[str, str] = field(default_factory=dict)
    _rests: float = float("-inf")  # until when nothing is handed over

    def reckon(self, view: Look) -> None:
        """Reckon the spread of all books; of hundreds that takes a second."""
        wants: dict[str, frozenset[str] | None] = {
            each.id: None if each.wanted is None else frozenset(each.wanted)
            for each in view.daemons
            if each.seen < ALIVE_SECONDS
        }
        wanted = self.wanted_of(view)
        wants[self.me] = None if wanted is None else frozenset(wanted)
        holders = {each.book: each.holder if each.held else None for each in view.leases}
        if (wants, holders) != self._reckoned:
            self._reckoned = wants, holders
            self._plan = spread(wants, holders)

    def to_take(self, view: Look, held: Collection[str], now: float) -> list[str]:
        """The books to take now, which are not among those ``held``."""
        free = {each.book for each in view.leases if not each.held}
        self._free = {book: self._free.get(book, now) for book in free}
        found = []
        for book in sorted(free - set(held)):
            overdue, ours = now - self._free[book] >= FREE_SECONDS, self._is_ours(book)
            if not self._may(book) or not (ours or overdue):
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

    def wanted_of(self, view: Look) -> tuple[str, ...] | None:
        """What it still may hold."""
        if not self._refused:
            return self.wanted
        names = [each.book for each in view.leases] if self.wanted is None else self.wanted
        return tuple(sorted(set(names) - self._refused))

    def unheld(self, view: Look) -> list[str]:
        """The wanted books that nobody holds, those that there are not among them."""
        held = {each.book for each in view.leases if each.held}
        names = {each.book for each in view.leases} if self.wanted is None else set(self.wanted)
        return sorted(names - held)

    def _may(self, book: str) -> bool:
        return (self.wanted is None or book in self.wanted) and book not in self._refused

    def _is_ours(self, book: str) -> bool:
        return self._plan.get(book) == self.me
