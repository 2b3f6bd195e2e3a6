"""Reading a list: pages -> a Scan, with ranks.

Pages that the last scan showed to exist are read several at once, the ones past them one by one;
where one may be the last, the next is waited for: so at most one credit is spent beyond the list.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from watcher.errors import BudgetSpent, CreditsUsedUp, KeyRefused, SourceError, SourceUnavailable
from watcher.fields import COMMISSION, NUMERIC_NAMES, RATING, TEXTS
from watcher.model import Doubt, Instant, Scan, ScanState
from watcher.source.client import Budget, Client
from watcher.source.decoding import Page
from watcher.source.query import Query
from watcher.source.rows import Rows, Settled, settle
from watcher.units import count_of, plural

# So many pages in a row that failed for good, or had nothing but rubbish: the server is down, not
# the page.
_MOST_FAILURES_IN_A_ROW = 3
_MOST_PROBLEMS = 50
_MOST_FLAWS = 3  # of each kind that are named one by one


@dataclass(frozen=True, slots=True)
class ScanResult:
    """A scan, and the failure that kept it from being complete, if one did. ``missing`` are the
    fields that no product has a value for: where they had one, the API has lost them. ``mistyped``
    hold something else in at least half of the products: what instead."""

    scan: Scan
    failure: SourceError | None = None
    missing: frozenset[str] = frozenset()
    mistyped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """A watch's list to be read, for an observation at ``at``.

    ``careful``: the source failed before, so page after page, and none after a first that fails.
    """

    query: Query
    watch: str
    at: Instant
    known_pages: int = 0  # that the last scan found
    careful: bool = False
    wants_texts: Callable[[str], bool] = lambda _: False  # the long ones of a product, by its id
    made: tuple[str, ...] = ()  # texts to be made of the long ones of all products
    followed: frozenset[str] = frozenset()  # texts that rules hold against the past
    progress: Callable[[int, int], None] | None = None  # hears the pages read and those expected
    grace: float = 5.0  # seconds that the pages in flight get after a stop


async def read_scan(
    order: ScanOrder,
    client: Client,
    budget: Budget,
    now: Callable[[], Instant],
    stop: asyncio.Event | None = None,
) -> ScanResult:
    """Read a watch's list. A ``SourceError`` becomes part of the result and is never raised.

    Once ``stop`` is set no page is begun.
    """
    started, query = now(), order.query
    page_size = query.endpoint.page_size
    rows = Rows(query.top, order.wants_texts, page_size, order.made)
    pages = Pages(query.pages, min(order.known_pages, query.pages), page_size)
    reading = _Reading(order, client, budget, query.params(started), rows, pages)
    stop = stop or asyncio.Event()
    async with client.reading():
        await _with_grace(reading.read(stop), stop, order.grace)
    flaws = pages.flaws()
    joined = await asyncio.to_thread(rows.join)  # of a long list it would hold the loop
    settled = await asyncio.to_thread(settle, joined.numbers)
    scan = Scan(
        watch=order.watch,
        region=query.region,
        at=order.at,
        started=started,
        finished=now(),
        state=reading.state(),
        requests=reading.requests,
        pages=pages.highest,
        product_ids=joined.product_ids,
        ranks=joined.positions * query.ranked,
        numbers=joined.numbers,
        texts=joined.texts,
        long_texts=rows.long_texts,
        error=reading.error(),
        problems=(*pages.problems(), *settled.problems, *_misunderstood(query, settled)),
        interrupted=reading.interrupted(),
        doubt=Doubt(flaws, order.at) if flaws is not None else None,
        page_size=page_size,
        followed=order.followed,
    )
    missing = await asyncio.to_thread(_missing, scan, settled)
    return ScanResult(scan, reading.failure(), missing, reading.mistyped())


# ------------------------------------------------------------------ reading


@dataclass(slots=True)
class _Reading:
    """One scan while it runs: which pages were read, and which failed.

    It is the client's budget too, and counts the requests that reached the server.
    """

    order: ScanOrder
    client: Client
    budget: Budget
    params: Mapping[str, str]
    rows: Rows
    pages: Pages
    failed: dict[int, SourceError] = field(default_factory=dict)
    fatal: SourceError | None = None
    failures_in_a_row: int = 0
    requests: int = 0
    answered: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def known(self) -> int:
        """Pages that may be asked for at once."""
        return 0 if self.order.careful else self.pages.expected

    @property
    def is_complete(self) -> bool:
        return self.state() is ScanState.COMPLETE

    async def spend(self) -> None:
        await self.budget.spend()
        self.requests += 1

    async def refund(self) -> None:
        await self.budget.refund()
        self.requests -= 1

    async def read(self, stop: asyncio.Event) -> None:
        """Read the known pages several at once, then the others one by one."""
        known, others = range(1, self.known + 1), range(self.known + 1, self.pages.wanted + 1)
        for pages, at_once in ((known, self.client.concurrency), (others, 1)):
            numbers = iter(pages)
            try:
                async with asyncio.TaskGroup() as group:
                    for _ in range(min(at_once, len(pages))):
                        group.create_task(self._read_pages(numbers, stop))
            except ExceptionGroup as several:
                raise several.exceptions[0] from None

    async def _read_pages(self, numbers: Iterator[int], stop: asyncio.Event) -> None:
        for page_num in numbers:
            if not self._is_clear(page_num, stop):
                async with self.answered:
                    await self.answered.wait_for(partial(self._is_clear, page_num, stop))
                    self.answered.notify_all()
            if stop.is_set() or self._is_over():
                return
            await self._read_page(page_num)
            async with self.answered:
                self.answered.notify_all()

    async def _read_page(self, page_num: int) -> None:
        endpoint = self.order.query.endpoint
        try:
            page = await self.client.page(self.params, page_num, self, endpoint)
        except SourceError as error:
            self.failed[page_num] = error
            self.failures_in_a_row += 1
            if self.fatal is None and not isinstance(error, SourceUnavailable):
                self.fatal = error
        else:
            self._page_read(page_num, page)

    def _is_clear(self, page_num: int, stop: asyncio.Event) -> bool:
        """Whether no answer that is due may show that the list ends before this page."""
        doubtful = self.pages.doubtful
        waits = doubtful is not None and page_num > doubtful and doubtful not in self.failed
        return not waits or stop.is_set() or self._is_over()

    def _page_read(self, page_num: int, page: Page) -> None:
        is_rubbish = page.unread and not page.products
        self.failures_in_a_row = self.failures_in_a_row + 1 if is_rubbish else 0
        self.rows.put(page_num, page)
        self.pages.put(page_num, page)
        if self.order.progress is not None:
            expected = self.pages.end or self.known or self.pages.wanted
            self.order.progress(len(self.pages), max(expected, len(self.pages)))

    def _is_over(self) -> bool:
        most = 1 if self.order.careful and not len(self.pages) else _MOST_FAILURES_IN_A_ROW
        down = self.failures_in_a_row >= most
        return down or self.fatal is not None or self.pages.end is not None

    def state(self) -> ScanState:
        if self.pages.rubbish is not None:
            return ScanState.FAILED
        if self.pages.whole:
            return ScanState.COMPLETE
        return ScanState.PARTIAL if len(self.pages) else ScanState.FAILED

    def failure(self) -> SourceError | None:
        if self.fatal is not None:
            return self.fatal
        rubbish = self.pages.rubbish
        if rubbish is not None:
            return SourceUnavailable(rubbish, status=200)
        if self.is_complete:
            return None
        if self.failed:
            return self.failed[min(self.failed)]
        if self.failures_in_a_row < _MOST_FAILURES_IN_A_ROW:  # it was stopped
            return None
        text = f"{self.failures_in_a_row} pages in a row have no product that can be read"
        return SourceUnavailable(text, status=200)

    def interrupted(self) -> bool:
        """Whether it was not the list that kept the scan from being complete."""
        theirs = (KeyRefused, CreditsUsedUp, BudgetSpent)
        failure = self.failure()
        return not self.is_complete and (failure is None or isinstance(failure, theirs))

    def error(self) -> str | None:
        """The reason why the scan is not complete, on one line."""
        if self.is_complete:
            return None
        failure = self.failure()
        if failure is None:
            return f"stopped after {len(self.pages)} of {self.known or self.pages.wanted} pages"
        return self._placed(failure)

    def _placed(self, failure: SourceError) -> str:
        """A failure in words, with the page that it is of."""
        page_num = next((page for page, error in self.failed.items() if error is failure), None)
        if page_num is None:
            return str(failure)
        others = len(self.failed) - 1
        more = f" (and {others} more {plural(others, 'page')})" if others else ""
        return f"page {page_num}: {failure}{more}"

    def mistyped(self) -> dict[str, str]:
        """Fields that hold something else in at least half of the products read."""
        return {
            name: self.rows.instead[name]
            for name, count in self.rows.mistyped.items()
            if count >= self.rows.products / 2
        }


def _misunderstood(query: Query, settled: Settled) -> Iterator[str]:
    """A filter on commissions in another scale than the list's, which the API must misread."""
    for name, value in query.limits_of(COMMISSION):
        if settled.percentages and 0 < value <= 1:
            yield f"KeyAPI has commissions in percent here: {name} {value:g} is {value:g}% to it"
        elif settled.percentages is False and value > 1:
            yield f"KeyAPI has commissions as fractions here: {name} {value:g} is {value:.0%} to it"


