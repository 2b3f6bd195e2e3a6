"""The view of a product's page by its address: which metrics, of which time, beside which other
products. What can't be shown is refused in words, and all else is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias
from urllib.parse import urlencode

from watcher.errors import WatcherError
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.rules.metrics import Catalogue, Metric
from watcher.source.addresses import PRODUCT, id_of
from watcher.text.sanitize import shorten
from watcher.units import Unit, format_number
from watcher.web.lines import AXES, MOST
from watcher.web.ranges import Range
from watcher.web.rendering import whole_number

Query: TypeAlias = Mapping[str, Sequence[str]]  # an address's fields, each with its values

# Those that have values get a card; any other metric is a choice away.
METRICS = (
    "total_sale_7d_cnt",
    "total_sale_gmv_7d_amt",
    "spu_avg_price",
    "total_ifl_cnt",
    "creators_7d",
    "total_views_7d_cnt",
    "total_video_7d_cnt",
    "sales_growth",
    "commission",
    "product_rating",
    "review_count",
)
COMPARED = 5  # products in one plot, the page's own among them
PLOTS = 2  # of a comparison: each metric has its own
_LONGEST = 60  # characters of what is refused


@dataclass(frozen=True, slots=True)
class ProductView:
    """``metrics`` of the product at ``subject`` (region and id) in a time, beside those at
    ``others``; ``refused`` is what else was asked for, in words. ``find`` are the words of a search
    for one to compare; ``rules`` is the page of rules."""

    subject: tuple[str, str]
    metrics: tuple[Metric, ...]
    time: Range
    others: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    find: str = ""
    rules: int = 1

    @property
    def subjects(self) -> tuple[tuple[str, str], ...]:
        """The products that are compared, the page's own first."""
        return (self.subject, *self.others)

    def fields(self) -> list[tuple[str, str]]:
        """The fields of an address that has this view."""
        return [
            *(("metric", metric.name) for metric in self.metrics),
            *self.time.query,
            *(("compare", self.written(each)) for each in self.others),
        ]

    def link(self, *more: tuple[str, str]) -> str:
        """``?metric=...``: this view's address on the product's page."""
        return f"?{urlencode([*self.fields(), *more])}"

    def written(self, other: tuple[str, str]) -> str:
        """Another product as an address names it: by its id, and its region, if that is another."""
        region, product_id = other
        return product_id if region == self.subject[0] else f"{region}/{product_id}"

    def of(self, *metrics: Metric) -> ProductView:
        """The view of these metrics."""
        return replace(self, metrics=metrics)

    def beside(self, others: Iterable[tuple[str, str]]) -> ProductView:
        """The view with these products."""
        return replace(self, others=tuple(others))


def view_of(
    query: Query, subject: tuple[str, str], catalogue: Catalogue, time: Range
) -> ProductView:
    """Read the address; nothing in it is an error."""
    refused = [*time.refused]
    others = _others(query, subject, refused)
    metrics = _metrics(query, catalogue, refused)
    if others:
        metrics = _first(
            metrics,
            PLOTS,
            refused,
            _(
                "In a comparison each metric has its own plot, and there are {most} at most: "
                "left out is {names}."
            ),
        )
    else:
        metrics = fitting(metrics, refused)
    return ProductView(
        subject=subject,
        metrics=tuple(metrics) or (catalogue[METRICS[0]],),
        time=time,
        others=tuple(others),
        refused=tuple(refused),
        find=firsts(query).get("find", "").strip()[:100],
        rules=whole_number(firsts(query), "rules") or 1,
    )


def firsts(query: Query) -> Mapping[str, str]:
    """The first value of each field."""
    return {name: values[0] for name, values in query.items() if values}


def _asked(query: Query, name: str) -> list[str]:
    """Values of a field that may come several times, or hold several with commas."""
    texts = (part.strip() for value in query.get(name, ()) for part in value.split(","))
    return [*dict.fromkeys(filter(None, texts))]


def _metrics(query: Query, catalogue: Catalogue, refused: list[str]) -> list[Metric]:
    found = list[Metric]()
    beside = _asked(query, "beside") if "add" in query else []
    for name in dict.fromkeys([*beside, *_asked(query, "metric")]):
        metric = catalogue.get(name)
        if metric is None:
            text = _('No metric is called "{name}".')
            refused.append(text.format(name=shorten(name, _LONGEST)))
        elif metric.unit is Unit.DAY:
            text = _("A day has no plot: left out is {name}.")
            refused.append(text.format(name=_said(metric)))
        else:
            found.append(metric)
    return found


def scale_of(metric: Metric) -> tuple[object, ...]:
    """The measure that metrics share which have one axis."""
    return (metric.unit, metric.names)


def fitting(metrics: Sequence[Metric], refused: list[str]) -> list[Metric]:
    """The metrics of one plot: those of the first two scales."""
    scales = [*dict.fromkeys(map(scale_of, metrics))][:AXES]
    others = [metric for metric in metrics if scale_of(metric) not in scales]
    if others:
        text = _(
            "A plot has two axes, each for values of one unit: there is none left for {names}."
        )
        refused.append(text.format(names=_names(others)))
    shown = [metric for metric in metrics if scale_of(metric) in scales]
    return _first(shown, MOST, refused, _("A plot has {most} lines at most: left out is {names}."))


def _first(metrics: Sequence[Metric], most: int, refused: list[str], text: str) -> list[Metric]:
    if len(metrics) > most:
        refused.append(text.format(most=format_number(most), names=_names(metrics[most:])))
    return [*metrics[:most]]


def _names(metrics: Sequence[Metric]) -> str:
    return _(", ").join(map(_said, metrics))


def _said(metric: Metric) -> str:
    return label_said(metric.name, metric.label)


def _others(query: Query, subject: tuple[str, str], refused: list[str]) -> list[tuple[str, str]]:
    found = list[tuple[str, str]]()
    for text in _asked(query, "compare"):
        other = other_of(text, subject[0])
        if other is None:
            said = _('"{text}" is no product: an id, an address, or REGION/ID is one.')
            refused.append(said.format(text=shorten(text, _LONGEST)))
        elif other != subject and other not in found:
            found.append(other)
    if len(found) >= COMPARED:
        said = _("{most} products are compared at most: left out is {ids}.")
        ids = _(", ").join(each for _region, each in found[COMPARED - 1 :][:10])
        refused.append(said.format(most=format_number(COMPARED), ids=ids))
    return found[: COMPARED - 1]


def other_of(text: str, region: str) -> tuple[str, str] | None:
    """The region and id of a product: an id or an address is one of ``region``, ``US/ID`` says its
    own. None of what is none."""
    own, slash, rest = text.partition("/")
    if slash and len(own) == 2 and own.isascii() and own.isalpha():
        region, text = own.upper(), rest
    if text and len(text) <= 24 and text.isascii() and text.isalnum():
        return region, text
    try:
        return region, id_of(text, PRODUCT)
    except (ValueError, WatcherError):
        return None
