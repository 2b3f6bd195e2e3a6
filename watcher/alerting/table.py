"""One scan as the conditions see it: columns, and the baselines they declared.

Everything is read from the history in bulk, once: a handful of statements a scan, whatever the
number of rules and products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from watcher.alerting.statistics import Statistics, Window
from watcher.keyapi.fields import NUMERIC_INDEX
from watcher.model import Bools, Floats, Instant, Ints, Scan
from watcher.rules.conditions.base import (
    Ago,
    From,
    Last,
    LastComplete,
    Masks,
    Need,
    Spread,
    Statistic,
    Usual,
)
from watcher.rules.metrics import RANK, Metric
from watcher.store.history import Recorded


class Baseline(Protocol):
    """Values (n, k) with NaN for absent, and the instants (n,) they were observed; 0 is none."""

    @property
    def values(self) -> Floats: ...

    @property
    def at(self) -> Ints: ...


class Standing(Protocol):
    """The list of a complete scan at ``at``."""

    @property
    def at(self) -> Instant: ...

    @property
    def products(self) -> Ints: ...

    def ranks_of(self, products: Ints) -> Floats: ...


class Past(Protocol):
    """What the table asks of the history."""

    def last(self, watch: str, scan_id: int, products: Ints, fields: Sequence[str]) -> Baseline: ...

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str]
    ) -> Baseline: ...

    def windows(
        self, watch: str, region: str, products: Ints, within: tuple[Instant, Instant],
        fields: Sequence[str],
    ) -> Iterable[Window]: ...  # fmt: skip

    def standing(self, watch: str, scan_id: int) -> Standing | None: ...


class ScanTable:
    """A scan's columns and baselines by metric, computed when first asked for and kept.

    ``products`` are the store's keys of the rows: first what the scan listed (``listed`` rows,
    in its order), then, where a condition asks for them, the products that the last complete
    scan listed and this one does not. Those have no value but that.
    """

    def __init__(self, scan: Scan, seen: Recorded, past: Past, needs: Iterable[Need]) -> None:
        self.scan = scan
        self.at = scan.at
        self.listed = len(scan)
        self._seen = seen
        self._past = past
        self._numbers: dict[str, Floats] = {}
        self._observed: dict[From, tuple[Mapping[str, Floats], Ints]] = {}
        self._baselines: dict[Need, tuple[Floats, Ints]] = {}
        needs = tuple(dict.fromkeys(needs))
        fallen = self._read_standing(needs)
        self.products = np.concatenate([seen.products, fallen])
        self.size = len(self.products)
        self._read_observations(needs)
        self._read_statistics(needs)

    def number(self, metric: Metric) -> Floats:
        """The metric now, (n,); NaN is no value."""
        column = self._numbers.get(metric.name)
        if column is None:
            columns = {name: self._column(name) for name in metric.needs}
            column = self._numbers[metric.name] = self._padded(metric.compute(columns, self.at))
        return column

    def text(self, name: str) -> Sequence[str | None]:
        """A text attribute, one for each row."""
        texts = self.scan.texts[name]
        return (*texts, *[None] * (self.size - self.listed)) if self.size > self.listed else texts

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        """The values of a declared baseline and the instants they were observed (0: none)."""
        baseline = self._baselines.get(need)
        if baseline is None:
            columns, at = self._observed[need.from_]
            # An age is that of the day on which each value was observed.
            values = np.where(at > 0, need.metric.compute(columns, at), np.nan)
            values = self._padded(values)
            instants = np.concatenate([at, np.zeros(self.size - self.listed, np.int64)])
            baseline = self._baselines[need] = values, instants
        return baseline

    def appeared(self) -> Masks:
        """Products that the watch lists for the first time; known once it had a complete scan."""
        known, fresh = np.zeros((2, self.size), np.bool_)
        known[: self.listed] = self._seen.had_complete
        fresh[: self.listed] = self._seen.first_seen
        return Masks(fresh & known, known)

    def fallen(self) -> Bools:
        """The rows of products that this scan did not list, and the last complete one did."""
        return np.arange(self.size) >= self.listed

    def _padded(self, listed: Floats) -> Floats:
        """A column of what the scan listed, with no value for the others."""
        if self.size == self.listed:
            return listed
        return np.concatenate([listed, np.full(self.size - self.listed, np.nan)])

    def _column(self, name: str) -> Floats:
        if name == RANK:
            ranks = self.scan.ranks.astype(np.float64)
            ranks[self.scan.ranks == 0] = np.nan
            return ranks
        return self.scan.numbers[:, NUMERIC_INDEX[name]]

    def _read_standing(self, needs: Sequence[Need]) -> Ints:
        """Fills the baselines of ranks at the last complete scan; who is not listed any more.

        Absence from some scans proves nothing (``Scan.proves_absence``): those have none of these.
        """
        asked = [need for need in needs if isinstance(need.from_, LastComplete)]
        fallen = np.zeros(0, np.int64)
        standing = self._past.standing(self.scan.watch, self._seen.scan_id) if asked else None
        if standing is not None and self.scan.proves_absence:
            fallen = np.setdiff1d(standing.products, self._seen.products)
        products = np.concatenate([self._seen.products, fallen])
        ranks, at = np.full(len(products), np.nan), 0
        if standing is not None:
            ranks, at = standing.ranks_of(products), standing.at
        for need in asked:
            self._baselines[need] = ranks, np.where(np.isnan(ranks), 0, at)
        return fallen

    def _read_observations(self, needs: Sequence[Need]) -> None:
        fields_at: dict[Last | Ago, set[str]] = {}
        for need in needs:
            if isinstance(need.from_, Last | Ago):
                fields_at.setdefault(need.from_, set()).update(need.metric.needs)
        for from_, names in fields_at.items():
            fields = sorted(names)
            found = self._read(from_, fields)
            columns = {name: found.values[:, index] for index, name in enumerate(fields)}
            self._observed[from_] = (columns, found.at)

    def _read(self, from_: Last | Ago, fields: Sequence[str]) -> Baseline:
        watch, products = self.scan.watch, self._seen.products
        match from_:
            case Last():
                return self._past.last(watch, self._seen.scan_id, products, fields)
            case Ago(seconds):
                then = self.at - seconds
                # "Not older than half as long again" than the time asked for.
                return self._past.ago(watch, products, then, then - seconds // 2, fields)

    def _read_statistics(self, needs: Sequence[Need]) -> None:
        asked = {
            need: need.from_ for need in needs if isinstance(need.from_, Statistic | Usual | Spread)
        }
        if not asked:
            return
        statistics = Statistics(asked, self.size, self.at)
        scan, within = self.scan, (statistics.begin, self.at)
        statistics.take(
            self._past.windows(
                scan.watch, scan.region, self._seen.products, within, statistics.fields
            )
        )
        self._baselines |= statistics.results()
