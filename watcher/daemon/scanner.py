"""One scan of one watch, from credits to committed alerts.

The daemon's workers, ``watcher once`` and the demo all scan through here. What goes wrong is
kept as the watch's health and told to the operator; it never raises a ``SourceError``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from watcher import plan
from watcher.alerting import troubles
from watcher.alerting.evaluation import Outcome, Report, evaluate
from watcher.alerting.telling import Audience, audiences_of
from watcher.daemon.budget import LedgerBudget
from watcher.daemon.clock import Clock
from watcher.daemon.priorities import cost_of, kept_for_others, left_by_caps
from watcher.errors import (
    BudgetSpent,
    CreditsUsedUp,
    InvalidQuery,
    KeyRefused,
    SourceError,
)
from watcher.keyapi.client import Client
from watcher.keyapi.scan import ScanResult, read_scan
from watcher.model import Instant, ScanState
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.database import Database
from watcher.store.writer import StoreThread
from watcher.units import DAY, format_instant, next_midnight, utc_day

WATCH = "watch"
FAILURES_TO_TELL = 3
NEVER: Instant = 253_402_300_799  # the year 9999: only a reload opens the gate
TEXTS_KEEP = 7 * DAY  # after that a product's long texts are read anew
KEY, CREDITS, CAP = "key refused", "credits used up", "credits: a scan did not fit"
NEARLY = 0.8  # of a cap: the operator hears of it

log = structlog.get_logger("watcher.scan")


@dataclass(frozen=True, slots=True)
class Background:
    """What the store knows before a scan begins."""

    known_pages: int
    known_texts: frozenset[str]
    last_at: Instant


@dataclass(slots=True)
class Gate:
    """Whether the source may be asked at all: shut by a refused key or by credits used up.

    ``since`` is when it was shut, ``until`` when it opens by itself (None: at a reload).
    """

    since: Instant = 0
    until: Instant | None = None
    reason: str = ""
    refused: frozenset[str] = field(default_factory=frozenset)  # watches the server calls invalid

    def shut(self, watch: str, now: Instant) -> str | None:
        """Why ``watch`` must not be scanned now; None where it may."""
        if self.reason and (self.until is None or now < self.until):
            return self.reason
        return "its query is invalid" if watch in self.refused else None

    def opens(self, watch: str) -> Instant:
        """When ``watch`` may be scanned again: an instant, past where it may now."""
        if watch in self.refused or (self.reason and self.until is None):
            return NEVER
        return self.until if self.reason and self.until is not None else 0


class Scanner:
    """Scans watches of one rulebook through one client; a reload swaps both."""

    def __init__(
        self,
        book: Rulebook,
        client: Client,
        writer: StoreThread,
        clock: Clock,
        *,
        stop: asyncio.Event | None = None,
        audiences: dict[str, Audience] | None = None,
        report: Report | None = None,
    ) -> None:
        self.book = book
        self.gate = Gate()
        self._client = client
        self._writer = writer
        self._clock = clock
        self._stop = stop
        self._audiences = audiences_of(book.channels) if audiences is None else audiences
        self._report = report
        self._skipped: dict[str, Instant] = {}

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

    def not_before(self, watch: Watch) -> Instant:
        """Until when ``watch`` is not to be scanned, whatever its schedule says."""
        return max(self.gate.opens(watch.key), self._skipped.get(watch.key, 0))

    def postpone(self, watch: Watch, until: Instant) -> None:
        """Not to scan ``watch`` before ``until``."""
        self._skipped[watch.key] = until

    async def scan(
        self, watch: Watch, at: Instant, *, moved: Callable[[], None] = lambda: None
    ) -> Outcome | None:
        """Scan ``watch`` as of ``at``; None where it was not begun (the log says why).

        ``moved`` is called before each request: a sign of life.
        """
        now = self._clock.now()
        shut = self.gate.shut(watch.key, now)
        if shut is not None:
            log.warning("scan skipped", watch=watch.name, reason=shut)
            return None
        budget = LedgerBudget(self._writer, self._clock, self.book.api, watch.key, moved)
        before = await self._writer.run(lambda db: self._begin(db, watch, budget, now))
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
                wants_texts=lambda product: product not in before.known_texts,
                stop=self._stop,
            )
            return await self._writer.run(lambda db: self._commit(db, watch, result, budget))
        finally:
            if budget.reservation is not None:  # nothing was committed: what was asked is spent
                await self._writer.run(budget.settle)

    def _begin(
        self, database: Database, watch: Watch, budget: LedgerBudget, now: Instant
    ) -> Background | None:
        """Set the credits aside that the scan should cost; None where the caps don't leave them."""
        history = database.history
        last = history.last_scan(watch.key)
        complete = history.last_complete(watch.key)
        known_pages = complete.pages if complete is not None else 0
        cost = cost_of(database, watch)
        with database.atomic():
            self._end_of_an_earlier_day(database, now)
            budget.kept = kept_for_others(database, self.book, watch, now)
            if not budget.begin(database, cost, now):
                self._skip(database, watch, cost, budget.kept, now)
                return None
        return Background(
            known_pages=known_pages,
            known_texts=frozenset(history.known_texts(watch.query.region, now - TEXTS_KEEP)),
            last_at=last.at if last is not None and plan.believed(last.at, now) else 0,
        )

    def _skip(self, database: Database, watch: Watch, cost: int, kept: int, now: Instant) -> None:
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

    def _end_of_an_earlier_day(self, database: Database, now: Instant) -> None:
        cause = next((each for each in database.health.causes() if each.cause == CAP), None)
        if cause is not None and utc_day(cause.since) != utc_day(now):
            troubles.end(database, self.operator, CAP, now)

    def _commit(
        self,
        database: Database,
        watch: Watch,
        result: ScanResult,
        budget: LedgerBudget,
    ) -> Outcome:
        now = self._clock.now()
        # Chosen here and not before the scan: a reload may have changed the rules meanwhile.
        chosen = self.book.rules_of(watch)
        with database.atomic():
            outcome = evaluate(
                database,
                result.scan,
                chosen,
                self._audiences,
                self.book.metrics,
                now,
                report=self._report,
            )
            budget.settle(database)
            self._note_source(database, watch, result, now)
            self._note_health(database, watch, result, now)
            self._note_credits(database, now)
        scan = result.scan
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
        return outcome

    def _note_source(
        self, database: Database, watch: Watch, result: ScanResult, now: Instant
    ) -> None:
        """Shut the gate for failures that asking again can't mend; open it after a good scan."""
        failure = result.failure
        match failure:
            case KeyRefused():
                self._shut(database, KEY, failure, None, now)
            case CreditsUsedUp():
                self._shut(database, CREDITS, failure, next_midnight(now), now)
            case BudgetSpent():
                text = f'the scan of "{watch.name}" was cut off: {result.scan.error}'
                troubles.begin(database, self.operator, CAP, text, now)
            case InvalidQuery():
                self.gate.refused |= {watch.key}
                troubles.begin(
                    database,
                    self.operator,
                    troubles.watch_cause(watch.name, "invalid query"),
                    f'the watch "{watch.name}" ({watch.query.describe()}): {failure}',
                    now,
                )
            case None if result.scan.pages:
                troubles.end(
                    database, self.operator, troubles.watch_cause(watch.name, "invalid query"), now
                )
                # A scan that began before it was shut says nothing of the time after.
                if not self.gate.reason or result.scan.started > self.gate.since:
                    self.gate.reason = ""
                    troubles.end(database, self.operator, KEY, now)
                    troubles.end(database, self.operator, CREDITS, now)

    def _shut(
        self,
        database: Database,
        cause: str,
        failure: SourceError,
        until: Instant | None,
        now: Instant,
    ) -> None:
        self.gate.reason, self.gate.since, self.gate.until = str(failure), now, until
        troubles.begin(database, self.operator, cause, str(failure), now)

    def _note_health(
        self, database: Database, watch: Watch, result: ScanResult, now: Instant
    ) -> None:
        cause = troubles.watch_cause(watch.name, "fails")
        if result.scan.state is ScanState.COMPLETE:
            database.health.ok(WATCH, watch.key, now)
            troubles.end(database, self.operator, cause, now)
            return
        if result.scan.interrupted:
            return  # the watch itself is as healthy as it was
        error = result.scan.error or "the scan was cut off"
        health = database.health.failing(WATCH, watch.key, error, now)
        if health.failures >= FAILURES_TO_TELL:
            text = f'the watch "{watch.name}" failed {health.failures} times in a row: {error}'
            troubles.begin(database, self.operator, cause, text, now)

    def _note_credits(self, database: Database, now: Instant) -> None:
        spent = database.ledger.used(now)
        today = format_instant(now)
        for cap, used, span, which in (
            (self.book.api.credits_per_day, spent.day, "day", today[:10]),
            (self.book.api.credits_per_month, spent.month, "month", today[:7]),
        ):
            cause = f"credits of the {span} nearly used"
            if cap and used >= NEARLY * cap:
                text = f"{used} of the {cap} credits of the {span} {which} are used"
                troubles.begin(database, self.operator, cause, text, now)
            else:
                troubles.end(database, self.operator, cause, now)
