"""One product: its metrics over time with its alerts and gaps on them, alone or beside others, the
rules that look at it, its variants and texts, and its alerts."""

from __future__ import annotations

from aiohttp import web

from watcher.identity import product_page
from watcher.language import gettext_noop as N_
from watcher.language import language, spoken
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.units import Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import durations, in_words, lines_of, track_json
from watcher.web.pages.product_choices import choices_of
from watcher.web.pages.product_facts import known_of, own_values
from watcher.web.pages.product_past import RULES, ProductPast, pages_of, past_of
from watcher.web.pages.product_plots import plots_of, series_json
from watcher.web.pages.product_rules import Words, rule_lines, verdicts_json
from watcher.web.pages.product_texts import texts_of

ALERTS = 20  # that the page shows; the plot marks more
SILENCES = 6


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products/REGION/ID?metric=NAME&metric=...&days=90&compare=ID``; a time may be
    ``days=all``, or ``from=2026-01-01&to=2026-02-28``."""
    past = await _read(context, request)
    facts, view, book = past.facts, past.view, context.sources.book()
    currencies, plots = Currencies(facts.currency, book.metrics.gmv_currency), plots_of(past, book)
    return context.html(
        request,
        "product.html",
        facts=facts,
        known=known_of(facts, book.metrics, currencies),
        categories=past.categories,
        names=past.names,
        outside=product_page(facts.product_id),
        view=view,
        plots=plots,
        refused=[*view.refused, *plots.refused],
        choices=choices_of(past, book.metrics, currencies),
        rules=rule_lines(past, currencies, book.zone),
        alerts=lines_of(past.alerts, context),
        most_alerts=ALERTS,
        silences=past.own_silences_first,
        most_silences=SILENCES,
        durations=durations(),
        texts=texts_of(past.texts),
        texts_read=past.texts is not None,
        reworded=past.reworded,
        back=context.here(request),
        beside=past.beside,
        found=past.found,
        pictures=await context.pictures(view.subjects),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/products/REGION/ID.json`` with the same query; times are Unix seconds."""
    past = await _read(context, request)
    facts, book = past.facts, context.sources.book()
    words = Words(Currencies(facts.currency, book.metrics.gmv_currency), past.names, book.zone)
    return as_json(
        {
            "product": facts,
            "gmv_currency": book.metrics.gmv_currency,
            "metrics": [track_json(track) for track in past.cards],
            "series": series_json(past, book),
            "begin": past.view.time.begin,
            "end": past.view.time.end,
            "refused": [*past.view.refused, *plots_of(past, book).refused],
            "rules": verdicts_json(past.verdicts, words),
            "rules_page": past.view.rules,
            "rules_pages": pages_of(len(past.lookers.rules), RULES),
            "alerts": in_words(past.alerts),
            "texts": texts_of(past.texts),
            "text_changes": past.reworded,
            "facts": own_values(facts, book.metrics),
            "silences": past.silences,
            "categories": past.categories,
            "names": {each: past.names[each] for each in _ids(past) if each in past.names},
        }
    )


async def _read(context: PageContext, request: web.Request) -> ProductPast:
    parts, wanted = request.match_info, language()
    subject = parts["region"].upper(), parts["id"]
    query = {name: request.query.getall(name) for name in request.query}

    def read(database: Store, book: Rulebook, now: Instant) -> ProductPast | None:
        with spoken(wanted):  # why a condition has no data is worded where that is found
            return past_of(database, book, now, subject, query)

    past = await context.read(read)
    if past is None:
        raise web.HTTPNotFound(text=N_("No scan has seen a product of this id in this region."))
    if past.facts.grouped_by:
        raise web.HTTPNotFound(text=N_("This is a group of products: its page is below /groups."))
    return past


def _ids(past: ProductPast) -> list[str]:
    return [each for each in (past.facts.seller_id, *past.categories) if each]
