"""Pages -> a Scan: what a watch's list shows now, with ranks.

Pages that the last scan showed to exist are read several at once, the ones past them one by one;
and where one may be the last, the next is waited for. So at most one credit is spent beyond those
pages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    KeyRefused,
    SourceError,
    SourceUnavailable,
)
from watcher.fields import COMMISSION, NUMERIC_NAMES, RATING
from watcher.model import Doubt, Instant, Scan, ScanState
from watcher.source.client import Budget, Client
from watcher.source.decoding import Page
from watcher.source.pages import Pages
from watcher.source.query import Query
from watcher.source.rows import Rows, Settled, settle
from watcher.units import plural

STOP_GRACE = 5.0  # seconds that the pages in flight get after a stop

# So many pages in a row that failed for good, or had nothing but rubbish: the server is down, not
# the page.
_MOST_FAILURES_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class ScanResult:
    """A scan, and the failure that kept it from being complete, if one did.

    ``missing`` names the fields that no product of the scan has a value for: where they had one,
    the API has lost them. ``mistyped`` are those that hold something else in at least half of
    the products, with what instead.
    """

    scan: Scan
    failure: SourceError | None = None
    missing: frozenset[str] = frozenset()
    mistyped: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScanOrder:
    """A watch's list to be read, for an observation at ``at``.

    ``known_pages`` is how many pages the last scan found. ``careful``: the source failed
    before, so page after page, and none after a first one that fails. ``wants_texts`` says for a
    product id whether its long texts are wanted; ``rows.MOST_TEXTS`` of them are read at most.
    ``progress`` hears the pages read and those expected. Pages in flight get ``grace`` seconds
    after a stop.
    """

    query: Query
    watch: str
    at: Instant
    known_pages: int = 0
    careful: bool = False
    wants_texts: Callable[[str], bool] = lambda _: False
    progress: Callable[[int, int], None] | None = None
    grace: float = STOP_GRACE


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
    rows = Rows(query.top, order.wants_texts, page_size)
    pages = Pages(query.pages, min(order.known_pages, query.pages), page_size)
    reading = _Reading(order, client, _CountingBudget(budget), query.params(started), rows, pages)
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
        requests=reading.budget.requests,
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
    )
    missing = await asyncio.to_thread(_missing, scan)
    if settled.unrated:  # the field is there, though it says nothing
        missing -= {RATING}
    return ScanResult(scan, reading.failure(), missing, reading.mistyped())


# ------------------------------------------------------------------ reading


class _CountingBudget:
    """A budget that counts the requests that reached the server."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.requests = 0

    async def spend(self) -> None:
        await self._budget.spend()
        self.requests += 1

    async def refund(self) -> None:
        await self._budget.refund()
        self.requests -= 1


@dataclass(slots=True)
class _Reading:
    """One scan while it runs: which pages were read, and which failed."""

    order: ScanOrder
    client: Client
    budget: _CountingBudget
    params: Mapping[str, str]
    rows: Rows
    pages: Pages
    failed: dict[int, SourceError] = field(default_factory=dict)
    fatal: SourceError | None = None
    failures_in_a_row: int = 0
    answered: asyncio.Condition = field(default_factory=asyncio.Condition)

    @property
    def known(self) -> int:
        """Pages that may be asked for at once."""
        return 0 if self.order.careful else self.pages.expected

    async def read(self, stop: asyncio.Event) -> None:
        """Read the known pages several at once, then the others one by one."""
        phases = (
            (range(1, self.known + 1), self.client.concurrency),
            (range(self.known + 1, self.pages.wanted + 1), 1),
        )
        for pages, at_once in phases:
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
            try:
                page = await self.client.page(
                    self.params, page_num, self.budget, self.order.query.endpoint
                )
            except SourceError as error:
                self._page_failed(page_num, error)
            else:
                self._page_read(page_num, page)
            async with self.answered:
                self.answered.notify_all()

    def _is_clear(self, page_num: int, stop: asyncio.Event) -> bool:
        """Whether no answer that is due may show that the list ends before this page."""
        doubtful = self.pages.doubtful
        waits = doubtful is not None and page_num > doubtful and doubtful not in self.failed
        return not waits or stop.is_set() or self._is_over()

    def _page_read(self, page_num: int, page: Page) -> None:
        self.failures_in_a_row = self.failures_in_a_row + 1 if _is_rubbish(page) else 0
        self.rows.put(page_num, page)
        self.pages.put(page_num, page)
        if self.order.progress is not None:
            expected = self.pages.end or self.known or self.pages.wanted
            self.order.progress(len(self.pages), max(expected, len(self.pages)))

    def _page_failed(self, page_num: int, error: SourceError) -> None:
        self.failed[page_num] = error
        self.failures_in_a_row += 1
        if self.fatal is None and not isinstance(error, SourceUnavailable):
            self.fatal = error

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
        if self.state() is ScanState.COMPLETE:
            return None
        if self.failed:
            return self.failed[min(self.failed)]
        return self._gave_up()

    def _gave_up(self) -> SourceError | None:
        """Pages that could not be read, though they are none that failed; None after a stop."""
        if self.failures_in_a_row < _MOST_FAILURES_IN_A_ROW:
            return None
        text = f"{self.failures_in_a_row} pages in a row have no product that can be read"
        return SourceUnavailable(text, status=200)

    def interrupted(self) -> bool:
        """Whether it was not the list that kept the scan from being complete."""
        if self.state() is ScanState.COMPLETE:
            return False
        failure = self.failure()
        return failure is None or isinstance(failure, KeyRefused | CreditsUsedUp | BudgetSpent)

    def error(self) -> str | None:
        """The reason why the scan is not complete, on one line."""
        if self.state() is ScanState.COMPLETE:
            return None
        failure = self.failure()
        if failure is None:
            return f"stopped after {len(self.pages)} of {self.known or self.pages.wanted} pages"
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
    for name, value in query.filters:
        if not name.endswith(COMMISSION) or not isinstance(value, int | float):
            continue
        if settled.percentages and 0 < value <= 1:
            yield f"KeyAPI has commissions in percent here: {name} {value:g} is {value:g}% to it"
        elif settled.percentages is False and value > 1:
            yield f"KeyAPI has commissions as fractions here: {name} {value:g} is {value:.0%} to it"


def _is_rubbish(page: Page) -> bool:
    return page.unread > 0 and not page.products


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


def _missing(scan: Scan) -> frozenset[str]:
    if not len(scan):
        return frozenset()
    absent = np.flatnonzero(np.isnan(scan.numbers).all(axis=0))
    numbers = (NUMERIC_NAMES[column] for column in absent)
    texts = (name for name, values in scan.texts.items() if not any(values))
    return frozenset((*numbers, *texts))
