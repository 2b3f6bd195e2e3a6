"""Outcomes of the alerts of all rules."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aiohttp import web

from watcher.analysis.scores.course import DAYS, WENT_ON
from watcher.analysis.scores.score import Heard, ProductScore, RuleScore, Scores
from watcher.analysis.scores.wording import GROUPS, share
from watcher.language import gettext as _
from watcher.units import counted, format_number
from watcher.web.context import PageContext, as_json


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /scores``: how the alerts of all rules turned out."""
    sources = context.sources
    found, waits = await context.board.shown(sources.book(), sources.now(), sources.read)
    if found is None:
        return context.html(request, "scores.html", scores=None)
    rules = {rule.name for rule in sources.book().rules}  # of those of before some may be gone
    known = [each for each in found.rules if each.rule in rules]
    told = [each for each in known if each.tally.told]
    return context.html(
        request,
        "scores.html",
        scores=found,
        waits=waits,
        groups=list(_groups(told)),
        heard=[heard(each, _rate(each)) for each in found.heard],
        silent=[each for each in known if not each.tally.told],
        share=share,
        days=DAYS,
        times=WENT_ON,
        pictures=await context.pictures(products_of(found.products)),
    )


def products_of(scores: Sequence[ProductScore]) -> list[tuple[str, str]]:
    """The regions and ids of products."""
    return [(each.region, each.product_id) for each in scores]


def heard(each: Heard, rate: str) -> str:
    """A channel, and how often it was told."""
    return _("{channel} {messages}").format(channel=each.channel, messages=rate)


def _rate(each: Heard) -> str:
    """``12 messages (3.5 a week)``."""
    count = counted("{count} message", "{count} messages", each.messages)
    if each.a_week is None:
        return count
    a_week = format_number(each.a_week, 1)
    return _("{messages} ({number} a week)").format(messages=count, number=a_week)


def _groups(told: Sequence[RuleScore]) -> Iterator[tuple[str, Sequence[str], Sequence[RuleScore]]]:
    """The rules by how they are measured, with the heads of the outcomes."""
    for measure, head, words in GROUPS:
        if rows := [each for each in told if each.measure is measure]:
            yield _(head), [*map(_, words)], rows


async def data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/scores.json``."""
    return as_json(await _scores(context))


async def _scores(context: PageContext) -> Scores:
    sources = context.sources
    return await context.board.all(sources.book(), sources.now(), sources.read)
