"""Tells metrics that have a past: of numbers that a list's products have together, only some."""

from __future__ import annotations

from watcher.rules.conditions.aggregates import OF_VALUES
from watcher.rules.conditions.base import Ago, Condition, Last, Need
from watcher.rules.metrics import Figure, Metric

_ALONE = "compare it with a value, or count it in groups:, which keep a past"


def no_past(need: Need) -> str:
    """The reason why nobody will ever know this baseline of a figure that is a product's metric;
    empty of any other metric, and where it can be known: of a sum, mean, median, lowest or highest
    value, of the products that the watch listed at both times."""
    metric = need.metric
    if metric.figure is not None and metric.figure.among is not None:
        return _of_figure(metric, metric.figure, need)
    for part in metric.parts:
        if part.figure is not None and part.figure.among is not None:
            return (
                f"{metric.name} is made of {part.name}, a number of many products, and of such a "
                f"formula no past is known: compare {part.name} itself, or {metric.name} with a "
                "value"
            )
    return ""


def _of_figure(metric: Metric, figure: Figure, need: Need) -> str:
    if figure.kind not in OF_VALUES:
        return (
            f"{metric.name} is a {figure.kind.value.replace('_', ' ')} of each scan, and what it "
            f"was before is not kept: {_ALONE}"
        )
    if not isinstance(need.from_, Last | Ago):
        return (
            f"{metric.name} is known of one moment, not of all of a time: "
            'write "from: last" or "from: 7d ago"'
        )
    if figure.where is not None and not _is_of_today(figure.where):
        return (
            f"which products met the where of {metric.name} at an earlier scan is not known, where "
            f"it speaks of more than columns of your own and texts: {_ALONE}"
        )
    return ""


def _is_of_today(where: Condition) -> bool:
    """Whether it picks the same products at each time, by what is the user's own or a text."""
    return all(metric.is_fact for metric in where.metrics)
