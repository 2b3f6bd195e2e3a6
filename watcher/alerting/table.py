"""One scan as the conditions see it: columns, and the baselines they declared.

Everything is read from the history in bulk, once: a handful of statements a scan, whatever the
number of rules and products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from watcher.keyapi.fields import NUMERIC_INDEX
from watcher.model import Floats, Instant, Ints, Scan
from watcher.rules.conditions.base import Ago, From, Last, Masks, Need
from watcher.rules.metrics import RANK, Metric
from watcher.store.history import Recorded


class Baseline(Protocol):
    """Values (n, k) with NaN for absent, and the instants (n,) they were observed; 0 is none."""

    @property
    def values(self) -> Floats: ...

    @property
    def at(self) -> Ints: ...


class Past(Protocol):
    """What the table asks of the history."""

    def last(self, watch: str, scan_id: int, products: Ints, fields: Sequence[str]) -> Baseline: ...

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str]
    ) -> Baseline: ...


class ScanTable:
    """A scan's columns and baselines by metric, computed when first asked for and kept."""

    def __init__(self, scan: Scan, seen: Recorded, past: Past, needs: Iterable[Need]) -> None:
        self.scan = scan
        self.at = scan.at
        self.size = len(scan)
        self._seen = seen
        self._numbers: dict[str, Floats] = {}
        self._past: dict[From, tuple[Mapping[str, Floats], Ints]] = {}
        self._baselines: dict[Need, tuple[Floats, Ints]] = {}
        self._load(past, needs)

    def number(self, metric: Metric) -> Floats:
        """The metric now, (n,); NaN is no value."""
        column = self._numbers.get(metric.name)
        if column is None:
            columns = {name: self._column(name) for name in metric.needs}
            column = self._numbers[metric.name] = metric.compute(columns, self.at)
        return column

    def text(self, name: str) -> Sequence[str | None]:
        """A text attribute, one for each row."""
        return self.scan.texts[name]

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        """The values of a declared baseline and the instants they were observed (0: none)."""
        baseline = self._baselines.get(need)
        if baseline is None:
            columns, at = self._past[need.from_]
            baseline = self._baselines[need] = (_at_each(need.metric, columns, at), at)
        return baseline

    def appeared(self) -> Masks:
        """Products that the watch lists for the first time; known once it had a complete scan."""
        known = np.full(self.size, self._seen.had_complete)
        return Masks(self._seen.first_seen & known, known)

    def _column(self, name: str) -> Floats:
        if name == RANK:
            ranks = self.scan.ranks.astype(np.float64)
            ranks[self.scan.ranks == 0] = np.nan
            return ranks
        return self.scan.numbers[:, NUMERIC_INDEX[name]]

    def _load(self, past: Past, needs: Iterable[Need]) -> None:
        fields_at: dict[From, set[str]] = {}
        for need in needs:
            fields_at.setdefault(need.from_, set()).update(need.metric.needs)
        for from_, names in fields_at.items():
            fields = sorted(names)
            found = self._read(past, from_, fields)
            columns = {name: found.values[:, index] for index, name in enumerate(fields)}
            self._past[from_] = (columns, found.at)

    def _read(self, past: Past, from_: From, fields: Sequence[str]) -> Baseline:
        watch, products = self.scan.watch, self._seen.products
        match from_:
            case Last():
                return past.last(watch, self._seen.scan_id, products, fields)
            case Ago(seconds):
                then = self.at - seconds
                # "Not older than half as long again" than the time asked for.
                return past.ago(watch, products, then, then - seconds // 2, fields)


def _at_each(metric: Metric, columns: Mapping[str, Floats], at: Ints) -> Floats:
    """A metric of past columns: an age is that of the day on which each value was observed."""
    result = np.full(len(at), np.nan)
    for instant in np.unique(at[at > 0]):
        rows = at == instant
        then = {name: columns[name][rows] for name in metric.needs}
        result[rows] = metric.compute(then, int(instant))
    return result
