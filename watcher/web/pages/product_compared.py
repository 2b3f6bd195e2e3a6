"""Reads the products in a product's plot: their past, what was before it, and their gaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from watcher.evaluation.earlier import Level, earlier_of
from watcher.evaluation.series import Places, Track, tracks_of
from watcher.model import Instant, ProductFacts
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.records import Absence
from watcher.web.pages.product_view import ProductView
from watcher.web.ranges import Range

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ComparedProduct:
    """A product in the plot: its ``tracks`` by metric, the averages ``before`` it was watched, and
    the times in which no scan saw it."""

    facts: ProductFacts
    tracks: Mapping[Metric, Track]
    before: Mapping[Metric, Sequence[Level]]
    gaps: Sequence[tuple[Instant, Instant]]


def compared_of(
    database: Store, view: ProductView, products: Sequence[ProductFacts], usual: Sequence[Metric],
    watches: Sequence[Watch], listed: Iterable[str],
) -> list[ComparedProduct]:  # fmt: skip
    """Read the products of a view; of the first, which ``listed`` are the watches of, the ``usual``
    metrics, too. Places are those on the lists of ``watches``."""
    keys, begin = [each.product for each in products], view.time.begin
    places = {watch.key: database.history.places(watch.key, keys, begin) for watch in watches}
    reader = _Reader(
        database, view, watches, places,
        _by_region(products, lambda keys: database.history.absences(keys, begin)),
        {keys[0]: listed, **_by_region(products[1:], database.history.listed_by)},
    )  # fmt: skip
    return [reader.read(each, usual if each is products[0] else ()) for each in products]


def _by_region(
    products: Sequence[ProductFacts], read: Callable[[Sequence[int]], Mapping[int, T]]
) -> dict[int, T]:
    """Read something of the products of each region at once."""
    found = dict[int, T]()
    for region in dict.fromkeys(each.region for each in products):
        found |= read([each.product for each in products if each.region == region])
    return found


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the products of a view one by one; ``places`` are those of all of them, by watch, and
    ``absences`` and the watches by which they were ``listed`` by product."""

    database: Store
    view: ProductView
    watches: Sequence[Watch]
    places: Mapping[str, Mapping[int, Places]]
    absences: Mapping[int, Sequence[Absence]]
    listed: Mapping[int, Iterable[str]]

    def read(self, facts: ProductFacts, usual: Sequence[Metric]) -> ComparedProduct:
        """One product in the plot; of the page's own the ``usual`` metrics are read, too."""
        view, key = self.view, facts.product
        absences = self.absences[key]
        tracks = tracks_of(
            self.database, facts, [*dict.fromkeys([*usual, *view.metrics])], self.watches,
            view.time.begin, absences=absences,
            places={watch: found[key] for watch, found in self.places.items()},
        )  # fmt: skip
        return ComparedProduct(
            facts,
            {track.metric: cut(track, view.time.end) for track in tracks},
            earlier_of(self.database, key, view.metrics),
            [
                *_gaps(facts, absences, view.time),
                *_gone(self.database, facts, self.listed[key], view.time),
            ],
        )


def cut(track: Track, end: Instant) -> Track:
    """The track up to ``end``, with the value that is in force then."""
    kept = track.line <= end
    if kept.all():
        return track
    at, values, line = track.at[kept], track.values[kept], track.line[kept]
    if len(values) and np.isfinite(values[-1]):
        at, values, line = np.append(at, end), np.append(values, values[-1]), np.append(line, end)
    return replace(track, at=at, values=values, line=line)


def _gaps(
    facts: ProductFacts, absences: Sequence[Absence], time: Range
) -> list[tuple[Instant, Instant]]:
    """Times from a sight of a product to the next one, between which some list lacked it."""
    since = max(time.begin, facts.first_seen)  # before that nobody looked for it
    gaps = [(max(each.seen, since), min(each.back, time.end)) for each in absences]
    return [(begin, end) for begin, end in gaps if begin < end]


def _gone(
    database: Store, facts: ProductFacts, listed: Iterable[str], time: Range
) -> list[tuple[Instant, Instant]]:
    """The time since a product was seen last, where a list that had it was read whole since."""
    seen = facts.observed_at
    if seen is None or seen >= time.end:
        return []
    proofs = (database.history.last_proof_before(watch, time.end) for watch in listed)
    if any(at is not None and at > seen for at in proofs):
        return [(max(seen, time.begin), time.end)]
    return []
