"""A single run without a daemon: scan what is due, tell what is owed, deliver it."""

from __future__ import annotations

import itertools
from dataclasses import KW_ONLY, dataclass, field

from watcher import plan
from watcher.cli.progress import progress
from watcher.cli.run_report import RunReport
from watcher.daemon.clock import Clock
from watcher.daemon.couriers import courier_of
from watcher.daemon.scheduling.budget import CHECKPOINT, LedgerBudget, PaidBudget
from watcher.daemon.scheduling.newcomers import Newcomers
from watcher.daemon.scheduling.picture_cache import PictureCache
from watcher.daemon.scheduling.pictures import PictureDesk
from watcher.daemon.scheduling.scanner import Scanner, client_of
from watcher.incidents.failing import note_credits
from watcher.incidents.own_files import adopt_files
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.engine import DatabaseThread

_SEND_SECONDS = 60.0


@dataclass(slots=True)
class SingleRun:
    """One run, in the time that the database's daemon lives in."""

    book: Rulebook
    store: DatabaseThread
    _: KW_ONLY
    dry_run: bool
    clock: Clock
    cache: PictureCache = field(default_factory=lambda: PictureCache(None))
    report: RunReport = field(default_factory=RunReport)

    async def run(self, watches: list[Watch], *, forced: bool) -> bool:
        """Scan, print, send; True if every scan was complete."""
        async with self.store as store, client_of(self.book) as client:
            now = self.clock.now()
            if not self.dry_run:  # else a daemon may run, and what is set aside is its own
                await store.run(lambda database: database.ledger.settle_all(CHECKPOINT))
            await store.run(lambda database: database.rules.sync(self.book.marks, now))
            await store.run(lambda database: adopt_files(database, self.book, now))
            budget = PaidBudget if self.dry_run else LedgerBudget
            told = self.report.told.append
            scanner = Scanner(self.book, client, store, self.clock, report=told, budget=budget)
            due = [each for each in watches if forced or await self._due(store, each)]
            waiting = [watch.key for watch in due]
            scanner.rounds.busy = waiting
            good = all([await self._scan(scanner, watch, waiting) for watch in due])
            if not self.dry_run:
                await Newcomers(scanner, store).turn()
            await self._release(store, scanner)
            if not self.dry_run:
                await self._deliver(store, scanner)
            return good

    async def _due(self, store: DatabaseThread, watch: Watch) -> bool:
        scans = await store.run(
            lambda database: database.history.scans(watch.key, limit=plan.LOOK_BACK)
        )
        now = self.clock.now()
        moment = plan.due_without_timers(watch.schedule, scans, now)
        if moment > now:
            self.report.later(watch.name, moment, now)
        return moment <= now

    async def _scan(self, scanner: Scanner, watch: Watch, waiting: list[str]) -> bool:
        """Scan it, and no other is waited for that is none of those ``waiting`` behind it."""
        with progress(f"Reading {watch.name}", "requests", quiet=self.report.quiet) as report:
            expected, requests = watch.query.pages, itertools.count(1)

            def moved() -> None:
                done = next(requests)
                report(done, max(done, expected))  # some are tried again

            outcome = await scanner.scan(watch, self.clock.now(), moved=moved)
        waiting.remove(watch.key)
        scanner.rounds.ended(watch.key)
        return self.report.scanned(watch.name, outcome)

    async def _release(self, store: DatabaseThread, scanner: Scanner) -> None:
        """Tell what was held at an earlier run and no longer is."""
        await store.run(lambda database: note_credits(scanner.operator(database), self.book.api))
        told = await store.run(scanner.sweep)
        rows = await store.run(lambda database: [database.outbox.get(row) for row in told])
        for row in rows:
            if row is not None:
                self.report.released(row)

    async def _deliver(self, store: DatabaseThread, scanner: Scanner) -> None:
        pictures = PictureDesk(scanner, store, self.cache)
        courier = courier_of(store, lambda: self.book, self.clock.now, pictures=pictures)
        try:
            await courier.drain(_SEND_SECONDS)
        finally:
            await pictures.close()
        waiting = await store.run(lambda database: database.outbox.due_targets(self.clock.now()))
        for target, _, count in waiting:
            self.report.waits(target, count)
