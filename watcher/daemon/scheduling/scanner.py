"""One scan of one watch, from credits to committed alerts.

The daemon's workers, ``watcher once`` and the demo all scan through here. What goes wrong is
kept as the watch's health and told to the operator; it never raises a ``SourceError``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

import structlog

from watcher import plan
from watcher.analysis.forecast import requests_of
from watcher.daemon.clock import Clock
from watcher.daemon.scheduling.budget import LedgerBudget, ScanBudget
from watcher.daemon.scheduling.circuit_breaker import TRY_AGAIN, Gate
from watcher.daemon.scheduling.priorities import kept_for_others, left_by_caps
from watcher.daemon.scheduling.store_retry import Patient, StoreRunner
from watcher.delivery.courier import Pause, pause_until
from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    InvalidQuery,
    KeyRefused,
    SourceUnavailable,
    StoreError,
)
from watcher.evaluation.empty_list_guard import Before, doubted
from watcher.evaluation.jumps import note_jump
from watcher.incidents import troubles
from watcher.incidents.clock_back import note_clock
from watcher.incidents.credits import CAP, note_credits
from watcher.incidents.failing import note_problems, note_rules, note_watch
from watcher.incidents.lost_fields import Lost, note_fields
from watcher.incidents.stale_data import note_changes
from watcher.model import Instant, Scan, ScanState
from watcher.notification.notify import Audience, audiences_of
from watcher.pipeline import Outcome, Report, evaluate
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.source.client import Client
from watcher.source.rows import MOST_TEXTS
from watcher.source.scan import ScanResult, read_scan
from watcher.store.engine import DatabaseThread
from watcher.store.ports import Store
from watcher.units import DAY, next_midnight

TEXTS_KEEP = 30 * DAY  # after that a product's long texts are read anew, at the earliest
KEY, CREDITS = "key refused", "credits used up"
INVALID = "invalid query"
UNSTORED = "waits to be stored"
LOGGED_PROBLEMS = 5

log = structlog.get_logger("watcher.scan")


@dataclass(frozen=True, slots=True)
class Background:
    """What the store knows before a scan begins."""

    known_pages: int
    known_texts: frozenset[str]
    last_at: Instant
    failed: bool  # the last scan read nothing


class Budgets(Protocol):
    """Makes the budget of one scan of the watch of that key."""

    def __call__(
        self, writer: StoreRunner, clock: Clock, api: Api, watch: str, moved: Callable[[], None]
    ) -> ScanBudget: ...


class Scanner:
    """Scans watches of one rulebook through one client; a reload swaps both."""

    def __init__(
        self,
        book: Rulebook,
        client: Client,
        writer: DatabaseThread,
        clock: Clock,
        *,
        stop: asyncio.Event | None = None,
        audiences: dict[str, Audience] | None = None,
        report: Report | None = None,
        budget: Budgets = LedgerBudget,
    ) -> None:
        self.book = book
        self.gate = Gate()
        self._client = client
        self._writer = writer
        self._clock = clock
        self._stop = stop
        self._audiences = audiences_of(book.channels) if audiences is None else audiences
        self._report = report
        self.pause: Pause = pause_until  # between two tries to store a scan
        self._budget = budget
        self._skipped: dict[str, Instant] = {}
        self._unstored: dict[str, str] = {}  # watches that wait for the database, and why

    @property
    def operator(self) -> list[Audience]:
        """The channels that hear of the watcher's own troubles."""
        return [self._audiences[name] for name in self.book.operator]

    def swap(self, book: Rulebook, client: Client | None) -> None:
        """Go on with other rules, and with another client where one is given.

        Called on the store's thread, between two commits. The gate opens: what the source
        refused may be mended now.
        """
        self.book = book
        self._audiences = audiences_of(book.channels)
        self.gate = Gate()
        self._skipped.clear()
        if client is not None:
            self._client = client

    def doubt(self, database: Store) -> None:
        """Where the source refused all before a restart or a reload, one scan alone tries first."""
        if {KEY, CREDITS} & {each.cause for each in database.health.causes()}:
            self.gate = Gate(reason="KeyAPI refused before")

    def not_before(self, watch: Watch) -> Instant:
        """Until when ``watch`` is not to be scanned, whatever its schedule says."""
        opens = self.gate.opens(watch.key, self._clock.now())
        return max(opens, self._skipped.get(watch.key, 0))

    def postpone(self, watch: Watch, until: Instant) -> None:
        """Not to scan ``watch`` before ``until``."""
        self._skipped[watch.key] = until

    async def scan(
        self, watch: Watch, at: Instant, *, moved: Callable[[], None] = lambda: None
    ) -> Outcome | None:
        """Scan ``watch`` as of ``at``; None where it was not begun (the log says why).

        ``moved`` is called before each request: a sign of life.
        """
        shut = self.gate.why_shut(watch.key, self._clock.now())
        if shut is not None:
            log.warning("scan skipped", watch=watch.name, reason=shut)
            return None
        with self.gate.passing() as trying:
            return await self._scan(watch, at, moved, trying=trying)

    async def _scan(
        self, watch: Watch, at: Instant, moved: Callable[[], None], *, trying: bool
    ) -> Outcome | None:
        store = self._patient(watch, moved)
        budget = self._budget(store, self._clock, self.book.api, watch.key, moved)
        before = await self._writer.run(lambda db: self._begin(db, watch, budget))
        if before is None:
            return None
        try:
            result = await read_scan(
                watch.query,
                self._client,
                budget,
                watch=watch.key,
                at=max(at, before.last_at + 1),
                now=self._clock.now,
                known_pages=before.known_pages,
                careful=trying or before.failed,
                wants_texts=lambda product: product not in before.known_texts,
                stop=self._stop,
            )
            return await store.run(lambda db: self._commit(db, watch, result, budget))
        finally:
            self._unstored.pop(watch.key, None)
            if budget.open:  # nothing was committed: what was asked is spent
                await self._writer.run(budget.settle)
                budget.close()

    @property
    def unstored(self) -> str | None:
        """Why a scan that was read can't be stored; None where none waits for that."""
        return next(iter(self._unstored.values()), None)

    def clock_was_set(self) -> None:
        """Nothing is put off until an instant of the clock before it was set."""
        self._skipped.clear()

    def _patient(self, watch: Watch, moved: Callable[[], None]) -> Patient:
        """The store for what was paid for: it is not bought again because a disk was full."""

        async def waits(error: StoreError, failures: int) -> None:
            moved()
            log.error("a scan waits to be stored", watch=watch.name, error=str(error))
            self._unstored[watch.key] = str(error)
            if failures > 1:  # a lock passes; and the vitals tell where nothing can be written
                text = f'what was read of "{watch.name}" waits to be stored: {error}'
                cause, now = troubles.watch_cause(watch.name, UNSTORED), self._clock.now()
                with suppress(StoreError):
                    await self._writer.run(
                        lambda db: troubles.begin(db, self.operator, cause, text, now)
                    )

        return Patient(self._writer, self._stop, waits, self.pause)

    def _begin(self, database: Store, watch: Watch, budget: ScanBudget) -> Background | None:
        """Set the credits aside that the scan should cost; None where the caps don't leave them."""
        now = self._clock.now()  # that of its turn: what is stored meanwhile is not ahead of it
        note_clock(database, self.operator, now)
        history = database.history
        last = history.last_scan(watch.key)
        pages = history.expected_pages(watch.key)
        cost = requests_of(watch, pages)
        with database.atomic():
            note_credits(database, self.operator, self.book.api, now)
            budget.kept = kept_for_others(database, self.book, watch, now)
            if not budget.begin(database, cost, now):
                self._skip(database, watch, cost, budget.kept, now)
                return None
        return Background(
            known_pages=pages,
            known_texts=frozenset(
                history.known_texts(watch.query.region, now - _texts_keep(watch, now))
            ),
            last_at=last.at if last is not None and plan.believed(last.at, now) else 0,
            failed=last is not None and last.state is ScanState.FAILED,
        )

    def _skip(self, database: Store, watch: Watch, cost: int, kept: int, now: Instant) -> None:
        """The operator is told once a day."""
        self.postpone(watch, min(watch.schedule.next(now), next_midnight(now)))
        room = left_by_caps(database, self.book.api, now)
        log.warning("scan skipped", watch=watch.name, cost=cost, room=room, kept=kept)
        text = (
            f'the watch "{watch.name}" was not read: it costs {cost} credits, the caps leave {room}'
        )
        if kept:
            text += f", and {kept} of them are kept for watches of higher priority"
        troubles.begin(database, self.operator, CAP, text, now)

    def _commit(
        self,
        database: Store,
        watch: Watch,
        result: ScanResult,
        budget: ScanBudget,
    ) -> Outcome:
        now = self._clock.now()
        # Chosen here and not before the scan: a reload may have changed the rules meanwhile.
        chosen = self.book.rules_of(watch)
        with database.atomic():
            note_clock(database, self.operator, now)
            scan = self._believed(database, watch, result.scan)
            lost = Lost(result.missing, result.mistyped)
            note_fields(database, self.operator, self.book, watch, scan, lost, now=now)
            outcome = evaluate(
                database,
                scan,
                chosen,
                self._audiences,
                self.book.metrics,
                now,
                report=self._report,
            )
            jump = outcome.jump
            note_jump(database, self.operator, self.book, watch, scan, jump, now=now)
            budget.settle(database)
            self._note_source(database, watch, result, now)
            note_watch(database, self.operator, self.book, watch, scan, result.failure, now=now)
            note_problems(database, self.operator, watch, scan, now)
            note_rules(database, self.operator, chosen, now)
            note_changes(database, self.operator, scan, now, self.book.zone)
            note_credits(database, self.operator, self.book.api, now)
            unstored = troubles.watch_cause(watch.name, UNSTORED)
            troubles.end(database, self.operator, unstored, now)
        budget.close()
        log.info(
            "scanned",
            watch=watch.name,
            state=scan.state.value,
            products=len(scan),
            requests=scan.requests,
            changed=outcome.changed,
            fired=len(outcome.fired),
            resolved=len(outcome.resolved),
            error=scan.error,
        )
        _log_problems(watch, scan)
        return outcome

    def _believed(self, database: Store, watch: Watch, scan: Scan) -> Scan:
        last = database.history.last_complete(watch.key)
        proof = database.history.last_proof(watch.key)
        expected = watch.schedule.next(proof.at) if proof is not None else 0
        return doubted(scan, Before(last, proof, expected))

    def _note_source(self, database: Store, watch: Watch, result: ScanResult, now: Instant) -> None:
        """Shut the gate for failures that asking again can't mend; open it once answered."""
        invalid = troubles.watch_cause(watch.name, INVALID)
        failure = result.failure
        match failure:
            case KeyRefused():
                text = f"{failure}. Nothing is asked until a reload, but one request a day to try"
                self.gate.shut(str(failure), now, now + TRY_AGAIN)
                troubles.begin(database, self.operator, KEY, text, now)
            case CreditsUsedUp():
                self.gate.shut(str(failure), now, next_midnight(now))
                troubles.begin(database, self.operator, CREDITS, str(failure), now)
            case BudgetSpent():
                text = f'the scan of "{watch.name}" was cut off: {result.scan.error}'
                troubles.begin(database, self.operator, CAP, text, now)
            case InvalidQuery():
                self.gate.refuse(watch.key, now)
                text = f'the watch "{watch.name}" ({watch.query.describe()}): {failure}'
                troubles.begin(database, self.operator, invalid, text, now)
        if _answered(result) and self.gate.answered(watch.key, result.scan.started):
            for cause in (invalid, KEY, CREDITS):
                troubles.end(database, self.operator, cause, now)


def _log_problems(watch: Watch, scan: Scan) -> None:
    if scan.problems or scan.doubt is not None:
        log.warning(
            "scan with problems",
            watch=watch.name,
            problems=scan.problems[:LOGGED_PROBLEMS],
            count=len(scan.problems),
            doubt=scan.doubt.why if scan.doubt is not None else None,
            proves_absence=scan.proves_absence,
        )


def _texts_keep(watch: Watch, now: Instant) -> int:
    """Seconds for which long texts are kept: in that time each product of the list has its turn,
    and its first products are not read anew before its last ones were read at all."""
    due = now
    for _ in range(-(-watch.query.top // MOST_TEXTS) + 1):
        due = watch.schedule.next(due)
    return max(TEXTS_KEEP, due - now)


def _answered(result: ScanResult) -> bool:
    """Whether KeyAPI took key and query: it gave a page, and refused none after it."""
    gave = result.scan.pages > 0 or result.scan.state is ScanState.COMPLETE
    passing = isinstance(result.failure, SourceUnavailable | BudgetSpent)
    return gave and (result.failure is None or passing)
