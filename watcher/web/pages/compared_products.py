"""Products in the plot of a product's page, itself the first: their tracks, and the times in which
no scan saw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from watcher.evaluation.earlier import Level, earlier_of
from watcher.evaluation.series import Places, Track, tracks_of
from watcher.language import gettext as _
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


def products_of(
    database: Store, key: int, view: ProductView
) -> tuple[list[ProductFacts], ProductView]:
    """The products of the view, and the view without those that no scan has seen."""
    keys = database.history.keys_of(view.others) if view.others else {}
    facts = database.history.facts([key, *keys.values()])
    there = [each for each in view.others if keys.get(each) in facts]
    missing = [each for each in view.others if each not in there]
    if missing:
        text = _("No scan has seen {ids}.")
        ids = _(", ").join(map(view.written, missing))
        view = replace(view.beside(there), refused=(*view.refused, text.format(ids=ids)))
    return [facts[key], *(facts[keys[each]] for each in there)], view


def compared_of(
    database: Store,
    view: ProductView,
    products: Sequence[ProductFacts],
    watches: Sequence[Watch],
    usual: Sequence[Metric],
) -> list[ComparedProduct]:
    """Read the products of the view, with their places in the lists of ``watches``; of the first
    the ``usual`` metrics, too."""
    begin, keys = view.time.begin, [each.product for each in products]
    places = {watch.key: database.history.places(watch.key, keys, begin) for watch in watches}
    reader = _Reader(database, view, watches, places)
    return [
        reader.read(each, missed, usual if each is products[0] else ())
        for each, missed in zip(products, _absences(database, products, begin), strict=True)
    ]


def _absences(
    database: Store, products: Sequence[ProductFacts], begin: Instant
) -> list[Sequence[Absence]]:
    """The absences of each product; of each region they are read at once."""
    found = dict[int, Sequence[Absence]]()
    for region in dict.fromkeys(each.region for each in products):
        keys = [each.product for each in products if each.region == region]
        found |= database.history.absences(keys, begin)
    return [found[each.product] for each in products]


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
            {track.metric: _cut(track, view.time.end) for track in tracks},
            earlier_of(self.database, key, view.metrics),
            _gaps(facts, absences, view.time),
        )


def _cut(track: Track, end: Instant) -> Track:
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


def with_gone(
    database: Store, own: ComparedProduct, listed: Iterable[str], time: Range
) -> Sequence[tuple[Instant, Instant]]:
    """The gaps of the page's ``own`` product, and the time since it was seen last, where one of the
    lists that had it (``listed``: keys of watches) was read since."""
    seen = own.facts.observed_at
    if seen is None or seen >= time.end:
        return own.gaps
    scans = (database.history.newest_scan(watch) for watch in listed)
    if any(scan is not None and scan.at > seen for scan in scans):
        return [*own.gaps, (max(seen, time.begin), time.end)]
    return own.gaps
