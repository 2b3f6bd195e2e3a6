"""One product: its metrics over time with its alerts and gaps on them, alone or beside others, the
rules that look at it, its variants and texts, and its alerts."""

from __future__ import annotations

from aiohttp import web

from watcher.identity import product_page
from watcher.store.sql.silences import Silence
from watcher.units import Currencies
from watcher.web.context import PageContext
from watcher.web.pages.common import durations, lines_of
from watcher.web.pages.product_choices import choices_of
from watcher.web.pages.product_facts import known_of
from watcher.web.pages.product_past import ProductPast
from watcher.web.pages.product_plots import plots_of
from watcher.web.pages.product_read import read_past
from watcher.web.pages.product_rules import rule_lines
from watcher.web.pages.product_texts import texts_of

ALERTS = 20  # that the page shows; the plot marks more
SILENCES = 6


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /products/REGION/ID?metric=NAME&metric=...&days=90&compare=ID``; a time may be
    ``days=all``, or ``from=2026-01-01&to=2026-02-28``."""
    past = await read_past(context, request)
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
        silences=_own_first(past),
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


def _own_first(past: ProductPast) -> list[Silence]:
    """The silences that hold it back; first those that name it."""
    return sorted(past.silences, key=lambda each: each.product is None)
