"""The outbox: what waits, what is dead, what was sent; and the forms that retry and drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aiohttp import web

from watcher.delivery.view import view_of
from watcher.model import Notification, NotificationState
from watcher.notification.deferral import Waiting, waiting
from watcher.store.ports import Store
from watcher.store.records import Try
from watcher.text.messages import title_of
from watcher.web.context import PageContext, as_json, whole_number
from watcher.web.forms import own_path
from watcher.web.links import with_query
from watcher.web.pages.common import number_of, page_of, stored, summary

SIZE = 50
_HEADS = {
    "dead": ("Dead", "Given up: the service refuses them, or did not take them for a day."),
    "waiting": ("Waiting", "Not taken yet. Each target gets its oldest message first."),
    "sent": ("Recently sent", "The service took them."),
}
_TEXTS = {"joined": "They waited with dozens of others: one message tells what of all still holds."}
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


@dataclass(frozen=True, slots=True)
class _OutboxPage:
    counts: Mapping[str, int]
    groups: Sequence[OutboxGroup]
    held: Sequence[Waiting]


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /outbox``, ``/outbox?state=dead&before=ID``."""
    state = _state(request.query)
    found = await _read(context, request.query)
    return context.html(
        request,
        "outbox.html",
        counts=found.counts,
        state=state.value if state is not None else "",
        groups=found.groups,
        held=found.held,
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/outbox.json`` with the same query."""
    found = await _read(context, request.query)
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

    def read(database: Store) -> tuple[Notification | None, list[Try]]:
        return database.outbox.get(number), database.outbox.tries(number)

    found, tries = await context.read(read)
    if found is None:
        raise web.HTTPNotFound(text="There is no such message, or it is not kept any more.")
    view = view_of(found.message, title_of(found.message), context.sources.book().zone)
    linked = any(rule.name == found.message.rule for rule in context.sources.book().rules)
    return context.html(request, "message.html", one=found, tries=tries, view=view, linked=linked)


async def retry(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /outbox/retry``: one by ``id``, or all that are dead."""
    fields = await context.forms.read(request)
    ids, now = _ids(fields), context.now()
    moved = await context.sources.write(lambda database: database.outbox.retry(ids, now))
    context.sources.wake()
    raise context.see(request, own_path(fields.get("back", ""), "/outbox"), "retried", len(moved))


async def drop(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``POST /outbox/drop``: one, by ``id``."""
    fields = await context.forms.read(request)
    ids, now = _ids(fields), context.now()
    if ids is None:
        raise web.HTTPBadRequest(text="Which message is to be dropped?")
    moved = await context.sources.write(lambda database: database.outbox.drop(ids, now))
    context.sources.wake()
    raise context.see(request, own_path(fields.get("back", ""), "/outbox"), "dropped", len(moved))


def _ids(fields: Mapping[str, str]) -> list[int] | None:
    """The one that the form names; None where it says all."""
    if fields.get("all") == "dead":
        return None
    return [number_of(fields, "message")]


def _state(query: Mapping[str, str]) -> NotificationState | None:
    text = query.get("state", "")
    return NotificationState(text) if text in set(NotificationState) else None


async def _read(context: PageContext, query: Mapping[str, str]) -> _OutboxPage:
    state, before = _state(query), whole_number(query, "before")
    book, now = context.sources.book(), context.now()

    def read(database: Store) -> _OutboxPage:
        counts = {one.value: count for one, count in database.outbox.counts().items()}
        if state is not None:
            groups = [_group(database, state, before, SIZE)]
        else:
            states = (NotificationState(name) for name in _HEADS)
            groups = [_group(database, each, None, _FRONT) for each in states]
        held = waiting(database, book, now) if state is None else ()
        return _OutboxPage(counts, groups, held)

    return await context.read(read)


def _group(database: Store, state: NotificationState, before: int | None, size: int) -> OutboxGroup:
    ids, more = page_of(database.browsing.notifications(state, before, size + 1), size)
    following = ids[-1] if more else None
    head, text = _HEADS.get(state.value, (state.value.capitalize(), _TEXTS.get(state.value, "")))
    older = with_query("/outbox", state=state.value, before=following) if following else ""
    return OutboxGroup(state.value, head, text, stored(database, ids), older, following)
