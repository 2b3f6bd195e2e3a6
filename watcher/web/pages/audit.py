"""The record of what people wrote, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.language import gettext as _
from watcher.model import Instant
from watcher.people import AuditRecord, WriteKind
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.text.audit import changes, done, kind_said, way
from watcher.units import enumerated
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import page_of
from watcher.web.rendering import whole_number, with_query

SIZE = 50


@dataclass(frozen=True, slots=True)
class _AuditPage:
    who: str
    what: str
    records: Sequence[AuditRecord]
    next: int | None
    names: Sequence[str]
    kinds: Sequence[str]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /audit?who=NAME&what=KIND&before=ID``."""
    found = await context.read(partial(_found, request.query))
    older = with_query("/audit", who=found.who, what=found.what, before=found.next)
    zone = context.zone
    return context.html(
        request,
        "audit.html",
        who=found.who,
        chosen=found.what,
        names=found.names,
        kinds=[(each, kind_said(each)) for each in found.kinds],
        records=[(each, way(each), done(each), changes(each, zone)) for each in found.records],
        older=older if found.next else "",
        first="before" not in request.query,
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/audit.json`` with the same query; ``next`` is the ``before`` of the next page.
    What can't be is 400: a program would take no record for nothing that was done."""
    if request.query.get("before") and whole_number(request.query, "before") is None:
        text = _('"{text}" is no number.').format(text=request.query["before"])
        raise web.HTTPBadRequest(text=text)
    found = await context.read(partial(_found, request.query))
    if found.what not in ("", *WriteKind, *found.kinds):
        text = _('"{text}" is none of {choices}.')
        choices = enumerated(each.value for each in WriteKind)
        raise web.HTTPBadRequest(text=text.format(text=found.what, choices=choices))
    return as_json({"records": found.records, "next": found.next})


def _found(query: Mapping[str, str], database: Store, _book: Rulebook, _now: Instant) -> _AuditPage:
    who, what = query.get("who", ""), query.get("what", "")
    found, more = page_of(
        database.audit.list(
            who=who or None, what=what or None, before=whole_number(query, "before"), limit=SIZE + 1
        ),
        SIZE,
    )
    following = found[-1].id if more else None
    return _AuditPage(who, what, found, following, database.audit.names(), database.audit.changes())
