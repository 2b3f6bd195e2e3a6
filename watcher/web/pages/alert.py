"""One alert: why it fired, what was told of it, what became of it, and what may be done with it."""

from __future__ import annotations

from functools import partial

from aiohttp import web

from watcher.alert import AlertState
from watcher.analysis.scores.fates import Fate
from watcher.analysis.scores.score import Scored
from watcher.analysis.scores.wording import fate_lines, outcome_lines
from watcher.rules.rulebook import Rule
from watcher.store.records import AlertRow
from watcher.units import Currencies
from watcher.web.context import PageContext, as_json
from watcher.web.evidence_table import evidence_lines
from watcher.web.pages.alert_list import done_of
from watcher.web.pages.alert_past import past_of
from watcher.web.pages.common import durations, in_words, lines_of, subjects_of, summary
from watcher.web.timeline import events


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /alerts/34``."""
    past = await context.read(partial(past_of, _number(request)))
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
        events=events(row.alert, past.transitions, past.told, past.silences, past.written, now),
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
    past = await context.read(partial(past_of, _number(request)))
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
            "written": past.written,
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
