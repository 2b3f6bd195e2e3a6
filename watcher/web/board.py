"""The scores that pages show, kept for a while: to reckon them takes longer than a page may.

The rules come one after the other, each a reading of its own, so that nobody waits for them all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from watcher.analysis.scores.score import DEFAULT_DAYS, RuleScore, Scored, Scorer, Scores
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.units import DAY

T = TypeVar("T")


class Read(Protocol):
    """Runs a function beside the writer."""

    def __call__(self, job: Callable[[Store], T], /) -> Awaitable[T]: ...


KEPT = 300  # seconds for which scores are shown, though something new was stored
LONGEST = DAY  # though nothing was: what was too young to judge grows old


class Board:
    """The scores of the rules of a book, as far as somebody asked for them."""

    def __init__(self) -> None:
        self._book: Rulebook | None = None
        self._mark = (0, 0)
        self._at: Instant = 0
        self._scored = dict[str, Scored]()
        self._scores: Scores | None = None
        self._turn = asyncio.Lock()

    async def of(self, rule: Rule, book: Rulebook, now: Instant, read: Read) -> RuleScore:
        """The score of one rule."""
        async with self._turn:
            await self._forget(book, now, read)
            if rule.name not in self._scored:
                scorer = Scorer(book, [rule], DEFAULT_DAYS, now)
                await read(scorer.read)
                self._scored[rule.name] = await read(partial(scorer.scored, rule=rule))
            return self._scored[rule.name].score

    async def all(self, book: Rulebook, now: Instant, read: Read) -> Scores:
        """The scores of all rules."""
        async with self._turn:
            await self._forget(book, now, read)
            if self._scores is not None:
                return self._scores
            kept = self._scored
        scorer = Scorer(book, book.rules, DEFAULT_DAYS, now)
        await read(scorer.read)
        for rule in book.rules:
            async with self._turn:  # for one at a time: another page waits for no more than that
                if rule.name not in kept:
                    kept[rule.name] = await read(partial(scorer.scored, rule=rule))
        scored = [kept[rule.name] for rule in book.rules]
        scores = await read(partial(scorer.summed, scored=scored))
        if kept is self._scored:  # nobody has forgotten these since
            self._scores = scores
        return scores

    async def _forget(self, book: Rulebook, now: Instant, read: Read) -> None:
        """Drop scores of other rules, and old ones: the sooner where something new was stored."""
        mark = await read(lambda database: database.tellings.newest())
        kept = KEPT if mark != self._mark else LONGEST
        if book is not self._book or not 0 <= now - self._at < kept:
            self._book, self._mark, self._at = book, mark, now
            self._scored, self._scores = {}, None
