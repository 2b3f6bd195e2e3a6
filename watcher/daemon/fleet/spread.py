"""The spread of books over daemons: every daemon reckons it for itself, and comes to the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

Wants = Mapping[str, AbstractSet[str] | None]  # by daemon: the books that it may hold, None for all
_UNEVEN = 1_000_000  # moves that an evener spread is worth: more than there are books


def spread(wants: Wants, holders: Mapping[str, str | None]) -> dict[str, str]:
    """The daemon of each book that some living daemon wants; ``holders`` says who has it now, None
    for nobody. A book whose holder is not among ``wants`` is left out: it may live, or its lease
    runs out. No two daemons differ by more than one book where one's could be the other's; of all
    such spreads it is one that moves the fewest books.
    """
    return _Plan(wants, holders).made()


@dataclass(slots=True)
class _Plan:
    """A flow of least cost, of books to daemons: a daemon's books cost the square of their number,
    and then a book costs one where it is taken from who has it. Book after book goes the cheapest
    way, on which others may have to move on (successive shortest paths)."""

    wants: Wants
    holders: Mapping[str, str | None]
    plan: dict[str, str] = field(default_factory=dict)
    load: dict[str, int] = field(default_factory=dict)

    def made(self) -> dict[str, str]:
        self.load = dict.fromkeys(sorted(self.wants), 0)
        for book in sorted(self.holders):
            holder = self.holders[book]
            if (holder is None or holder in self.wants) and any(self._willing(book)):
                self._add(book)
        return self.plan

    def _willing(self, book: str) -> Iterator[str]:
        """The daemons that may hold it, by name."""
        for daemon in self.load:
            wanted = self.wants[daemon]
            if wanted is None or book in wanted:
                yield daemon

    def _price(self, book: str, daemon: str) -> int:
        return int(self.holders[book] not in (None, daemon))

    def _add(self, book: str) -> None:
        """Give the book to somebody, by the cheapest chain of moves."""
        cost = {each: self._price(book, each) for each in self._willing(book)}
        came = dict.fromkeys(cost, (book, ""))  # by daemon: the book it gets, and from whom
        steps = self._steps()
        for _ in self.load:  # as many rounds as a chain can have links (Bellman and Ford)
            for (giver, taker), (price, moved) in steps.items():
                if giver in cost and cost[giver] + price < cost.get(taker, _UNEVEN):
                    cost[taker], came[taker] = cost[giver] + price, (moved, giver)
        last = min(cost, key=lambda each: (cost[each] + _UNEVEN * (2 * self.load[each] + 1), each))
        self.load[last] += 1
        while last:
            moved, giver = came[last]
            self.plan[moved] = last
            last = giver

    def _steps(self) -> dict[tuple[str, str], tuple[int, str]]:
        """The cheapest book that could move on, and what that costs, by giver and taker."""
        steps: dict[tuple[str, str], tuple[int, str]] = {}
        for book, giver in self.plan.items():
            for taker in self._willing(book):
                price = self._price(book, taker) - self._price(book, giver)
                known = steps.get((giver, taker))
                if taker != giver and (known is None or price < known[0]):
                    steps[giver, taker] = price, book
        return steps
