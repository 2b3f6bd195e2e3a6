"""The groups of a scan's products as conditions see them: their figures, and the past of these."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import cast

import numpy as np

from watcher.evaluation.group_baselines import GroupBaselines, number_of
from watcher.evaluation.group_past import GroupPast
from watcher.evaluation.members import members_of, read_to_its_end
from watcher.evaluation.table import ScanTable
from watcher.evaluation.unlisted import Unlisted
from watcher.evidence import Member
from watcher.fields import REGION
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.aggregates import counted, valued
from watcher.rules.conditions.base import Ago, Judge, Last, Need
from watcher.rules.metric import COMPARED
from watcher.rules.metrics import SALES, Catalogue, Figure, FigureKind, Metric
from watcher.rules.rulebook import Watch
from watcher.store.past import Archive
from watcher.subjects import subject_id

MOST_MEMBERS = 3  # that evidence names
_PRODUCT_ID, _NAME = "product_id", "product_name"
_SALES = Catalogue()[SALES]


class GroupTable(Unlisted):
    """The groups ``by`` something of the products of a scan, each with enough of them, as a table
    of a row each: who makes up a group changes, and that it is there is no news. ``judge`` is the
    products'. Where ``keeps``, who is new is stored, and so is what is said of all."""

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
        self._members = members_of(judge, by, watch.name)
        self.products = self._keys(keeps=keeps)
        self.size = self.listed = len(self._members)
        self._past = GroupPast(
            archive, table, judge, self._members, self.products, (by, watch.name), keeps=keeps
        )
        self._then = GroupBaselines(table, judge, self._members, self.products, self._past, watch)

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
    def cut(self) -> bool:
        return not self._read_to_its_end

    @property
    def waits(self) -> str:
        return self._table.waits

    def number(self, metric: Metric) -> Floats:
        """The figure, or the formula over figures, of each group."""
        return number_of(metric, self._members, self._judge, self._table)

    def value(self, metric: Metric, row: int) -> float:
        return float(self.number(metric)[row])

    def text(self, name: str) -> Sequence[str | None]:
        """The texts that all products of a group have in common."""
        if name == _PRODUCT_ID:
            return [subject_id(self.by, value) for value in self._members.values]
        if name == REGION:
            return self._members.regions
        return self._members.values if name == self.by else [None] * self.size

    def regions(self) -> Sequence[str]:
        return self._members.regions

    def everyone(self) -> tuple[GroupTable, Ints]:
        return self, np.arange(self.size)

    # ------------------------------------------------------------------ then

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        if self.waits:
            return np.full(self.size, np.nan), np.zeros(self.size, np.int64)
        return self.before(need)

    def before(self, need: Need) -> tuple[Floats, Ints]:
        """The baseline also where conditions wait."""
        found = self._then.of(need)
        return found.then, found.at

    def comparable(self, need: Need) -> Floats:
        return self._then.of(need).now

    def compared(self, need: Need, row: int) -> tuple[int, int] | None:
        if self.waits or (found := self._then.of(need)).count is None or np.isnan(found.then[row]):
            return None
        return int(found.count[row]), int(self._members.sizes[row])

    def count(self, need: Need, row: int) -> int:
        values = self._then.of(need).values
        return 0 if values is None else int(values[row])

    def days(self, need: Need, row: int) -> int | None:
        days = self._then.of(need).days
        return None if days is None else int(days[row])

    # ------------------------------------------------------------------ members

    def members(self, metric: Metric, need: Need | None, row: int) -> tuple[Member, ...]:
        figure = cast("Figure", metric.figures[0].figure) if metric.figures else None
        if figure is None:
            return ()
        rows, values = self._contributions(figure, need, row)
        kept = ~np.isnan(values)
        rows, values = rows[kept], values[kept]
        moved = figure.kind in COMPARED
        lowest = figure.kind is FigureKind.MIN or (moved and self._falls(need, row))
        order = self._most_first(rows, values, lowest=lowest)
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

    def _most_first(self, rows: Ints, values: Floats, *, lowest: bool) -> Ints:
        """The places of the largest values first, or of the lowest; of equal ones what is bought
        most."""
        sold = self._judge.number(_SALES)[rows]
        sold[np.isnan(sold)] = 0
        return np.lexsort((-sold, values if lowest else -values))

    def _falls(self, need: Need | None, row: int) -> bool:
        """Whether a change is a fall, so that those that fell most did most of it."""
        if need is None or not self._then.compares(need) or not isinstance(need.from_, Last | Ago):
            return False
        found = self._then.of(need)
        return bool(found.now[row] < found.then[row])

    def _contributions(self, figure: Figure, need: Need | None, row: int) -> tuple[Ints, Floats]:
        """Rows of a group's products, and what each did: of a change how far it moved, else its
        value of what the figure is of, or of what is bought of it."""
        rows = self._members.of_group(row)
        if need is not None and figure.kind in COMPARED and self._then.compares(need):
            found = self._then.of(need)
            scans = [
                each
                for each in self._past.scans(self._then.within(need.from_))
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

    def taken_out(self, products: Ints) -> Bools:
        """A group is no product that the user could take out."""
        return np.zeros(len(products), np.bool_)
