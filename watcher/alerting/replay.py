"""Scans played once more, or invented, through the ordinary evaluation.

A player has a database of its own, in memory, so nothing of it reaches the user's database or
channels: what would be sent waits in its outbox, and can be read there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self

from watcher.alerting.audiences import Audience, audiences_of
from watcher.alerting.evaluation import Outcome, evaluate, needs_of
from watcher.alerting.gates import Gates
from watcher.alerting.jumps import WAITS, remember
from watcher.alerting.sweeping import sweep, waiting_since
from watcher.alerting.table import ScanTable
from watcher.model import Alert, Evidence, Instant, Message, Scan
from watcher.rules.conditions.base import Judge
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.database import Database

NOBODY = "nobody"  # the channel that takes what a rule without channels would tell


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a channel would have been sent at ``at``."""

    at: Instant
    channel: str
    message: Message


@dataclass(frozen=True, slots=True)
class Played:
    """The messages that a scan, or a moment between two scans, would have caused.

    ``fires`` and ``ends`` are the products that some channel was told of: that the rule fires
    for them (anew, or by a reminder), or does no longer. ``outcome`` is what the scan changed,
    None between two scans.
    """

    at: Instant
    sent: tuple[Sent, ...]
    fires: frozenset[int]
    ends: frozenset[int]
    outcome: Outcome | None = None


class Player:
    """Plays scans of one watch to rules, the oldest first; close it at the end.

    A rule that tells nobody tells ``NOBODY``. Silences play no part. Where ``held``, quiet hours
    and digests hold messages back as in earnest, and ``wait`` tells them; else channels are told
    at once.
    """

    def __init__(self, book: Rulebook, rules: Sequence[Rule], *, held: bool = False) -> None:
        self.database = Database.in_memory()
        self.rules = tuple(
            rule if rule.notify else replace(rule, notify=(NOBODY,)) for rule in rules
        )
        self._book = replace(book, rules=self.rules)
        self._audiences = _audiences(book, held=held)
        self._now: Instant = 0
        self._scanned: Instant = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.database.close()

    def remember(self, scan: Scan) -> None:
        """Record a scan that no rule judges, so that later ones have a past."""
        remember(self.database, scan)

    def play(self, scan: Scan) -> Played:
        """Record a scan and all that follows from it."""
        outcome = evaluate(
            self.database, scan, self.rules, self._audiences, self._book.metrics, scan.at
        )
        self._now = self._scanned = scan.at
        return self._played(outcome.notifications, outcome)

    def wait(self, until: Instant) -> Iterator[Played]:
        """From the last scan to ``until``: what was held is told as soon as its gate opens."""
        # What was kept back though its gate was open, as an end of what fired anew.
        if rows := sweep(self.database, self._book, self._audiences, self._now):
            yield self._played(rows)
        while (opens := self._next_opening()) is not None and opens <= until:
            self._now = opens
            rows = sweep(self.database, self._book, self._audiences, opens)
            yield self._played(rows)

    def _next_opening(self) -> Instant | None:
        groups = self.database.held.groups()
        gates = Gates(self.database, self._now, waiting_since(groups))
        holds = (gates.closed(self._audiences[group.channel]) for group in groups)
        return min((hold.until for hold in holds if hold is not None), default=None)

    def _played(self, notifications: Sequence[int], outcome: Outcome | None = None) -> Played:
        sent = self._sent(notifications)
        names = [rule.name for rule in self.rules]
        told = self.database.alerts.told_of(names, self._scanned) if sent else []
        now = [each for each in told if each.notification in set(notifications)]
        return Played(
            self._now,
            tuple(sent),
            fires=frozenset(each.product for each in now if not each.resolved_told),
            ends=frozenset(each.product for each in now if each.resolved_told),
            outcome=outcome,
        )

    def alerts(self) -> list[Alert]:
        """The alerts that are pending or firing."""
        return self.database.alerts.active([rule.name for rule in self.rules])

    def product_ids(self, products: Sequence[int]) -> dict[int, str]:
        """The API's ids of products, by the store's keys."""
        facts = self.database.history.facts(products)
        return {product: each.product_id for product, each in facts.items()}

    def _sent(self, notifications: Sequence[int]) -> list[Sent]:
        """One for each channel and rule: the targets of a channel all get the same."""
        found: dict[tuple[str, str], Sent] = {}
        for key in notifications:
            row = self.database.outbox.get(key)
            if row is not None:
                sent = Sent(self._now, row.channel, row.message)
                found.setdefault((row.channel, row.message.rule), sent)
        return list(found.values())


class Examiner:
    """What conditions say of the products of a scan, with the past that ``database`` has.

    Records the scan, so the database must be one to throw away.
    """

    def __init__(self, database: Database, scan: Scan, rules: Sequence[Rule]) -> None:
        recorded = remember(database, scan)
        schedule = rules[0].watch.schedule
        table = ScanTable(scan, recorded, database.history, needs_of(rules), schedule)
        if database.jumps.is_doubted(recorded.scan_id):
            table.waits = WAITS
        self._judge = Judge(table)
        self._rows = {product_id: row for row, product_id in enumerate(scan.product_ids)}

    def evidence(self, rule: Rule, product_id: str) -> tuple[Evidence, ...]:
        """What each condition of ``when``, then of ``until`` says; nothing of an absent product."""
        row = self._rows.get(product_id)
        if row is None:
            return ()
        until = rule.until.evidence(self._judge, row) if rule.until is not None else ()
        return (*rule.when.evidence(self._judge, row), *until)


def _audiences(book: Rulebook, *, held: bool) -> dict[str, Audience]:
    named = audiences_of(book.channels)
    if not held:
        named = {
            name: replace(audience, quiet=None, digest=None) for name, audience in named.items()
        }
    return {**named, NOBODY: Audience(NOBODY, (f"{NOBODY}/1",))}
