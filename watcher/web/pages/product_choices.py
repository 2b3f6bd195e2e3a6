"""All else that a product's page can show, each with its address: times, metrics, and products
beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from watcher.evaluation.series import Track
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.rules.metrics import Catalogue, Metric
from watcher.text.sanitize import shorten
from watcher.units import Currencies, Unit, counted
from watcher.web.pages.product_past import ProductPast
from watcher.web.pages.product_view import ProductView, fitting
from watcher.web.plots import Card, card_of
from watcher.web.ranges import PRESETS

_UNITS = (
    Unit.COUNT, Unit.GMV, Unit.MONEY, Unit.FRACTION, Unit.SCORE, Unit.PLACE, Unit.DAYS, Unit.FLAG,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MetricCard:
    """A metric at a glance: ``alone`` leads to its plot, ``more`` to the plot with it beside what
    is there, or, where it is in that, without it; empty where it has no room."""

    card: Card
    alone: str
    more: str
    inside: bool


@dataclass(frozen=True, slots=True)
class Chip:
    """A thing that is shown: ``without`` leads to the page that shows it no more; empty where it
    can't be left out."""

    text: str
    without: str
    region: str = ""
    product_id: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """``spans`` are words, address, and whether it is the time that is shown; ``groups`` are the
    metrics of one unit each."""

    spans: Sequence[tuple[str, str, bool]]
    cards: Sequence[MetricCard]
    metrics: Sequence[Chip]
    products: Sequence[Chip]
    groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]
    found: Sequence[tuple[str, str, str, str]]
    """By a search: region, id, name, and the address with it."""


def choices_of(past: ProductPast, catalogue: Catalogue, currencies: Currencies) -> Choices:
    """All that there is to choose."""
    view = past.view
    chips = [
        Chip(
            _said(metric),
            view.of(*(each for each in view.metrics if each != metric)).link()
            if len(view.metrics) > 1
            else "",
        )
        for metric in view.metrics
    ]
    products = [
        Chip(
            shorten(each.facts.name, 80),
            view.beside(other for other in view.others if other != subject).link()
            if subject != view.subject
            else "",
            *subject,
        )
        for each in past.compared
        for subject in [(each.facts.region, each.facts.product_id)]
    ]
    return Choices(
        [*_spans(view)],
        [_card(past, track, currencies) for track in past.cards],
        chips,
        products,
        [*_groups(catalogue)],
        [
            (region, each, name, view.beside([*view.others, (region, each)]).link())
            for region, each, name in past.found
        ],
    )


def _said(metric: Metric) -> str:
    return label_said(metric.name, metric.label)


def _spans(view: ProductView) -> Iterator[tuple[str, str, bool]]:
    time = view.time
    for days in PRESETS:
        shown = replace(time, days=days, first=None, last=None)
        here = not time.chosen and time.days == days
        yield counted("{count} day", "{count} days", days), replace(view, time=shown).link(), here
    everything = replace(time, days=None, first=None, last=None)
    here = not time.chosen and time.days is None
    yield _("all"), replace(view, time=everything).link(), here


def _card(past: ProductPast, track: Track, currencies: Currencies) -> MetricCard:
    view, metric = past.view, track.metric
    inside = metric in view.metrics
    alone = view.of(metric).link()
    if inside:
        others = [each for each in view.metrics if each != metric]
        more = view.of(*others).link() if others else ""
    else:
        refused = list[str]()
        several = [*view.metrics, metric]
        has_room = view.others or (fitting(several, refused) == several)
        more = view.of(*several).link() if has_room else ""
    chosen = inside and len(view.metrics) == 1
    card = card_of(track, past.within, currencies, chosen=chosen)
    return MetricCard(card, alone, more, inside)


def _groups(catalogue: Catalogue) -> Iterator[tuple[str, Sequence[tuple[str, str]]]]:
    """Yield the metrics that have a plot, by their unit."""
    metrics = [each for each in catalogue.metrics() if each.unit in _UNITS]
    metrics.sort(key=lambda each: _UNITS.index(each.unit))
    for unit, group in groupby(metrics, key=lambda each: each.unit):
        yield _unit_said(unit), [(metric.name, _said(metric)) for metric in group]


def _unit_said(unit: Unit) -> str:
    return {
        Unit.COUNT: _("Numbers"), Unit.GMV: _("Amounts of GMV"), Unit.MONEY: _("Prices"),
        Unit.FRACTION: _("Percent"), Unit.SCORE: _("Scores"), Unit.PLACE: _("Places"),
        Unit.DAYS: _("Days"), Unit.FLAG: _("Levels"),
    }[unit]  # fmt: skip
