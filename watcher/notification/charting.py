"""The data of a message's picture: the strongest products' metric over the last 30 days."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection

from watcher.evaluation.series import Seen, Track, needs_sightings, seen_of, tracks_of
from watcher.model import Chart, Instant, Item, Message, ProductFacts, Series
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.records import Absence
from watcher.units import DAY, Currencies, Unit

SPAN = 30 * DAY
MOST = 6
_SCANS = 800  # hourly ones of the span, and some
_KINDS = ("alerts", "digest", "joined")
_USUAL = "total_sale_7d_cnt"
# A picture of flags or days says nothing that the message does not.
_NOT_DRAWN = (Unit.FLAG, Unit.DAY, Unit.TEXT)


def chart_of(database: Store, book: Rulebook, message: Message) -> Chart | None:
    """The data of a picture for ``message``; None where there is nothing to draw."""
    if message.kind not in _KINDS or message.data_at is None:
        return None
    shown = message.items[:MOST]
    metric = _metric(book, shown)
    at, since = message.data_at, message.data_at - SPAN
    scans = _scans(database, book, message, at)
    found = (database.history.find(item.product_id, item.region) for item in shown)
    products = {(each.region, each.product_id): each for facts in found for each in facts[:1]}
    absences, seen = _lists(database, metric, products.values(), since)
    series: list[Series] = []
    for number, item in enumerate(shown, start=1):
        if (product := products.get((item.region, item.product_id))) is not None:
            (track,) = tracks_of(
                database, product, [metric], (), since,
                absences=absences[product.product], seen=seen.get(product.product),
            )  # fmt: skip
            points = _points(track, scans)
            if sum(value is not None for _, value in points) >= 2:  # a dot is no past
                reasons = (each for each in item.now or item.why if each.metric == metric.name)
                why, marks = next(reasons, None), (item.since,)
                series.append(Series(number, item.name, item.product_id, points, marks, why))
    if not series:
        return None
    # Of all amounts in the picture; none where there are several, or one is not known.
    codes = {Currencies(item.currency, item.gmv_currency).of(metric.unit) for item in shown}
    currency = codes.pop() if len(codes) == 1 else None
    return Chart(metric.label, metric.unit.value, at, tuple(series), currency)


def _metric(book: Rulebook, items: tuple[Item, ...]) -> Metric:
    """The first metric that the strongest product's reasons name and that can be drawn."""
    for item in items:
        for evidence in item.now or item.why:
            found = book.metrics.get(evidence.metric)
            if found is not None and found.unit not in _NOT_DRAWN and RANK not in found.needs:
                return found
    return book.metrics[_USUAL]


def _scans(database: Store, book: Rulebook, message: Message, at: Instant) -> list[Instant]:
    """Times at which the lists of the message's rules were read, in order."""
    names = {message.rule, *(item.rule for item in message.items)}
    keys = {rule.watch.key for rule in book.rules if rule.name in names}
    times = {scan.at for key in keys for scan in database.history.scans(key, limit=_SCANS)}
    return sorted(each for each in times if at - SPAN <= each <= at)


def _lists(
    database: Store, metric: Metric, products: Collection[ProductFacts], since: Instant
) -> tuple[dict[int, tuple[Absence, ...]], dict[int, Seen]]:
    """Absences of all the products at once, region by region, for to look through the lists takes
    longest; and of what the metric is computed, where that is another at each scan."""
    absences: dict[int, tuple[Absence, ...]] = {}
    seen: dict[int, Seen] = {}
    for region in {each.region for each in products}:
        here = [each.product for each in products if each.region == region]
        absences |= database.history.absences(here, since)
        if needs_sightings(metric):
            found = seen_of(database, region, here, [metric], since)
            seen |= dict(zip(here, found, strict=True))
    return absences, seen


def _points(track: Track, scans: list[Instant]) -> tuple[tuple[Instant, float | None], ...]:
    """A value for each change and for each scan since: a line that stood still is level, and one
    of a product that was not seen is broken."""
    times: list[Instant] = track.at.tolist()
    values = [None if math.isnan(value) else value for value in track.values.tolist()]
    known = dict(zip(times, values, strict=True))
    for scan in scans:
        place = bisect_right(times, scan) - 1
        if place >= 0:
            known.setdefault(scan, values[place])
    return tuple(sorted(known.items()))
