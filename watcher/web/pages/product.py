"""One product: its metrics over time with its alerts on them, its texts, and its alerts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from aiohttp import web

from watcher.evaluation.series import Track, tracks_of
from watcher.identity import product_page
from watcher.model import Instant, LongTexts, ProductFacts
from watcher.rules.metrics import RANK, Metric
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.skus import Sku, options_of, skus_of
from watcher.store.ports import Store
from watcher.store.sql import browsing
from watcher.store.sql.alerts import AlertRow
from watcher.store.sql.silences import Silence
from watcher.text.evidence import said
from watcher.units import DAY, Currencies, Unit
from watcher.web.context import PageContext, as_json, whole_number
from watcher.web.pages.common import DURATIONS, lines_of, shown
from watcher.web.plots import Card, card_of, chart_of, number

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

_LONGEST = 4_000  # characters of a text
_LINES = 100  # of a text
_VARIANTS = 60
_DEEPEST = 8
# Keys whose values are for people; everything else of the JSON is for programs.
_SPOKEN = ("text", "content", "title", "children", "items")
_SIGN = re.compile(r"[^\d\s.,'-]")  # of a currency, or its code


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant to buy: the options that make it, and its price as the API writes it."""

    name: str
    price: str


@dataclass(frozen=True, slots=True)
class Texts:
    """All that there is to read."""

    description: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    variants: tuple[Variant, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing."""
        return not (self.description or self.options or self.variants)


@dataclass(frozen=True, slots=True)
class _Product:
    """A product as the store has it."""

    facts: ProductFacts
    tracks: Sequence[Track]
    alerts: Sequence[AlertRow]
    silences: Sequence[Silence]
    texts: LongTexts | None


@dataclass(frozen=True, slots=True)
class _Query:
    """The query of the address."""

    region: str
    product: str
    metric: Metric
    days: int
    begin: Instant
    now: Instant


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products/REGION/ID?metric=NAME&days=90``."""
    asked = _asked(context, request)
    past = await _read(context, asked)
    within = (asked.begin, asked.now)
    chosen = _chosen(past.tracks, asked.metric)
    currencies = Currencies(past.facts.currency, context.sources.book().metrics.gmv_currency)
    return context.html(
        request,
        "product.html",
        facts=past.facts,
        known=tuple(_known(past.facts)),
        outside=product_page(past.facts.product_id),
        cards=_cards(past, asked, currencies),
        chosen=chosen,
        metric=asked.metric,
        chart=chart_of(chosen, past.alerts, within, currencies, context.zone) if chosen else None,
        rows=_rows(chosen, currencies) if chosen else (),
        days=asked.days,
        spans=DAYS,
        metrics=_choices(context.sources.book()),
        alerts=lines_of(past.alerts, context),
        silences=past.silences,
        texts=texts_of(past.texts),
        durations=DURATIONS,
        back=context.here(request),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/products/REGION/ID.json`` with the same query; times are Unix seconds."""
    asked = _asked(context, request)
    past = await _read(context, asked)
    return as_json(
        {
            "product": past.facts,
            "gmv_currency": context.sources.book().metrics.gmv_currency,
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


async def search(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products?q=TEXT``: by id or a part of the name."""
    text = request.query.get("q", "").strip()[:100]
    found = await context.read(lambda database: database.browsing.products(text)) if text else []
    return context.html(request, "products.html", q=text, found=found, most=browsing.PRODUCTS)


def _asked(context: PageContext, request: web.Request) -> _Query:
    book, now = context.sources.book(), context.now()
    metric = book.metrics.get(request.query.get("metric", "")) or book.metrics[METRICS[0]]
    days = whole_number(request.query, "days")
    days = days if days in DAYS else DAYS[1]
    parts = request.match_info
    return _Query(parts["region"].upper(), parts["id"], metric, days, now - days * DAY, now)


async def _read(context: PageContext, asked: _Query) -> _Product:
    book = context.sources.book()
    past = await context.read(lambda database: _past(database, book, asked))
    if past is None:
        raise web.HTTPNotFound(text="No scan has seen a product of this id in this region.")
    return past


def _past(database: Store, book: Rulebook, asked: _Query) -> _Product | None:
    facts = next(iter(database.history.find(asked.product, asked.region)), None)
    if facts is None:
        return None
    ids = database.browsing.alerts_of_product(facts.product, ALERTS)
    alerts = shown(database, ids, book, asked.now)
    metrics = [metric for name in METRICS if (metric := book.metrics.get(name)) is not None]
    if asked.metric not in metrics:
        metrics.append(asked.metric)
    watches = _watch_of(book, facts.region, alerts) if RANK in asked.metric.needs else []
    return _Product(
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


def _cards(past: _Product, asked: _Query, currencies: Currencies) -> list[Card]:
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
        (at, said(track.metric.name, number(value), track.metric.unit, currencies))
        for at, value in reversed(list(pairs)[-ROWS:])
    ]


def _choices(book: Rulebook) -> list[tuple[str, str]]:
    """Every metric that can be plotted."""
    plotted = (each for each in book.metrics.metrics() if each.unit is not Unit.DAY)
    return [(metric.name, metric.label) for metric in plotted]


def _known(facts: ProductFacts) -> Sequence[tuple[str, str]]:
    """Facts worth knowing that have no plot."""
    numbers: Mapping[str, float | None] = facts.numbers
    known = [
        ("Trend", said("sales_trend_flag", numbers.get("sales_trend_flag"), Unit.FLAG)),
        ("Seller", facts.seller_id or "unknown"),
        ("Category", facts.category_id or "unknown"),
        ("Collected since", said("first_crawl_dt", numbers.get("first_crawl_dt"), Unit.DAY)),
    ]
    return [pair for pair in known if pair[1] != "no value"]


def texts_of(long: LongTexts | None) -> Texts:
    """The texts of a product; what can't be understood is shown as it stands."""
    if long is None:
        return Texts()
    values = _decoded(long.sale_props)
    return Texts(
        description=tuple(_bounded(_strings(_decoded(long.desc_detail)))),
        options=tuple(_bounded(_options(values))),
        variants=tuple(_variants(_decoded(long.skus), values)),
    )


def _decoded(text: str | None) -> object:
    try:
        return msgspec.json.decode(text or "null")
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text


def _bounded(lines: Iterator[str]) -> Iterator[str]:
    length = 0
    for count, line in enumerate(lines):
        if count >= _LINES or length >= _LONGEST:
            yield "…"
            return
        yield line[: _LONGEST - length]
        length += len(line)


def _strings(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield from (line for line in map(str.strip, value.splitlines()) if line)
    elif isinstance(value, list) and depth < _DEEPEST:
        for each in value:
            yield from _strings(each, depth + 1)
    elif isinstance(value, dict) and depth < _DEEPEST:
        for name in _SPOKEN:
            yield from _strings(value.get(name), depth + 1)


def _options(value: object) -> Iterator[str]:
    """``Colour: golden, silver``."""
    if isinstance(value, str):
        yield from _strings(value)
        return
    for name, values in options_of(value).items():
        yield f"{name}: {', '.join(values)}" if name else ", ".join(values)


def _variants(skus: object, sale_props: object) -> Iterator[Variant]:
    for count, sku in enumerate(skus_of(skus, sale_props)):
        if count >= _VARIANTS:
            yield Variant("…", "")
            return
        yield Variant(", ".join(sku.options)[:200] or sku.sku_id[:40], _price(sku))


def _price(sku: Sku) -> str:
    """``$1.99``, and with the currency's code where nothing in it says which it is."""
    bare = sku.price and not _SIGN.search(sku.price)
    return f"{sku.price} {sku.currency}"[:60] if bare and sku.currency else sku.price[:60]
