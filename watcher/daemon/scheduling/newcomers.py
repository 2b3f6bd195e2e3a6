"""Ids that were added to a list of one's own since its last scan: each is read at once, by one
request for ten. That is no scan: no rule is judged, no timer moves, and an id so read has not
appeared when a scan finds it.

Which they are follows from the list as it is now, from what complete scans asked for, and from what
was read here: so an edited rule file, a followed product and a restart are one thing.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from watcher import plan
from watcher.daemon.scheduling.budget import LedgerBudget, kept_for_others
from watcher.daemon.scheduling.circuit_breaker import note_source
from watcher.daemon.scheduling.scanner import Scanner
from watcher.delivery.marking import StoreThread
from watcher.errors import BudgetSpent, CreditsUsedUp, KeyRefused
from watcher.model import Instant, ScanState
from watcher.rules.rulebook import Watch
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.store.ports import Store
from watcher.store.sql.followed import LOOKUPS
from watcher.units import next_midnight

log = structlog.get_logger("watcher.scan")


@dataclass(frozen=True, slots=True)
class _Task:
    """Ids of a watch to be read, and when."""

    watch: Watch
    ids: tuple[str, ...]
    at: Instant
    budget: LedgerBudget


@dataclass
class Newcomers:
    """Looks for ids that were added, and reads them through the scanner's client, caps and circuit
    breaker. ``busy`` are the keys of watches whose scan is queued or runs: that reads them."""

    scanner: Scanner
    writer: StoreThread
    busy: AbstractSet[str] = field(default_factory=frozenset)
    moved: Callable[[], None] = lambda: None
    _settled: dict[str, tuple[str, ...]] = field(default_factory=dict)  # lists without newcomers
    _later: dict[str, Instant] = field(default_factory=dict)  # tries that wait

    @property
    def watches(self) -> list[Watch]:
        """The lists of one's own that some rule reads."""
        used = self.scanner.book.used_watches
        return [watch for watch in used if watch.query.of_ids]

    def forget(self) -> None:
        """Look at every list anew: the rules were read again."""
        self._settled.clear()
        self._later.clear()

    async def turn(self) -> int:
        """Read what was added; the number of ids that the source answered for."""
        answered = 0
        for watch in self.watches:
            # Most have nothing new: then nothing is asked of the store either.
            if watch.query.followed or self._is_new(watch):
                # One after the other: what was set aside for one that is not read is lost.
                task = await self.writer.run(partial(self._task, watch))
                answered += await self._read(task) if task is not None else 0
        return answered

    def _is_new(self, watch: Watch) -> bool:
        """Whether there may be something to read: the list is another, or a try is due again."""
        now = self.scanner.now()
        if watch.key in self.busy or self.scanner.breaker.why_shut(watch.key, now) is not None:
            return False
        if self._settled.get(watch.key) != watch.query.ids:
            return True
        return 0 < self._later.get(watch.key, 0) <= now

    def _task(self, watch: Watch, database: Store) -> _Task | None:
        """The ids of a watch to be read now, with their credits set aside."""
        watch = plan.with_followed(database, watch)
        if not self._is_new(watch):
            return None
        with database.atomic():
            return self._begun(database, watch, watch.query.ids, self.scanner.now())

    def _begun(
        self, database: Store, watch: Watch, ids: tuple[str, ...], now: Instant
    ) -> _Task | None:
        """The ids of a watch that are to be read now, with their credits set aside."""
        lookups = database.lookups
        if database.history.last_complete(watch.key) is None:
            return None  # its first whole scan is to come, and reads them all
        scanned = lookups.asked_by_scans(watch.key)
        added = [each for each in ids if each not in scanned]
        lookups.keep_only(watch.key, added)
        due = lookups.due(watch.key, added, now)
        if not due:
            self._settle(database, watch, ids)
            return None
        budget = self._budget(watch)
        budget.kept = kept_for_others(database, self.scanner.book, watch, now)
        if not budget.begin(database, -(-len(due) // watch.query.endpoint.page_size), now):
            lookups.failed(watch.key, due, now, until=next_midnight(now))
            log.warning("added products wait: the caps leave no credits", watch=watch.name)
            self._settle(database, watch, ids)
            return None
        return _Task(watch, tuple(due), now, budget)

    def _settle(self, database: Store, watch: Watch, ids: tuple[str, ...]) -> None:
        """Look again only when the list changes, or a try is due."""
        self._settled[watch.key] = ids
        self._later[watch.key] = database.lookups.next_try(watch.key) or 0

    def _budget(self, watch: Watch) -> LedgerBudget:
        scanner = self.scanner
        return LedgerBudget(
            self.writer, scanner.clock, scanner.book.api, watch.key, self.moved,
            tenure=scanner.tenure,
        )  # fmt: skip

    async def _read(self, task: _Task) -> int:
        """Read them, and keep what was answered; how many were."""
        query = replace(task.watch.query, ids=task.ids)
        order = ScanOrder(query, LOOKUPS, task.at, wants_texts=lambda _: True)
        try:
            with self.scanner.breaker.passing() as trying:
                order = replace(order, careful=trying)
                result = await read_scan(
                    order, self.scanner.client, task.budget, self.scanner.now, self.scanner.stop
                )
            return await self.writer.run(lambda db: self._commit(db, task, result))
        finally:
            if task.budget.open:  # what was asked is spent
                with suppress(Exception):
                    await self.writer.run(task.budget.settle)
                task.budget.close()

    def _commit(self, database: Store, task: _Task, result: ScanResult) -> int:
        """Keep the products, and which ids were answered for; no rule hears of it."""
        scanner, watch, scan = self.scanner, task.watch, result.scan
        whole = scan.state is ScanState.COMPLETE
        answered = frozenset(task.ids if whole else scan.product_ids)
        with database.atomic():
            now = scanner.now()
            if len(scan):
                # It proves nothing of whom it lacks, and is nobody's list. Another list's ids may
                # have been read for the same instant.
                at = database.history.free_instant(LOOKUPS, scan.at)
                kept = replace(scan, at=at, state=ScanState.PARTIAL, error=None, doubt=None)
                recorded = database.history.record(kept)
                database.history.note_seen(watch.key, recorded.scan_id, recorded.products)
            database.lookups.answered(watch.key, answered, now)
            missing = [each for each in task.ids if each not in answered]
            waits = isinstance(result.failure, BudgetSpent | CreditsUsedUp)
            until = next_midnight(now) if waits else None
            database.lookups.failed(watch.key, missing, now, until=until)
            task.budget.settle(database)
            if isinstance(result.failure, KeyRefused | CreditsUsedUp):
                note_source(scanner.operator(database), scanner.breaker, watch, result)
        task.budget.close()
        read = {"ids": len(task.ids), "products": len(scan), "requests": scan.requests}
        log.info("added products were read", watch=watch.name, **read, error=scan.error)
        return len(answered)
