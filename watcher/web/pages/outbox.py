"""The outbox: what waits, what is dead, what was sent; and the forms that retry and drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

from aiohttp import web

from watcher.delivery.report_tables import in_words
from watcher.delivery.view import view_of
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.message import Notification, NotificationState
from watcher.model import Instant
from watcher.notification.deferral import Waiting, waiting
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.text.messages import title_of
from watcher.web.context import PageContext, as_json
from watcher.web.pages.common import number_of, page_of, stored, summary
from watcher.web.rendering import whole_number, with_query

SIZE = 50
_HEADS = {
    "dead": (
        N_("Dead"),
        N_("Given up: the service refuses them, or did not take them for a day."),
    ),
    "waiting": (
        N_("Waiting"),
        N_("Not taken yet. Each target gets its oldest message first."),
    ),
    "sent": (N_("Recently sent"), N_("The service took them.")),
    "dropped": (N_("Dropped"), ""),
    "joined": (
        N_("Joined"),
        N_("They waited with others: one message tells what still holds, and what came and went."),
    ),
}
_ALWAYS = ("dead", "waiting", "sent")  # where no state is asked for
_FRONT = 15  # of each state, where no state is asked for


@dataclass(frozen=True, slots=True)
class OutboxGroup:
    """Notifications of one state: a page of them, and where there are more."""

    state: str
    head: str
    text: str
    rows: Sequence[Notification]
    older: str
    next: int | None


class _OutboxPage(NamedTuple):
    """The template's values."""

    state: str
    counts: Mapping[str, int]
    groups: Sequence[OutboxGroup]
    held: Sequence[Waiting]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /outbox``, ``/outbox?state=dead&before=ID``."""
    found = await context.read(partial(_found, request.query))
    groups = [_worded(each) for each in found.groups]
    return context.html(request, "outbox.html", **{**found._asdict(), "groups": groups})


def _worded(group: OutboxGroup) -> OutboxGroup:
    """Its head and text in the language of the page: the store's thread speaks English."""
    return replace(group, head=_(group.head), text=group.text and _(group.text))


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/outbox.json`` with the same query."""
    found = await context.read(partial(_found, request.query))
    return as_json(
        {
            "counts": found.counts,
            "notifications": [summary(each) for group in found.groups for each in group.rows],
            "held": found.held,
            "next": found.groups[0].next if len(found.groups) == 1 else None,
        }
    )


async def message(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /outbox/ID``: what it says, and every try."""
    number = int(request.match_info["id"])
    found, tries = await context.sources.read(
        lambda database: (database.outbox.get(number), database.outbox.tries(number))
    )
    if found is None:
        raise web.HTTPNotFound(text=_("There is no such message, or it is not kept any more."))
    view = view_of(found.message, title_of(found.message), context.sources.book().zone)
    report = found.message.report
    words = in_words(report, context.sources.book().zone) if report is not None else None
    linked = any(rule.name == found.message.rule for rule in context.sources.book().rules)
    return context.html(
        request, "message.html", one=found, tries=tries, view=view, words=words, linked=linked
    )


async def retry(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /outbox/retry``: one by ``id``, or all that are dead."""
    fields = await context.forms.read(request)
    ids = None if fields.get("all") == "dead" else [number_of(fields, N_("Which message?"))]
    moved = await context.write(request, lambda audited: audited.retry(ids))
    context.sources.wake()
    raise context.see(request, fields, "retried", len(moved))


async def drop(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /outbox/drop``: one, by ``id``."""
    fields = await context.forms.read(request)
    ids = [number_of(fields, N_("Which message?"))]
    moved = await context.write(request, lambda audited: audited.drop(ids))
    context.sources.wake()
    raise context.see(request, fields, "dropped", len(moved))


def _found(query: Mapping[str, str], database: Store, book: Rulebook, now: Instant) -> _OutboxPage:
    counts = {one.value: count for one, count in database.outbox.counts().items()}
    state = query.get("state", "")
    if state in set(NotificationState):
        group = _group(database, NotificationState(state), whole_number(query, "before"), SIZE)
        return _OutboxPage(state, counts, [group], ())
    groups = [_group(database, NotificationState(name), None, _FRONT) for name in _ALWAYS]
    return _OutboxPage("", counts, groups, waiting(database, book, now))


def _group(database: Store, state: NotificationState, before: int | None, size: int) -> OutboxGroup:
    ids, more = page_of(database.browsing.notifications(state, before, size + 1), size)
    following = ids[-1] if more else None
    head, text = _HEADS[state.value]
    older = with_query("/outbox", state=state.value, before=following) if following else ""
    return OutboxGroup(state.value, head, text, stored(database, ids), older, following)