async def _with_grace(work: Coroutine[None, None, None], stop: asyncio.Event, grace: float) -> None:
    """Do the work; from the stop on it has ``grace`` seconds to end by itself."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait((working,), timeout=grace)
        if working.done():
            working.result()
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


def _missing(scan: Scan, settled: Settled) -> frozenset[str]:
    if not len(scan):
        return frozenset()
    absent = np.flatnonzero(np.isnan(scan.numbers).all(axis=0))
    numbers = map(NUMERIC_NAMES.__getitem__, absent)
    texts = (text.name for text in TEXTS if not any(scan.texts[text.name]))
    there = {RATING} if settled.unrated else set[str]()  # though it says nothing
    return frozenset((*numbers, *texts)) - there


# ------------------------------------------------------------------ pages


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
            found += _first(_MOST_FLAWS, flaws, "pages")
        return "; ".join(found) or None

    def problems(self) -> tuple[str, ...]:
        """All that is wrong with the pages, in words."""
        found = [
            f"page {page}: {one}" for page, told in sorted(self._problems.items()) for one in told
        ]
        return tuple(_first(_MOST_PROBLEMS, [*found, *self._gaps(), *self._repeats()], "problems"))

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


def _first(most: int, told: list[str], what: str) -> list[str]:
    more = len(told) - most
    return told if more <= 0 else [*told[:most], f"and {more} more {what}"]
