"""Changes of a group's sum, mean or median that have too few products to compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher.rules.conditions.change import Change
from watcher.rules.conditions.records import Record, Unchanged
from watcher.rules.conditions.unusual import Unusual
from watcher.rules.groups import LEAST_COMPARED, SIZE
from watcher.rules.lint.clauses import Clause, Conflict, said
from watcher.rules.lint.demands import Demand
from watcher.rules.lint.facts import compared
from watcher.rules.metrics import COMPARED, Metric
from watcher.source.endpoint import Gives
from watcher.source.query import Query

# Conditions that hold the same products against each other, of a sum, mean or median.
_MOVES = Change | Record | Unchanged | Unusual


def too_few(clause: Clause, demands: Sequence[Demand], query: Query) -> Iterator[Conflict]:
    """A change of a sum, mean or median of a group that has too few products for it."""
    if query.gives is Gives.SHOP:  # all of what is read whole counts at both times
        return
    asked = [demand for demand in demands if demand.metric.name == SIZE and demand.then is None]
    for condition in (literal.condition for literal in clause):
        if not (isinstance(condition, _MOVES) and any(map(_is_compared, condition.metrics))):
            continue
        few = f"{said(condition)} needs {LEAST_COMPARED} products that are known at both times"
        if query.depth < LEAST_COMPARED:
            yield Conflict(condition, f"{few}, and the watch reads {query.depth:,}")
        for demand in asked:
            if (demand.numbers & compared("at_least", LEAST_COMPARED)).empty:
                yield Conflict(condition, f"{few}, and {demand.said} excludes that")


def _is_compared(metric: Metric) -> bool:
    return any(each.figure is not None and each.figure.kind in COMPARED for each in metric.figures)
