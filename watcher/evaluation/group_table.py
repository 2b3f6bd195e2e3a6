"""The groups of a scan's products as conditions see them: their figures, and the past of these."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from watcher.evaluation.group_past import GroupPast
from watcher.evaluation.last_known import last_reach
from watcher.evaluation.members import members_of, read_to_its_end
from watcher.evaluation.statistics import Over, Statistics, over_of
from watcher.evaluation.table import ScanTable
from watcher.evidence import Gap, Member
from watcher.fields import REGION
from watcher.model import Bools, Floats, Instant, Ints, LastTexts
from watcher.rules.conditions.aggregates import counted, valued
from watcher.rules.conditions.base import Ago, From, Judge, Last, Masks, Need
from watcher.rules.groups import subject_id
from watcher.rules.metric import COMPARED, plain_metric
from watcher.rules.metrics import SALES, Catalogue, Figure, FigureKind, Metric
from watcher.rules.rulebook import Watch
from watcher.store.past import Archive
from watcher.store.records import OwnScan, Window
from watcher.units import Unit

MOST_MEMBERS = 3  # that evidence names
_FEW = 4  # scans in which a group is looked for
_PRODUCT_ID, _NAME = "product_id", "product_name"
_SALES = Catalogue()[SALES]


@dataclass(frozen=True, slots=True)
class _Then:
    """A baseline of each group: values then and of now, when that was, and of how many products; of
    what is taken over a time, on how many days it is known, and of how many values."""

    then: Floats
    at: Ints
    now: Floats
    count: Ints | None = None
    days: Ints | None = None
    values: Ints | None = None


class GroupTable:
    """The groups ``by`` something of the products of a scan, each with enough of them, as a table
    of a row each. ``judge`` is the products'. Where ``keeps``, who is new is stored, and so is what
    is said of all."""

    gone_at: Instant | None = None

    def __init__(
        self, archive: Archive, judge: Judge, table: ScanTable, by: str, watch: Watch, *,
        keeps: bool = False,
    ) -> None:  # fmt: skip
        self.scan = table.scan
        self.at = table.at
        self.scan_id = table.scan_id
        self.durations = table.durations
        self.by = by
        self._judge = judge
        self._table = table
        self.watch = watch
        self._archive = archive
        self._members = members_of(judge, table.scan, by, watch.name)
        self.products = self._keys(keeps=keeps)
        self.size = self.listed = len(self._members)
        self._past = GroupPast(
            archive, table, judge, self._members, self.products, (by, watch.name), keeps=keeps
        )
        self._baselines: dict[Need, _Then] = {}
        self._linked: dict[tuple[str, Instant], tuple[Floats, Ints]] = {}

    def _keys(self, *, keeps: bool) -> Ints:
        groups, named = self._archive.groups, [*self.named]
        return groups.keys(self.by, named, self.at) if keeps else groups.find(self.by, named)

    @property
    def named(self) -> Iterable[tuple[str, str]]:
        """Each group's region and value."""
        return zip(self._members.regions, self._members.values, strict=True)

    def note(self, figures: Sequence[Figure]) -> None:
        """Keep what these say of the groups now, for later scans."""
        if self._read_to_its_end:
            self._past.note(figures)

    @cached_property
    def _read_to_its_end(self) -> bool:
        return read_to_its_end(self.scan)

    # ------------------------------------------------------------------ now

    @property
    def waits(self) -> str:
        return self._table.waits

    def number(self, metric: Metric) -> Floats:
        """The figure, or the formula over figures, of each group."""
        key = ("of groups", self.by, metric)
        return self._judge.remembered(key, lambda: self._number(metric))

    def _number(self, metric: Metric) -> Floats:
        if not metric.figures or not self._read_to_its_end:
            return np.full(self.size, np.nan)
        parts = {
            part.name: self._members.figure(cast("Figure", part.figure), self._judge)
            for part in metric.figures
        }
        return _of_parts(metric, parts, self.at)

    def value(self, metric: Metric, row: int) -> float:
        return float(self.number(metric)[row])

    def text(self, name: str) -> Sequence[str | None]:
        """The texts that all products of a group have in common."""
        if name == _PRODUCT_ID:
            return [subject_id(self.by, value) for value in self._members.values]
        if name == REGION:
            return self._members.regions
        return self._members.values if name == self.by else [None] * self.size

    def last_text(self, _name: str) -> LastTexts:
        return LastTexts([None] * self.size, np.zeros(self.size, np.int64))

    def text_gap(self, _name: str, _row: int) -> Gap | None:
        return None

    def everyone(self) -> tuple[GroupTable, Ints]:
        return self, np.arange(self.size)

    # ------------------------------------------------------------------ then

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        if self.waits:
            return np.full(self.size, np.nan), np.zeros(self.size, np.int64)
        return self.before(need)

    def before(self, need: Need) -> tuple[Floats, Ints]:
        """The baseline also where conditions wait."""
        found = self._then(need)
        return found.then, found.at

    def comparable(self, need: Need) -> Floats:
        return self._then(need).now

    def compared(self, need: Need, row: int) -> tuple[int, int] | None:
        if self.waits or (found := self._then(need)).count is None or np.isnan(found.then[row]):
            return None
        return int(found.count[row]), int(self._members.sizes[row])

    def gap(self, _need: Need, _row: int) -> Gap | None:
        return None

    def count(self, need: Need, row: int) -> int:
        values = self._then(need).values
        return 0 if values is None else int(values[row])

    def days(self, need: Need, row: int) -> int | None:
        days = self._then(need).days
        return None if days is None else int(days[row])

    def _then(self, need: Need) -> _Then:
        found = self._baselines.get(need)
        if found is None:
            found = self._baselines[need] = self._read(need)
        return found

    def _read(self, need: Need) -> _Then:
        if isinstance(need.from_, Last | Ago):
            return self._moment(need)
        if over_of(need) is not None:
            return self._over(need)
        nothing = np.full(self.size, np.nan)
        return _Then(nothing, np.zeros(self.size, np.int64), self.number(need.metric))

    def _compares(self, need: Need) -> bool:
        """Whether it holds only products that were listed at both times."""
        kinds = {cast("Figure", part.figure).kind for part in need.metric.figures}
        return not need.level and bool(kinds & COMPARED) and not self._whole

    @cached_property
    def _whole(self) -> bool:
        """Whether the list is a shop's, and all of it: who is not on it was not there."""
        query = self.watch.query
        return not query.of_market and not query.of_ids and self.scan.proves_absence

    def _scans(self, within: tuple[Instant, Instant], *, kept: bool) -> Sequence[OwnScan]:
        scans = self._past.scans(within)
        if kept and (self._whole or self.scan.of_market):
            return [each for each in scans if each.proves]
        return scans

    def _moment(self, need: Need) -> _Then:
        """By the newest scan of the time that is meant in which a group was; of one that was not
        there, by one of the few before it."""
        compares, within = self._compares(need), self._within(need.from_)
        then, at = np.full(self.size, np.nan), np.zeros(self.size, np.int64)
        now = self.number(need.metric).copy()
        count = np.zeros(self.size, np.int64) if compares else None
        left = self._past.large.copy() if compares else np.ones(self.size, np.bool_)
        for scan in self._scans(within, kept=not compares)[:_FEW]:
            if not left.any():
                break
            before, after, of = self._at(need.metric, scan, left, compares=compares)
            fresh = np.isnan(then) & ~np.isnan(before) & ~np.isnan(after)
            then[fresh], at[fresh], now[fresh] = before[fresh], scan.at, after[fresh]
            if count is not None:
                count[fresh] = of[fresh]
            left &= ~fresh
        return _Then(then, at, now, count)

    def _within(self, from_: From) -> tuple[Instant, Instant]:
        if isinstance(from_, Ago):
            newest = self.durations.ago(from_.seconds, self.at)
            return self.durations.oldest(from_.seconds, from_.older, self.at), newest
        return self.at - last_reach(self._table.schedule), self.at

    def _at(
        self, metric: Metric, scan: OwnScan, groups: Bools, *, compares: bool
    ) -> tuple[Floats, Floats, Ints]:
        """A metric then and now, and of how many products."""
        before, after = dict[str, Floats](), dict[str, Floats]()
        of = np.full(self.size, np.iinfo(np.int64).max)
        for part in metric.figures:
            figure = cast("Figure", part.figure)
            if compares and figure.kind in COMPARED:
                found = self._past.compared(figure, cast("Metric", figure.metric), scan, groups)
                before[part.name], after[part.name] = found.then, found.now
                of = np.minimum(of, found.of)
            elif not compares or figure.kind is not FigureKind.SIZE:
                kept = self._past.kept([figure], [scan], (scan.at, scan.at))[scan.id]
                before[part.name] = kept.of(figure.canonical, self.products)
                after[part.name] = self._members.figure(figure, self._judge)
        for part in metric.figures:
            if part.name not in before:  # the size, beside what holds the products of both times
                before[part.name] = after[part.name] = of.astype(np.float64)
        return _of_parts(metric, before, scan.at), _of_parts(metric, after, self.at), of

    def _over(self, need: Need) -> _Then:
        """Of a time, as of a product: over what each group was at each scan of it."""
        over = cast("Over", over_of(need))
        name = need.metric.name
        plain = Need(plain_metric(name, "", Unit.SCORE, ""), need.from_)
        statistics = Statistics({plain: over}, self.size, self.at, self.durations)
        values, at, count = self._values(need, statistics.begin)
        if len(at):
            statistics.take([Window(slice(0, self.size), at, {name: values})])
        found, since = statistics.results()[plain]
        counts = statistics.counts.get(plain)
        now = self.number(need.metric)
        return _Then(found, since, now, count, statistics.days[plain], counts)

    def _values(self, need: Need, begin: Instant) -> tuple[Floats, Ints, Ints | None]:
        """(S, n) a metric at each scan since then, the oldest first; their times; and of how many
        products."""
        compares, within = self._compares(need), (begin, self.at - 1)
        scans = self._scans(within, kept=not compares)[::-1]
        parts, least = dict[str, Floats](), np.full(self.size, np.iinfo(np.int64).max)
        at = np.array([scan.at for scan in scans], np.int64)
        if not scans:
            return np.zeros((0, self.size)), at, None
        for part in need.metric.figures:
            figure = cast("Figure", part.figure)
            if compares and figure.kind in COMPARED:
                parts[part.name], of = self._link(figure, scans)
                least = np.minimum(least, of)
            elif compares and figure.kind is FigureKind.SIZE:
                size = self._members.figure(figure, self._judge)
                parts[part.name] = np.broadcast_to(size, (len(scans), self.size))
            else:
                parts[part.name] = self._kept(figure, scans, within)
        rows = [
            _of_parts(need.metric, {name: each[place] for name, each in parts.items()}, instant)
            for place, instant in enumerate(at.tolist())
        ]
        return np.array(rows).reshape(len(at), self.size), at, least if compares else None

    def _link(self, figure: Figure, scans: Sequence[OwnScan]) -> tuple[Floats, Ints]:
        key = figure.canonical, scans[0].at
        if key not in self._linked:
            self._linked[key] = self._past.linked(figure, cast("Metric", figure.metric), scans)
        return self._linked[key]

    def _kept(
        self, figure: Figure, scans: Sequence[OwnScan], within: tuple[Instant, Instant]
    ) -> Floats:
        kept = self._past.kept([figure], scans[::-1], within)
        none = np.full(self.size, np.nan)
        return np.array(
            [
                kept[scan.id].of(figure.canonical, self.products) if scan.id in kept else none
                for scan in scans
            ]
        )

    # ------------------------------------------------------------------ members

    def members(self, metric: Metric, need: Need | None, row: int) -> tuple[Member, ...]:
        figure = cast("Figure", metric.figures[0].figure) if metric.figures else None
        if figure is None:
            return ()
        rows, values = self._contributions(figure, need, row)
        kept = ~np.isnan(values)
        rows, values = rows[kept], values[kept]
        # Of equal ones, what is bought most.
        order = np.lexsort((-np.nan_to_num(self._judge.number(_SALES)[rows]), -values))
        if figure.kind is FigureKind.MIN:
            order = order[::-1]
        sign = self._direction(need, row)
        if sign < 0:
            order = np.lexsort((-np.nan_to_num(self._judge.number(_SALES)[rows]), values))
        ids, names = (self._judge.text(name) for name in (_PRODUCT_ID, _NAME))
        shown = order[:MOST_MEMBERS].tolist()
        # Of a count or a share, or in a formula, a product's own number is of another kind.
        of = figure.metric if metric.figure is not None else None
        alike = of is not None and of.unit == metric.unit
        return tuple(
            Member(
                str(ids[rows[place]]),
                names[rows[place]] or str(ids[rows[place]]),
                float(values[place]) if alike else None,
            )
            for place in shown
        )

    def _direction(self, need: Need | None, row: int) -> int:
        """-1 where a change is a fall, so that those that fell most did most of it."""
        if need is None or not self._compares(need) or not isinstance(need.from_, Last | Ago):
            return 1
        found = self._then(need)
        return -1 if found.now[row] < found.then[row] else 1

    def _contributions(self, figure: Figure, need: Need | None, row: int) -> tuple[Ints, Floats]:
        """Rows of a group's products, and what each did: of a change how far it moved, else its
        value of what the figure is of, or of what is bought of it."""
        rows = self._members.of_group(row)
        if need is not None and figure.kind in COMPARED and self._compares(need):
            found = self._then(need)
            scans = [
                each
                for each in self._past.scans(self._within(need.from_))
                if each.at == found.at[row]
            ]
            if isinstance(need.from_, Last | Ago) and scans:
                metric = cast("Metric", figure.metric)
                return rows, self._past.moved(figure, metric, scans[0], rows)
        if figure.metric is not None:
            return rows, valued(figure, self._judge)[rows]
        met = rows[counted(figure, self._judge)[rows]]
        leading = figure.where.leading if figure.where is not None else None
        return met, self._judge.number(leading or _SALES)[met]

    # ------------------------------------------------------------------ the list

    def fallen(self) -> Bools:
        return np.zeros(self.size, np.bool_)

    def taken_out(self, products: Ints) -> Bools:
        """A group is no product that the user could take out."""
        return np.zeros(len(products), np.bool_)

    def appeared(self) -> Masks:
        """Who makes up a group changes: that it is there is no news."""
        return Masks(self.fallen(), self.fallen())

    def returned(self) -> tuple[Masks, Ints]:
        return self.appeared(), np.zeros(self.size, np.int64)

    def gone(self) -> Masks:
        return self.appeared()


def _of_parts(metric: Metric, parts: Mapping[str, Floats], at: Instant) -> Floats:
    """A figure, or a formula over several of them."""
    if metric.figure is not None:
        return parts[metric.name]
    return metric.compute(parts, at)
