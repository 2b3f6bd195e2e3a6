"""All detectors at equal numbers of alerts a day: tuned on one half of the products, judged on the
other, both ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.bootstrap import Bootstrap, Interval
from benchmarks.detectors import METRICS, scores
from benchmarks.judging import HALVES, Bench, Bulk, Score, share
from watcher.model import Floats


@dataclass(frozen=True, slots=True)
class Row:
    """A detector at a budget of alerts a day. ``thresholds`` were tuned on the half that stands
    first in ``HALVES``, and on the other; ``precisions`` are those of each half, by the other's
    threshold. The rest is of both halves together, ``bulk`` the share of single large orders that
    set it off."""

    detector: str
    budget: float
    thresholds: tuple[float, ...]
    precisions: tuple[float, ...]
    score: Score
    precision: Interval
    bulk: float


def frontier(bench: Bench, found: Mapping[str, Floats], budgets: Sequence[float]) -> Iterator[Row]:
    """The detectors one after the other, for each budget; ``found`` are their ``scores``."""
    orders = [Bulk(bench, half) for half in HALVES]
    with_orders = [scores(each.view) for each in orders]
    draws = Bootstrap.of(len(bench.view.rows))
    for budget in budgets:
        for name, values in found.items():
            thresholds = tuple(bench.threshold(values, budget, half) for half in HALVES)
            # Each half by what was tuned on the other.
            theirs = dict(zip(HALVES, reversed(thresholds), strict=True))
            told = np.zeros(values.shape, np.bool_)
            for half, threshold in theirs.items():
                rows = bench.rows(half)
                told[rows] = bench.told(values, threshold)[rows]
            score = bench.score(told)
            set_off = [
                each.share(values, changed[name], theirs[half])
                for each, changed, half in zip(orders, with_orders, HALVES, strict=True)
            ]
            yield Row(
                name,
                budget,
                thresholds,
                tuple(bench.score(told, half).precision for half in HALVES),
                score,
                draws.share((score.told, score.good)),
                float(np.mean(set_off)),
            )


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a value of a score means: the share of listed product-days that reach it, how many of
    those went on, how many alerts a day that is, and how many of the alerts went on."""

    detector: str
    level: float
    reached: float
    went_on: float
    a_day: float
    alerts_went_on: float


def meanings(bench: Bench, found: Mapping[str, Floats]) -> Iterator[Meaning]:
    """Of each metric that is a score, at the values one would write."""
    usable = bench.truth.usable
    for name, levels in METRICS.items():
        for level in levels:
            with np.errstate(invalid="ignore"):
                reached = usable & (found[name] >= level)
            good = share((bench.truth.good[reached] == 1).sum(), int(reached.sum()))
            score = bench.score(bench.told(found[name], level))
            reaching = share(int(reached.sum()), int(usable.sum()))
            yield Meaning(name, level, reaching, good, score.a_day, score.precision)
