"""The data of a message's picture: the strongest products' metric over the last 30 days."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import chain

from watcher.chart import Chart, Series
from watcher.evaluation.group_series import KeptFigures
from watcher.evaluation.series import Seen, Track, needs_sightings, seen_of, tracks_of
from watcher.evidence import Evidence
from watcher.message import Item, Message
from watcher.model import Instant, ProductFacts, Verdict
from watcher.report import ReportContent, ReportedProduct
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Group, Rule, Rulebook
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
    if message.report is not None:
        return _of_report(database, book, message.report)
    if message.kind not in _KINDS or message.data_at is None:
        return None
    if message.items and message.items[0].grouped_by:
        return _of_groups(database, book, message, message.data_at)
    metric = _metric(book, message.items[:MOST])
    drawing = _Drawing(database, metric, _spoken_of(message, metric), message.data_at)
    series = tuple(drawing.series(drawing.scans(book, message)))
    if not series:
        return None
    return Chart(
        metric.label, metric.unit.value, drawing.at, series, drawing.currency(), metric.name
    )


def _of_report(database: Store, book: Rulebook, report: ReportContent) -> Chart | None:
    """The metric of what moved most in a report, with what it moved from."""
    metric, at = book.metrics.get(report.metric), report.data_at
    if metric is None or not _is_drawn(metric) or at is None:
        return None
    items = tuple(
        Item(
            "", "", each.region, each.product_id, each.name, 0, currency=each.currency,
            gmv_currency=report.gmv_currency, why=(_move(report, each),),
        )
        for each in report.movers[:MOST]
    )  # fmt: skip
    drawing = _Drawing(database, metric, tuple(enumerate(items, start=1)), at)
    keys = {each.watch for each in report.lists}
    series = tuple(replace(each, marks=()) for each in drawing.series(drawing.scans_of(keys)))
    if not series:
        return None
    return Chart(metric.label, metric.unit.value, at, series, drawing.currency())


def _move(report: ReportContent, each: ReportedProduct) -> Evidence:
    metric = report.metric, report.label, report.unit
    return Evidence(*metric, "", Verdict.MET, each.value, each.before)


def _of_groups(database: Store, book: Rulebook, message: Message, at: Instant) -> Chart | None:
    """A figure of the strongest groups of a message: the first that the strongest one's reasons
    name, of all that are made as this one is."""
    rules = {rule.name: rule for rule in book.rules}
    first = rules.get(message.items[0].rule or message.rule)
    if first is None or first.group is None:
        return None
    metric = _figure(first.group, message.items[0])
    series: list[Series] = []
    for number, item in [*enumerate(message.items, start=1)][:MOST]:
        rule = rules.get(item.rule or message.rule)
        if rule is not None and rule.group == first.group and item.grouped_by:
            points = _kept(database, rule, item, metric, at - SPAN)
            if sum(value is not None for _, value in points) >= 2:
                told = (points, (item.since,), _reason(item, metric))
                series.append(Series(number, item.name, item.product_id, *told))
    currency = message.items[0].gmv_currency if metric.unit is Unit.GMV else None
    if not series:
        return None
    unit = metric.unit.value
    return Chart(metric.label, unit, at, tuple(series), currency, metric.name)


def _figure(group: Group, item: Item) -> Metric:
    """The first figure that a group's reasons name and that can be drawn, else its size."""
    named = (group.metrics.get(evidence.metric) for evidence in _reasons(item))
    return next(filter(_is_drawn, filter(None, named)), group.metrics.tie)


def _kept(
    database: Store, rule: Rule, item: Item, metric: Metric, since: Instant
) -> tuple[tuple[Instant, float | None], ...]:
    """The values of a group's figure at the scans of its list."""
    found = database.history.find(item.product_id, item.region)
    if not found or rule.group is None:
        return ()
    lists = (watch for watch in rule.watches if item.watch in ("", watch.name))
    watch = next(lists, rule.watch)
    track = KeptFigures(database, found[0].product, since).track(watch, rule.group, metric)
    return _points(track, [])


