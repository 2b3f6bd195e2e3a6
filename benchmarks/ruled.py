"""Whole rules, against growth alone and against chance, at the rules' own numbers of alerts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.bootstrap import Bootstrap, Counts, Interval
from benchmarks.judging import HALVES, Bench, Score, share
from benchmarks.prices import Prices
from benchmarks.told import told
from watcher.model import Bools, Floats
from watcher.rules.rulebook import Rule, Rulebook
from watcher.units import Unit


@dataclass(frozen=True, slots=True)
class Priced:
    """Of whom a rule on prices told, the shares whose price was a tenth higher within 4 days and
    within 14, whose price was lower still within 14, and where it stayed low for the 14 days."""

    undone: float
    dearer: float
    cheaper: float
    lasting: float


@dataclass(frozen=True, slots=True)
class Ruling:
    """What became of whom a rule told.

    ``a_week`` counts products told, also those that are too young to be judged. Of those that
    can be, ``precision`` is the share that went on: ``above_growth`` is by how much that lies
    above what ``sales_growth`` has with as many alerts, ``above_chance`` above a listed product
    picked at random; ``precisions`` are those of the two halves. ``fell`` is the share that sold
    at most 0.7 times its level, ``fell_above_chance`` is meant likewise.
    """

    rule: Rule
    a_week: float
    score: Score
    precisions: tuple[float, ...]
    precision: Interval
    above_growth: Interval
    above_chance: Interval
    fell: Interval
    fell_above_chance: Interval
    priced: Priced | None

    @property
    def finds(self) -> bool:
        """Whether it finds what takes off: better than both beyond doubt."""
        return self.above_growth.above and self.above_chance.above


def rulings(bench: Bench, book: Rulebook, growth: Floats) -> Iterator[Ruling]:
    """Of each rule that told of anything; ``growth`` is the score ``sales_growth``."""
    draws = Bootstrap.of(len(bench.view.rows))
    named = told(bench.view, book, book.rules)
    truth, prices = bench.truth, Prices(bench.view)
    for rule in book.rules:
        theirs = named[rule.name]
        if not (theirs & truth.judged).any():
            continue
        score = bench.score(theirs)
        threshold = bench.threshold(growth, score.alerts / truth.days)
        other = bench.score(bench.told(growth, threshold))
        ours, falls = (score.told, score.good), _falls(bench, theirs)
        yield Ruling(
            rule,
            score.a_day * 7,
            score,
            tuple(bench.score(theirs, half).precision for half in HALVES),
            draws.share(ours),
            draws.difference(ours, (other.told, other.good)),
            draws.difference(ours, bench.picked()),
            draws.share(falls),
            draws.difference(falls, _falls(bench, truth.usable)),
            _priced(prices, theirs & truth.judged) if _is_of_prices(rule) else None,
        )


def _falls(bench: Bench, told: Bools) -> Counts:
    counted = told & bench.truth.usable
    return counted.sum(axis=1), (counted & (bench.truth.fell == 1)).sum(axis=1)


def _priced(prices: Prices, told: Bools) -> Priced:
    masks = (prices.undone(), prices.undone(14), prices.cheaper(), prices.lasting())
    return Priced(*(share((told & mask).sum(), int(told.sum())) for mask in masks))


def _is_of_prices(rule: Rule) -> bool:
    return any(metric.unit is Unit.MONEY for metric in rule.when.metrics)
