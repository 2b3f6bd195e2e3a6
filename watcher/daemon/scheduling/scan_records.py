"""The store's half of a scan: how it begins, and what becomes of what was read.

All of it runs on the store's thread. What goes wrong is kept as the watch's health and told to the
operator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

import structlog

from watcher import plan
from watcher.daemon.scheduling.arrival import arrived, is_stored
from watcher.daemon.scheduling.budget import ScanBudget, left_by_caps, next_try, set_aside
from watcher.daemon.scheduling.circuit_breaker import CREDITS, KEY, CircuitBreaker
from watcher.daemon.scheduling.health_notes import note_read, note_stored
from watcher.incidents.failing import CAP, note_clock, note_credits, unstored_of
from watcher.incidents.operator import Operator
from watcher.model import Instant, ScanState
from watcher.notification.policy import NotifyPolicy, policies_of
from watcher.notification.rounds import RoundKeeper
from watcher.pipeline import Report, ScanOutcome, evaluate
from watcher.rules.asked_texts import followed_texts, made_texts
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.scan import ScanOrder, ScanResult
from watcher.store.ports import Store

LOGGED_PROBLEMS = 5

log = structlog.get_logger("watcher.scan")


@dataclass
class ScanRecords:
    """Scans of one rulebook; ``now`` is that of a job's turn: what is stored meanwhile is not ahead
    of it."""

    book: Rulebook
    now: Callable[[], Instant]
    report: Report | None = None
    breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    skipped: dict[str, Instant] = field(default_factory=dict)  # watches put off, until when
    rounds: RoundKeeper = field(default_factory=RoundKeeper)
    channels: dict[str, NotifyPolicy] = field(init=False)

    def __post_init__(self) -> None:
        self.channels = policies_of(self.book.channels)

    @property
    def policies(self) -> list[NotifyPolicy]:
        """Policies of the channels that hear of the watcher's own incidents."""
        return [self.channels[name] for name in self.book.operator]

    def adopt(self, book: Rulebook) -> None:
        """Go on with other rules. The circuit closes: what the source refused may be mended now."""
        self.book = book
        self.channels = policies_of(book.channels)
        self.breaker = CircuitBreaker()
        self.skipped.clear()

    def operator(self, database: Store) -> Operator:
        """The operator, as of now."""
        return Operator(database, self.policies, self.now())

    def doubt(self, database: Store) -> None:
        """Have one scan alone try first, where the source refused all before a restart."""
        operator = self.operator(database)
        if operator.on(KEY.kind) or operator.on(CREDITS.kind):
            self.breaker = CircuitBreaker(reason="KeyAPI refused before")

    def sweep(self, database: Store, besides: Collection[str] = ()) -> list[int]:
        """Tell what nothing holds any more, nor a round but for the channels ``besides``; the
        notifications written."""
        return self.rounds.sweep(database, self.book, self.channels, self.now(), besides=besides)

    def tell_unstored(self, database: Store, watch: Watch, error: str) -> None:
        """Tell that a scan of the watch was read and waits to be stored."""
        self.operator(database).begin(unstored_of(watch).with_details(error=error))

    def not_before(self, watch: Watch) -> Instant:
        """The earliest instant of the watch's next scan, whatever its schedule says."""
        opens = self.breaker.opens(watch.key, self.now())
        return max(opens, self.skipped.get(watch.key, 0))

    def postpone(self, watch: Watch, until: Instant) -> None:
        """Not to scan ``watch`` before ``until``."""
        self.skipped[watch.key] = until

    def begin(
        self, database: Store, watch: Watch, order: ScanOrder, budget: ScanBudget, texts_keep: int
    ) -> ScanOrder | None:
        """Set the credits aside that the scan should cost; None where the caps don't leave them,
        or the order with the store's knowledge."""
        operator, history = self.operator(database), database.history
        now, watch = operator.now, plan.with_followed(database, watch)
        note_clock(operator)
        last = history.last_scan(watch.key)
        pages = history.expected_pages(watch.key)
        with database.atomic():
            note_credits(operator, self.book.api)
            cost = set_aside(budget, database, self.book, watch, pages, now)
            if cost is not None:
                self._skip(operator, watch, cost, budget.kept)
                return None
        rules = self.book.rules_of(watch)
        if watch.query.of_market:
            texts = frozenset(history.known_texts(watch.query.region, now - texts_keep))
        else:
            texts = frozenset(history.own_texts(watch.key, now - texts_keep))
        return replace(
            order,
            query=watch.query,
            at=history.free_instant(watch.key, max(order.at, plan.after(last, now))),
            known_pages=pages,
            careful=order.careful or (last is not None and last.state is ScanState.FAILED),
            wants_texts=lambda product: product not in texts,
            made=made_texts(rules),
            followed=followed_texts(rules),
        )

    def _skip(self, operator: Operator, watch: Watch, cost: int, kept: int) -> None:
        """Put the scan off for which the caps leave no credits."""
        now = operator.now
        self.postpone(watch, next_try(watch, now))
        room = left_by_caps(operator.database, self.book.api, now)
        skipped = {"watch": watch.name, "cost": cost, "room": room, "kept": kept}
        log.warning("scan skipped", **skipped)
        operator.begin(CAP.with_details(**skipped))  # told once a day

    def commit(
        self,
        database: Store,
        watch: Watch,
        result: ScanResult,
        budget: ScanBudget,
        *,
        again: bool = False,
    ) -> ScanOutcome:
        """Judge what was read, and tell what is owed: all of it or nothing. ``again``: an earlier
        try failed, perhaps only after the database had taken it."""
        if again and is_stored(database, result.scan):
            budget.close()
            log.info("the scan was stored, though its end was not heard of", watch=watch.name)
            return ScanOutcome(result.scan)
        # Chosen here and not before the scan: a reload may have changed the rules meanwhile.
        asked, watch = watch.key, self.book.current(watch)
        chosen = self.book.rules_of(watch)
        with database.atomic():
            operator = self.operator(database)
            note_clock(operator)
            result = arrived(database, watch, result)
            scan = result.scan
            book, now = self.book, operator.now
            note_read(operator, book, watch, result)
            if repeated := self.rounds.repeated(asked):
                self.sweep(database, repeated)
            outcome = evaluate(
                database, scan, chosen, self.channels, book.metrics, now,
                report=self.report, round_=self.rounds.at(book, asked, now),
            )  # fmt: skip
            budget.settle(database)
            note_stored(operator, book, watch, result, outcome.jump, self.breaker)
        budget.close()
        self.rounds.committed(asked, outcome.waits, outcome.told, now)
        read = {"products": len(scan), "requests": scan.requests, "changed": outcome.changed}
        moved = {"fired": len(outcome.fired), "resolved": len(outcome.resolved)}
        logged = log.bind(watch=watch.name)
        logged.info("scanned", state=scan.state.value, **read, **moved, error=scan.error)
        if scan.problems or scan.doubt is not None:
            doubt = scan.doubt.why if scan.doubt is not None else None
            first, count = scan.problems[:LOGGED_PROBLEMS], len(scan.problems)
            told = {"problems": first, "count": count, "doubt": doubt}
            logged.warning("scan with problems", **told, proves_absence=scan.proves_absence)
        return outcome
