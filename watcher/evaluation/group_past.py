"""The past of a list's groups: of products that it listed at both times, and what was said of the
groups at earlier scans.

Half of a real list is another one after a week. So a change of a sum, a mean or a median is that of
the products which were on the list at both times; a changed list would look like growth. What is
taken over a time is linked: at each earlier scan the products of then and now say by how much the
figure moved since, and the figure of now, taken back by that, stands for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from watcher.evaluation.jumps import stored_table
from watcher.evaluation.members import Members, members_of
from watcher.evaluation.table import ScanTable
from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.conditions.aggregates import OF_VALUES, valued
from watcher.rules.conditions.base import Judge
from watcher.rules.groups import LEAST_COMPARED
from watcher.rules.metrics import Figure, Metric
from watcher.store.past import Archive
from watcher.store.records import GroupFigures, OwnScan, WindowQuery

_MOST_FILLED = 60  # earlier scans whose figures are computed at one scan, where none are kept


class Compared(NamedTuple):
    """A figure of each group then and now, and of how many products it is."""

    then: Floats
    now: Floats
    of: Ints


class GroupPast:
    """The past of the groups of the scan of ``table``. Figures that are not kept of an earlier scan
    are computed from what it saw, and kept where ``keeps``."""

    def __init__(
        self, archive: Archive, table: ScanTable, judge: Judge, members: Members, keys: Ints,
        whose: tuple[str, str], *, keeps: bool,
    ) -> None:  # fmt: skip
        self._archive = archive
        self._table = table
        self._judge = judge
        self._members = members
        self._keys = keys
        self._by, self._list = whose
        self._keeps = keeps
        self._columns: dict[tuple[int, str], Floats] = {}
        self._known: dict[tuple[int, str], Bools] = {}  # what of them was read
        self._kept: dict[int, GroupFigures] = {}
        self._looked: set[tuple[Instant, Instant]] = set()

    @cached_property
    def large(self) -> Bools:
        """The groups of which so many products can have been there at two times."""
        large: Bools = self._members.sizes >= LEAST_COMPARED
        return large

    # ------------------------------------------------------------------ scans

    def scans(self, within: tuple[Instant, Instant]) -> Sequence[OwnScan]:
        """The list's earlier scans in a time that count, the newest first."""
        table = self._table
        key = ("own scans", within)
        return self._judge.remembered(
            key,
            lambda: self._archive.history.own_scans(table.scan.watch, table.scan_id, within),
        )

    # ------------------------------------------------------------------ products of both times

    def compared(self, figure: Figure, metric: Metric, scan: OwnScan, groups: Bools) -> Compared:
        """A figure of ``metric`` of the products that an earlier scan listed, too; of some of the
        groups."""
        of = self._members.of[: self._table.listed]
        rows = np.flatnonzero((of >= 0) & groups[of])
        then = np.full(len(of), np.nan)
        then[rows] = self._values_at(metric, scan, rows)
        return self._both(figure, then, self._now(figure))

    def _both(self, figure: Figure, then: Floats, now: Floats) -> Compared:
        groups, size = self._members.of[: self._table.listed], len(self._members)
        both = np.flatnonzero(~np.isnan(then) & ~np.isnan(now) & (groups >= 0))
        of, count = OF_VALUES[figure.kind], np.bincount(groups[both], minlength=size)
        enough = count >= LEAST_COMPARED
        before, after = (
            np.where(enough, of(values[both], groups[both], size), np.nan) for values in (then, now)
        )
        return Compared(before, after, count)

    def moved(self, figure: Figure, metric: Metric, scan: OwnScan, rows: Ints) -> Floats:
        """(m,) how far the metric of some products moved since an earlier scan; NaN of who was not
        on the list then, or does not count."""
        return self._now(figure)[rows] - self._values_at(metric, scan, rows)

    def _now(self, figure: Figure) -> Floats:
        return valued(figure, self._judge)[: self._table.listed]

    def _values_at(self, metric: Metric, scan: OwnScan, rows: Ints) -> Floats:
        """(m,) a metric of some products of now as an earlier scan saw them; NaN where it did not
        list them."""
        for name in metric.needs:
            if (scan.id, name) not in self._columns:
                self._columns[scan.id, name] = np.full(self._table.listed, np.nan)
                self._known[scan.id, name] = np.zeros(self._table.listed, np.bool_)
        names = [
            name for name in sorted(metric.needs) if not self._known[scan.id, name][rows].all()
        ]
        if names:
            self._read(names, scan, rows[~self._known[scan.id, names[0]][rows]])
        columns = {name: self._columns[scan.id, name][rows] for name in metric.needs}
        owned = {name: column[rows] for name, column in self._table.owned(metric).items()}
        return metric.compute(columns | owned, scan.at)

    def _read(self, names: Sequence[str], scan: OwnScan, rows: Ints) -> None:
        for name in names:
            self._known[scan.id, name][rows] = True
        for window in self._archive.history.windows(
            self._query(rows, (scan.at, scan.at + 1), names)
        ):
            for name in names:
                self._columns[scan.id, name][rows[window.rows]] = window.values[name][-1]

    def _query(
        self, rows: Ints, within: tuple[Instant, Instant], names: Sequence[str]
    ) -> WindowQuery:
        scan, table = self._table.scan, self._table
        products = table.products[rows]
        return WindowQuery(
            scan.watch, scan.region, products, within, names, table.scan_id, own=True
        )

    def linked(
        self, figure: Figure, metric: Metric, scans: Sequence[OwnScan]
    ) -> tuple[Floats, Ints]:
        """(S, n) what a figure of each group was at earlier scans, the oldest first, by the
        products of then and now; and (n,) of how many products at least, where it has a value."""
        whole, size = self._members.figure(figure, self._judge), len(self._members)
        past = np.full((len(scans), size), np.nan)
        least = np.full(size, np.iinfo(np.int64).max)
        place_of = {scan.at: place for place, scan in enumerate(scans)}
        for rows, at, values in self._blocks(metric, scans):
            now, groups = self._now(figure)[rows], self._members.of[rows]
            for instant, then in zip(at.tolist(), values, strict=True):
                if (place := place_of.get(instant)) is None:
                    continue
                both = ~np.isnan(then) & ~np.isnan(now)
                count = np.bincount(groups[both], minlength=size)
                enough = np.flatnonzero(count >= LEAST_COMPARED)
                of = OF_VALUES[figure.kind]
                before, after = (of(each[both], groups[both], size) for each in (then, now))
                past[place, enough] = _taken_back(whole, before, after)[enough]
                least[enough] = np.minimum(least, count)[enough]
        return past, least

    def _blocks(
        self, metric: Metric, scans: Sequence[OwnScan]
    ) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Rows (m,) of whole groups, the times (S,), and the metric (S, m) of them then."""
        of = self._members.of[: self._table.listed]
        order = np.argsort(of, kind="stable")
        order = order[(of[order] >= 0) & self.large[of[order]]]
        within = scans[0].at, scans[-1].at + 1
        waiting: list[tuple[Ints, Floats]] = []  # of a group that may go on in the next window
        at = np.zeros(0, np.int64)
        for window in self._archive.history.windows(
            self._query(order, within, sorted(metric.needs))
        ):
            at = window.at
            waiting.append(
                (order[window.rows], self._over(metric, window.values, at, order[window.rows]))
            )
            rows, values = (np.concatenate(each, axis=-1) for each in zip(*waiting, strict=True))
            more = window.rows.stop < len(order)
            ends = int(np.searchsorted(of[rows], of[rows[-1]])) if more else len(rows)
            if ends:
                yield rows[:ends], at, values[:, :ends]
            waiting = [(rows[ends:], values[:, ends:])]

    def _over(self, metric: Metric, values: Mapping[str, Floats], at: Ints, rows: Ints) -> Floats:
        owned = {name: column[rows] for name, column in self._table.owned(metric).items()}
        found = np.full((len(at), len(rows)), np.nan)
        for place, instant in enumerate(at.tolist()):
            columns = {name: values[name][place] for name in metric.needs}
            found[place] = metric.compute(columns | owned, instant)
        return found

    # ------------------------------------------------------------------ what was said then

    def kept(
        self, figures: Sequence[Figure], scans: Sequence[OwnScan], within: tuple[Instant, Instant]
    ) -> Mapping[int, GroupFigures]:
        """Return by scan what its groups were said to be: as it is kept, or computed now."""
        table = self._table
        if within not in self._looked:
            self._looked.add(within)
            found = self._archive.groups.figures(table.scan.watch, self._by, table.scan_id, within)
            for each in found:
                self._kept.setdefault(each.scan_id, each)
        wanted = {figure.canonical: figure for figure in figures}
        for scan in scans[:_MOST_FILLED]:
            known = self._kept.get(scan.id)
            lacking = [
                figure
                for text, figure in wanted.items()
                if known is None or text not in known.values
            ]
            if lacking:
                filled = self._computed(scan, lacking)
                self._kept[scan.id] = filled if known is None else known.with_more(filled)
        return self._kept

    def _computed(self, scan: OwnScan, figures: Sequence[Figure]) -> GroupFigures:
        """Figures of the groups of an earlier scan, from what it saw."""
        history = self._archive.history
        row, recorded = history.everyone(self._table.scan.watch, scan.id)
        needs = [need for figure in figures for need in figure.needs]
        judge = Judge(stored_table(self._archive, row, recorded, needs, self._table.schedule))
        members = members_of(judge, self._by, self._list)
        named = [*zip(members.regions, members.values, strict=True)]
        groups = self._archive.groups
        keys = (
            groups.keys(self._by, named, scan.at) if self._keeps else groups.find(self._by, named)
        )
        there = keys > 0
        values = {each.canonical: members.figure(each, judge)[there] for each in figures}
        found = GroupFigures(scan.id, scan.at, keys[there], values)
        if self._keeps:
            groups.note(scan.id, self._by, found)
        return found

    def note(self, figures: Sequence[Figure]) -> None:
        """Keep these of the scan itself."""
        values = {each.canonical: self._members.figure(each, self._judge) for each in figures}
        found = GroupFigures(self._table.scan_id, self._table.at, self._keys, values)
        self._archive.groups.note(self._table.scan_id, self._by, found)


def _taken_back(whole: Floats, before: Floats, after: Floats) -> Floats:
    """The figure of all that is there now, moved back as far as that of some products moved: by the
    same part of it, or, where it can have no parts, by as much."""
    with np.errstate(invalid="ignore", divide="ignore"):
        parts = whole * (before / after)
    return np.where((before > 0) & (after > 0), parts, whole - (after - before))
