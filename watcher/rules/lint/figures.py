"""Doubts about the figures of a group: conditions that no product meets, or that all do, and sums
of what is no amount."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from watcher.rules.conditions.base import Condition
from watcher.rules.lint.amounts import amounts
from watcher.rules.lint.baselines import Found, baselines, outlived
from watcher.rules.lint.clauses import alternatives, leaves_of, said
from watcher.rules.lint.conflicts import conflicts
from watcher.rules.lint.unlike import unlike
from watcher.rules.metrics import Figure, FigureKind
from watcher.rules.rulebook import Watch
from watcher.units import AMOUNTS, Unit

_SUMS = (FigureKind.SUM, FigureKind.TOP_SHARE)
_SAID = {Unit.FRACTION: "fractions", Unit.DAYS: "ages"}


def figure_doubts(
    figure: Figure, watches: Sequence[Watch], kept: int, in_percent: Callable[[Condition], bool]
) -> Iterator[Found]:
    """All of a figure of the products of these watches, each once; observations are ``kept`` so
    long. One of the whole figure stands at its kind."""
    if text := sums_nothing(figure):
        yield figure.kind.value, text
    found: dict[tuple[object, str], Found] = {}
    for watch in watches if figure.where is not None else ():
        for where, why in _of_watch(figure, watch, kept, in_percent):
            found.setdefault((where if isinstance(where, str) else id(where), why), (where, why))
    yield from found.values()


def sums_nothing(figure: Figure) -> str:
    """A doubt of a sum that adds what is no amount; empty of others."""
    metric = figure.metric
    if figure.kind not in _SUMS or metric is None or metric.unit in (Unit.COUNT, *AMOUNTS):
        return ""
    if metric.facts or metric.definition:  # only its owner knows what it counts
        return ""
    what = _SAID.get(metric.unit, "scores")
    return f"adds {what}, which says nothing of many: write mean or median of {metric.name}"


def _of_watch(
    figure: Figure, watch: Watch, kept: int, in_percent: Callable[[Condition], bool]
) -> Iterator[Found]:
    where = figure.where
    if where is None:
        return
    clauses, reverse = alternatives(where) or [], alternatives(where, negated=True)
    found = conflicts(clauses, watch.query)
    end = "no product ever counts" if len(found) == len(clauses) else "this part is never met"
    for condition, why in {id(one.condition): one for one in found}.values():
        yield condition, f"{why}: {end}"
    if reverse is not None and len(conflicts(reverse, watch.query)) == len(reverse):
        yield figure.kind.value, _all_meet(figure, where)
    for leaf in leaves_of(where):
        yield from baselines(leaf, watch)
        yield from outlived(leaf, kept)
        of_amounts = amounts(leaf, watch.query.depth, in_percent=in_percent(leaf))
        yield from ((leaf, text) for text in (*unlike(leaf), *of_amounts))


def _all_meet(figure: Figure, where: Condition) -> str:
    first = next(leaves_of(where))
    counted = figure.kind in (FigureKind.COUNT, FigureKind.SHARE)
    better = "size counts them" if counted else "leave the conditions out"
    return f"every product of the list meets {said(first)}: {better}"
