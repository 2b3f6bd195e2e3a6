"""The answers to a lookup: each to up to ten ids that were asked for, and to nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

from watcher.source.decoding import Page
from watcher.source.pages import MOST_PROBLEMS, first_of
from watcher.source.watch_query import Query
from watcher.units import count_of, plural


@dataclass
class Batches:
    """The answers read so far, by number from 1. They have nothing to do with each other: a short
    or an empty one is as good as a full one, for an id that it lacks is not indexed. What was not
    asked for, or cannot be read, says that the server means something else: then who is missing
    may be there all the same. The face is that of ``Pages``.
    """

    query: Query
    products: int = 0
    rows: dict[int, int] = field(default_factory=dict)
    _unread: int = 0
    _strange: int = 0
    _problems: dict[int, tuple[str, ...]] = field(default_factory=dict)

    end: None = None  # nothing but the last batch ends it
    doubtful: None = None
    full: bool = False

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def wanted(self) -> int:
        """The last batch to ask for."""
        return self.query.pages

    @property
    def expected(self) -> int:
        """All of them are known, so several may be asked for at once."""
        return self.wanted

    @property
    def highest(self) -> int:
        return max(self.rows, default=0)

    def kept(self, number: int, page: Page) -> Page:
        """The rows of an answer that count: each product asked for, once, in the first places."""
        asked = dict.fromkeys(self.query.batch(number))
        first = {one.product_id: one for one in reversed(page.products)}
        found = tuple(first[each] for each in asked if each in first)
        if len(found) == len(page.products):
            return replace(page, products=found, positions=tuple(range(len(found))))
        strange = [each for each in first if each not in asked]
        self._strange += len(strange)
        told = page.problems
        if strange:
            told = (*told, f"product {strange[0]}{_more(strange)} was not asked for: left out")
        places = tuple(range(len(found)))
        unread = page.unread + len(strange)
        return replace(page, products=found, positions=places, problems=told, unread=unread)

    def put(self, number: int, page: Page) -> None:
        """Take note of an answer, of which only what counts is left."""
        self.rows[number] = page.rows
        self.products += len(page.products)
        self._unread += page.unread
        if page.problems:
            self._problems[number] = page.problems

    @property
    def whole(self) -> bool:
        """Whether every batch was answered."""
        return len(self.rows) == self.wanted

    @property
    def rubbish(self) -> str | None:
        """The problem of answers of which nothing can be used, in words."""
        if self.products or not self._unread:
            return None
        return f"no answer has a product that was asked for: {self.flaws()}"

    def flaws(self) -> str | None:
        """The reasons why a product that is missing may be there; None without any."""
        found = []
        if unread := self._unread - self._strange:
            found.append(f"{count_of(unread, 'row')} can't be read")
        if self._strange:
            found.append(f"{count_of(self._strange, 'product')} came that nobody asked for")
        return "; ".join(found) or None

    def problems(self) -> tuple[str, ...]:
        """All that is wrong with the answers, in words."""
        told = [
            f"batch {number}: {one}" for number, all_ in sorted(self._problems.items())
            for one in all_
        ]  # fmt: skip
        return tuple(first_of(MOST_PROBLEMS, told, "problems"))


def _more(strange: list[str]) -> str:
    more = len(strange) - 1
    return f" (and {more} more {plural(more, 'product')})" if more else ""
