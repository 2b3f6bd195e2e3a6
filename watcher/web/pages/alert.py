"""One alert: why it fired, what was told of it, what became of it, and what may be done with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from watcher.alert import AlertState
from watcher.analysis.scores.afterwards import Sold, sold
from watcher.analysis.scores.fates import Fate
from watcher.analysis.scores.score import Scored
from watcher.analysis.scores.wording import fate_lines, outcome_lines
from watcher.language import gettext_noop as N_
from watcher.message import Message
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow, Transition
from watcher.store.sql.alert_messages import Mention
from watcher.store.sql.links import Deed
from watcher.store.sql.silences import Silence
from watcher.subjects import subject_parts
from watcher.units import Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.evidence_table import evidence_lines
from watcher.web.pages.alert_list import done_of
from watcher.web.pages.common import durations, in_words, lines_of, shown, subjects_of, summary
from watcher.web.timeline import Mentioned, events

_MOST = 40  # notifications that are shown of one alert: the first and the last


@dataclass(frozen=True, slots=True)
class _Past:
    """An alert as the store has it. ``sold`` is None of a group of products; of the notifications
    that tell of it, ``left_out`` are not shown."""

    row: AlertRow
    transitions: Sequence[Transition]
    told: Sequence[Mentioned]
    left_out: int
    silences: Sequence[Silence]
    sold: Sold | None
    others: int


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /alerts/34``."""
    past = await context.read(partial(_past, _number(request)))
    rule = _rule(context, past.row)
    scored = await _scored(context, rule)
    row, book = past.row, context.sources.book()
    now = context.sources.now()
    (line,) = lines_of([row], context)
    known = row.known.evidence if row.known is not None else ()
    currencies = Currencies(row.currency, book.metrics.gmv_currency)
    score = scored.score if scored is not None else None
    return context.html(
        request,
        "alert.html",
        line=line,
        row=row,
        rule=rule,
        evidence=evidence_lines(row.alert.evidence, known, currencies, row.names),
        events=events(row.alert, past.transitions, past.told, past.silences, now),
        told=past.told,
        left_out=past.left_out,
        silences=[each for each in past.silences if each.is_on(now)],
        sold=past.sold,
        fate=_fate_said(scored, row),
        score=score,
        score_lines=list(outcome_lines(score)) if score is not None else [],
        others=past.others,
        can_acknowledge=row.alert.state is AlertState.FIRING,
        **done_of(context, request),
        back=context.here(request),
        durations=durations(),
        pictures=await context.pictures(subjects_of([row])),
    )


async def data(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /api/alerts/34.json``; times are Unix seconds."""
    past = await context.read(partial(_past, _number(request)))
    row, rule = past.row, _rule(context, past.row)
    scored = await _scored(context, rule)
    return as_json(
        {
            **_own(row),
            "severity": rule.severity_of(row.alert) if rule is not None else None,
            "transitions": past.transitions,
            "messages": [
                {**summary(each.one), "what": each.what, "deeds": each.deeds} for each in past.told
            ],
            "silences": past.silences,
            "sold": past.sold,
            "fate": _fate(scored, row),
            "score": scored.score if scored is not None else None,
        }
    )


def _own(row: AlertRow) -> dict[str, object]:
    (worded,) = in_words([row])
    return {"alert": worded}


def _number(request: web.Request) -> int:
    return int(request.match_info["id"].removeprefix("A"))


def _rule(context: PageContext, row: AlertRow) -> Rule | None:
    rules = context.sources.book().rules
    return next((each for each in rules if each.name == row.alert.rule), None)


async def _scored(context: PageContext, rule: Rule | None) -> Scored | None:
    if rule is None:
        return None
    sources = context.sources
    return await context.board.soon(rule, sources.book(), sources.now(), sources.read)


def _fate(scored: Scored | None, row: AlertRow) -> Fate | None:
    return scored.by_alert.get(row.alert.id) if scored is not None else None


def _fate_said(scored: Scored | None, row: AlertRow) -> str:
    fate = _fate(scored, row)
    if fate is None or scored is None:
        return ""
    return " ".join(fate_lines(fate, scored.score.measure))


def _past(number: int, database: Store, book: Rulebook, now: Instant) -> _Past:
    rows = shown(database, [number], book, now)
    if not rows:
        raise web.HTTPNotFound(text=N_("There is no such alert, or it is not kept any more."))
    (row,) = rows
    alert = row.alert
    begun = alert.since if alert.fired_at is None else alert.fired_at
    mentions = []
    if alert.fired_at is not None:
        about = database.alert_messages.mentions
        mentions = about(alert.id, alert.rule, alert.product, begun)
    few = mentions
    if len(mentions) > _MOST:
        few = [*mentions[: _MOST // 2], *mentions[-(_MOST // 2) :]]
    transitions = database.alerts.transitions(alert.id)
    first = min((each.at for each in transitions), default=begun)
    is_group = subject_parts(row.product_id) is not None
    until = now if alert.resolved_at is None else alert.resolved_at
    return _Past(
        row,
        transitions,
        list(_told(database, few, alert.short_id)),
        len(mentions) - len(few),
        database.silences.of_alert(alert.rule, alert.product, first, until),
        None if is_group else sold(database, alert.product, begun, now),
        len(database.browsing.alerts_of_product(alert.product, 100)) - 1,
    )


def _told(database: Store, mentions: Sequence[Mention], short_id: str) -> Iterator[Mentioned]:
    """Yield the notifications that tell of an alert, with what was done with it by their links."""
    for each in mentions:
        one = database.outbox.get(each.notification)
        if one is not None:
            deeds = database.links.deeds(one.id)
            yield Mentioned(
                each.what, one, [deed for deed in deeds if _is_about(one.message, deed, short_id)]
            )


def _is_about(message: Message, deed: Deed, short_id: str) -> bool:
    items = message.items[deed.number - 1 : deed.number]
    return any(short_id in (item.alert, *(each.alert for each in item.also)) for item in items)
