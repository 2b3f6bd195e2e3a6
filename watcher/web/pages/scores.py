"""What became of what was told: of all rules."""

from __future__ import annotations

from aiohttp import web

from watcher.analysis.scores.claims import Measure
from watcher.analysis.scores.course import DAYS, WENT_ON
from watcher.analysis.scores.score import RuleScore, Scores
from watcher.analysis.scores.wording import GROUPS, share
from watcher.web.context import Desk, as_json


async def page(desk: Desk, request: web.Request) -> web.StreamResponse:
    """``GET /scores``."""
    found = await _read(desk)
    told = [each for each in found.rules if each.tally.told]
    return desk.html(
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


async def data(desk: Desk, _request: web.Request) -> web.StreamResponse:
    """``GET /api/scores.json``."""
    return as_json(await _read(desk))


async def _read(desk: Desk) -> Scores:
    return await desk.board.all(desk.sources.book(), desk.now(), desk.read)


def _of(told: list[RuleScore], measure: Measure) -> list[RuleScore]:
    return [each for each in told if each.measure is measure]