def _spoken_of(message: Message, metric: Metric) -> tuple[tuple[int, Item], ...]:
    """The strongest products with their numbers; of several rules those whose reasons speak of the
    metric, if there are any: what a rule of another says is no line of this."""
    every = enumerate(message.items, start=1)
    numbered = [each for each in every if not each[1].grouped_by]
    if len(message.parts) > 1:
        named = [each for each in numbered if _reason(each[1], metric) is not None]
        numbered = named or numbered
    return tuple(numbered[:MOST])


def _reason(item: Item, metric: Metric) -> Evidence | None:
    """The first reason of a product that speaks of the metric."""
    return next((each for each in _reasons(item) if each.metric == metric.name), None)


def _reasons(item: Item) -> Iterator[Evidence]:
    """Yield a product's reasons, its own rule's before those of others."""
    yield from item.now or item.why
    for each in item.also:
        yield from each.now or each.why


def _metric(book: Rulebook, items: tuple[Item, ...]) -> Metric:
    """The first metric that the strongest product's reasons name and that can be drawn."""
    reasons = chain.from_iterable(map(_reasons, items))
    named = (book.metrics.get(evidence.metric) for evidence in reasons)
    return next(filter(_is_drawn, filter(None, named)), book.metrics[_USUAL])


def _is_drawn(metric: Metric) -> bool:
    return metric.unit not in _NOT_DRAWN and RANK not in metric.needs


@dataclass(frozen=True, slots=True)
class _Drawing:
    """One metric of a message's strongest products, up to ``at``."""

    database: Store
    metric: Metric
    numbered: tuple[tuple[int, Item], ...]
    at: Instant

    @property
    def since(self) -> Instant:
        return self.at - SPAN

    @property
    def items(self) -> list[Item]:
        return [item for _, item in self.numbered]

    def currency(self) -> str | None:
        """The currency of all amounts; none where there are several, or one is not known."""
        unit = self.metric.unit
        codes = {Currencies(item.currency, item.gmv_currency).of(unit) for item in self.items}
        return codes.pop() if len(codes) == 1 else None

    def scans(self, book: Rulebook, message: Message) -> list[Instant]:
        """Times at which the lists of the message's rules were read, in order."""
        names = {message.rule, *(item.rule for item in message.items)}
        rules = [rule for rule in book.rules if rule.name in names]
        return self.scans_of({watch.key for rule in rules for watch in rule.watches})

    def scans_of(self, keys: Collection[str]) -> list[Instant]:
        """Times at which some lists were read, in order."""
        history = self.database.history
        times = {scan.at for key in keys for scan in history.scans(key, limit=_SCANS)}
        return sorted(each for each in times if self.since <= each <= self.at)

    def series(self, scans: list[Instant]) -> Iterator[Series]:
        """Yield a line of each product that has one."""
        products = self._products()
        absences, seen = self._lists(products.values())
        for number, item in self.numbered:
            if (product := products.get((item.region, item.product_id))) is None:
                continue
            (track,) = tracks_of(
                self.database, product, [self.metric], (), self.since,
                absences=absences[product.product], seen=seen.get(product.product),
            )  # fmt: skip
            points = _points(track, scans)
            if sum(value is not None for _, value in points) >= 2:  # a dot is no past
                told = (points, (item.since,), _reason(item, self.metric))
                yield Series(number, item.name, item.product_id, *told)

    def _products(self) -> dict[tuple[str, str], ProductFacts]:
        history = self.database.history
        found = (history.find(item.product_id, item.region) for item in self.items)
        return {(each.region, each.product_id): each for facts in found for each in facts[:1]}

    def _lists(
        self, products: Collection[ProductFacts]
    ) -> tuple[dict[int, tuple[Absence, ...]], dict[int, Seen]]:
        """Absences of all the products at once, region by region, for to look through the lists
        takes longest; and of what the metric is computed, where that is another at each scan."""
        absences: dict[int, tuple[Absence, ...]] = {}
        seen: dict[int, Seen] = {}
        for region in {each.region for each in products}:
            here = [each.product for each in products if each.region == region]
            absences |= self.database.history.absences(here, self.since)
            if needs_sightings(self.metric):
                found = seen_of(self.database, region, here, [self.metric], self.since)
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
