"""The data of a message's picture: the strongest products' metric over the last 30 days."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Sequence

from watcher.evaluation.series import Seen, Track, needs_sightings, seen_of, tracks_of
from watcher.model import Chart, Evidence, Instant, Item, Message, ProductFacts, Series
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.history import Absence
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
    at = message.data_at
    scans = _scans(database, book, message, at)
    products = _products(database, shown)
    absences = _absences(database, products.values(), at - SPAN)
    seen = _seen(database, metric, products.values(), at - SPAN)
    series: list[Series] = []
    for number, item in enumerate(shown, start=1):
        if (product := products.get((item.region, item.product_id))) is not None:
            (track,) = tracks_of(
                database, product, [metric], (), at - SPAN,
                absences=absences[product.product], seen=seen.get(product.product),
            )  # fmt: skip
            points = _points(track, scans)
            if sum(value is not None for _, value in points) >= 2:  # a dot is no past
                why = _of(metric, item)
                marks = (item.since,)
                series.append(Series(number, item.name, item.product_id, points, marks, why))
    if not series:
        return None
    currency = _currency(metric, shown)
    return Chart(metric.label, metric.unit.value, at, tuple(series), currency)


def _currency(metric: Metric, items: Sequence[Item]) -> str | None:
    """The currency of the picture; None where there are several, or one is not known."""
    codes = {Currencies(item.currency, item.gmv_currency).of(metric.unit) for item in items}
    return codes.pop() if len(codes) == 1 else None


def _metric(book: Rulebook, items: tuple[Item, ...]) -> Metric:
    """The first metric that the strongest product's reasons name and that can be drawn."""
    for item in items:
        for evidence in item.now or item.why:
            found = book.metrics.get(evidence.metric)
            if found is not None and found.unit not in _NOT_DRAWN and RANK not in found.needs:
                return found
    return book.metrics[_USUAL]


def _scans(database: Store, book: Rulebook, message: Message, at: Instant) -> list[Instant]:
    """The times at which the lists of the message's rules were read, in order."""
    names = {message.rule, *(item.rule for item in message.items)}
    keys = {rule.watch.key for rule in book.rules if rule.name in names}
    times = {scan.at for key in keys for scan in database.history.scans(key, limit=_SCANS)}
    return sorted(each for each in times if at - SPAN <= each <= at)


def _products(database: Store, items: Sequence[Item]) -> dict[tuple[str, str], ProductFacts]:
    """The known products, by region and id."""
    found = (database.history.find(item.product_id, item.region) for item in items)
    return {(each.region, each.product_id): each for facts in found for each in facts[:1]}


def _absences(
    database: Store, products: Collection[ProductFacts], since: Instant
) -> dict[int, tuple[Absence, ...]]:
    """Absences of all products at once: to look through a region's lists takes longest."""
    found: dict[int, tuple[Absence, ...]] = {}
    for region in {each.region for each in products}:
        here = [each.product for each in products if each.region == region]
        found |= database.history.absences(here, since)
    return found


def _seen(
    database: Store, metric: Metric, products: Collection[ProductFacts], since: Instant
) -> dict[int, Seen]:
    """The sightings of what the metric is computed of, where that is another at each scan."""
    found: dict[int, Seen] = {}
    if needs_sightings(metric):
        for region in {each.region for each in products}:
            here = [each.product for each in products if each.region == region]
            seen = seen_of(database, region, here, [metric], since)
            found |= dict(zip(here, seen, strict=True))
    return found


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


def _of(metric: Metric, item: Item) -> Evidence | None:
    """The reason that is about the metric, as it is now."""
    return next((each for each in item.now or item.why if each.metric == metric.name), None)
