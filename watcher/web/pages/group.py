"""One group of products: its figures over time, its products, and its alerts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.analysis.groups import GroupHistory, group_history
from watcher.evaluation.names import grouped_ids, names_in, subject_name
from watcher.evaluation.series import Track
from watcher.fields import IDS
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.model import Instant, ProductFacts
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.silences import Silence
from watcher.subjects import BY, subject_parts
from watcher.units import DAY, Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.pages.assortment_past import summed, sums_json
from watcher.web.pages.common import days_of, in_words, lines_of, plotted, track_json
from watcher.web.pages.group_products import AssortmentView, heads, kind_of, products_of


@dataclass(frozen=True, slots=True)
class _Group:
    """A group as the store has it; of its tracks the ``chosen`` one has its plot. ``view`` are its
    products on the lists that its rules read, or on all where no rule speaks of it now."""

    facts: ProductFacts
    past: GroupHistory
    chosen: Track | None
    view: AssortmentView
    silences: Sequence[Silence]
    names: Mapping[str, str]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /groups/REGION/BY=VALUE?figure=NAME&sum=NAME&days=90&sort=sales&page=1``."""
    found = await context.read(partial(_found, request, listed=False))
    book = context.sources.book()
    currencies = Currencies(None, book.metrics.gmv_currency)
    chosen, past, view = found.chosen, found.past, found.view
    by, value = subject_parts(found.facts.product_id) or ("", "")
    own = [row for row in view.alerts if row.product_id == found.facts.product_id]
    return context.html(
        request,
        "group.html",
        facts=found.facts,
        name=subject_name(found.facts.product_id, found.facts.name, found.names),
        what=_what(found.facts.product_id),
        of=kind_of(by),
        value=value,
        names=found.names,
        past=past,
        **plotted(past.tracks, chosen, own, view.within, currencies, book.zone),
        days=view.days,
        view=view,
        heads=heads(),
        gmv_currency=book.metrics.gmv_currency,
        sums=summed(
            view.past, book.metrics, view.asked.query.get("sum", ""), view.within, book.zone
        ),
        rules=[
            rule.name
            for rule in book.enabled
            if rule.group is not None and rule.group.name in {each.name for each in past.groups}
        ],
        alerts=lines_of(view.alerts, context),
        silences=found.silences,
        back=context.here(request),
        pictures=await context.pictures(
            (row.facts.region, row.facts.product_id) for row in view.table.rows
        ),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/groups/REGION/BY=VALUE.json`` with the same query; times are Unix seconds."""
    found = await context.read(partial(_found, request, listed=True))
    by, value = subject_parts(found.facts.product_id) or ("", "")
    ids = grouped_ids([found.facts.product_id], IDS)
    return as_json(
        {
            "id": found.facts.product_id,
            "region": found.facts.region,
            "name": subject_name(found.facts.product_id, found.facts.name, found.names),
            "by": by,
            "value": value,
            "groups": [each.name for each in found.past.groups],
            "first_seen": found.facts.first_seen,
            "gmv_currency": context.sources.book().metrics.gmv_currency,
            "figures": [track_json(track) for track in found.past.tracks],
            "lists": [
                {"watch": each.watch, "at": each.at, "size": each.size, "products": each.members}
                for each in found.past.lists
            ],
            "sums": sums_json(found.view.past),
            **found.view.table.as_data(),
            "alerts": in_words(found.view.alerts),
            "silences": found.silences,
            "names": {each: found.names[each] for each in ids if each in found.names},
        }
    )


def _found(
    request: web.Request, database: Store, book: Rulebook, now: Instant, *, listed: bool
) -> _Group:
    parts, query = request.match_info, request.query
    subject = parts["id"]
    known = subject_parts(subject) and database.history.find(subject, parts["region"].upper())
    if not known:
        raise web.HTTPNotFound(text=N_("No rule has seen such a group in this region."))
    facts = known[0]
    past = group_history(database, book, facts, now - days_of(query) * DAY, listed=listed)
    asked = (each for each in past.tracks if each.name == query.get("figure", ""))
    return _Group(
        facts=facts,
        past=past,
        chosen=next(asked, next(iter(past.tracks), None)),
        view=products_of(database, book, now, query, facts, past),
        silences=database.silences.of_product(facts.product, now),
        names=names_in(database.history, book.sellers, (), subject),
    )


def _what(subject: str) -> str:
    """``a seller``."""
    by, _value = subject_parts(subject) or ("", "")
    return _(BY[by].one)
