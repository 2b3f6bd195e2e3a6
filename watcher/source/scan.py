"""Reading what a watch asks for: pages, or batches of ids -> a Scan.

Pages that the last scan showed to exist are read several at once, the ones past them one by one;
where one may be the last, the next is waited for: so at most one credit is spent beyond the list.
Batches of ids are all known.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    InvalidQuery,
    KeyRefused,
    SourceError,
    SourceUnavailable,
)
from watcher.fields import COMMISSION, NUMERIC_NAMES, RATING, TEXTS
from watcher.model import Doubt, Instant, Scan, ScanState
from watcher.source.batches import Batches
from watcher.source.client import Budget, Client
from watcher.source.decoding import Page
from watcher.source.endpoint import Gives
from watcher.source.pages import Pages
from watcher.source.rows import Joined, Rows, Settled, settle
from watcher.source.watch_query import Query
from watcher.units import plural

# So many pages in a row that failed for good, or had nothing but rubbish: the server is down, not
# the page.
_MOST_FAILURES_IN_A_ROW = 3


_REGION = "region"
NO_REGION = "ZZ"  # of a product where nothing says in which market it is: a code that none has


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
    rows = Rows(query.depth, order.wants_texts, page_size, order.made)
    pages = _pages(order)
    reading = _Reading(order, client, budget, query.params(started), rows, pages)
    stop = stop or asyncio.Event()
    async with client.reading():
        await _with_grace(reading.read(stop), stop, order.grace)
    flaws = pages.flaws()
    joined = await asyncio.to_thread(rows.join)  # of a long list it would hold the loop
    regions = _regions(query, joined)
    region = _most_frequent(regions) or query.region
    scale = client.percentages.get(region)
    settled = await asyncio.to_thread(settle, joined.numbers, scale)
    if settled.tells:
        client.percentages[region] = bool(settled.percentages)
    scan = Scan(
        watch=order.watch,
        region=region,
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
        of_market=query.of_market,
        regions=regions,
        asked=query.ids if query.gives is Gives.LOOKUP else None,
        cut=query.gives is Gives.SHOP and pages.full,
    )
    missing = await asyncio.to_thread(_missing, scan, settled)
    return ScanResult(scan, reading.failure(), missing, reading.mistyped())


def _pages(order: ScanOrder) -> Pages | Batches:
    query = order.query
    if query.gives is Gives.LOOKUP:
        return Batches(query)
    expected = min(order.known_pages, query.pages)
    return Pages(query.pages, expected, query.endpoint.page_size, query.top)


def _regions(query: Query, joined: Joined) -> tuple[str, ...]:
    """The region of each row; none of a market's list, for all of it is of that market. A row that
    does not say its own has that of most others."""
    if query.of_market:
        return ()
    told = [_code(text) for text in joined.texts[_REGION]]
    usual = query.region or _most_frequent(filter(None, told)) or NO_REGION
    return tuple(region or usual for region in told)


def _code(text: str | None) -> str:
    code = (text or "").strip().upper()
    return code if len(code) == 2 and code.isascii() and code.isalpha() else ""


def _most_frequent(regions: Iterable[str]) -> str:
    return next((region for region, _ in Counter(regions).most_common(1)), "")


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
    pages: Pages | Batches
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
        query = self.order.query
        params = {**self.params, **query.asked_for(page_num)}
        try:
            page = await self.client.page(params, page_num, self, query.endpoint)
        except SourceError as error:
            self.failed[page_num] = error
            self.failures_in_a_row += 1
            if self.fatal is None and self._is_fatal(error):
                self.fatal = error
        else:
            self._page_read(page_num, self.pages.kept(page_num, page))

    def _is_fatal(self, error: SourceError) -> bool:
        """Whether no other page can be read either. What is wrong with one batch of ids need not be
        wrong with the next."""
        passing = isinstance(error, SourceUnavailable)
        of_batch = self.order.query.gives is Gives.LOOKUP and isinstance(error, InvalidQuery)
        return not (passing or of_batch)

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


def only_of(scan: Scan, ids: AbstractSet[str]) -> Scan:
    """A scan of a lookup as if no other ids had been asked for."""
    rows = [row for row, each in enumerate(scan.product_ids) if each in ids]
    return replace(
        scan,
        product_ids=tuple(scan.product_ids[row] for row in rows),
        ranks=scan.ranks[rows],
        numbers=scan.numbers[rows],
        texts={name: [texts[row] for row in rows] for name, texts in scan.texts.items()},
        regions=tuple(scan.regions[row] for row in rows) if scan.regions else (),
        asked=tuple(each for each in scan.asked or () if each in ids),
    )
