"""The products of a past scan as messages ask for them, read from the history."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from watcher import plan
from watcher.alerting.past import Baseline
from watcher.alerting.products import Products
from watcher.model import Alert, Floats, Instant, Ints, ScanState
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.rulebook import Watch
from watcher.store.database import Database


class PastScan(Protocol):
    """What is asked of the history: values in force at a time, ranks among them."""

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str]
    ) -> Baseline: ...


class StoredTable:
    """Some products (store keys) as the scan of ``watch`` at ``at`` left them.

    ``rows`` gives a product's row; one that the scan did not list has none.
    """

    def __init__(self, history: PastScan, watch: str, products: Sequence[int], at: Instant) -> None:
        self._history = history
        self._watch = watch
        self._products = np.array(sorted(set(products)), np.int64)
        self._at = at
        self._numbers: dict[str, Floats] = {}
        self.rows: dict[int, int] = {}
        if len(self._products):
            listed = history.ago(watch, self._products, at, at, [RANK]).at > 0
            self.rows = {int(self._products[row]): int(row) for row in np.flatnonzero(listed)}

    def number(self, metric: Metric) -> Floats:
        """The metric then, (n,); NaN is no value."""
        column = self._numbers.get(metric.name)
        if column is None:
            column = self._numbers[metric.name] = self._compute(metric)
        return column

    def text(self, _name: str) -> Sequence[str | None]:
        """None for each row: names are the products' newest."""
        return [None] * len(self._products)

    def _compute(self, metric: Metric) -> Floats:
        fields = sorted(metric.needs)
        if not len(self._products):
            return np.empty(0)
        found = self._history.ago(self._watch, self._products, self._at, self._at, fields)
        columns = {name: found.values[:, index] for index, name in enumerate(fields)}
        return metric.compute(columns, self._at)


def last_left(
    database: Database, watch: Watch, alerts: Sequence[Alert], catalogue: Catalogue, now: Instant
) -> tuple[Products, Instant]:
    """The products of ``alerts`` as the last good scan of their watch left them, and its time.

    Without a scan (pruned, or none of this watch yet) the time is the alerts' own.
    """
    scans = database.history.scans(watch.key, limit=plan.LOOK_BACK)
    good = (scan.at for scan in scans if scan.state is not ScanState.FAILED)
    at = next(good, max((alert.since for alert in alerts), default=now))
    table = StoredTable(database.history, watch.key, [alert.product for alert in alerts], at)
    return Products(database.history, table, table.rows, catalogue), at
