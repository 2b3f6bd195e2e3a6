"""Scores of all rules: how their alerts turned out."""

from __future__ import annotations

from aiohttp import web

from watcher.analysis.scores.claims import Measure
from watcher.analysis.scores.course import DAYS, WENT_ON
from watcher.analysis.scores.score import RuleScore, Scores
from watcher.analysis.scores.wording import GROUPS, share
from watcher.web.context import PageContext, as_json


async def page(context: PageContext, request: web.Request) -> web.StreamResponse:
    """``GET /scores``."""
    found = await _read(context)
    told = [each for each in found.rules if each.tally.told]
    return context.html(
        request,
        "scores.html",
        scores=found,
        groups=[
            (head, words, rows) for measure, head, words in GROUPS if (rows := _of(told, measure))
        ],
        silent=[each for each in found.rules if not each.tally.told],
        share=share,
        days=DAYS,
        times=WENT_ON,
    )


async def data(context: PageContext, _request: web.Request) -> web.StreamResponse:
    """``GET /api/scores.json``."""
    return as_json(await _read(context))


async def _read(context: PageContext) -> Scores:
    sources = context.sources
    return await context.board.all(sources.book(), sources.now(), sources.read)


def _of(told: list[RuleScore], measure: Measure) -> list[RuleScore]:
    return [each for each in told if each.measure is measure]
