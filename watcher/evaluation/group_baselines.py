"""Values of then that groups of products are held against, and those of now that may be held
against them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from watcher.evaluation.group_past import GroupPast
from watcher.evaluation.last_known import last_reach
from watcher.evaluation.members import Members, read_to_its_end, was_read_to_its_end
from watcher.evaluation.statistics import Over, Statistics, over_of
from watcher.evaluation.table import ScanTable
from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.conditions.base import Ago, From, Judge, Last, Need
from watcher.rules.metric import COMPARED, Figure, FigureKind, Metric, plain_metric
from watcher.rules.rulebook import Watch
from watcher.store.records import OwnScan, Window
from watcher.units import Unit

_FEW = 4  # scans in which a group is looked for


@dataclass(frozen=True, slots=True)
class Then:
    """A baseline of each group: values then and of now, when that was, and of how many products; of
    what is taken over a time, on how many days it is known, and of how many values."""

    then: Floats
    at: Ints
    now: Floats
    count: Ints | None = None
    days: Ints | None = None
    values: Ints | None = None


class GroupBaselines:
    """The baselines of the groups of a scan of ``watch``, each read when it is asked for first."""

    def __init__(
        self, table: ScanTable, judge: Judge, members: Members, keys: Ints, past: GroupPast,
        watch: Watch,
    ) -> None:  # fmt: skip
        self.past = past
        self._table = table
        self._judge = judge
        self._members = members
        self._keys = keys
        self._watch = watch
        self._size = len(members)
        self._baselines: dict[Need, Then] = {}
        self._linked: dict[tuple[str, Instant], tuple[Floats, Ints]] = {}

    def _number(self, metric: Metric) -> Floats:
        return number_of(metric, self._members, self._judge, self._table)

    def of(self, need: Need) -> Then:
        found = self._baselines.get(need)
        if found is None:
            found = self._baselines[need] = self._read(need)
        return found

    def _read(self, need: Need) -> Then:
        if isinstance(need.from_, Last | Ago):
            return self._moment(need)
        if over_of(need) is not None:
            return self._over(need)
        nothing = np.full(self._size, np.nan)
        return Then(nothing, np.zeros(self._size, np.int64), self._number(need.metric))

    def compares(self, need: Need) -> bool:
        """Whether it holds only products that were listed at both times."""
        kinds = {cast("Figure", part.figure).kind for part in need.metric.figures}
        return not need.level and bool(kinds & COMPARED) and not self._whole

    @cached_property
    def _whole(self) -> bool:
        """Whether the list is a shop's, and all of it: who is not on it was not there."""
        query = self._watch.query
        return not query.of_market and not query.of_ids and self._table.scan.proves_absence

    def _scans(self, within: tuple[Instant, Instant], *, kept: bool) -> Sequence[OwnScan]:
        scans = self.past.scans(within)
        if kept and (self._whole or self._table.scan.of_market):
            return [each for each in scans if each.proves]
        return scans

    def _moment(self, need: Need) -> Then:
        """Read each group's value in the newest scan of the time that is meant that has it; of one
        that was not there, in one of the few before it. The last scan is one of a whole list, where
        there is any."""
        compares, within = self.compares(need), self.within(need.from_)
        then, at = np.full(self._size, np.nan), np.zeros(self._size, np.int64)
        now = self._number(need.metric).copy()
        count = np.zeros(self._size, np.int64) if compares else None
        left = self.past.large.copy() if compares else np.ones(self._size, np.bool_)
        scans = self._scans(within, kept=not compares)
        if isinstance(need.from_, Last):
            # Of half a list nothing was said: what it brought is news at the whole one after it.
            market = self._table.scan.of_market
            scans = sorted(scans, key=lambda scan: not was_read_to_its_end(scan, of_market=market))
        for scan in scans[:_FEW]:
            if not left.any():
                break
            before, after, of = self._at(need.metric, scan, left, compares=compares)
            fresh = np.isnan(then) & ~np.isnan(before) & ~np.isnan(after)
            then[fresh], at[fresh], now[fresh] = before[fresh], scan.at, after[fresh]
            if count is not None:
                count[fresh] = of[fresh]
            left &= ~fresh
        return Then(then, at, now, count)

    def within(self, from_: From) -> tuple[Instant, Instant]:
        if isinstance(from_, Ago):
            newest = self._table.durations.ago(from_.seconds, self._table.at)
            return self._table.durations.oldest(from_.seconds, from_.older, self._table.at), newest
        return self._table.at - last_reach(self._table.schedule), self._table.at

    def _at(
        self, metric: Metric, scan: OwnScan, groups: Bools, *, compares: bool
    ) -> tuple[Floats, Floats, Ints]:
        """A metric then and now, and of how many products."""
        before, after = dict[str, Floats](), dict[str, Floats]()
        of = np.full(self._size, np.iinfo(np.int64).max)
        for part in metric.figures:
            figure = cast("Figure", part.figure)
            if compares and figure.kind in COMPARED:
                found = self.past.compared(figure, cast("Metric", figure.metric), scan, groups)
                before[part.name], after[part.name] = found.then, found.now
                of = np.minimum(of, found.of)
            elif not compares or figure.kind is not FigureKind.SIZE:
                kept = self.past.kept([figure], [scan], (scan.at, scan.at))[scan.id]
                before[part.name] = kept.of(figure.canonical, self._keys)
                after[part.name] = self._members.figure(figure, self._judge)
        for part in metric.figures:
            if part.name not in before:  # the size, beside what holds the products of both times
                before[part.name] = after[part.name] = of.astype(np.float64)
        return of_parts(metric, before, scan.at), of_parts(metric, after, self._table.at), of

    def _over(self, need: Need) -> Then:
        """Compute a statistic of a time, as of a product: over each group's value at its scans."""
        over = cast("Over", over_of(need))
        name = need.metric.name
        plain = Need(plain_metric(name, "", Unit.SCORE, ""), need.from_)
        statistics = Statistics({plain: over}, self._size, self._table.at, self._table.durations)
        values, at, count = self._values(need, statistics.begin)
        if len(at):
            statistics.take([Window(slice(0, self._size), at, {name: values})])
        found, since = statistics.results()[plain]
        counts = statistics.counts.get(plain)
        now = self._number(need.metric)
        return Then(found, since, now, count, statistics.days[plain], counts)

    def _values(self, need: Need, begin: Instant) -> tuple[Floats, Ints, Ints | None]:
        """(S, n) a metric at each scan since then, the oldest first; their times; and of how many
        products."""
        compares, within = self.compares(need), (begin, self._table.at - 1)
        scans = self._scans(within, kept=not compares)[::-1]
        parts, least = dict[str, Floats](), np.full(self._size, np.iinfo(np.int64).max)
        at = np.array([scan.at for scan in scans], np.int64)
        if not scans:
            return np.zeros((0, self._size)), at, None
        for part in need.metric.figures:
            figure = cast("Figure", part.figure)
            if compares and figure.kind in COMPARED:
                parts[part.name], of = self._link(figure, scans)
                least = np.minimum(least, of)
            elif compares and figure.kind is FigureKind.SIZE:
                size = self._members.figure(figure, self._judge)
                parts[part.name] = np.broadcast_to(size, (len(scans), self._size))
            else:
                parts[part.name] = self._kept(figure, scans, within)
        rows = [
            of_parts(need.metric, {name: each[place] for name, each in parts.items()}, instant)
            for place, instant in enumerate(at.tolist())
        ]
        return np.array(rows).reshape(len(at), self._size), at, least if compares else None

    def _link(self, figure: Figure, scans: Sequence[OwnScan]) -> tuple[Floats, Ints]:
        key = figure.canonical, scans[0].at
        if key not in self._linked:
            self._linked[key] = self.past.linked(figure, cast("Metric", figure.metric), scans)
        return self._linked[key]

    def _kept(
        self, figure: Figure, scans: Sequence[OwnScan], within: tuple[Instant, Instant]
    ) -> Floats:
        kept = self.past.kept([figure], scans[::-1], within)
        none = np.full(self._size, np.nan)
        return np.array(
            [
                kept[scan.id].of(figure.canonical, self._keys) if scan.id in kept else none
                for scan in scans
            ]
        )


def number_of(metric: Metric, members: Members, judge: Judge, table: ScanTable) -> Floats:
    """A figure, or a formula over figures, of each group of a scan; of what is no figure, and of
    half a list, there is none."""
    key = ("of groups", members.by, metric)
    return judge.remembered(key, lambda: _number(metric, members, judge, table))


def _number(metric: Metric, members: Members, judge: Judge, table: ScanTable) -> Floats:
    if not metric.figures or not read_to_its_end(table.scan):
        return np.full(len(members), np.nan)
    parts = {
        part.name: members.figure(cast("Figure", part.figure), judge) for part in metric.figures
    }
    return of_parts(metric, parts, table.at)


def of_parts(metric: Metric, parts: Mapping[str, Floats], at: Instant) -> Floats:
    """A figure, or a formula over several of them."""
    if metric.figure is not None:
        return parts[metric.name]
    return metric.compute(parts, at)
