"""Pages -> a Scan: what a watch's list shows now, with ranks.

Pages that the last scan showed to exist are read several at once, the ones past them one by one:
so at most one credit is spent on a page that is not there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    KeyRefused,
    SourceError,
    SourceUnavailable,
)
from watcher.keyapi.answer import Page
from watcher.keyapi.client import Budget, Client
from watcher.keyapi.fields import NUMERIC_NAMES, PAGE_SIZE
from watcher.keyapi.query import Query
from watcher.keyapi.rows import Rows
from watcher.model import Instant, Scan, ScanState

STOP_GRACE = 5.0  # seconds that the pages in flight get after a stop

# So many pages in a row that failed for good: the server is down, not the page.
_MOST_FAILURES_IN_A_ROW = 3
_MOST_PROBLEMS = 50


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


async def read_scan(  # noqa: PLR0913 - the daemon hands in every outside thing
    query: Query,
    client: Client,
    budget: Budget,
    *,
    watch: str,
    at: Instant,
    now: Callable[[], Instant],
    known_pages: int = 0,
    careful: bool = False,
    wants_texts: Callable[[str], bool] = lambda _: False,
    stop: asyncio.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
    grace: float = STOP_GRACE,
) -> ScanResult:
    """Read a watch's list. A ``SourceError`` becomes part of the result and is never raised.

    ``known_pages`` is how many pages the last complete scan found. ``careful``: the source failed
    before, so page after page, and none after a first one that fails. ``wants_texts`` says for a
    product id whether its long texts are wanted; ``rows.MOST_TEXTS`` of them are read at most.
    Once ``stop`` is set no page is begun, and those in flight have ``grace`` seconds to end.
    ``progress`` hears the pages read and those expected.
    """
    started = now()
    rows = Rows(query.top, wants_texts)
    reading = _Reading(query, client, _Counted(budget), query.params(started), rows)
    reading.progress = progress
    reading.careful = careful
    stop = stop or asyncio.Event()
    async with client.reading():
        known = 0 if careful else min(known_pages, query.pages)
        await _with_grace(reading.read(known, stop), stop, grace)
    joined = await asyncio.to_thread(rows.join)  # of a long list it would hold the loop
    scan = Scan(
        watch=watch,
        region=query.region,
        at=at,
        started=started,
        finished=now(),
        state=reading.state(),
        requests=reading.budget.requests,
        pages=reading.highest,
        product_ids=joined.product_ids,
        ranks=joined.positions * query.ranked,
        numbers=joined.numbers,
        texts=joined.texts,
        long_texts=rows.long_texts,
        error=reading.error(),
        problems=reading.problems(),
        interrupted=reading.interrupted(),
    )
    missing = await asyncio.to_thread(_missing, scan)
    return ScanResult(scan, reading.failure(), missing, reading.mistyped())


# ------------------------------------------------------------------ reading


class _Counted:
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
    """One scan while it runs: which pages were read, which failed, where the list ends."""

    query: Query
    client: Client
    budget: _Counted
    params: Mapping[str, str]
    rows: Rows
    progress: Callable[[int, int], None] | None = None
    careful: bool = False
    known: int = 0
    highest: int = 0  # the last page with a product on it
    pages: set[int] = field(default_factory=set)
    dropped: dict[int, tuple[str, ...]] = field(default_factory=dict)  # problems, by page
    short: set[int] = field(default_factory=set)
    failed: dict[int, SourceError] = field(default_factory=dict)
    fatal: SourceError | None = None
    failures_in_a_row: int = 0

    async def read(self, known: int, stop: asyncio.Event) -> None:
        """Read the known pages several at once, then the others one by one."""
        self.known = known
        phases = (
            (range(1, known + 1), self.client.concurrency),
            (range(known + 1, self.query.pages + 1), 1),
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
        while not (stop.is_set() or self._is_over()):
            page_num = next(numbers, None)
            if page_num is None:
                return
            try:
                page = await self.client.page(self.params, page_num, self.budget)
            except SourceError as error:
                self._page_failed(page_num, error)
            else:
                self._page_read(page_num, page)

    def _page_read(self, page_num: int, page: Page) -> None:
        self.failures_in_a_row = 0
        self.pages.add(page_num)
        self.rows.put(page_num, page)
        if page.problems:
            self.dropped[page_num] = page.problems
        if page.rows:
            self.highest = max(self.highest, page_num)
        if page.rows < PAGE_SIZE:
            self.short.add(page_num)
        if self.progress is not None:
            expected = self.end or self.known or self.query.pages
            self.progress(len(self.pages), max(expected, len(self.pages)))

    def _page_failed(self, page_num: int, error: SourceError) -> None:
        self.failed[page_num] = error
        self.failures_in_a_row += 1
        if self.fatal is None and not isinstance(error, SourceUnavailable):
            self.fatal = error

    def _is_over(self) -> bool:
        most = 1 if self.careful and not self.pages else _MOST_FAILURES_IN_A_ROW
        down = self.failures_in_a_row >= most
        return down or self.fatal is not None or self.end is not None

    @property
    def end(self) -> int | None:
        """The list's last page; None while not seen.

        A short page ends the list, unless one read at the same time shows that it goes on.
        """
        return min((page for page in self.short if page >= self.highest), default=None)

    def state(self) -> ScanState:
        last = self.end or self.query.pages
        if all(page_num in self.pages for page_num in range(1, last + 1)):
            return ScanState.COMPLETE
        return ScanState.PARTIAL if self.pages else ScanState.FAILED

    def failure(self) -> SourceError | None:
        if self.fatal is not None or not self.failed or self.state() is ScanState.COMPLETE:
            return self.fatal
        return self.failed[min(self.failed)]

    def interrupted(self) -> bool:
        """Whether it was not the list that kept the scan from being complete."""
        if self.state() is ScanState.COMPLETE:
            return False
        failure = self.failure()
        return failure is None or isinstance(failure, KeyRefused | CreditsUsedUp | BudgetSpent)

    def error(self) -> str | None:
        """Why the scan is not complete, on one line."""
        if self.state() is ScanState.COMPLETE:
            return None
        failure = self.failure()
        if failure is None:
            return f"stopped after {len(self.pages)} of {self.known or self.query.pages} pages"
        page_num = next(page for page, error in self.failed.items() if error is failure)
        others = len(self.failed) - 1
        more = f" (and {others} more page{'s' if others > 1 else ''})" if others else ""
        return f"page {page_num}: {failure}{more}"

    def problems(self) -> tuple[str, ...]:
        found = [
            f"page {page_num}: {problem}"
            for page_num in sorted(self.dropped)
            for problem in self.dropped[page_num]
        ]
        last = self.end or self.query.pages
        gaps = sorted(page_num for page_num in self.short if page_num < last)
        found += [f"page {page_num} is short, but the list goes on" for page_num in gaps]
        if len(found) > _MOST_PROBLEMS:
            found[_MOST_PROBLEMS:] = [f"and {len(found) - _MOST_PROBLEMS} more problems"]
        return tuple(found)

    def mistyped(self) -> dict[str, str]:
        """Fields that hold something else in at least half of the products read."""
        return {
            name: self.rows.instead[name]
            for name, count in self.rows.mistyped.items()
            if count >= self.rows.products / 2
        }


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
