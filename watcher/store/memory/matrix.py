"""The past as columns in memory: it answers what the history answers, many times as fast. It never
changes while scans are played to rules, so that several sets of rules can have it. What it has not
in memory it asks the database for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, takewhile

import numpy as np

from watcher.attributes import TEXT_OF
from watcher.model import OF_LIST, Bools, Floats, Instant, Ints, LastTexts
from watcher.store.memory.timeline import NONE, PastList, Timeline, Versions
from watcher.store.packing import EMPTY, Wholes
from watcher.store.records import (
    AFTER_ALL,
    RANK,
    Baseline,
    EarlierList,
    Jumped,
    OwnScan,
    Window,
    WindowQuery,
    of_products,
)
from watcher.store.sql.baselines import HALF, NEVER, numbers_in_force
from watcher.store.sql.connection import Connection, chunks
from watcher.store.sql.text_history import LastTextReader, TextNumbers

_MANY = 100  # products: so many are looked up at once
_CELLS = 2_000_000  # of a window: scans times products


class Matrix:
    """The scans of ``timeline`` and the numbers of ``versions``. ``first_seen`` has, by the store's
    key of a product, when any scan saw it first."""

    def __init__(
        self, db: Connection, timeline: Timeline, versions: Versions, first_seen: Ints
    ) -> None:
        self.timeline = timeline
        self.jumps = MatrixJumps(timeline)
        self._db = db
        self._versions = versions
        self._first_seen = first_seen
        self._spoken = dict[str, TextNumbers]()
        # By a product's key where it stands among those that are asked for; -1 elsewhere.
        self._row_of = np.full(len(first_seen) + 1, -1, np.int32)

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline:  # fmt: skip
        line, baseline = self.timeline, Baseline.nothing(len(products), fields)
        place = line.place(scan_id)
        if place == len(line) or line.ids[place] != scan_id or line.watches[place] != watch:
            return baseline
        previous = self._previous(place, products)
        if not doubted:
            previous = self._believed(previous, scan_id, products)
        scans = line.places(previous)
        at = np.where(scans >= 0, line.at[scans], 0)
        scans = np.where(at >= not_before, scans, NONE)
        baseline.at[:] = np.where(scans >= 0, at, 0)
        self._fill(baseline, products, scans, fields)
        self._fill_ranks(baseline, products, scans, fields)
        return baseline

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int = AFTER_ALL, regions: Sequence[str] = (),
    ) -> Baseline:  # fmt: skip
        baseline, within = Baseline.nothing(len(products), fields), (not_before, at)
        line, before = self.timeline, self.timeline.place(scan_id)
        own = line.of_watch(watch, before)
        if RANK in fields:
            scans = self._walk(own, products, within, scan_id)
            baseline.at[:] = np.where(scans >= 0, line.at[scans], 0)
            self._fill_ranks(baseline, products, scans, fields)
        if any(name != RANK for name in fields):
            every = line.of_watch(watch)
            here = regions or [line.regions[every[0]] if len(every) else ""]
            others = line.of_regions(here, before)
            scans = self._walk(others, products, within, scan_id)
            baseline.at[:] = np.where(scans >= 0, line.at[scans], 0)
            self._fill(baseline, products, scans, fields)
        return baseline

    def windows(self, query: WindowQuery) -> Iterator[Window]:
        line = self.timeline
        scans, valued = self._window_scans(query)
        if not len(scans):
            return
        ranked = (
            (scans == valued) & np.isin(scans, line.of_watch(query.watch)) & (RANK in query.fields)
        )
        facts = {name: line.facts_at(valued, name) for name in OF_LIST if name in query.fields}
        for rows in chunks(len(query.products), max(1, _CELLS // len(scans))):
            window = self._window(query.products[rows], scans, valued, ranked, query.numbers)
            for name in TEXT_OF.keys() & {*query.fields}:
                numbers, products = self._numbers_of(name), query.products[rows]
                found = [numbers.at(products, mark) for mark in line.marks[valued].tolist()]
                window[name] = np.where(window[_SEEN], np.array(found), np.nan)
            for name, column in facts.items():
                window[name] = np.where(window[_SEEN], column[:, np.newaxis], np.nan)
            yield Window(rows, line.at[scans], {name: window[name] for name in query.fields})

    def _window_scans(self, query: WindowQuery) -> tuple[Ints, Ints]:
        """The scans of a time, and those whose numbers each of them has."""
        line, own, scan_id = self.timeline, query.only_own, query.scan_id
        before, (begin, end) = line.place(scan_id), query.within
        scans = (
            line.of_watch(query.watch, before) if own else line.of_regions(query.regions, before)
        )
        at = line.at[scans]
        scans = scans[(at >= begin) & (at < end) & (line.sizes[scans] > 0)]
        valued = scans.copy()
        for row in np.flatnonzero(self.jumps.doubted(line.ids[scans], scan_id)).tolist():
            none = own or self.jumps.is_half(int(line.ids[scans[row]]))
            valued[row] = NONE if none else self._before(int(scans[row]), scan_id)
        kept = np.flatnonzero(valued >= 0)
        kept = kept[np.argsort(valued[kept], kind="stable")]
        return scans[kept], valued[kept]

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None:
        line, read = self.timeline, None
        for scan in self._trusted(watch, line.place(scan_id), scan_id):
            complete = bool(line.complete[scan])
            if complete or line.depths[scan] >= max(places, 1):
                listing = line.list_of(scan)
                read = read or EarlierList(int(line.at[scan]), EMPTY, EMPTY)
                read = read.and_missing(
                    listing.products.astype(np.int64),
                    listing.ranks.astype(np.int64),
                    whole=complete,
                )
                if line.proves[scan] or not complete:
                    return read
        return None

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        line, found = self.timeline, []
        for scan in self._trusted(watch, line.place(scan_id), scan_id):
            if line.at[scan] < since:
                break
            if not line.failed[scan]:
                found.append((int(line.at[scan]), bool(line.proves[scan])))
        return found

    def own_scans(self, watch: str, scan_id: int, within: tuple[Instant, Instant]) -> list[OwnScan]:
        line = self.timeline
        return [
            OwnScan(
                int(line.ids[scan]),
                int(line.at[scan]),
                bool(line.proves[scan]),
                bool(line.complete[scan]),
            )
            for scan in self._trusted(watch, line.place(scan_id), scan_id)
            if line.read[scan] and within[0] <= line.at[scan] <= within[1]
        ]

    def last_texts(
        self, scan_id: int, products: Ints, name: str, now: Sequence[str | None],
        not_before: Instant,
    ) -> LastTexts:  # fmt: skip
        def before(scan: int, wanted: Ints) -> Ints:
            previous = self._previous(self.timeline.place(scan), wanted).astype(np.int64)
            return self._believed(previous, scan_id, wanted)

        reader = LastTextReader(self._db, before)
        return reader.read(scan_id, products, name, now, not_before)

    def proofs(self, watch: str, scan_id: int, count: int) -> list[tuple[int, Instant]]:
        line = self.timeline
        scans = self._trusted(watch, line.place(scan_id), scan_id)
        proving = islice((scan for scan in scans if line.proves[scan]), count)
        return [(int(line.ids[scan]), int(line.at[scan])) for scan in proving]

    def judged_before(self, watch: str, scan_id: int) -> int:
        line = self.timeline
        for scan in line.newest_first(watch, line.place(scan_id)):
            if line.proves[scan] and not self.jumps.is_doubted(int(line.ids[scan])):
                return int(line.ids[scan])
        return 0

    def listed(self, watch: str, first: int, after: int) -> Ints:
        line = self.timeline
        scans = line.of_watch(watch, line.place(after))
        scans = scans[scans >= line.place(first)]
        found = [line.list_of(scan).products.astype(np.int64) for scan in scans.tolist()]
        return np.unique(np.concatenate([EMPTY, *found]))

    def _trusted(self, watch: str, before: int, scan_id: int) -> Iterator[int]:
        """The watch's scans before a place that ``scan_id`` believes, the newest first."""
        scans = self.timeline.newest_first(watch, before)
        return (scan for scan in scans if not self.jumps.is_doubted_by(scan, scan_id))

    def numbers(self, products: Ints, scan: int, fields: Sequence[str]) -> Floats:
        """(n, k) fields of each product at a scan; NaN is absent."""
        baseline = Baseline.nothing(len(products), fields)
        self._fill(baseline, products, np.full(len(products), scan), fields)
        return baseline.values

    def holds(self, fields: Iterable[str]) -> bool:
        """Whether these are in memory."""
        return self._versions.fields.issuperset(fields)

    def column(self, scan: int, name: str, rows: Ints | None = None) -> Floats:
        """A field of the products that the scan listed, or of those in some rows of its list."""
        listing = self.timeline.list_of(scan)
        if name in self._versions.fields and scan >= self._versions.first:
            versions = self._versions_of(scan, listing)
            return self._versions.values(name, versions if rows is None else versions[rows])
        products = listing.products if rows is None else listing.products[rows]
        return self.numbers(products.astype(np.int64), scan, [name])[:, 0]

    def last_sights(self, watch: str, products: Ints, before: int) -> Ints:
        """(n,) the watch's newest scan before a place that saw each; ``NONE`` where none did."""
        return self._newest(self.timeline.newest_first(watch, before), products)

    def last_seen(self, region: str, products: Ints, before: int) -> Ints:
        """(n,) when any watch saw each last before a place; 0 for never."""
        scans = self.timeline.of_regions([region], before)[::-1]
        found = self._newest(iter(scans.tolist()), products)
        return np.where(found >= 0, self.timeline.at[found], 0)

    def _newest(self, scans: Iterator[int], products: Ints) -> Ints:
        found, left = np.full(len(products), NONE), np.arange(len(products))
        for scan in scans:
            if not len(left):
                break
            hit = self._positions(self.timeline.list_of(scan).products, products[left]) >= 0
            found[left[hit]] = scan
            left = left[~hit]
        return found

    def _positions(self, listed: Wholes, products: Wholes) -> Wholes:
        """Return where in a list each product stands; -1 where it does not."""
        if len(products) == len(listed) and np.array_equal(listed, products):
            return np.arange(len(listed))
        self._row_of[listed] = np.arange(len(listed), dtype=np.int32)
        places = self._row_of[products]
        self._row_of[listed] = -1
        return places

    def _fill_ranks(
        self, baseline: Baseline, products: Ints, scans: Ints, fields: Sequence[str]
    ) -> None:
        """The rank of each product in the list of its scan, where ranks are asked for."""
        for scan in np.unique(scans[scans >= 0]).tolist() if RANK in fields else ():
            rows, listing = np.flatnonzero(scans == scan), self.timeline.list_of(scan)
            places = self._positions(listing.products, products[rows])
            ranks = np.append(listing.ranks, 0)[places].astype(np.float64)  # -1 finds the 0
            baseline.values[rows, fields.index(RANK)] = np.where(ranks > 0, ranks, np.nan)

    def _numbers_of(self, name: str) -> TextNumbers:
        """A number in the texts of all products, at any time."""
        if name not in self._spoken:
            products = np.flatnonzero(self._first_seen)
            self._spoken[name] = TextNumbers.read(self._db, products, name)
        return self._spoken[name]

    def _previous(self, scan: int, products: Ints) -> Ints:
        """(n,) the id of the scan in which the scan's watch saw each before; 0 for none."""
        listing = self.timeline.list_of(scan)
        return np.append(listing.previous, 0)[self._positions(listing.products, products)]

    def _believed(self, previous: Ints, scan_id: int, products: Ints) -> Ints:
        """``previous``, and in place of a scan that ``scan_id`` doubts the one before it."""
        while (doubted := self.jumps.doubted(previous, scan_id)).any():
            previous = previous.copy()
            for found in np.unique(previous[doubted]).tolist():
                rows, place = np.flatnonzero(previous == found), self.timeline.place(found)
                previous[rows] = self._previous(place, products[rows])
        return previous

    def _before(self, scan: int, scan_id: int) -> int:
        """The scan before a doubted one, of its watch, that ``scan_id`` believes."""
        line = self.timeline
        earlier = self._trusted(line.watches[scan], scan, scan_id)
        return next((place for place in earlier if line.sizes[place] > 0), NONE)

    def _walk(
        self, scans: Ints, products: Ints, within: tuple[Instant, Instant], scan_id: int
    ) -> Ints:
        """(n,) of these scans the newest in a time that saw each product; see ``baselines.ago``."""
        line = self.timeline
        at = line.at[scans]
        inside = (at >= within[0]) & (at <= within[1]) & (line.sizes[scans] > 0)
        scans = scans[inside]
        order = scans[np.lexsort((scans, at[inside]))[::-1]]
        doubts = self.jumps.doubted(line.ids[order], scan_id)
        found, left = np.full(len(products), NONE), np.arange(len(products))
        for turn, scan in enumerate(order[~doubts].tolist()):
            hit = self._positions(line.list_of(scan).products, products[left]) >= 0
            found[left[hit]] = scan
            left = left[~hit]
            if not turn:
                # Most of those that are missing are new: no older scan can have them.
                left = left[self._first_seen[products[left]] <= within[1]]
            if not len(left):
                return found
        for scan in order[doubts].tolist():
            previous = self._previous(scan, products[left])
            previous = self._believed(previous, scan_id, products[left])
            places = line.places(previous)
            found[left[places >= 0]] = places[places >= 0]
            left = left[places < 0]
        return found

    def _fill(self, baseline: Baseline, products: Ints, scans: Ints, fields: Sequence[str]) -> None:
        """The numbers of each product at its scan; ``at`` becomes 0 where there are none."""
        line = self.timeline
        for name in set(fields) & set(OF_LIST):
            baseline.values[:, fields.index(name)] = line.facts_at(scans, name)
        for name in set(fields) & TEXT_OF.keys():
            marks = np.where(scans >= 0, line.marks[scans], 0)
            baseline.values[:, fields.index(name)] = self._numbers_of(name).at(products, marks)
        names = of_products(fields)
        if not names:
            return
        columns = np.array([fields.index(name) for name in names])
        kept = (scans >= self._versions.first) & self.holds(names)
        late, early = np.flatnonzero(kept), np.flatnonzero((scans >= 0) & ~kept)
        versions = self._versions_at(products[late], scans[late])
        for name, column in zip(names, columns.tolist(), strict=True):
            baseline.values[late, column] = self._versions.values(name, versions)
        baseline.at[late[versions < 0]] = 0
        values, found = numbers_in_force(self._db, products[early], line.marks[scans[early]], names)
        baseline.values[np.ix_(early, columns)] = values
        baseline.at[early[~found]] = 0

    def _versions_at(self, products: Ints, scans: Ints) -> Wholes:
        """(n,) the version of each product at its scan; by the scan's list, for many."""
        found = np.full(len(products), -1, np.int32)
        left = np.ones(len(products), np.bool_)
        groups, counts = np.unique(scans, return_counts=True)
        for scan in groups[counts >= _MANY].tolist():
            rows, listing = np.flatnonzero(scans == scan), self.timeline.list_of(scan)
            places = self._positions(listing.products, products[rows])
            rows, places = rows[places >= 0], places[places >= 0]
            found[rows] = self._versions_of(scan, listing)[places]
            left[rows] = False
        found[left] = self._versions.of(products[left], scans[left])
        return found

    def _versions_of(self, scan: int, listing: PastList) -> Wholes:
        if listing.versions is None:
            listing.versions = self._versions.of(listing.products, scan)
        return listing.versions

    def _window(
        self, products: Ints, scans: Ints, valued: Ints, ranked: Bools,
        names: Sequence[str],
    ) -> dict[str, Floats]:  # fmt: skip
        """(S, m) of each name, of ``rank``, and of ``_SEEN`` who was seen."""
        size = len(products)
        shape = len(scans), size + 1  # the last, which -1 finds too, is of all that nobody asks for
        versions = np.full(shape, -1, np.int32)
        seen = np.zeros(shape, np.bool_)
        ranks = np.full(shape, np.nan) if ranked.any() else np.broadcast_to(np.nan, shape)
        late = (valued >= self._versions.first) & self.holds(names)
        self._row_of[products] = np.arange(size, dtype=np.int32)
        for turn, (scan, value) in enumerate(zip(scans.tolist(), valued.tolist(), strict=True)):
            listing = self.timeline.list_of(scan)
            places = self._row_of[listing.products]
            seen[turn, places] = True
            if ranked[turn]:
                ranks[turn, places] = np.where(listing.ranks > 0, listing.ranks, np.nan)
            if late[turn]:
                versions[turn, places] = self._versions_in(listing, scan, value)
        self._row_of[products] = -1
        seen, ranks, versions = seen[:, :size], ranks[:, :size], versions[:, :size]
        found = {name: self._versions.values(name, versions) for name in names}
        for turn in np.flatnonzero(~late).tolist():
            known = np.flatnonzero(seen[turn])
            values = self.numbers(products[known], int(valued[turn]), names)
            for name, column in zip(names, values.T, strict=True):
                found[name][turn, known] = column
        return {_SEEN: seen, RANK: ranks, **found}

    def _versions_in(self, listing: PastList, scan: int, value: int) -> Wholes:
        """The versions of a scan's products as they were at the scan ``value``."""
        if value == scan:
            return self._versions_of(scan, listing)
        return self._versions.of(listing.products, value)


