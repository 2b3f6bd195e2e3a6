"""The pages of a list: where it ends, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from watcher.source.decoding import Page
from watcher.units import count_of

MOST_PROBLEMS = 50
_MOST_FLAWS = 3  # of each kind that are named one by one


@dataclass(slots=True)
class Pages:
    """The pages of a list read so far, by number from 1: where it ends, and what is wrong with it.

    A page is no proof by itself: KeyAPI may hide a product after it cut the page, leave a page
    empty in the middle of a list, or give one again and again. So an end needs a second witness,
    and what can't be explained is told: a list read with such flaws proves no absence.
    """

    wanted: int  # the last one to ask for
    expected: int = 0  # the last one that the scan before found
    page_size: int = 10
    top: int = 0  # products that are wanted
    highest: int = 0  # the last with a product, or an unreadable row, that none before it had
    products: int = 0
    rows: dict[int, int] = field(default_factory=dict)
    _empty: set[int] = field(default_factory=set)
    _short: set[int] = field(default_factory=set)
    _repeated: set[int] = field(default_factory=set)
    _unread: dict[int, int] = field(default_factory=dict)
    _problems: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _first_on: dict[str, int] = field(default_factory=dict)  # by product, the first page with it
    _own: dict[int, int] = field(default_factory=dict)  # by page, products that are first on it

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def full(self) -> bool:
        """Whether all that was wanted is there, and no end: there may be more behind it."""
        if self.end is not None or not self.whole:
            return False
        last = self.rows[self.wanted]
        return last == self.page_size or (self.wanted - 1) * self.page_size + last > self.top

    def kept(self, _: int, page: Page) -> Page:
        """The rows that count of a page: all of it."""
        return page

    def put(self, page_num: int, page: Page) -> None:
        """Take note of a page; pages that are read at once come in any order."""
        self.rows[page_num] = page.rows
        self.products += len(page.products)
        if page.problems:
            self._problems[page_num] = page.problems
        if page.unread:
            self._unread[page_num] = page.unread
        if not page.rows:
            self._empty.add(page_num)
            return
        if page.rows < self.page_size:
            self._short.add(page_num)
        self._place(page_num, [product.product_id for product in page.products])

    def _place(self, page_num: int, ids: list[str]) -> None:
        if not self._first_on.keys().isdisjoint(ids):  # rarely
            self._place_repeats(page_num, ids)
            return
        self._first_on.update(dict.fromkeys(ids, page_num))
        self._own[page_num] = len(ids)
        self._judge(page_num, repeats=False, at_one=False)

    def _place_repeats(self, page_num: int, ids: list[str]) -> None:
        """Find out whether the page, or a later one that was read before it, has nothing new.

        Of a page with unreadable rows that is known only where all its products are on one other.
        """
        taken = Counter[int]()  # from pages behind this one, which had these products first so far
        there = set[int]()
        own = 0
        for product_id in ids:
            first = self._first_on.setdefault(product_id, page_num)
            if first > page_num:
                self._first_on[product_id] = page_num
                taken[first] += 1
            elif first < page_num:
                there.add(first)
                continue
            own += 1
        self._own[page_num] = own
        self._judge(page_num, repeats=not own, at_one=len(there) == 1)
        for later, count in taken.items():
            self._own[later] -= count
            self._judge(later, repeats=not self._own[later], at_one=True)

    def _judge(self, page_num: int, *, repeats: bool, at_one: bool) -> None:
        if not repeats or (page_num in self._unread and not at_one):
            self.highest = max(self.highest, page_num)
            return
        self._repeated.add(page_num)
        if page_num == self.highest:
            new = self.rows.keys() - self._empty - self._repeated
            self.highest = max(new, default=0)

    @property
    def end(self) -> int | None:
        """The page with which the list is over; None while not seen.

        An empty one, if the scan before found none behind it, or it stands behind a short one, or
        the next is empty too; or one that has nothing new, for all that follow would be the same.
        """
        ends = (page for page in self._empty if page > self.highest and self._is_end(page))
        return min((*ends, *self._repeated), default=None)

    def _is_end(self, empty: int) -> bool:
        return (
            empty >= self.expected
            or (empty == self.highest + 1 and self.highest in self._short)
            or empty + 1 in self._empty
        )

    @property
    def doubtful(self) -> int | None:
        """The page that is waited for because the one before it may be the last; None without."""
        last = max(self._empty, default=0)
        if last > self.highest or self.highest in self._short:
            return max(last, self.highest) + 1
        return None

    @property
    def whole(self) -> bool:
        """Whether every page up to the end, or up to the last one wanted, was read."""
        last = self.end or self.wanted
        return all(page_num in self.rows for page_num in range(1, last + 1))

    @property
    def rubbish(self) -> str | None:
        """The problem of rows none of which is a product, in words."""
        if self.products or not self._unread:
            return None
        return f"nothing of the list can be read: {self._unreadable()}"

    def _unreadable(self) -> str:
        rows, page_num = count_of(sum(self._unread.values()), "row"), min(self._unread)
        return f"{rows} can't be read (page {page_num}: {self._problems[page_num][0]})"

    def flaws(self) -> str | None:
        """The reasons why a list may have more than was read of it; None without any."""
        found = [self._unreadable()] if self._unread else []
        for flaws in (self._gaps(), self._repeats()):
            found += first_of(_MOST_FLAWS, flaws, "pages")
        return "; ".join(found) or None

    def problems(self) -> tuple[str, ...]:
        """All that is wrong with the pages, in words."""
        found = [
            f"page {page}: {one}" for page, told in sorted(self._problems.items()) for one in told
        ]
        found += [*self._gaps(), *self._repeats()]
        return tuple(first_of(MOST_PROBLEMS, found, "problems"))

    def _gaps(self) -> list[str]:
        pages = sorted(page for page in self._short | self._empty if page < self.highest)
        return [
            f"page {page} is {'empty' if page in self._empty else 'short'}, but the list goes on"
            for page in pages
        ]

    def _repeats(self) -> list[str]:
        return [
            f"page {page} has only products that other pages had: reading ended there"
            for page in sorted(self._repeated)
        ]


def first_of(most: int, told: list[str], what: str) -> list[str]:
    """The first of what is told, and how many more there are."""
    more = len(told) - most
    return told if more <= 0 else [*told[:most], f"and {more} more {what}"]
