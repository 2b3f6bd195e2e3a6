"""Looking whether a region's data is new: one page of one watch, and what follows from it.

When to look ``refreshing`` says, by what the store has; here it is asked for, paid for and noted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from watcher.daemon.clock import Clock
from watcher.daemon.scheduling.budget import LedgerBudget, left_by_caps
from watcher.daemon.scheduling.circuit_breaker import note_source
from watcher.daemon.scheduling.look_records import (
    kept_for_scan,
    note_found,
    note_look,
    note_plan,
    page_one,
    region_key,
)
from watcher.daemon.scheduling.scanner import Scanner
from watcher.delivery.marking import StoreThread
from watcher.errors import BudgetSpent
from watcher.incidents.failing import CAP
from watcher.model import Instant
from watcher.refreshing import next_look
from watcher.region_plan import RegionPlan
from watcher.rules.rulebook import Watch
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.store.ports import Store
from watcher.units import DAY, next_midnight

log = structlog.get_logger("watcher.refresh")


@dataclass(slots=True)
class LookBudget(LedgerBudget):
    """The budget of a look, which has so many requests ``left`` of the region's day."""

    left: int = 1

    async def spend(self) -> None:
        if self.left <= 0:
            raise BudgetSpent("the region's probes of the day are used up")
        await LedgerBudget.spend(self)
        self.left -= 1


@dataclass(slots=True)
class Looker:
    """Looks for new data, with the scanner's rules, client and breaker."""

    scanner: Scanner
    writer: StoreThread
    clock: Clock

    async def attend(
        self, region: str, moved: Callable[[], None], rang: Instant | None = None
    ) -> RegionPlan:
        """Look if a look is due, or was when the alarm ``rang``; return what is due now. One that
        waited for its turn is owed: by a plan made anew, the next few minutes are always better."""
        found = await self.writer.run(lambda db: self.note_plan(db, region))
        watch, now = found.at_watch, self.clock.now()
        opens = self.opens(found, min(now, rang) if rang is not None else None)
        if watch is None or opens is None or opens > now:
            return found
        if self.scanner.breaker.why_shut(watch.key, self.clock.now()) is not None:
            return found
        with self.scanner.breaker.passing():
            await self._look(found, watch, moved)
        return await self.writer.run(lambda db: self.note_plan(db, region))

    def opens(self, found: RegionPlan, since: Instant | None = None) -> Instant | None:
        """The time of the next look by the plan, or by the one of ``since`` if that is sooner."""
        if found.look is None or found.at_watch is None:
            return None
        look = found.look
        if since is not None:
            planned = next_look(found.state, self.scanner.book.api.probes_per_day, since)
            look = min(look, planned) if planned is not None else look
        skipped = self.scanner.skipped.get(region_key(found.region), 0)
        return max(look, skipped, self.scanner.breaker.opens(found.at_watch.key, self.clock.now()))

    def note_plan(self, database: Store, region: str) -> RegionPlan:
        """Plan what is due of the region; what that shows is noted, and told."""
        return note_plan(database, self.scanner, region)

    async def _look(self, found: RegionPlan, watch: Watch, moved: Callable[[], None]) -> None:
        now, api = self.clock.now(), self.scanner.book.api
        left = api.probes_per_day - found.state.spent(now - now % DAY, now)
        budget = LookBudget(
            self.writer, self.clock, api, watch.key, moved, tenure=self.scanner.tenure, left=left
        )
        order = await self.writer.run(lambda db: self.begin(db, found.region, watch, budget))
        if order is None:
            return
        try:
            result = await read_scan(order, self.scanner.client, budget, self.clock.now)
            await self.writer.run(lambda db: self.commit(db, found.region, watch, result, budget))
        finally:
            if budget.open:
                await self.writer.run(budget.settle)
                budget.close()

    def begin(
        self, database: Store, region: str, watch: Watch, budget: LedgerBudget
    ) -> ScanOrder | None:
        """Set the credit aside; None where the caps don't leave it."""
        now = self.clock.now()
        with database.atomic():
            budget.kept = kept_for_scan(database, self.scanner.book, region)
            if not budget.begin(database, 1, now):
                self.scanner.skipped[region_key(region)] = next_midnight(now)
                room = left_by_caps(database, self.scanner.book.api, now)
                skipped = {"watch": watch.name, "cost": 1, "room": room, "kept": budget.kept}
                log.warning("probe skipped", **skipped)
                self.scanner.operator(database).begin(CAP.with_details(**skipped))
                return None
        return ScanOrder(page_one(watch.query), watch.key, now, careful=True)

    def commit(
        self, database: Store, region: str, watch: Watch, result: ScanResult, budget: LedgerBudget
    ) -> None:
        """Note what the look found: all of it or nothing."""
        with database.atomic():
            operator = self.scanner.operator(database)
            budget.settle(database)
            if not isinstance(result.failure, BudgetSpent):
                note_source(operator, self.scanner.breaker, watch, result)
            look = note_look(database, region, watch, result.scan, operator.now)
            note_found(database, self.scanner, region, look)
        budget.close()
        told = {"known": look.known, "moved": look.moved, "requests": look.requests}
        log.info(
            "probed", region=region, watch=watch.name, result=look.result.value, error=look.error,
            **told,
        )  # fmt: skip
