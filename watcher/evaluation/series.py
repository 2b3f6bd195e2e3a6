"""The past of one product as tracks: a metric's values in steps, each in force until the next.
Where scans looked for the product and did not see it, there is no value."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from watcher.model import OF_LIST, Bools, Floats, Instant, Ints, ProductFacts
from watcher.rules.metrics import OF_SCAN, RANK, Metric
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.records import AFTER_ALL, Absence, WindowQuery
from watcher.units import Unit

# The product's place on a list at each scan; None where it was not on it.
Places: TypeAlias = Sequence[tuple[Instant, int | None]]
_TRUTH = (("no", 0), ("yes", 1))
# Where the numbers' own order is not that from the lowest to the highest.
_ORDER = {"sales_trend_flag": ("falling", "stable", "rising")}


@dataclass(frozen=True, slots=True)
class Levels:
    """``names`` from the lowest to the highest level, and (m,) the ``heights`` of a track's values
    among them: 0 is the lowest, NaN no value."""

    names: tuple[str, ...]
    heights: Floats


def levels_of(track: Track) -> Levels | None:
    """The levels of a track; None of what is no flag, or has a value that has no name."""
    if track.metric.unit is not Unit.FLAG:
        return None
    metric = track.metric
    named = dict(metric.names or _TRUTH)
    names = [(name, named[name]) for name in _ORDER.get(metric.name, named)]
    heights = np.full(len(track.values), np.nan)
    for height, (_, value) in enumerate(names):
        heights[track.values == value] = height
    if (np.isnan(heights) & np.isfinite(track.values)).any():
        return None
    return Levels(tuple(name for name, _ in names), heights)


def heights_of(track: Track) -> tuple[Floats, tuple[str, ...]]:
    """The values to draw, and the names of 0, 1, 2 ..., where these are levels."""
    levels = levels_of(track)
    return (track.values, ()) if levels is None else (levels.heights, levels.names)


def number(value: float) -> float | None:
    """None for no value; a whole number without decimals."""
    if not math.isfinite(value):
        return None
    return int(value) if value == int(value) else value


@dataclass(frozen=True, slots=True)
class Track:
    """``values`` (m,) of a metric from the instants ``at`` (m,) on, rising; NaN is no value.
    ``line`` is ``at`` as it is drawn: that a product is not seen begins when it was seen last.
    ``on`` is the name of the list that it is of, where it differs from one to the next."""

    name: str
    label: str
    metric: Metric
    at: Ints
    values: Floats
    line: Ints
    on: str = ""

    @property
    def empty(self) -> bool:
        return bool(np.isnan(self.values).all())


@dataclass(frozen=True, slots=True)
class Seen:
    """Numbers (m, k) of ``fields`` that were seen of a product at the instants ``at`` (m,)."""

    fields: tuple[str, ...]
    at: Ints
    numbers: Floats


def tracks_of(
    database: Store,
    product: ProductFacts,
    metrics: Sequence[Metric],
    watches: Sequence[Watch],
    since: Instant,
    *,
    absences: Sequence[Absence] | None = None,
    seen: Seen | None = None,
    places: Mapping[str, Places] | None = None,
) -> list[Track]:
    """A track for each of ``metrics``; of ``rank`` one for each of ``watches`` that ranked it.
    ``absences``, what was ``seen`` (``seen_of``) and its ``places`` by watch are the product's,
    where they are known already."""
    if absences is None:
        absences = database.history.absences([product.product], since)[product.product]
    past = _Past(database, product, since, absences, places or {})
    found = past.changes([metric for metric in metrics if not metric.needs & OF_SCAN])
    if of_lists := [metric for metric in metrics if needs_sightings(metric)]:
        found |= _of_fields(of_lists, seen or past.seen(of_lists), absences, product.product_id)
    tracks: list[Track] = []
    for metric in metrics:
        tracks += [found[metric]] if metric in found else past.on(watches, metric)
    return tracks


@dataclass(frozen=True, slots=True)
class _Past:
    """A product from an instant on."""

    database: Store
    product: ProductFacts
    since: Instant
    absences: Sequence[Absence]
    places: Mapping[str, Places]

    def changes(self, metrics: Sequence[Metric]) -> dict[Metric, Track]:
        fields = tuple(sorted({name for metric in metrics for name in metric.needs}))
        key, seen = self.product.product, self.product.observed_at or 0
        found = self.database.history.series(key, fields, self.since, seen)
        return _of_fields(metrics, Seen(fields, *found), self.absences, self.product.product_id)

    def seen(self, metrics: Sequence[Metric], watch: str = "") -> Seen:
        keys, region = [self.product.product], self.product.region
        return seen_of(self.database, region, keys, metrics, self.since, watch)[0]

    def on(self, watches: Sequence[Watch], metric: Metric) -> Iterator[Track]:
        """Yield the tracks of what differs from one watch to the next: the rank, or a formula of
        it."""
        for watch in watches:
            if metric.needs == {RANK}:
                track = self._places(watch, metric)
            else:
                own = self.seen([metric], watch.key)
                track = _of_fields([metric], own, self.absences, self.product.product_id)[metric]
            if not track.empty:
                name, label = f"{metric.name} in {watch.name}", f"{metric.label} in {watch.name}"
                yield replace(track, name=name, label=label, on=watch.name)

    def _places(self, watch: Watch, metric: Metric) -> Track:
        found = self.places.get(watch.key)
        if found is None:
            found = [*self.database.history.ranks(watch.key, self.product.product, self.since)]
        at = np.array([at for at, _ in found], np.int64)
        places = np.array([np.nan if rank is None else rank for _, rank in found], np.float64)
        values = metric.compute({RANK: places}, at)
        # There is a row for each scan: the one before was the last that saw it.
        line = np.where(np.isnan(values), np.append(at[:1], at[:-1]), at)
        return Track("", "", metric, at, values, line)


def needs_sightings(metric: Metric) -> bool:
    """Whether its value may be new at a scan at which none of the product's numbers is: what the
    list says of itself plays a part in it."""
    return bool(metric.needs & {*OF_LIST}) and RANK not in metric.needs


def seen_of(
    database: Store,
    region: str,
    products: Sequence[int],
    metrics: Sequence[Metric],
    since: Instant,
    watch: str = "",
) -> list[Seen]:
    """The numbers of ``metrics``, for each product, at each scan of the region that saw it, or of
    one ``watch`` only."""
    fields = tuple(sorted({name for metric in metrics for name in metric.needs}))
    nothing = Seen(fields, np.zeros(0, np.int64), np.zeros((0, len(fields))))
    found = [nothing] * len(products)
    keys, within = np.array(products, np.int64), (since, AFTER_ALL)
    query = WindowQuery(watch, region, keys, within, fields, own=bool(watch))
    for window in database.history.windows(query):
        for place in range(window.rows.start, window.rows.stop):
            columns = [window.values[name][:, place - window.rows.start] for name in fields]
            numbers = np.column_stack(columns)
            seen = ~np.isnan(numbers).all(axis=1)
            # Of two scans of one moment the later stands: they come as they were recorded.
            at, first = np.unique(window.at[seen][::-1], return_index=True)
            found[place] = Seen(fields, at, numbers[seen][::-1][first])
    return found


def _of_fields(
    metrics: Sequence[Metric], seen: Seen, absences: Sequence[Absence], product_id: str
) -> dict[Metric, Track]:
    at, numbers, line, missing = _interrupted(seen.at, seen.numbers, absences)
    columns = {name: numbers[:, index] for index, name in enumerate(seen.fields)}
    tracks = {}
    for metric in metrics:
        # An age, and what is made of one, is that of the day of each observation.
        own = {name: np.full(len(at), one[0]) for name, one in metric.owned([product_id]).items()}
        values = metric.compute({name: columns[name] for name in metric.needs} | own, at)
        values = np.where(missing, np.nan, values)
        tracks[metric] = Track(metric.name, metric.label, metric, at, values, line)
    return tracks


def merged(tracks: Sequence[Track]) -> tuple[Ints, Floats]:
    """(m,) instants at which any of the tracks changed, and (m, k) the values from then on. The
    last row is when the product was last seen, changed or not."""
    times = np.unique(np.concatenate([track.at for track in tracks]))
    table = np.full((len(times), len(tracks)), np.nan)
    for column, track in enumerate(tracks):
        places = np.searchsorted(track.at, times, side="right") - 1
        known = places >= 0
        table[known, column] = track.values[places[known]]
    kept = np.ones(len(table), np.bool_)
    before, after = table[:-1], table[1:]
    same = (before == after) | (np.isnan(before) & np.isnan(after))
    kept[1:] = ~same.all(axis=1)
    kept[-1:] = True
    return times[kept], table[kept]


def _interrupted(
    at: Ints, numbers: Floats, absences: Sequence[Absence]
) -> tuple[Ints, Floats, Ints, Bools]:
    """The series with a row where each absence begins and one where it ends: the instants, the
    numbers in force, the instants as they are drawn, and which rows are of an absence."""
    edges = [edge for each in absences for edge in (each.missing, each.back)]
    times = np.union1d(at, np.array(edges, np.int64)) if len(at) else at
    places = np.searchsorted(at, times, side="right") - 1
    times, places = times[places >= 0], places[places >= 0]
    line, missing = times.copy(), np.zeros(len(times), np.bool_)
    for each in absences:
        within = (times >= each.missing) & (times < each.back)
        missing |= within
        line[within] = np.maximum(each.seen, times[:1])
    return times, numbers[places], line, missing
