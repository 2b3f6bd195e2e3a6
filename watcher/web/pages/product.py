"""One product: its metrics over time with its alerts on them, its texts, and its alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np
from aiohttp import web

from watcher.delivery.view import PRODUCT_PAGE
from watcher.evaluation.series import Track, tracks_of
from watcher.model import Instant, LongTexts, ProductFacts
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.sql import browsing
from watcher.store.sql.alerts import AlertRow
from watcher.store.sql.silences import Silence
from watcher.units import DAY, Currencies, Unit
from watcher.web import links, words
from watcher.web.charts import Card, card_of, chart_of, number
from watcher.web.context import Desk, as_json, whole_number
from watcher.web.pages.common import DURATIONS, lines_of, shown
from watcher.web.texts import texts_of

DAYS = (30, 90, 400)
ALERTS = 30
ROWS = 400  # of values in the table and the JSON, the newest
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


@dataclass(frozen=True, slots=True)
class _Past:
    """A product as the store has it."""

    facts: ProductFacts
    tracks: Sequence[Track]
    alerts: Sequence[AlertRow]
    silences: Sequence[Silence]
    texts: LongTexts | None


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the address asks for."""

    region: str
    product: str
    metric: Metric
    days: int
    begin: Instant
    now: Instant


async def page(desk: Desk, request: web.Request) -> web.StreamResponse:
    """``GET /products/REGION/ID?metric=NAME&days=90``."""
    asked = _asked(desk, request)
    past = await _read(desk, asked)
    within = (asked.begin, asked.now)
    chosen = _chosen(past.tracks, asked.metric)
    currencies = Currencies(past.facts.currency, desk.sources.book().metrics.gmv_currency)
    return desk.html(
        request,
        "product.html",
        facts=past.facts,
        known=tuple(_known(past.facts)),
        outside=f"{PRODUCT_PAGE}{quote(past.facts.product_id, safe='')}",
        cards=_cards(past, asked, currencies),
        chosen=chosen,
        metric=asked.metric,
        chart=chart_of(chosen, past.alerts, within, currencies, desk.zone) if chosen else None,
        rows=_rows(chosen, currencies) if chosen else (),
        days=asked.days,
        spans=DAYS,
        metrics=_choices(desk.sources.book()),
        alerts=lines_of(past.alerts, desk),
        silences=past.silences,
        texts=texts_of(past.texts),
        durations=DURATIONS,
        back=links.product(past.facts.region, past.facts.product_id),
    )


async def data(desk: Desk, request: web.Request) -> web.StreamResponse:
    """``GET /api/products/REGION/ID.json`` with the same query; times are Unix seconds."""
    asked = _asked(desk, request)
    past = await _read(desk, asked)
    return as_json(
        {
            "product": past.facts,
            "gmv_currency": desk.sources.book().metrics.gmv_currency,
            "metrics": [
                {
                    "name": track.name,
                    "label": track.label,
                    "unit": track.metric.unit,
                    "values": [
                        (at, number(value))
                        for at, value in zip(
                            track.at[-ROWS:].tolist(), track.values[-ROWS:].tolist(), strict=True
                        )
                    ],
                }
                for track in past.tracks
                if not track.empty
            ],
            "alerts": past.alerts,
            "texts": texts_of(past.texts),
            "silences": past.silences,
        }
    )


async def search(desk: Desk, request: web.Request) -> web.StreamResponse:
    """``GET /products?q=TEXT``: by id or a part of the name."""
    text = request.query.get("q", "").strip()[:100]
    found = await desk.read(lambda database: database.browsing.products(text)) if text else []
    return desk.html(request, "products.html", q=text, found=found, most=browsing.PRODUCTS)


def _asked(desk: Desk, request: web.Request) -> _Asked:
    book, now = desk.sources.book(), desk.now()
    metric = book.metrics.get(request.query.get("metric", "")) or book.metrics[METRICS[0]]
    days = whole_number(request.query, "days")
    days = days if days in DAYS else DAYS[1]
    parts = request.match_info
    return _Asked(parts["region"].upper(), parts["id"], metric, days, now - days * DAY, now)


async def _read(desk: Desk, asked: _Asked) -> _Past:
    book = desk.sources.book()
    past = await desk.read(lambda database: _past(database, book, asked))
    if past is None:
        raise web.HTTPNotFound(text="No scan has seen a product of this id in this region.")
    return past


def _past(database: Store, book: Rulebook, asked: _Asked) -> _Past | None:
    facts = next(iter(database.history.find(asked.product, asked.region)), None)
    if facts is None:
        return None
    ids = database.browsing.alerts_of_product(facts.product, ALERTS)
    alerts = shown(database, ids, book, asked.now)
    metrics = [metric for name in METRICS if (metric := book.metrics.get(name)) is not None]
    if asked.metric not in metrics:
        metrics.append(asked.metric)
    watches = _watch_of(book, facts.region, alerts) if RANK in asked.metric.needs else []
    return _Past(
        facts,
        tracks_of(database, facts, metrics, watches, asked.begin),
        alerts,
        database.silences.of_product(facts.product, asked.now),
        database.history.long_texts(facts.product),
    )


def _watch_of(book: Rulebook, region: str, alerts: Sequence[AlertRow]) -> list[Watch]:
    """The list whose places are shown: of the newest alert's rule, or else the region's first."""
    watches = {rule.name: rule.watch for rule in book.rules}
    of_alerts = [watches[row.alert.rule] for row in alerts if row.alert.rule in watches]
    here = [watch for watch in book.used_watches if watch.query.region == region]
    return (of_alerts or here)[:1]


def _chosen(tracks: Sequence[Track], metric: Metric) -> Track | None:
    """The track that is asked for; where it has no value, none."""
    return next((track for track in tracks if track.metric == metric and not track.empty), None)


def _cards(past: _Past, asked: _Asked, currencies: Currencies) -> list[Card]:
    within = (asked.begin, asked.now)
    return [
        card_of(track, within, currencies, chosen=track.metric == asked.metric)
        for track in past.tracks
        if not track.empty
    ]


def _rows(track: Track, currencies: Currencies) -> list[tuple[Instant, str]]:
    """The values as they changed, the newest first."""
    changed = np.ones(len(track.at), np.bool_)
    before, after = track.values[:-1], track.values[1:]
    changed[1:] = ~((before == after) | (np.isnan(before) & np.isnan(after)))
    pairs = zip(track.at[changed].tolist(), track.values[changed].tolist(), strict=True)
    return [
        (at, words.said(track.metric.name, number(value), track.metric.unit, currencies))
        for at, value in reversed(list(pairs)[-ROWS:])
    ]


def _choices(book: Rulebook) -> list[tuple[str, str]]:
    """Every metric that can be plotted."""
    plotted = (each for each in book.metrics.metrics() if each.unit is not Unit.DAY)
    return [(metric.name, metric.label) for metric in plotted]


def _known(facts: ProductFacts) -> Sequence[tuple[str, str]]:
    """What is worth knowing and has no plot."""
    numbers: Mapping[str, float | None] = facts.numbers
    said = [
        ("Trend", words.said("sales_trend_flag", numbers.get("sales_trend_flag"), Unit.FLAG)),
        ("Seller", facts.seller_id or "unknown"),
        ("Category", facts.category_id or "unknown"),
        ("Collected since", words.said("first_crawl_dt", numbers.get("first_crawl_dt"), Unit.DAY)),
    ]
    return [pair for pair in said if pair[1] != "no value"]
