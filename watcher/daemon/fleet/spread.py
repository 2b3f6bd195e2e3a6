"""Which daemon is to hold which book: every daemon reckons it for itself, and comes to the same."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

Wants = Mapping[str, AbstractSet[str] | None]  # by daemon: the books that it may hold, None for all


def spread(wants: Wants, holders: Mapping[str, str | None]) -> dict[str, str]:
    """The daemon of each book that some living daemon wants; ``holders`` says who has it now, None
    for nobody. A book whose holder is not among ``wants`` is left out: it may live, or its lease
    runs out. No two daemons differ by more than one book where one's could be the other's, and
    books move for nothing else.
    """
    return _Plan(wants, holders).made()


@dataclass(slots=True)
class _Plan:
    """An optimal semi-matching (Harvey, Ladner, Lovász and Tamir, 2003): a plan is even once no
    chain of moves leads from a daemon to one that has two books less."""

    wants: Wants
    holders: Mapping[str, str | None]
    plan: dict[str, str] = field(default_factory=dict)
    load: dict[str, int] = field(default_factory=dict)

    def made(self) -> dict[str, str]:
        self.load = dict.fromkeys(sorted(self.wants), 0)
        free = []
        for book in sorted(self.holders):
            holder = self.holders[book]
            if holder is None or (holder in self.wants and not self._may(holder, book)):
                free.append(book)
            elif holder in self.wants:
                self._give(book, holder)
        for book in free:
            willing = [each for each in self.load if self._may(each, book)]
            if willing:
                self._give(book, min(willing, key=lambda each: (self.load[each], each)))
        while self._improved():
            pass
        return self.plan

    def _may(self, daemon: str, book: str) -> bool:
        wanted = self.wants[daemon]
        return wanted is None or book in wanted

    def _give(self, book: str, daemon: str) -> None:
        self.plan[book] = daemon
        self.load[daemon] += 1

    def _improved(self) -> bool:
        """Whether a chain of moves was found, and made, from a daemon with much to one with less;
        that which moves the fewest books that somebody holds."""
        for high in sorted(self.load, key=lambda each: (-self.load[each], each)):
            chain = self._chain(high)
            if chain:
                self.load[high] -= 1
                self.load[chain[0][1]] += 1
                self.plan.update(chain)
                return True
        return False

    def _chain(self, high: str) -> list[tuple[str, str]]:
        """Moves (book, daemon), the last first, that end at a daemon with two books less."""
        cost, reached = {high: 0}, dict[str, tuple[str, str]]()  # by daemon: the book, from whom
        queue, done = deque([high]), set[str]()
        while queue:
            here = queue.popleft()
            if here in done:
                continue
            done.add(here)
            if self.load[here] <= self.load[high] - 2:
                return list(_back(here, reached))
            for book in sorted(each for each, owner in self.plan.items() if owner == here):
                moved = int(self.holders[book] == here)
                for there in self.load:
                    dearer = cost.get(there, len(self.plan) + 1) <= cost[here] + moved
                    if there in done or dearer or not self._may(there, book):
                        continue
                    cost[there], reached[there] = cost[here] + moved, (book, here)
                    (queue.append if moved else queue.appendleft)(there)
        return []


def _back(daemon: str, reached: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    moves = []
    while daemon in reached:
        book, giver = reached[daemon]
        moves.append((book, daemon))
        daemon = giver
    return moves
