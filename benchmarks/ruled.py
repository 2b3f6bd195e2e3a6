"""Whole rules, against growth alone and against chance, at the rules' own numbers of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bootstrap import Bootstrap, Interval
from benchmarks.judging import HALVES, Bench, Score
from benchmarks.told import told
from watcher.model import Floats
from watcher.rules.rulebook import Rule, Rulebook


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of whom a rule told. ``above_growth`` is by how much its precision lies above
    that of ``sales_growth`` with as many alerts, ``above_chance`` above that of a listed product
    picked at random; ``precisions`` are those of the two halves. ``a_week`` counts products told,
    also those that are too young to be judged."""

    rule: Rule
    a_week: float
    score: Score
    precisions: tuple[float, ...]
    precision: Interval
    above_growth: Interval
    above_chance: Interval

    @property
    def finds(self) -> bool:
        """Whether it is better than both beyond doubt."""
        return self.above_growth.above and self.above_chance.above


def rulings(bench: Bench, book: Rulebook, growth: Floats) -> Iterator[Ruling]:
    """Of each rule that told of anything; ``growth`` is the score ``sales_growth``."""
    draws = Bootstrap.of(len(bench.view.rows))
    named = told(bench.view, book, book.rules)
    for rule in book.rules:
        theirs = named[rule.name]
        score = bench.score(theirs)
        if not (theirs & bench.truth.judged).any():
            continue
        ours = score.told, score.good
        threshold = bench.threshold(growth, score.alerts / bench.truth.days)
        other = bench.score(bench.told(growth, threshold))
        yield Ruling(
            rule,
            score.a_day * 7,
            score,
            tuple(bench.score(theirs, half).precision for half in HALVES),
            draws.share(ours),
            draws.difference(ours, (other.told, other.good)),
            draws.difference(ours, bench.picked()),
        )
