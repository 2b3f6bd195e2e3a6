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
from watcher.store.records import AlertRow
from watcher.store.sql.silences import Silence
from watcher.subjects import BY, subject_parts
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
from watcher.web.pages.group_members import member_heads, member_lines


@dataclass(frozen=True, slots=True)
class _Group:
    """A group as the store has it; of its tracks the ``chosen`` one has its plot."""

    facts: ProductFacts
    past: GroupHistory
    chosen: Track | None
    alerts: Sequence[AlertRow]
    silences: Sequence[Silence]
    days: int
    within: tuple[Instant, Instant]
    names: Mapping[str, str]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /groups/REGION/BY=VALUE?figure=NAME&days=90``."""
    found = await context.read(partial(_found, request))
    book = context.sources.book()
    currencies = Currencies(None, book.metrics.gmv_currency)
    chosen, past = found.chosen, found.past
    return context.html(
        request,
        "group.html",
        facts=found.facts,
        name=subject_name(found.facts.product_id, found.facts.name, found.names),
        what=_what(found.facts.product_id),
        past=past,
        **plotted(past.tracks, chosen, found.alerts, found.within, currencies, book.zone),
        days=found.days,
        lists=[(each, member_lines(each.members, currencies)) for each in past.lists],
        labels=member_heads(),
        rules=[
            rule.name
            for rule in book.enabled
            if rule.group is not None and rule.group.name in {each.name for each in past.groups}
        ],
        alerts=lines_of(found.alerts, context),
        silences=found.silences,
        back=context.here(request),
        pictures=await context.pictures(
            (one.region, one.product_id) for each in past.lists for one in each.members
        ),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/groups/REGION/BY=VALUE.json`` with the same query; times are Unix seconds."""
    found = await context.read(partial(_found, request))
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
            "alerts": in_words(found.alerts),
            "silences": found.silences,
            "names": {each: found.names[each] for each in ids if each in found.names},
        }
    )


def _found(request: web.Request, database: Store, book: Rulebook, now: Instant) -> _Group:
    parts, query = request.match_info, request.query
    subject = parts["id"]
    known = subject_parts(subject) and database.history.find(subject, parts["region"].upper())
    if not known:
        raise web.HTTPNotFound(text=N_("No rule has seen such a group in this region."))
    facts = known[0]
    days = days_of(query)
    begin = now - days * DAY
    past = group_history(database, book, facts, begin)
    names = names_in(database.history, book.sellers, (), subject)
    ids = database.browsing.alerts_of_product(facts.product, ALERTS)
    asked = (each for each in past.tracks if each.name == query.get("figure", ""))
    return _Group(
        facts=facts,
        past=past,
        chosen=next(asked, next(iter(past.tracks), None)),
        alerts=shown(database, ids, book, now),
        silences=database.silences.of_product(facts.product, now),
        days=days,
        within=(begin, now),
        names=names,
    )


def _what(subject: str) -> str:
    """``a seller``."""
    by, _value = subject_parts(subject) or ("", "")
    return _(BY[by].one)
