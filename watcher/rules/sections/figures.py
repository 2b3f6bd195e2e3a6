"""Figures of many products, as they are written: ``{sum: total_sale_gmv_7d_amt}``, ``{count:
{sales_trend_flag: rising}}``; one row each, with what it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import inf
from typing import Any

from watcher.labels import label_said
from watcher.language import gettext as _
from watcher.language import gettext_noop as N_
from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.compiling import Compiler, Path
from watcher.rules.conditions.grouping import AMONG
from watcher.rules.conditions.logic import leaves
from watcher.rules.groups import SIZE, taken
from watcher.rules.metrics import (
    COMPARED,
    Attribute,
    Figure,
    FigureKind,
    Metric,
    label_of,
    unknown_metric,
)
from watcher.rules.sections.validators import whole
from watcher.units import Unit
from watcher.words import Wrong, either, kind, nearest, quoted

WHERE = "where"
_EXAMPLE = "{sum: total_sale_gmv_7d_amt}"
_TOP = "{of: total_sale_gmv_7d_amt, by: seller_id, first: 3}"
_MOST_FIRST = 1_000


class Asks(StrEnum):
    """The form of what is written after a figure's kind: for the JSON Schema."""

    METRIC = "a metric"
    CONDITIONS = "conditions"
    ATTRIBUTE = "a text"
    TOP = "of, by, first"


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure of the rule language; of ``Asks.CONDITIONS`` no ``where`` stands beside it."""

    kind: FigureKind
    asks: Asks
    meaning: str


FIGURES: Mapping[str, FigureRow] = {
    row.kind.value: row
    for row in (
        FigureRow(FigureKind.SUM, Asks.METRIC, "the sum of a metric over the products"),
        FigureRow(FigureKind.MEAN, Asks.METRIC, "the mean of a metric over the products"),
        FigureRow(FigureKind.MEDIAN, Asks.METRIC, "the median of a metric over the products"),
        FigureRow(FigureKind.MIN, Asks.METRIC, "the lowest value of a metric"),
        FigureRow(FigureKind.MAX, Asks.METRIC, "the highest value of a metric"),
        FigureRow(FigureKind.COUNT, Asks.CONDITIONS, "how many products meet conditions"),
        FigureRow(
            FigureKind.SHARE, Asks.CONDITIONS, "the fraction of the products that meets conditions"
        ),
        FigureRow(
            FigureKind.DISTINCT, Asks.ATTRIBUTE, "how many different values of a text there are"
        ),
        FigureRow(
            FigureKind.TOP_SHARE,
            Asks.TOP,
            "the fraction of a metric's sum that the first few values of a text have, as sellers",
        ),
    )
}
_INSTEAD = {
    "mean": "average avg",
    "min": "minimum lowest least smallest",
    "max": "maximum highest most largest",
    "sum": "total add sum_of",
    "count": "number how_many count_of amount",
    "share": "fraction percent percentage ratio part proportion",
    "distinct": "unique nunique count_distinct different cardinality",
    "top_share": "concentration top share_of_top top_shares hhi",
    "where": "when if filter having with only",
}
_BETTER = {word: name for name, words in _INSTEAD.items() for word in words.split()}
_AMONG = ("by", "in", "of", "per", "over", "group", "group_by", "groupby", "within", "across")
_OF_FLAGS = "{share: {NAME: ...}} or {count: {NAME: ...}}"


def read_figure(
    compiler: Compiler, value: object, path: Path, beside: Sequence[str] = ()
) -> Figure | None:
    """The figure in a mapping, with the keys that may stand ``beside`` it for its caller; None
    where something about it was reported."""
    if not isinstance(value, Mapping) or not value:
        compiler.report(path, f"takes a figure of the products, as {_EXAMPLE}, not {kind(value)}")
        return None
    known = (*FIGURES, WHERE, *beside)
    unknown = [key for key in value if key not in known]
    for key in unknown:
        compiler.report((*path, key), _no_key(str(key), known), at_key=True)
    kinds = [key for key in value if key in FIGURES]
    if len(kinds) != 1:
        if kinds or not unknown:
            compiler.report((*path, *kinds[1:2]), _not_one(kinds), at_key=bool(kinds))
        return None
    figure = _Reader(compiler, path).figure(FIGURES[kinds[0]], value)
    return None if unknown else figure


def figure_metric(name: str, figure: Figure) -> Metric:
    """A figure under its name, as a metric like any other."""
    own = figure.metric
    unit = Unit.COUNT if own is None else own.unit
    low, high = 0.0, inf
    if figure.kind in (FigureKind.SHARE, FigureKind.TOP_SHARE):
        unit, high = Unit.FRACTION, 1.0
    elif own is not None:
        is_sum = figure.kind is FigureKind.SUM
        low, high = (0.0 if own.low >= 0 else -inf, inf) if is_sum else (own.low, own.high)
    facts = {fact.name: fact for metric in figure.metrics for fact in metric.facts}
    own_kind = own is not None and figure.kind is not FigureKind.TOP_SHARE
    return Metric(
        name,
        label_of(name),
        unit,
        meaning_of(figure),
        frozenset(need for metric in figure.metrics for need in metric.needs),
        taken(name),
        definition=figure.canonical,
        steady=own.steady if own is not None and own_kind else None,
        low=low,
        high=high,
        facts=tuple(facts.values()),
        figure=figure,
    )


def meaning_of(figure: Figure) -> str:
    """A line about a figure: ``sum of 7-day GMV``."""
    said = _plain(figure)
    if figure.where is None:
        return said
    each = figure.kind in (FigureKind.COUNT, FigureKind.SHARE, FigureKind.TOP_SHARE)
    text = _("{figure} with {where}") if each else _("{figure} of products with {where}")
    return text.format(figure=said, where=_said(figure.where))


def _plain(figure: Figure) -> str:
    """The figure of all products."""
    own, by = figure.metric, figure.attribute
    metric = label_said(own.name, own.label) if own is not None else ""
    text = label_said(by.name, by.label) if by is not None else ""
    said = _(_MEANINGS[figure.kind])
    return said.format(metric=metric, text=text, count=figure.first)


_MEANINGS = {
    FigureKind.SIZE: N_("products"),
    FigureKind.COUNT: N_("products"),
    FigureKind.SHARE: N_("share of products"),
    FigureKind.DISTINCT: N_("different values of {text}"),
    FigureKind.TOP_SHARE: N_("share of {metric} of the first {count} by {text}"),
    FigureKind.SUM: N_("sum of {metric}"),
    FigureKind.MEAN: N_("mean of {metric}"),
    FigureKind.MEDIAN: N_("median of {metric}"),
    FigureKind.MIN: N_("min of {metric}"),
    FigureKind.MAX: N_("max of {metric}"),
}


def _said(condition: Condition) -> str:
    found = []
    for leaf in leaves(condition):
        names = [
            *(metric.name for metric in leaf.metrics),
            *(each.name for each in leaf.attributes),
        ]
        found.append(" ".join([*names[:1], str(leaf)]))
    return ", ".join(found)


def _first(value: object) -> int:
    """Read how many a ``top_share`` counts."""
    try:
        first = whole(value)
    except ValueError as error:
        raise Wrong(f'"first" {error}') from None
    if not 1 <= first <= _MOST_FIRST:
        raise Wrong(f'"first" takes how many, from 1 to {_MOST_FIRST:,}, as 3')
    return first


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the figure at a path."""

    compiler: Compiler
    path: Path

    def figure(self, row: FigureRow, value: Mapping[str, object]) -> Figure | None:
        key = row.kind.value
        path = (*self.path, key)
        where = self._where(row, value)
        if row.asks is Asks.CONDITIONS:
            where = self._conditions(value[key], path)
            return None if where is None else Figure(row.kind, where=where)
        try:
            found = self._made(row, value[key])
        except Wrong as error:
            self.compiler.report(path, str(error), code=error.code)
            return None
        if found is None or (WHERE in value and where is None):
            return None
        return replace(found, where=where)

    def _where(self, row: FigureRow, value: Mapping[str, object]) -> Condition | None:
        """The compiled ``where:``; None where there is none, or it was reported."""
        if WHERE not in value:
            return None
        path = (*self.path, WHERE)
        if row.asks is Asks.CONDITIONS:
            what = f'"{WHERE}" stands beside {row.kind.value}: write its conditions among those'
            self.compiler.report(path, what, at_key=True)
            return None
        return self._conditions(value[WHERE], path)

    def _conditions(self, value: object, path: Path) -> Condition | None:
        if isinstance(value, str) and self.compiler.catalogue.get(value.strip()) is not None:
            what = f"takes conditions, as {{{value.strip()}: {{at_least: 1}}}}, not {kind(value)}"
            self.compiler.report(path, f"{what}; how many products there are is {quoted(SIZE)}")
            return None
        condition = self.compiler.condition(value, path)
        gone = [leaf for leaf in leaves(condition) if leaf.of_gone] if condition else []
        for leaf in gone:
            place = self.compiler.places[id(leaf)][1]
            what = f'"{leaf}" is said of products that are gone from the list: a group has none'
            self.compiler.report(place, what, at_key=True)
        return None if gone else condition

    def _made(self, row: FigureRow, value: object) -> Figure | None:
        match row.asks:
            case Asks.METRIC:
                return Figure(row.kind, self._metric(row.kind, value))
            case Asks.ATTRIBUTE:
                return Figure(row.kind, attribute=self._attribute(value, row.kind.value))
            case _:
                return self._top(row.kind, value)

    def _metric(self, kind_: FigureKind, value: object) -> Metric:
        catalogue = self.compiler.catalogue
        if not isinstance(value, str):
            raise Wrong(f"takes the name of a metric, as {_EXAMPLE}, not {kind(value)}")
        name = value.strip()
        metric = catalogue.get(name)
        if metric is None and name == SIZE:
            use = "use it in rules, and in formulas as each: gmv / size"
            raise Wrong(
                f"{quoted(SIZE)} is how many products a group has, not a number of each: {use}"
            )
        if metric is None and catalogue.attribute(name) is not None:
            raise Wrong(
                f"{name} is a text: there are {{distinct: {name}}} and {{count: ...}} of it"
            )
        if metric is None and name and not name.replace("_", "").isalnum():
            raise Wrong(f"takes a metric's name: write {quoted(name)} under metrics: and name it")
        if metric is None:
            raise unknown_metric(name, catalogue.suggest(name, texts=False))
        if self.compiler.lacks_rank(metric):
            raise Wrong(f"{metric.name} needs a sorted list: {self.compiler.sorts}")
        if wrong := _unfit(kind_, metric):
            raise Wrong(wrong)
        return metric

    def _attribute(self, value: object, after: str) -> Attribute:
        catalogue = self.compiler.catalogue
        if not isinstance(value, str):
            raise Wrong(f"{after} takes the name of a text, as seller_id, not {kind(value)}")
        name = value.strip()
        if (found := catalogue.attribute(name)) is not None:
            return found
        if catalogue.get(name) is not None:
            raise Wrong(f"{after} takes a text, as seller_id, and {name} is a number")
        names = [each.name for each in catalogue.attributes()]
        hint = nearest(name, names) or f": there are {', '.join(names)}"
        raise Wrong(f"{after} knows no text {quoted(name)}{hint}")

    def _top(self, kind_: FigureKind, value: object) -> Figure | None:
        if not isinstance(value, Mapping):
            raise Wrong(f"takes of what, by whom and how many, as {_TOP}, not {kind(value)}")
        path, readers = (*self.path, kind_.value), self._top_readers()
        odd = [str(key) for key in value if key not in readers]
        for key in odd:
            hint = nearest(key, readers, 1) or f": there are {', '.join(readers)}"
            self.compiler.report(path, f"unknown field {quoted(key)}{hint}")
        found: dict[str, Any] = {}
        for key, read in readers.items():
            try:
                if value.get(key) is not None:
                    found[key] = read(value[key])
                elif not odd:  # else it may be that
                    self.compiler.report(path, f'needs "{key}": write it as {_TOP}')
            except Wrong as error:
                self.compiler.report(path, str(error), code=error.code)
        if odd or len(found) < len(readers):
            return None
        return Figure(kind_, found["of"], attribute=found["by"], first=found["first"])

    def _top_readers(self) -> dict[str, Callable[[object], object]]:
        """Return what reads each part of a ``top_share``."""
        return {
            "of": lambda value: self._metric(FigureKind.SUM, value),
            "by": lambda value: self._attribute(value, "by"),
            "first": _first,
        }


