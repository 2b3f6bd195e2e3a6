"""One scan as the conditions see it: columns, and the baselines they declared. Everything is read
from the history in bulk, once: a handful of statements a scan, whatever the number of rules and
products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import numpy as np

from watcher.data_days import durations
from watcher.evaluation.figures_among import FiguresAmong, declared
from watcher.evaluation.last_known import LastKnown
from watcher.evaluation.members import read_to_its_end
from watcher.evaluation.statistics import Statistics, over_of
from watcher.evidence import Gap, Member
from watcher.model import (
    LIST_DAY,
    LONGEST_LIST,
    OF_LIST,
    Bools,
    Floats,
    Instant,
    Ints,
    LastTexts,
    Listed,
    ListFacts,
)
from watcher.rules.conditions.base import (
    Ago,
    From,
    Last,
    LastList,
    Masks,
    Need,
)
from watcher.rules.conditions.presence import COMPLETE_SCANS
from watcher.rules.metrics import RANK, Metric, fact_need
from watcher.rules.own_facts import FactColumn
from watcher.schedule import Schedule
from watcher.store.packing import positions
from watcher.store.past import Past
from watcher.store.records import EarlierList, Recorded, WindowQuery

PRODUCT_ID = "product_id"


_T = TypeVar("_T", Floats, Ints)


def _at(column: _T, rows: Ints, none: float = np.nan) -> _T:
    """The column at these rows; ``none`` at -1."""
    known: _T = np.full(len(rows), none).astype(column.dtype)
    known[rows >= 0] = column[rows[rows >= 0]]
    return known


class OwnColumns:
    """The columns of the user's own for the products of a scan. They are today's, whatever a metric
    is computed for: what they were is not kept."""

    def __init__(self, scan: Listed) -> None:
        self._scan = scan
        self._read: dict[FactColumn, Floats] = {}

    def __call__(self, metric: Metric) -> dict[str, Floats]:
        """The columns of the user's own numbers that the metric is made of."""
        return {fact_need(fact.name): self._column(fact) for fact in metric.facts}

    def _column(self, fact: FactColumn) -> Floats:
        column = self._read.get(fact)
        if column is None:
            column = self._read[fact] = fact.numbers(self._scan.texts[PRODUCT_ID])
        return column


