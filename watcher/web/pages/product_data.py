"""A product for programs, by the same address as its page."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from watcher.rules.metrics import Catalogue
from watcher.units import Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import in_words, track_json
from watcher.web.pages.product_past import RULES, ProductPast, pages_of
from watcher.web.pages.product_plots import plots_of, series_json
from watcher.web.pages.product_read import read_past
from watcher.web.pages.product_rules import Words, verdicts_json
from watcher.web.pages.product_texts import texts_of


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/products/REGION/ID.json`` with the same query; times are Unix seconds."""
    past = await read_past(context, request)
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
            "facts": _own_values(past, book.metrics),
            "silences": past.silences,
            "categories": past.categories,
            "names": {each: past.names[each] for each in _ids(past) if each in past.names},
        }
    )


def _ids(past: ProductPast) -> list[str]:
    return [each for each in (past.facts.seller_id, *past.categories) if each]


def _own_values(past: ProductPast, catalogue: Catalogue) -> Mapping[str, float | str]:
    own = catalogue.facts
    return {} if own is None else dict(own.of(past.facts.product_id))
