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
from watcher.daemon.scheduling.budget import LedgerBudget, ScanBudget, kept_for_others, left_by_caps
from watcher.daemon.scheduling.circuit_breaker import TRY_AGAIN, CircuitBreaker
from watcher.daemon.scheduling.store_retry import StoreRetry, StoreRunner
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
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.data import Lost, note_changes, note_fields, note_jump
from watcher.incidents.failing import (
    CAP,
    note_clock,
    note_credits,
    note_problems,
    note_rules,
    note_watch,
)
from watcher.incidents.operator import Operator
from watcher.model import Instant, Scan, ScanState
from watcher.notification.policy import NotifyPolicy, policies_of
from watcher.pipeline import Outcome, Report, evaluate
from watcher.rules.rulebook import Api, Rulebook, Watch
from watcher.source.client import Client
from watcher.source.rows import MOST_TEXTS
from watcher.source.scan import ScanOrder, ScanResult, read_scan
from watcher.store.engine import DatabaseThread
from watcher.store.ports import Store
from watcher.units import DAY, next_midnight

TEXTS_KEEP = 30 * DAY  # after that a product's long texts are read anew, at the earliest
KEY, CREDITS = Incident(IncidentKind.KEY_REFUSED), Incident(IncidentKind.CREDITS_USED_UP)
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
        audiences: dict[str, NotifyPolicy] | None = None,
        report: Report | None = None,
        budget: Budgets = LedgerBudget,
    ) -> None:
        self.book = book
        self.breaker = CircuitBreaker()
        self._client = client
        self._writer = writer
        self._clock = clock
        self._stop = stop
        self._audiences = policies_of(book.channels) if audiences is None else audiences
        self._report = report
        self.pause: Pause = pause_until  # between two tries to store a scan
        self._budget = budget
        self._skipped: dict[str, Instant] = {}
        self._unstored: dict[str, str] = {}  # watches that wait for the database, and why

    @property
    def policies(self) -> list[NotifyPolicy]:
        """Policies of the channels that hear of the watcher's own incidents."""
        return [self._audiences[name] for name in self.book.operator]

    def operator(self, database: Store, now: Instant) -> Operator:
        """The operator, as of ``now``."""
        return Operator(database, self.policies, now)

    def swap(self, book: Rulebook, client: Client | None) -> None:
        """Go on with other rules, and with another client where one is given.

        Called on the store's thread, between two commits. The breaker opens: what the source
        refused may be mended now.
        """
        self.book = book
        self._audiences = policies_of(book.channels)
        self.breaker = CircuitBreaker()
        self._skipped.clear()
        if client is not None:
            self._client = client

    def doubt(self, database: Store) -> None:
        """Where the source refused all before a restart or a reload, one scan alone tries first."""
        if {KEY.kind, CREDITS.kind} & {each.kind for each in database.health.incidents()}:
            self.breaker = CircuitBreaker(reason="KeyAPI refused before")

    def not_before(self, watch: Watch) -> Instant:
        """Until when ``watch`` is not to be scanned, whatever its schedule says."""
        opens = self.breaker.opens(watch.key, self._clock.now())
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
        shut = self.breaker.why_shut(watch.key, self._clock.now())
        if shut is not None:
            log.warning("scan skipped", watch=watch.name, reason=shut)
            return None
        with self.breaker.passing() as trying:
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
            order = ScanOrder(
                watch.query,
                watch.key,
                max(at, before.last_at + 1),
                known_pages=before.known_pages,
                careful=trying or before.failed,
                wants_texts=lambda product: product not in before.known_texts,
            )
            result = await read_scan(order, self._client, budget, self._clock.now, self._stop)
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

    def _patient(self, watch: Watch, moved: Callable[[], None]) -> StoreRetry:
        """The store for what was paid for: it is not bought again because a disk was full."""

        async def waits(error: StoreError, failures: int) -> None:
            moved()
            log.error("a scan waits to be stored", watch=watch.name, error=str(error))
            self._unstored[watch.key] = str(error)
            if (
                failures > 1
            ):  # a lock passes; and the health check tells where nothing can be written
                incident, now = (
                    Incident(IncidentKind.UNSTORED, About.WATCH, watch.name),
                    self._clock.now(),
                )
                incident = incident.with_details(error=str(error))
                with suppress(StoreError):
                    await self._writer.run(lambda db: self.operator(db, now).begin(incident))

        return StoreRetry(self._writer, self._stop, waits, self.pause)

    def _begin(self, database: Store, watch: Watch, budget: ScanBudget) -> Background | None:
        """Set the credits aside that the scan should cost; None where the caps don't leave them."""
        now = self._clock.now()  # that of its turn: what is stored meanwhile is not ahead of it
        operator = self.operator(database, now)
        note_clock(operator)
        history = database.history
        last = history.last_scan(watch.key)
        pages = history.expected_pages(watch.key)
        cost = requests_of(watch, pages)
        with database.atomic():
            note_credits(operator, self.book.api)
            budget.kept = kept_for_others(database, self.book, watch, now)
            if not budget.begin(database, cost, now):
                self._skip(operator, watch, cost, budget.kept)
                return None
        return Background(
            known_pages=pages,
            known_texts=frozenset(
                history.known_texts(watch.query.region, now - _texts_keep(watch, now))
            ),
            last_at=last.at if last is not None and plan.believed(last.at, now) else 0,
            failed=last is not None and last.state is ScanState.FAILED,
        )

    def _skip(self, operator: Operator, watch: Watch, cost: int, kept: int) -> None:
        """Put the scan off; the operator is told once a day."""
        now = operator.now
        self.postpone(watch, min(watch.schedule.next(now), next_midnight(now)))
        room = left_by_caps(operator.database, self.book.api, now)
        log.warning("scan skipped", watch=watch.name, cost=cost, room=room, kept=kept)
        operator.begin(CAP.with_details(watch=watch.name, cost=cost, room=room, kept=kept))

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
            operator = self.operator(database, now)
            note_clock(operator)
            scan = self._believed(database, watch, result.scan)
            lost = Lost(result.missing, result.mistyped)
            note_fields(operator, self.book, watch, scan, lost)
            outcome = evaluate(
                database,
                scan,
                chosen,
                self._audiences,
                self.book.metrics,
                now,
                report=self._report,
            )
            note_jump(operator, self.book, watch, scan, outcome.jump)
            budget.settle(database)
            self._note_source(operator, watch, result)
            note_watch(operator, self.book, watch, scan, result.failure)
            note_problems(operator, watch, scan)
            note_rules(operator, chosen)
            note_changes(operator, scan, self.book.zone)
            note_credits(operator, self.book.api)
            operator.end(Incident(IncidentKind.UNSTORED, About.WATCH, watch.name))
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

    def _note_source(self, operator: Operator, watch: Watch, result: ScanResult) -> None:
        """Shut the breaker for failures that asking again can't mend; open it once answered."""
        now = operator.now
        invalid = Incident(IncidentKind.INVALID_QUERY, About.WATCH, watch.name)
        failure = result.failure
        match failure:
            case KeyRefused():
                self.breaker.shut(str(failure), now, now + TRY_AGAIN)
                operator.begin(KEY.with_details(error=str(failure)))
            case CreditsUsedUp():
                self.breaker.shut(str(failure), now, next_midnight(now))
                operator.begin(CREDITS.with_details(error=str(failure)))
            case BudgetSpent():
                operator.begin(CAP.with_details(watch=watch.name, error=str(result.scan.error)))
            case InvalidQuery():
                self.breaker.refuse(watch.key, now)
                query = watch.query.describe()
                operator.begin(invalid.with_details(query=query, error=str(failure)))
        if _answered(result) and self.breaker.answered(watch.key, result.scan.started):
            for incident in (invalid, KEY, CREDITS):
                operator.end(incident)


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
