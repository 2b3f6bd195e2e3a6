"""One product: its metrics over time with its alerts on them, its texts, and its alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice

from aiohttp import web

from watcher.evaluation.series import Track, tracks_of
from watcher.identity import product_page
from watcher.language import gettext_noop as N_
from watcher.model import Instant, LongTexts, ProductFacts
from watcher.rules.metrics import RANK, Catalogue, Metric
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.silences import Silence
from watcher.units import DAY, Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import (
    ALERTS,
    days_of,
    in_words,
    lines_of,
    plotted,
    shown,
    track_json,
)
from watcher.web.pages.followed import Beside, beside
from watcher.web.pages.product_facts import known_of, metric_choices
from watcher.web.pages.product_texts import TextChanged, reworded, texts_of

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
class _Product:
    """A product as the store has it, and the ``metric`` and ``days`` that are asked for."""

    facts: ProductFacts
    tracks: Sequence[Track]
    alerts: Sequence[AlertRow]
    silences: Sequence[Silence]
    texts: LongTexts | None
    reworded: Sequence[TextChanged]
    metric: Metric
    days: int
    within: tuple[Instant, Instant]
    categories: Sequence[str]  # from level 1 on
    names: Mapping[str, str]  # of its seller and categories, as far as they are known
    beside: Beside


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products/REGION/ID?metric=NAME&days=90``."""
    past = await context.read(partial(_past, request))
    facts, book = past.facts, context.sources.book()
    # The track that is asked for; where it has no value, none.
    chosen = next((track for track in past.tracks if track.metric == past.metric), None)
    currencies = Currencies(facts.currency, book.metrics.gmv_currency)
    return context.html(
        request,
        "product.html",
        facts=facts,
        known=known_of(facts, book.metrics, currencies),
        categories=past.categories,
        names=past.names,
        outside=product_page(facts.product_id),
        **plotted(past.tracks, chosen, past.alerts, past.within, currencies, book.zone),
        metric=past.metric,
        days=past.days,
        metrics=[*metric_choices(book.metrics)],
        alerts=lines_of(past.alerts, context),
        silences=past.silences,
        texts=texts_of(past.texts),
        reworded=past.reworded,
        back=context.here(request),
        beside=past.beside,
        pictures=await context.pictures([(facts.region, facts.product_id)]),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/products/REGION/ID.json`` with the same query; times are Unix seconds."""
    past = await context.read(partial(_past, request))
    facts = past.facts
    return as_json(
        {
            "product": facts,
            "gmv_currency": context.sources.book().metrics.gmv_currency,
            "metrics": [track_json(track) for track in past.tracks],
            "alerts": in_words(past.alerts),
            "texts": texts_of(past.texts),
            "text_changes": past.reworded,
            "facts": _own_values(past.facts, context.sources.book().metrics),
            "silences": past.silences,
            "categories": past.categories,
            "names": {each: past.names[each] for each in _ids(past) if each in past.names},
        }
    )


def _ids(past: _Product) -> list[str]:
    return [each for each in (past.facts.seller_id, *past.categories) if each]


def _own_values(facts: ProductFacts, catalogue: Catalogue) -> dict[str, float | str]:
    return {} if catalogue.facts is None else dict(catalogue.facts.of(facts.product_id))


def _past(request: web.Request, database: Store, book: Rulebook, now: Instant) -> _Product:
    parts, query = request.match_info, request.query
    found = database.history.find(parts["id"], parts["region"].upper())
    if not found:
        raise web.HTTPNotFound(text=N_("No scan has seen a product of this id in this region."))
    facts = found[0]
    if facts.grouped_by:
        raise web.HTTPNotFound(text=N_("This is a group of products: its page is below /groups."))
    asked = book.metrics.get(query.get("metric", "")) or book.metrics[METRICS[0]]
    days = days_of(query)
    begin = now - days * DAY
    ids = database.browsing.alerts_of_product(facts.product, ALERTS)
    alerts = shown(database, ids, book, now)
    metrics = [*filter(None, map(book.metrics.get, METRICS))]
    if asked not in metrics:
        metrics.append(asked)
    watches = _watch_of(book, facts.region, alerts) if RANK in asked.needs else []
    tracks = tracks_of(database, facts, metrics, watches, begin)
    categories = database.categories.of_product(facts.product)
    return _Product(
        facts,
        [track for track in tracks if not track.empty],
        alerts,
        database.silences.of_product(facts.product, now),
        database.history.long_texts(facts.product),
        reworded(database.history.text_changes(facts.product, begin)),
        asked,
        days,
        (begin, now),
        categories,
        {**database.categories.names(categories), **book.sellers},
        beside(database, book, facts),
    )


def _watch_of(book: Rulebook, region: str, alerts: Sequence[AlertRow]) -> list[Watch]:
    """The list whose places are shown: of the newest alert's rule, or else the region's first."""
    rules = {rule.name: rule for rule in book.rules}
    of_alerts = (
        rules[row.alert.rule].watch_of(row.alert.watch) for row in alerts if row.alert.rule in rules
    )
    here = book.watches_in(region)
    return [*islice(chain(of_alerts, here), 1)]
