"""Reads the products in a product's plot: their past, what was before it, and their gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from watcher.analysis.verdicts import Lookers
from watcher.evaluation.earlier import Level, earlier_of
from watcher.evaluation.series import Places, Track, tracks_of
from watcher.model import Instant, ProductFacts
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.records import Absence
from watcher.web.pages.product_view import ProductView
from watcher.web.ranges import Range


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
    watches: Sequence[Watch],
) -> list[ComparedProduct]:  # fmt: skip
    """Read the products of a view; of the first the ``usual`` metrics, too. Places are those on the
    lists of ``watches``."""
    keys, begin = [each.product for each in products], view.time.begin
    places = {watch.key: database.history.places(watch.key, keys, begin) for watch in watches}
    reader = _Reader(database, view, watches, places)
    return [
        reader.read(each, missed, usual if each is products[0] else ())
        for each, missed in zip(products, _absences(database, products, begin), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the products of a view one by one; ``places`` are those of all of them, by watch."""

    database: Store
    view: ProductView
    watches: Sequence[Watch]
    places: Mapping[str, Mapping[int, Places]]

    def read(
        self, facts: ProductFacts, absences: Sequence[Absence], usual: Sequence[Metric]
    ) -> ComparedProduct:
        """One product in the plot; of the page's own the ``usual`` metrics are read, too."""
        view, key = self.view, facts.product
        tracks = tracks_of(
            self.database, facts, [*dict.fromkeys([*usual, *view.metrics])], self.watches,
            view.time.begin, absences=absences,
            places={watch: found[key] for watch, found in self.places.items()},
        )  # fmt: skip
        return ComparedProduct(
            facts,
            {track.metric: cut(track, view.time.end) for track in tracks},
            earlier_of(self.database, key, view.metrics),
            _gaps(facts, absences, view.time),
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


def _absences(
    database: Store, products: Sequence[ProductFacts], begin: Instant
) -> list[Sequence[Absence]]:
    """The absences of each product; of each region they are read at once."""
    found = dict[int, Sequence[Absence]]()
    for region in dict.fromkeys(each.region for each in products):
        keys = [each.product for each in products if each.region == region]
        found |= database.history.absences(keys, begin)
    return [found[each.product] for each in products]


def _gaps(
    facts: ProductFacts, absences: Sequence[Absence], time: Range
) -> list[tuple[Instant, Instant]]:
    """Times from a sight of a product to the next one, between which some list lacked it."""
    since = max(time.begin, facts.first_seen)  # before that nobody looked for it
    gaps = [(max(each.seen, since), min(each.back, time.end)) for each in absences]
    return [(begin, end) for begin, end in gaps if begin < end]


def with_gone(
    database: Store, own: ComparedProduct, lookers: Lookers, time: Range
) -> Sequence[tuple[Instant, Instant]]:
    """The gaps of the page's product, and the time since it was seen last, where a list that had it
    was read since."""
    seen = own.facts.observed_at
    if seen is None or seen >= time.end:
        return own.gaps
    scans = (database.history.newest_scan(watch) for watch in lookers.listed)
    if any(scan is not None and scan.at > seen for scan in scans):
        return [*own.gaps, (max(seen, time.begin), time.end)]
    return own.gaps
