"""One scan of one watch, from credits to committed alerts.

The daemon's workers, ``watcher once`` and the demo all scan through here. It never raises a
``SourceError``: what goes wrong is kept, and told to the operator.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from contextlib import suppress

import structlog

from watcher.daemon.clock import Clock
from watcher.daemon.scheduling.budget import LedgerBudget, ScanBudget
from watcher.daemon.scheduling.scan_records import ScanRecords
from watcher.daemon.scheduling.store_retry import StoreRetry
from watcher.daemon.tenure import Tenure
from watcher.delivery.courier import Pause, pause_until
from watcher.delivery.marking import StoreThread
from watcher.errors import StoreAway, StoreError, WatcherError
from watcher.model import Instant
from watcher.pipeline import Report, ScanOutcome
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.client import Client
from watcher.source.rows import MOST_TEXTS
from watcher.source.scan import ScanOrder, read_scan
from watcher.units import DAY

TEXTS_KEEP = 30 * DAY  # after that a product's long texts are read anew, at the earliest

log = structlog.get_logger("watcher.scan")


class Scanner(ScanRecords):
    """Scans watches of one rulebook through one client; a reload swaps both."""

    def __init__(
        self,
        book: Rulebook,
        client: Client,
        writer: StoreThread,
        clock: Clock,
        *,
        stop: asyncio.Event | None = None,
        report: Report | None = None,
        budget: type[ScanBudget] = LedgerBudget,
    ) -> None:
        super().__init__(book, clock.now, report)
        self.client = client
        self.tenure = Tenure()
        self.pause: Pause = pause_until  # between two tries to store a scan
        self._writer = writer
        self.clock = clock
        self.stop = stop
        self._budget = budget
        self._unstored: dict[str, str] = {}  # watches that wait for the database, and why

    def swap(self, book: Rulebook, client: Client | None) -> None:
        """Go on with other rules, and another client where one is given, between two commits."""
        self.adopt(book)
        self.client = client or self.client

    async def scan(
        self, watch: Watch, at: Instant, *, moved: Callable[[], None] = lambda: None
    ) -> ScanOutcome | None:
        """Scan ``watch`` as of ``at``; None where it was not begun (the log says why).

        ``moved`` is called before each request: a sign of life.
        """
        shut = self.breaker.why_shut(watch.key, self.now())
        if shut is not None:
            log.warning("scan skipped", watch=watch.name, reason=shut)
            return None
        with self.breaker.passing() as trying:
            return await self._scan(watch, at, moved, trying=trying)

    async def _scan(
        self, watch: Watch, at: Instant, moved: Callable[[], None], *, trying: bool
    ) -> ScanOutcome | None:
        store = self._retrying(watch, moved)
        budget = self._budget(
            store, self.clock, self.book.api, watch.key, moved, tenure=self.tenure
        )
        asked = ScanOrder(watch.query, watch.key, at, careful=trying)
        order = await self._writer.run(
            lambda db: self.begin(db, watch, asked, budget, _texts_keep(watch, self.now()))
        )
        if order is None:
            return None
        try:
            result = await read_scan(order, self.client, budget, self.now, self.stop)
            tries = itertools.count()
            return await store.run(
                lambda db: self.commit(db, watch, result, budget, again=next(tries) > 0)
            )
        except asyncio.CancelledError:
            # Not so that an error takes its place: then who was cancelled would go on.
            with suppress(StoreError):
                await self._writer.run(budget.settle)
            budget.close()  # else it is settled at the next begin
            raise
        finally:
            self._unstored.pop(watch.key, None)
            if budget.open:  # nothing was committed: what was asked is spent
                await self._writer.run(budget.settle)
                budget.close()

    @property
    def unstored(self) -> str | None:
        """The reason that a scan that was read can't be stored; None where none waits for that."""
        return next(iter(self._unstored.values()), None)

    def _retrying(self, watch: Watch, moved: Callable[[], None]) -> StoreRetry:
        """The store for what was paid for: it is not bought again because a disk was full."""

        async def waits(error: StoreError, failures: int) -> None:
            moved()
            log.error("a scan waits to be stored", watch=watch.name, error=str(error))
            self._unstored[watch.key] = str(error)
            # A lock passes; and the health tells where nothing can be written.
            if failures > 1 and not isinstance(error, StoreAway):
                with suppress(StoreError):
                    await self._writer.run(lambda db: self.tell_unstored(db, watch, str(error)))

        return StoreRetry(self._writer, self.stop, waits, self.pause)


def client_of(book: Rulebook) -> Client:
    """A client as the rule file's ``api:`` says; ``WatcherError`` without a key."""
    api = book.api
    if api.key is None:
        raise WatcherError(
            "no key: set the environment variable KEYAPI_KEY (or KEYAPI_TOKEN), or api.key in the "
            "rule file"
        )
    rate, concurrency = api.requests_per_second, api.concurrency
    return Client(api.url, api.key.reveal(), requests_per_second=rate, concurrency=concurrency)


def _texts_keep(watch: Watch, now: Instant) -> int:
    """Seconds for which long texts are kept: in that time each product of the list has its turn,
    and its first products are not read anew before its last ones were read at all."""
    due = now
    for _ in range(-(-watch.query.depth // MOST_TEXTS) + 1):
        due = watch.schedule.next(due)
    return max(TEXTS_KEEP, due - now)
