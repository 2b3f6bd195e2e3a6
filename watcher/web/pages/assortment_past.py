"""Sums of what products sold over time, for a page: cards, a plot and a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from typing import Any

import numpy as np

from watcher.analysis.assortments import ComparedSums, SumsPast
from watcher.evaluation.series import Track, number
from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.model import Instant
from watcher.rules.groups import SIZE_METRIC
from watcher.rules.metrics import SALES, Catalogue, Metric
from watcher.text.evidence import said
from watcher.units import Currencies, format_percent
from watcher.web.plots import Card, card_of, chart_of

GMV = "total_sale_gmv_7d_amt"
UNKNOWN = "?"  # of a currency, beside several that are known


@dataclass(frozen=True, slots=True)
class SumTrack:
    """One sum over time: ``name`` is its own in the address."""

    name: str
    track: Track
    compared: ComparedSums | None


def sum_tracks(past: SumsPast, metrics: Catalogue) -> list[SumTrack]:
    """The sums that have a value: sales, GMV (each currency's), and how many products there
    were."""
    found = [_track("sales", metrics[SALES], past.sales, past)]
    found += [
        _track(f"gmv {kind}".strip(), metrics[GMV], values, past)
        for kind, values in past.gmv.items()
    ]
    found.append(_track("products", SIZE_METRIC, past.products, past))
    return [each for each in found if not each.track.empty]


def gmv_label(label: str, kind: str) -> str:
    """``7-day GMV``, and of which products where it is of several currencies."""
    if not kind:
        return label
    if kind == UNKNOWN:
        return _("{gmv} of prices of no known currency").format(gmv=label)
    return _("{gmv} of prices in {currency}").format(gmv=label, currency=kind)


def kind_said(kind: str) -> str:
    """The products that a sum of GMV is of; empty where it is of all."""
    if kind == UNKNOWN:
        return _("of prices of no known currency")
    return _("of prices in {currency}").format(currency=kind) if kind else ""


def summed(
    past: SumsPast, metrics: Catalogue, chosen: str, within: tuple[Instant, Instant], zone: tzinfo
) -> dict[str, Any]:
    """The values of the template's macro: the sum ``chosen`` by its name, or else the first, has
    the plot."""
    currencies = Currencies(None, metrics.gmv_currency)
    tracks = sum_tracks(past, metrics)
    shown = next((each for each in tracks if each.name == chosen), next(iter(tracks), None))
    return {
        "cards": [_card(each, within, currencies, chosen=each is shown) for each in tracks],
        "chosen_label": shown.track.label if shown else "",
        "chart": chart_of(shown.track, (), within, currencies, zone) if shown else None,
        "heads": [each.track.label for each in tracks],
        "rows": [*_rows(tracks, past, currencies)],
        "compared": past.compared.get("sales"),
        "since": _first(past),
    }


def sums_json(past: SumsPast) -> dict[str, object]:
    """For programs: of each instant what was known then. ``compared`` are sums of the products that
    lists had at the first and the last of them."""
    return {
        "at": past.at.tolist(),
        "products": _numbers(past.products.tolist()),
        "sales": _numbers(past.sales.tolist()),
        "gmv": {kind: _numbers(values.tolist()) for kind, values in past.gmv.items()},
        "compared": past.compared,
    }


def _track(name: str, metric: Metric, values: Any, past: SumsPast) -> SumTrack:
    label = gmv_label(label_said(metric.name, metric.label), name.partition(" ")[2])
    return SumTrack(
        name, Track(name, label, metric, past.at, values, past.at), past.compared.get(name)
    )


def _card(
    each: SumTrack, within: tuple[Instant, Instant], currencies: Currencies, *, chosen: bool
) -> Card:
    card = card_of(each.track, within, currencies, chosen=chosen)
    moved = card.moved if each.name == "products" else _moved(each.compared)
    return replace(card, name=each.name, label=each.track.label, moved=moved)


def _moved(compared: ComparedSums | None) -> str:
    """The change of the products of both times; a plain sum would move with the lists."""
    if compared is None or not compared.products or compared.then <= 0:
        return ""
    return format_percent(compared.now / compared.then - 1, signed=True)


def _rows(
    tracks: Sequence[SumTrack], past: SumsPast, currencies: Currencies
) -> Iterator[tuple[Instant, list[str]]]:
    """Yield each instant with its sums in words, the newest first."""
    for row in range(len(past.at) - 1, -1, -1):
        words = [_said(each.track, row, currencies) for each in tracks]
        if any(words):
            yield int(past.at[row]), words


def _said(track: Track, row: int, currencies: Currencies) -> str:
    value = number(float(track.values[row]))
    return "" if value is None else said(track.metric.name, value, track.metric.unit, currencies)


def _first(past: SumsPast) -> Instant | None:
    """The time that the last one is compared with."""
    known = np.flatnonzero(past.products > 0)
    return int(past.at[known[0]]) if len(known) > 1 else None


def _numbers(values: Sequence[float]) -> list[float | None]:
    return [number(each) for each in values]
