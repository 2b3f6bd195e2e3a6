"""The plots of a product's page: the series of its view, with their legends, tables and JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

import numpy as np

from watcher.evaluation.earlier import Level
from watcher.evaluation.series import Track, heights_of, merged, number
from watcher.language import gettext as _
from watcher.model import Instant
from watcher.rules.metrics import Metric
from watcher.rules.rulebook import Rulebook
from watcher.text.evidence import said
from watcher.text.sanitize import neutralise_name
from watcher.units import Currencies
from watcher.web.lines import AXES, Average, LinePlot, LineSeries, Scale, line_plot, rounded
from watcher.web.pages.product_compared import ComparedProduct
from watcher.web.pages.product_past import ProductPast
from watcher.web.plots import span_of, titled

CELLS = 450  # of all tables of a page; a row has one for each line
FEWER = 360  # of those of several plots
ROWS = 300  # of one of them
VALUES = 4_000  # of a series in the JSON, the newest


@dataclass(frozen=True, slots=True)
class ProductLine:
    """A line of a plot: a metric of a product, with what draws it."""

    product: ComparedProduct
    metric: Metric
    track: Track
    series: LineSeries
    currencies: Currencies

    @property
    def name(self) -> str:
        return self.series.name

    @property
    def newest(self) -> str:
        """The last value in the time, in words."""
        known = self.track.values[np.isfinite(self.track.values)]
        return self.series.say(float(known[-1])) if len(known) else _("no value")

    @property
    def levels(self) -> Sequence[Level]:
        return self.product.before.get(self.metric, ())


@dataclass(frozen=True, slots=True)
class ShownAverage:
    """The averages of a time before the product was watched, one of each line."""

    begin: Instant
    end: Instant
    first: int
    last: int
    values: Sequence[str]


@dataclass(frozen=True, slots=True)
class ShownPlot:
    """A plot with its ``title``, its ``lines`` and the rows of its table; ``rows`` are the newest
    of ``all_rows``."""

    title: str
    plot: LinePlot
    lines: Sequence[ProductLine]
    rows: Sequence[tuple[Instant, Sequence[str]]]
    all_rows: int
    averages: Sequence[ShownAverage]

    @property
    def has_averages(self) -> bool:
        return any(each.before for each in self.plot.lines)


@dataclass(frozen=True, slots=True)
class Plots:
    """The plots of a page; ``without`` are those that have no value in the time, ``refused`` what
    has no room, both in words."""

    shown: Sequence[ShownPlot]
    without: Sequence[str]
    refused: Sequence[str]


def plots_of(past: ProductPast, book: Rulebook) -> Plots:
    """Draw the view: all metrics of one product in a plot, or a plot for each metric of several."""
    refused, shown, without = list[str](), list[ShownPlot](), list[str]()
    each_plot = [*_each_plot(past, book)]
    for title, lines in each_plot:
        kept = _on_axes(lines, refused)
        there = [line for line in kept if line.series.known(past.within)]
        without += _lacking(past, kept, there, title)
        spans = [span_of(row, past.view.time.end, book.zone) for row in past.marked]
        series = [line.series for line in there]
        # Alerts are pointed at in the first plot.
        plot = line_plot(
            series, past.within, book.zone, () if shown else spans, plots=len(each_plot)
        )
        if plot is not None:
            shown.append(_with_tables(title, plot, there, len(each_plot), past.view.time.begin))
    return Plots(shown, without, refused)


def _each_plot(past: ProductPast, book: Rulebook) -> Iterator[tuple[str, list[ProductLine]]]:
    gmv = book.metrics.gmv_currency
    if len(past.compared) == 1:
        lines = [
            _line(past.compared[0], metric, place, gmv, by_product=False)
            for place, metric in enumerate(past.view.metrics)
        ]
        yield _(", ").join(titled(line.track) for line in lines), lines
        return
    for metric in past.view.metrics:
        lines = [
            _line(product, metric, place, gmv, by_product=True)
            for place, product in enumerate(past.compared)
        ]
        yield titled(lines[0].track), lines


def _line(
    product: ComparedProduct, metric: Metric, place: int, gmv: str | None, *, by_product: bool
) -> ProductLine:
    track = product.tracks.get(metric) or _empty(metric)
    currencies = Currencies(product.facts.currency, gmv)
    heights, names = heights_of(track)
    name = neutralise_name(product.facts.name) if by_product else titled(track)
    say = partial(_said_of, track, names, currencies)
    scale = Scale(metric.unit, currencies.of(metric.unit), names)
    averages = [
        Average(each.begin, each.end, each.value) for each in product.before.get(metric, ())
    ]
    # A gap is the product's: it is drawn once.
    gaps = product.gaps if by_product or not place else ()
    series = LineSeries(
        place, name or product.facts.product_id, titled(track), scale, track.at, track.line,
        heights, say, averages, gaps,
    )  # fmt: skip
    return ProductLine(product, metric, track, series, currencies)


def _said_of(track: Track, names: Sequence[str], currencies: Currencies, value: float) -> str:
    if names:
        return _(names[int(value)])
    return said(track.metric.name, value, track.metric.unit, currencies)


def _empty(metric: Metric) -> Track:
    nothing = np.zeros(0, np.int64)
    return Track(metric.name, metric.label, metric, nothing, np.zeros(0), nothing)


def _on_axes(lines: Sequence[ProductLine], refused: list[str]) -> list[ProductLine]:
    """The lines of the first two scales: products may have prices in several currencies."""
    scales = [*dict.fromkeys(line.series.scale for line in lines)][:AXES]
    for line in lines:
        if line.series.scale not in scales:
            text = _("A plot has two axes: there is none left for {name} in {currency}.")
            currency = line.series.scale.currency or _("a currency that is not known")
            refused.append(text.format(name=line.name, currency=currency))
    return [line for line in lines if line.series.scale in scales]


def _lacking(
    past: ProductPast, lines: Sequence[ProductLine], there: Sequence[ProductLine], title: str
) -> Iterator[str]:
    """Yield words on the lines that have no value in the time."""
    if lines and not there:
        yield title
    elif len(there) < len(lines):
        yield from (line.name for line in lines if line not in there)


def _with_tables(
    title: str, plot: LinePlot, lines: Sequence[ProductLine], plots: int, begin: Instant
) -> ShownPlot:
    tracks = [line.track for line in lines]
    at, values = merged(tracks)
    if len(at) > 1 and np.array_equal(values[-1], values[-2], equal_nan=True):
        at, values = at[:-1], values[:-1]  # seen once more, and as it was
    most = min(ROWS, (CELLS if plots == 1 else FEWER) // (len(lines) * plots))
    rows = [
        (instant, [_cell(line, value) for line, value in zip(lines, row, strict=True)])
        for instant, row in zip(at[-most:].tolist(), values[-most:].tolist(), strict=True)
    ]
    return ShownPlot(title, plot, lines, rows[::-1], len(at), [*_averages(lines, begin)])


def _cell(line: ProductLine, value: float) -> str:
    found = number(value)
    unit, name = line.metric.unit, line.metric.name
    return _("no value") if found is None else said(name, found, unit, line.currencies)


def _averages(lines: Sequence[ProductLine], begin: Instant) -> Iterator[ShownAverage]:
    """Yield the averages in the time, the newest first: those of one product, side by side."""
    if len({line.product.facts.product for line in lines}) > 1:
        return
    every = [
        (level.end, level.begin, level.first, level.last, place, level.value)
        for place, line in enumerate(lines)
        for level in line.levels
        if level.end > begin
    ]
    every.sort(key=lambda each: (-each[0], -each[1], each[4]))
    for (end, start, first, last), found in groupby(every, key=lambda each: each[:4]):
        values = {place: lines[place].series.say(rounded(value)) for *_of, place, value in found}
        told = [values.get(place, _("no value")) for place in range(len(lines))]
        yield ShownAverage(start, end, first, last, told)


def series_json(past: ProductPast, book: Rulebook) -> list[dict[str, object]]:
    """The series of the view for programs; times are Unix seconds."""
    return [
        {
            "region": line.product.facts.region,
            "product_id": line.product.facts.product_id,
            "product_name": line.product.facts.name,
            "name": line.track.name,
            "label": line.track.label,
            "unit": line.metric.unit,
            "currency": line.currencies.of(line.metric.unit),
            "values": [
                (instant, number(value))
                for instant, value in zip(
                    line.track.at[-VALUES:].tolist(), line.track.values[-VALUES:].tolist(),
                    strict=True,
                )
            ],
            "left_off": max(len(line.track.at) - VALUES, 0),
            "before": line.levels,
            "gaps": line.product.gaps,
        }
        for _title, lines in _each_plot(past, book)
        for line in lines
    ]  # fmt: skip
