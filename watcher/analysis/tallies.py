"""Tallies of rules over stored scans: which conditions were met, and how near the others came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.model import Floats
from watcher.rules.conditions.base import Condition, Judge
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.compare import Compare
from watcher.rules.conditions.logic import All, Any, leaves
from watcher.rules.conditions.ranking import RankChange
from watcher.rules.conditions.transition import Crosses
from watcher.rules.lint.clauses import said
from watcher.rules.rulebook import Rule
from watcher.subjects import BY
from watcher.units import format_number, format_percent, format_value

_TOLD = 3  # parts of an any


@dataclass(slots=True)
class _Leaf:
    """A simple condition: how many products met it, of how many there was data, and the value that
    came nearest."""

    condition: Condition
    met: int = 0
    known: int = 0
    nearest: float = float("nan")

    @property
    def said(self) -> str:
        return said(self.condition)

    def add(self, judge: Judge) -> None:
        masks = judge(self.condition)
        self.met += int(masks.met.sum())
        self.known += int(masks.known.sum())
        reach = _reach(self.condition, judge)
        if reach is not None and masks.known.any():
            values, upward = reach
            best = (np.nanmax if upward else np.nanmin)(values[masks.known])
            pick = np.fmax if upward else np.fmin
            self.nearest = float(pick(self.nearest, best))

    def near(self) -> str:
        """``, the nearest was 41``; empty where nothing can be near."""
        if np.isnan(self.nearest):
            return ""
        condition = self.condition
        if isinstance(condition, Change):
            shown = format_percent if condition.percent else format_number
            return f", the farthest was {shown(self.nearest)}"
        return f", the nearest was {format_value(self.nearest, condition.metrics[0].unit)}"


class RuleTally:
    """A rule on some scans: what it was met by, and how near the others came."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.met, self.most = rule, 0, 0
        self.by = "" if rule.group is None else rule.group.by
        self.subjects = "products" if rule.group is None else BY[self.by].many
        self.leaves = [_Leaf(condition) for condition in leaves(rule.when)]

    def add(self, judge: Judge) -> None:
        self.most = max(self.most, judge.size)
        self.met += int(judge(self.rule.when).met.sum())
        for leaf in self.leaves:
            leaf.add(judge)

    def why(self) -> str:
        """The first condition without data, else the first that none met, else the first "any" of
        which nothing was met, else all together."""
        return next(self._reasons())

    def _reasons(self) -> Iterator[str]:
        # What stands in "not" or "any" need not be met for the whole to be.
        must = [leaf for leaf in self.leaves if leaf.condition in _must(self.rule.when)]
        yield from (f"{leaf.said} had no data of any" for leaf in must if not leaf.known)
        yield from (f"{leaf.said} was met by none{leaf.near()}" for leaf in must if not leaf.met)
        for parts in self._unmet_choices():
            told = "; ".join(f"{leaf.said}{leaf.near()}" for leaf in parts[:_TOLD])
            yield f"of its any: nothing was met: {told}"
        yield "its conditions were never met together"

    def _unmet_choices(self) -> Iterator[Sequence[_Leaf]]:
        for choice in _choices(self.rule.when):
            parts = [leaf for leaf in self.leaves if leaf.condition in choice.parts]
            if len(parts) == len(choice.parts) and not any(leaf.met for leaf in parts):
                yield parts


def _must(condition: Condition) -> list[Condition]:
    """The simple conditions without which ``condition`` is not met."""
    if isinstance(condition, All):
        return [each for part in condition.parts for each in _must(part)]
    return [condition] if next(leaves(condition)) is condition else []


def _choices(condition: Condition) -> Iterator[Any]:
    """Yield each ``any`` of which one part must be met for ``condition`` to be."""
    if isinstance(condition, Any):
        yield condition
    elif isinstance(condition, All):
        for part in condition.parts:
            yield from _choices(part)


def _reach(condition: Condition, judge: Judge) -> tuple[Floats, bool] | None:
    """The distance of each product's value towards the condition, and whether more is nearer."""
    match condition:
        case Compare(operator="above" | "at_least"):
            return judge.number(condition.metric), True
        case Compare(operator="below" | "at_most"):
            return judge.number(condition.metric), False
        case Crosses():
            return judge.number(condition.metric), condition.above
        case RankChange() | Change():
            now, then, _ = condition.now_and_then(judge)
            moved = {"rises": now - then, "falls": then - now}.get(
                condition.direction, np.abs(now - then)
            )
            if condition.percent:
                with np.errstate(all="ignore"):
                    moved = np.where(then == 0, np.nan, moved / np.abs(then))
            return moved, True
        case _:
            return None