_SEEN = "seen"


class MatrixJumps:
    """The scans that are doubted, as ``Jumps`` of the store has them: in memory."""

    def __init__(self, timeline: Timeline) -> None:
        self._line = timeline
        self.until: dict[int, int] = {}  # up to which scan each is doubted

    def doubt(self, scan_id: int) -> None:
        self.until[scan_id] = NEVER

    def believe(self, scan_id: int, after: int) -> None:
        self.until[scan_id] = after

    def is_doubted(self, scan_id: int) -> bool:
        return scan_id in self.until

    def doubt_half(self, scan_id: int) -> None:
        self.until[scan_id] = HALF

    def is_half(self, scan_id: int) -> bool:
        return self.until.get(scan_id) == HALF

    def is_doubted_by(self, place: int, by: int) -> bool:
        """Whether the scan ``by`` doubts the one at a place."""
        return self.until.get(int(self._line.ids[place]), 0) >= by

    def doubted(self, scan_ids: Ints, by: int) -> Bools:
        """(n,) whether the scan ``by`` doubts each."""
        doubted = [scan for scan, until in self.until.items() if until >= by]
        return np.isin(scan_ids, doubted) if doubted else np.zeros(len(scan_ids), np.bool_)

    def before(self, watch: str, scan_id: int) -> list[Jumped]:
        line = self._line
        scans = line.of_watch(watch, line.place(scan_id))
        newest = (
            scan
            for scan in scans[line.read[scans]][::-1].tolist()
            if not self.is_half(int(line.ids[scan]))
        )
        return [
            Jumped(int(line.ids[scan]), int(line.at[scan]), int(line.sizes[scan]))
            for scan in takewhile(lambda scan: self.is_doubted_by(scan, scan_id), newest)
        ]

    def is_calm(self, watch: str, scan_id: int) -> bool:
        line = self._line
        place = line.place(scan_id)
        scans = line.of_region(line.regions[place], place)
        newest = scans[line.read[scans]][-1:].tolist()
        return any(
            line.watches[scan] == watch and not self.is_doubted_by(scan, scan_id) for scan in newest
        )