class ScanTable:
    """A scan's columns and baselines by metric, computed when first asked for and kept.
    ``products`` are the store's keys of the rows: first what the scan listed (``listed`` rows, in
    its order), then, where a condition asks for them, the products that the last list had and this
    one has not. Those have no value but that. ``schedule`` is the watch's, ``owned`` gives columns
    of the user's own. While ``waits`` says why, no baseline has a value. ``gone_at`` is set where
    all of these products are gone since. Where only some products are ``wanted``, there are no
    others than these among those that the last list had."""

    def __init__(
        self,
        scan: Listed,
        seen: Recorded,
        past: Past,
        needs: Iterable[Need],
        schedule: Schedule | None = None,
        *,
        wanted: Ints | None = None,
    ) -> None:
        self.scan = scan
        self.at = scan.at
        self.listed = len(scan)
        self.scan_id = seen.scan_id
        self.waits = ""
        self.gone_at: Instant | None = None
        self._seen, self._wanted = seen, wanted
        self._everyone: tuple[ScanTable, Ints] | None = None
        self._past = past
        self.schedule = schedule
        self.durations = durations(schedule, past)
        self._numbers: dict[str, Floats] = {}
        self._observed: dict[From, tuple[Mapping[str, Floats], Ints]] = {}
        self._baselines: dict[Need, tuple[Floats, Ints]] = {}
        self._counts: dict[Need, Ints] = {}
        self._days: dict[Need, Ints] = {}
        # Not a method of the table's: one that holds itself stays, with its scan, for long.
        self.owned = OwnColumns(scan)
        self._among = FiguresAmong()
        asked = tuple(dict.fromkeys(needs))
        self._of_figures = tuple(need for need in asked if need.metric.figure is not None)
        needs = tuple(dict.fromkeys(declared(asked)))
        fallen = self._read_lists(needs)
        self.products = np.concatenate([seen.products, fallen])
        self.size = len(self.products)
        self._last = LastKnown(scan, seen, past, needs, schedule, self.owned)
        self._read_observations(needs)
        self._read_statistics(needs)

    def number(self, metric: Metric) -> Floats:
        """The metric now, (n,); NaN is no value."""
        column = self._numbers.get(metric.name)
        if column is None:
            column = self._numbers[metric.name] = self._computed(metric)
        return column

    def _computed(self, metric: Metric) -> Floats:
        if metric.figure is not None:
            everyone, rows = self.everyone()
            if everyone is self:
                return self._among.now(self, metric.figure)
            return _at(everyone.number(metric), rows)
        columns = {name: self._column(name) for name in metric.needs} | self.owned(metric)
        columns |= {part.name: self.number(part)[: self.listed] for part in metric.parts}
        return self._padded(metric.compute(columns, self.at))

    def value(self, metric: Metric, row: int) -> float:
        """The metric of one listed product now; of a past scan, without reading the column."""
        at_once = self.scan.whole or not metric.fields or metric.figures
        if at_once or metric.name in self._numbers:
            return float(self.number(metric)[row])
        columns = {
            name: np.array([self.scan.cell(name, row)])
            if name in metric.fields
            else self._column(name)[row : row + 1]
            for name in metric.needs
        }
        if metric.facts:
            columns |= metric.owned(self.scan.texts[PRODUCT_ID][row : row + 1])
        return float(metric.compute(columns, self.at)[0])

    def text(self, name: str) -> Sequence[str | None]:
        # Of one that is made of long texts, a scan that did not read those has nothing.
        texts = self.scan.texts.get(name)
        if texts is None:
            return [None] * self.size
        return (*texts, *[None] * (self.size - self.listed)) if self.size > self.listed else texts

    def regions(self) -> Sequence[str]:
        own = self.scan.region
        if self.scan.of_market:
            return [own] * self.size
        return [each or own for each in self.text("region")]

    def last_text(self, name: str) -> LastTexts:
        """A text as the watch knew it before this scan."""
        if self.waits or self.scan.texts.get(name) is None:
            return LastTexts([None] * self.size, np.zeros(self.size, np.int64))
        values, at = self._last.text(name)
        if self.size == self.listed:
            return LastTexts(values, at)
        more = self.size - self.listed
        return LastTexts([*values, *[None] * more], np.append(at, np.zeros(more, np.int64)))

    def text_gap(self, name: str, row: int) -> Gap | None:
        """The reason why a text's last one is older than the last two scans, where it is."""
        known = self.last_text(name).values[row] is not None
        return self._last.text_gap(name, row) if known else None

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        """The values of a declared baseline and the instants they were observed (0: none)."""
        if self.waits:
            return np.full(self.size, np.nan), np.zeros(self.size, np.int64)
        return self.before(need)

    def comparable(self, need: Need) -> Floats:
        """A product is the same at both times; of a figure only those count that were there."""
        if need.metric.figure is None:
            return self.number(need.metric)
        everyone, rows = self.everyone()
        if everyone is self:
            return self._among.comparable(self, need)
        return _at(everyone.comparable(need), rows)

    def compared(self, _need: Need, _row: int) -> None:
        return None

    def members(self, _metric: Metric, _need: Need | None, _row: int) -> tuple[Member, ...]:
        return ()

    def before(self, need: Need) -> tuple[Floats, Ints]:
        """The baseline also where conditions wait."""
        baseline = self._baselines.get(need)
        if baseline is None and need.metric.figure is not None:
            baseline = self._baselines[need] = self._figure_before(need)
        elif baseline is None:
            if isinstance(need.from_, Last):
                values, at = self._last.of(need.metric, self.number(need.metric)[: self.listed])
            else:
                columns, at = self._observed[need.from_]
                columns = {**columns, **self.owned(need.metric)}
                # An age is that of the day on which each value was observed.
                values = np.where(at > 0, need.metric.compute(columns, at), np.nan)
            instants = np.concatenate([at, np.zeros(self.size - self.listed, np.int64)])
            baseline = self._baselines[need] = self._padded(values), instants
        return baseline

    def _figure_before(self, need: Need) -> tuple[Floats, Ints]:
        everyone, rows = self.everyone()
        if everyone is self:
            return self._among.then(self, need)
        values, at = everyone.before(need)
        return _at(values, rows), _at(at, rows, 0)

    def gap(self, need: Need, row: int) -> Gap | None:
        """The reason why a last value is older than the last two scans, where it is."""
        if not isinstance(need.from_, Last) or need.metric.figure is not None:
            return None
        values, instants = self.baseline(need)
        return None if np.isnan(values[row]) else self._last.gap(row, int(instants[row]))

    def count(self, need: Need, row: int) -> int:
        """The number of values of which a ``Usual`` of a sum of several days is taken, or was to
        be."""
        return int(self._counts[need][row])

    def days(self, need: Need, row: int) -> int | None:
        days = self._days.get(need)
        return None if days is None else int(days[row])

    @cached_property
    def cut(self) -> bool:
        """Whether the scan did not read its list to the end."""
        return not read_to_its_end(self.scan)

    def everyone(self) -> tuple[ScanTable, Ints]:
        """All that the scan listed: read, where this table has but a part of it."""
        if not self._seen.part:
            return self, np.arange(self.size)
        if self._everyone is None:
            scan, seen = self._past.everyone(self.scan.watch, self.scan_id)
            table = ScanTable(scan, seen, self._past, self._of_figures, self.schedule)
            self._everyone = table, positions(table.products, self.products)
        self._everyone[0].waits = self.waits
        return self._everyone

    def appeared(self) -> Masks:
        """Products that the watch lists for the first time; known once it had a complete scan."""
        known, fresh = np.zeros((2, self.size), np.bool_)
        known[: self.listed] = self._seen.had_complete
        fresh[: self.listed] = self._seen.first_seen
        return Masks(fresh & known, known)

    def returned(self) -> tuple[Masks, Ints]:
        """Products that the watch lists again after it proved that they were not there; known once
        it had two scans that prove such a thing. And when each was listed last before."""
        met, known = np.zeros((2, self.size), np.bool_)
        at = np.zeros(self.size, np.int64)
        watch, seen = self.scan.watch, self._seen
        proofs = self._past.proofs(watch, seen.scan_id, COMPLETE_SCANS)
        if len(proofs) == COMPLETE_SCANS:
            listed = self._past.last(watch, seen.scan_id, seen.products, (), doubted=True).at
            at[: self.listed], known[: self.listed] = listed, True
            back = np.flatnonzero(~seen.first_seen & (listed < proofs[-1][1]))
            # Who was not asked for then, of products that are asked for by name, was not away.
            met[back] = ~self._past.taken_out(watch, proofs[-1][0], seen.products[back])
        return Masks(met, known), at

    def gone(self) -> Masks:
        """Products that are gone: who is listed is not, but where all of them are."""
        known = np.arange(self.size) < self.listed
        return Masks(known if self.gone_at is not None else np.zeros_like(known), known)

    def fallen(self) -> Bools:
        """The rows of products that this scan did not list, and the last list had."""
        return np.arange(self.size) >= self.listed

    @cached_property
    def _regions(self) -> tuple[str, ...]:
        """The products' regions, first the scan's, where they may be of several."""
        if self.scan.of_market:
            return ()
        told = dict.fromkeys(filter(None, self.scan.texts["region"]))
        return tuple(dict.fromkeys([self.scan.region, *told]))

    def taken_out(self, products: Ints) -> Bools:
        """(n,) the products that the user took out of what the watch asks for by name."""
        if self.scan.of_market or not len(products):
            return np.zeros(len(products), np.bool_)
        return self._past.taken_out(self.scan.watch, self._seen.scan_id, products)

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
        if name in OF_LIST:
            facts = self._seen.facts or ListFacts()
            return np.full(self.listed, facts.day if name == LIST_DAY else facts.sparse, np.float64)
        return self.scan.column(name)

    def _read_lists(self, needs: Sequence[Need]) -> Ints:
        """Fills the baselines of ranks on the last list; who is not listed any more. Absence from
        some scans proves nothing (``Scan.proves_absence``): those have none of these."""
        asked = {need: need.from_.places for need in needs if isinstance(need.from_, LastList)}
        lists = {places: self._list(places) for places in set(asked.values())}
        fallen = self._fallen(lists)
        products = np.concatenate([self._seen.products, fallen])
        for need, places in asked.items():
            earlier = lists[places]
            ranks, at = np.full(len(products), np.nan), 0
            if earlier is not None:
                ranks, at = earlier.ranks_of(products), earlier.at
            self._baselines[need] = ranks, np.where(np.isnan(ranks), 0, at)
        return fallen

    def _fallen(self, lists: Mapping[int, EarlierList | None]) -> Ints:
        """Products that the last lists had, and this scan proves to be off the list."""
        if not lists or not self.scan.proves_absence:
            return np.zeros(0, np.int64)
        missing = self._wanted
        if missing is not None:
            missing = np.setdiff1d(missing, self._seen.products)
            if not len(missing):
                return missing
        longest = lists.get(LONGEST_LIST) or self._list(LONGEST_LIST)
        listed = [each.products for each in (*lists.values(), longest) if each is not None]
        every = np.concatenate([np.zeros(0, np.int64), *listed])
        if missing is not None:
            return missing[np.isin(missing, every)]
        return np.setdiff1d(every, self._seen.products)

    def _list(self, places: int) -> EarlierList | None:
        return self._past.standing(self.scan.watch, self._seen.scan_id, places)

    def _read_observations(self, needs: Sequence[Need]) -> None:
        fields_at: dict[Ago, set[str]] = {}
        for need in needs:
            if isinstance(need.from_, Ago):
                fields_at.setdefault(need.from_, set()).update(need.metric.needs)
        for ago, names in fields_at.items():
            fields = sorted(names)
            newest = self.durations.ago(ago.seconds, self.at)
            oldest = self.durations.oldest(ago.seconds, ago.older, self.at)
            found = self._past.ago(
                self.scan.watch, self._seen.products, newest, oldest, fields,
                scan_id=self._seen.scan_id, regions=self._regions,
            )  # fmt: skip
            columns = {name: found.values[:, index] for index, name in enumerate(fields)}
            self._observed[ago] = (columns, found.at)

    def _read_statistics(self, needs: Sequence[Need]) -> None:
        asked = {need: over for need in needs if (over := over_of(need)) is not None}
        if not asked:
            return
        statistics = Statistics(asked, self.size, self.at, self.durations, self.owned)
        scan, seen, within = self.scan, self._seen, (statistics.begin, self.at)
        query = WindowQuery(
            scan.watch,
            scan.region,
            seen.products,
            within,
            statistics.fields,
            seen.scan_id,
            more=self._regions[1:],
        )
        statistics.take(self._past.windows(query))
        self._baselines |= statistics.results()
        self._counts, self._days = statistics.counts, statistics.days
