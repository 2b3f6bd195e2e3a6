"""Invented scans played through the ordinary evaluation, in a database of their own."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.analysis.replay import Played, Stage
from watcher.evaluation.jumps import WAITS, remember
from watcher.evaluation.table import ScanTable
from watcher.model import Evidence, Scan
from watcher.pipeline import evaluate, needs_of
from watcher.rules.conditions.base import Judge
from watcher.rules.rulebook import Rule
from watcher.store.ports import Store


class Player(Stage):
    """Plays scans of one watch to rules, the oldest first; close it at the end.

    Silences play no part, and channels are told at once.
    """

    def remember(self, scan: Scan) -> None:
        """Record a scan that no rule judges, so that later ones have a past."""
        remember(self.database, scan)

    def play(self, scan: Scan) -> Played:
        """Record a scan and all that follows from it."""
        outcome = evaluate(
            self.database, scan, self.rules, self.policies, self.book.metrics, scan.at
        )
        return self.played(scan.at, outcome.notifications)

    def product_ids(self, products: Sequence[int]) -> dict[int, str]:
        """The API's ids of products, by the store's keys."""
        facts = self.database.history.facts(products)
        return {product: each.product_id for product, each in facts.items()}


class Examiner:
    """What conditions say of the products of a scan, with the past that ``database`` has.

    Records the scan, so the database must be one to throw away.
    """

    def __init__(self, database: Store, scan: Scan, rules: Sequence[Rule]) -> None:
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
