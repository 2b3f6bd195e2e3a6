"""The last known value of each metric in a watch: over scans without the product, or its value. The
scan before is read at once for all products. Only where a product has a value now and had none then
is more looked at: the watch's last few scans first, then all that count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import pairwise

import numpy as np

from watcher.evaluation.statistics import Owned, computed
from watcher.evidence import Gap, GapKind
from watcher.model import Floats, Instant, Ints, LastTexts, Listed
from watcher.rules.conditions.base import Last, Need
from watcher.rules.metrics import Metric
from watcher.schedule import Schedule, longest_gap
from watcher.store.past import Past
from watcher.store.records import Recorded, WindowQuery
from watcher.units import DAY

REACH = 14 * DAY  # an older value is no last one, but where the watch is hardly ever read
_FEW = 4  # scans in which a value that is missing in the last one is looked for first
_USUAL = 2  # scans back that a last value may lie without a word


def last_reach(schedule: Schedule | None) -> int:
    """The age of a last value at most, in seconds: two weeks, or two scans where those are rare."""
    return max(REACH, 2 * longest_gap(schedule) if schedule is not None else 0)


class LastKnown:
    """The last values of the products of a scan."""

    def __init__(
        self,
        scan: Listed,
        seen: Recorded,
        past: Past,
        needs: Iterable[Need],
        schedule: Schedule | None,
        owned: Owned = lambda _: {},
    ) -> None:
        self._owned = owned
        self._scan = scan
        self._seen = seen
        self._past = past
        self._since = scan.at - last_reach(schedule)
        asked = (need.metric.needs for need in needs if isinstance(need.from_, Last))
        fields = sorted(set[str]().union(*asked))
        self._columns: dict[str, Floats] = {}
        self._at = np.zeros(len(scan), np.int64)
        self._texts: dict[str, LastTexts] = {}
        if fields:
            found = past.last(scan.watch, seen.scan_id, seen.products, fields, self._since)
            self._columns = {name: found.values[:, index] for index, name in enumerate(fields)}
            self._at = found.at

    def of(self, metric: Metric, now: Floats) -> tuple[Floats, Ints]:
        """(n,) the values of a declared metric, and when each was observed (0: never)."""
        columns = {name: self._columns[name] for name in metric.needs} | {**self._owned(metric)}
        values, at = metric.compute(columns, self._at), self._at
        values = np.where(at > 0, values, np.nan)
        missing = np.flatnonzero(np.isnan(values) & ~np.isnan(now) & (at > 0))
        if len(missing):
            values, at = values.copy(), at.copy()
            self._look_further(metric, missing, values, at)
        return values, at

    def gap(self, row: int, at: Instant) -> Gap | None:
        """The reason why a value of ``at`` is the row's last, where that is older than usual."""
        return self._gap(at, int(self._at[row]))

    def _gap(self, at: Instant, seen: Instant) -> Gap | None:
        """``seen`` is when the product was listed last."""
        recent = self._recent
        if len(recent) < _USUAL or at >= recent[_USUAL - 1][0]:
            return None
        age = self._scan.at - at
        if at < seen:
            return Gap(GapKind.NO_VALUE, age)
        proved = all(proves for scan, proves in recent if scan > at)
        return Gap(GapKind.NOT_LISTED if proved else GapKind.NOT_SEEN, age)

    def text(self, name: str) -> LastTexts:
        """A text of each product, (n,)."""
        if name not in self._texts:
            self._texts[name] = self._past.last_texts(
                self._seen.scan_id, self._seen.products, name, self._scan.texts[name], self._since
            )
        return self._texts[name]

    def text_gap(self, name: str, row: int) -> Gap | None:
        """The reason why the row's last known text is older than usual, where it is."""
        at = int(self.text(name).at[row])
        return self._gap(at, int(self._listed_at[row])) if at else None

    @cached_property
    def _listed_at(self) -> Ints:
        """(n,) when the watch listed each product last before."""
        seen = self._seen
        return self._past.last(self._scan.watch, seen.scan_id, seen.products, ()).at

    def _look_further(self, metric: Metric, missing: Ints, values: Floats, at: Ints) -> None:
        """Fills ``values`` and ``at`` of the missing rows by what older scans found."""
        times = [scan for scan, _ in self._recent]
        bounds = [self._scan.at, *times[_FEW - 1 : _FEW], self._since]
        for end, begin in pairwise(bounds):
            missing = missing[np.isnan(values[missing])]
            if len(missing) and begin < end:
                self._fill(metric, missing, (begin, end), values, at)

    def _fill(
        self, metric: Metric, rows: Ints, within: tuple[Instant, Instant], values: Floats, at: Ints
    ) -> None:
        scan, seen, fields = self._scan, self._seen, sorted(metric.needs)
        query = WindowQuery(
            scan.watch, scan.region, seen.products[rows], within, fields, seen.scan_id, own=True
        )
        own = {name: column[rows] for name, column in self._owned(metric).items()}
        for window in self._past.windows(query):
            found = computed(metric, window, own)
            known = ~np.isnan(found)
            newest = len(known) - 1 - np.argmax(known[::-1], axis=0)
            hit = np.flatnonzero(known.any(axis=0))
            places = rows[window.rows][hit]
            values[places], at[places] = found[newest[hit], hit], window.at[newest[hit]]

    @cached_property
    def _recent(self) -> Sequence[tuple[Instant, bool]]:
        """The watch's scans that count, the newest first, and whether each proves an absence."""
        return self._past.recent(self._scan.watch, self._seen.scan_id, self._since)