def _unfit(kind_: FigureKind, metric: Metric) -> str:
    """The reason why nothing is said by such a figure of a metric; empty where something is."""
    name = metric.name
    if metric.unit is Unit.FLAG:
        return f"{name} is a flag: write {_OF_FLAGS.replace('NAME', name)}"
    if metric.unit is Unit.DAY and kind_ not in (FigureKind.MIN, FigureKind.MAX):
        return f"{name} is a day, and days have no {kind_.value}: write min or max, or use age_days"
    if metric.unit is Unit.PLACE and kind_ is FigureKind.SUM:
        return f"places have no sum: write {{min: {name}}} for the best, or {{median: {name}}}"
    if metric.figures and kind_ in COMPARED:
        return f"{name} is itself a figure of many products: of such there are min and max"
    return ""


def _no_key(key: str, known: Sequence[str]) -> str:
    """The message of a key that no figure has; who knows ``among`` too has no groups of its own."""
    folded = key.casefold().replace(" ", "_").replace("-", "_")
    of_each = AMONG in known
    if key == SIZE and of_each:
        example = "as count: {spu_avg_price: {above: 0}}"
        return f"{quoted(SIZE)} is said of groups: count what all of them meet, {example}"
    if key == SIZE:
        return f"{quoted(SIZE)} is there of each group: use it in rules without naming it here"
    if key == AMONG:
        return (
            f"{quoted(AMONG)} stands beside a figure under metrics: of the file, which each "
            "product has then; a figure here is of the group's own products: leave it out"
        )
    better = AMONG if of_each and folded in _AMONG else _BETTER.get(folded)
    if better is not None:
        return f"unknown figure {quoted(key)}, did you mean {quoted(better)}?"
    beside = f"{AMONG}: and {WHERE}:" if of_each else f"{WHERE}:"
    hint = nearest(key, known) or f": there are {either([*FIGURES])}, with {beside} beside"
    return f"unknown figure {quoted(key)}{hint}"


def _not_one(kinds: Sequence[str]) -> str:
    if not kinds:
        return f"says nothing of the products: write {either([*FIGURES])}, as {_EXAMPLE}"
    return f"{quoted(kinds[1])} is a second figure beside {kinds[0]}: give each its own name"
