"""Rules that nothing in the stored scans met, and how near it came: for ``watcher check``. Judged
by the rule's own conditions on whole stored scans, read only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.evaluation.jumps import stored_table
from watcher.model import Floats
from watcher.rules.conditions.base import Condition, Judge, Need
from watcher.rules.conditions.change import Change
from watcher.rules.conditions.compare import Compare
from watcher.rules.conditions.logic import All, Any, leaves
from watcher.rules.conditions.ranking import RankChange
from watcher.rules.conditions.transition import Crosses
from watcher.rules.lint.clauses import said
from watcher.rules.metrics import OF_SCAN
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.units import format_number, format_percent, format_value

LEAST_SCANS = 5  # of fewer nothing is said
MOST_SCANS = 14
_TOLD = 3  # parts of an any
_MOST_ROWS = 20_000  # products of all scans that are looked at: `check` is to be quick


@dataclass(frozen=True, slots=True)
class Unmet:
    """``rule`` was met by none of ``products`` (the most that one listed) in ``scans`` scans;
    ``why`` names the condition that stood in the way, and how near it came."""

    rule: str
    file: str
    line: int
    scans: int
    products: int
    why: str

    def __str__(self) -> str:
        return (
            f"{self.rule}: met by 0 of {self.products:,} products in {self.scans} scans: {self.why}"
        )


def unmet(database: Store, book: Rulebook) -> Iterator[Unmet]:
    """Yield those of the rules that never fired as they are written: of several watches one on
    each of them, where none has met it."""
    fired = database.rules.ever_fired()
    found: dict[str, list[Unmet]] = {}
    for watch in book.used_watches:
        rules = [
            rule
            for rule in book.rules_of(watch)
            # Of who is gone no list says anything.
            if (rule.name, rule.fingerprint) not in fired and not rule.when.of_gone
        ]
        for each in _of_watch(database, watch, rules) if rules else ():
            found.setdefault(each.rule, []).append(each)
    for rule in book.enabled:
        own = found.get(rule.name, [])
        if len(own) == len(rule.watches):
            yield from own


def _of_watch(database: Store, watch: Watch, rules: Sequence[Rule]) -> Iterator[Unmet]:
    tallies = [_Tally(rule) for rule in rules]
    needs = [need for rule in rules for need in rule.when.needs]
    scans = products = rows = 0
    for seen in database.history.whole(watch.key, _fields(rules, needs), MOST_SCANS):
        judge = Judge(stored_table(database, seen.row, seen.recorded, needs, watch.schedule))
        products = max(products, len(seen.row))
        scans, rows = scans + 1, rows + len(seen.row)
        for tally in tallies:
            tally.add(judge)
        if rows >= _MOST_ROWS:
            break
    if scans >= LEAST_SCANS or rows >= _MOST_ROWS:
        for rule, tally in zip(rules, tallies, strict=True):
            if not tally.met:
                on = f"on {watch.name}, " if len(rule.watches) > 1 else ""
                why = f"{on}{tally.why()}"
                yield Unmet(rule.name, rule.file, rule.line, scans, products, why)


def _fields(rules: Sequence[Rule], needs: Sequence[Need]) -> list[str]:
    metrics = {need.metric for need in needs}.union(*(rule.when.metrics for rule in rules))
    return sorted({name for metric in metrics for name in metric.needs} - OF_SCAN)


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


class _Tally:
    def __init__(self, rule: Rule) -> None:
        self.rule, self.met = rule, 0
        self.leaves = [_Leaf(condition) for condition in leaves(rule.when)]

    def add(self, judge: Judge) -> None:
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
