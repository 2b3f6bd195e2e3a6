"""The nouns of what is measured: a metric, a figure of many products, a text attribute.

A metric computes a whole column at once; NaN is no value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import inf
from typing import TYPE_CHECKING, TypeAlias

from watcher.attributes import TEXT_OF
from watcher.categories import CategoryLookup, FoundCategory, is_id
from watcher.errors import ProblemCode
from watcher.fields import BY_NAME
from watcher.model import LIST_SPARSE, OF_LIST, Floats, Instant, Ints
from watcher.rules.own_facts import FactColumn
from watcher.units import Unit
from watcher.words import Wrong, listing, nearest, quoted

if TYPE_CHECKING:  # a figure holds a condition, and that holds metrics
    from watcher.rules.conditions.base import Condition, Need
    from watcher.rules.conditions.grouping import Grouping

Columns: TypeAlias = Mapping[str, Floats]
When: TypeAlias = Instant | Ints  # one for the whole column, or (n,) one for each row
Compute: TypeAlias = Callable[[Columns, When], Floats]

RANK = "rank"
# What a metric may need and no number of the API is: it is the scan's that saw the product, or
# read of a text.
OF_SCAN = frozenset([RANK, *OF_LIST, *TEXT_OF])
NORMAL, SPARSE = "normal", "sparse"  # forms of a formula


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that a product has a number of.

    ``needs`` are the API's numeric fields (or some of ``OF_SCAN``) whose columns ``compute`` is
    given, with the instant at which they were observed, or one for each row. ``names`` are a flag's
    values by name. ``definition`` is the user's own expression. ``unused`` are, of a formula that
    has two forms, or is made of one, the fields that each of them does without. ``steady`` is the
    value of no change, of a metric that measures a rise by itself; None of any other. No value of
    it is below ``low`` or above ``high``. ``later`` is one whose name users may have given to a
    metric of their own before it was there: theirs stays theirs. ``facts`` are the columns of the
    user's own file that it is made of: ``compute`` is given those of ``owned``, too.

    One that is a ``figure`` of many products is not computed by itself: its ``needs`` and ``facts``
    are those of the products that it counts. ``parts`` are the figures that a formula over them is
    made of: its ``compute`` is given their columns by name, beside those of ``needs`` nothing.
    """

    name: str
    label: str = field(compare=False)
    unit: Unit = field(compare=False)
    meaning: str = field(compare=False)
    needs: frozenset[str] = field(compare=False)
    compute: Compute = field(compare=False, repr=False)
    names: tuple[tuple[str, int], ...] = field(default=(), compare=False)
    definition: str = ""
    unused: Mapping[str, frozenset[str]] = field(default_factory=dict, compare=False, repr=False)
    steady: float | None = field(default=None, compare=False)
    low: float = field(default=-inf, compare=False)
    high: float = field(default=inf, compare=False)
    later: bool = field(default=False, compare=False)
    facts: tuple[FactColumn, ...] = field(default=(), compare=False, repr=False)
    figure: Figure | None = field(default=None, compare=False, repr=False)
    parts: tuple[Metric, ...] = field(default=(), compare=False, repr=False)

    @property
    def figures(self) -> tuple[Metric, ...]:
        """The figures in it: itself, where it is one."""
        return (self,) if self.figure is not None else self.parts

    def owned(self, ids: Sequence[str | None]) -> dict[str, Floats]:
        """The columns (n,) of ``facts`` for the products of these ids."""
        return {fact_need(fact.name): fact.numbers(ids) for fact in self.facts}

    @property
    def is_fact(self) -> bool:
        """Whether nothing in it was ever observed: it is all the user's own, of today. A figure
        whose past is kept was observed as such."""
        kept = any(each.figure is not None and each.figure.is_kept for each in self.figures)
        return bool(self.facts) and not self.needs and not kept

    @property
    def has_forms(self) -> bool:
        """Whether it is, or is made of, a formula that has a sparse form beside the normal one."""
        return LIST_SPARSE in self.needs and not self.figures

    @property
    def is_unordered(self) -> bool:
        """Whether it is a flag of several values, none of which is more than another."""
        return self.unit is Unit.FLAG and len(self.names) > 2

    @property
    def is_share(self) -> bool:
        """Whether it is a fraction of a whole: 100% at most."""
        return (self.unit, self.low, self.high) == (Unit.FRACTION, 0, 1)

    @property
    def is_growth(self) -> bool:
        """Whether it is a rise as a fraction of what was before."""
        return self.unit is Unit.FRACTION and self.steady is not None

    @property
    def fields(self) -> frozenset[str]:
        return self.needs - OF_SCAN

    @property
    def counts_demand(self) -> bool:
        """Whether all that it is computed of is sales, views, videos and the like."""
        counted = all(name in BY_NAME and BY_NAME[name].demand for name in self.needs)
        return counted and bool(self.needs) and not self.facts

    @property
    def window(self) -> int:
        """Days that the longest of its counters is a sum of; 1 where it has none. Of a figure those
        of what it is a figure of, whatever picks its products."""
        if self.figure is not None:
            return 1 if self.figure.metric is None else self.figure.metric.window
        fields = self.fields - self.unused.get(NORMAL, frozenset())
        fields = fields.difference(*(part.needs for part in self.parts))
        parts = (part.window for part in self.parts)
        return max([1, *parts, *(BY_NAME[name].window or 1 for name in fields)])

    @property
    def canonical(self) -> str:
        """Name and, of a user's metric, what it means: changes where the meaning changes."""
        return f"{self.name}:={self.definition}" if self.definition else self.name


@dataclass(frozen=True, slots=True)
class Attribute:
    """A text that a product has; ``fact`` is the column of the user's own file that it is from."""

    name: str
    label: str
    meaning: str
    fact: FactColumn | None = field(default=None, compare=False, repr=False)
    names: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Names for its values, which are ids, by id."""
    categories: CategoryLookup | None = field(default=None, compare=False, repr=False)
    level: int = field(default=0, compare=False)
    """Of the categories that it has, which are found by their names; 0: of whichever."""

    @property
    def has_names(self) -> bool:
        """Whether a name may stand for a value."""
        return bool(self.names) or self.categories is not None

    def id_of(self, text: str) -> str:
        """The id that a name stands for; another text is what it is. Raises ``Wrong`` for what can
        be neither, where there are names."""
        if self.categories is not None:
            return self.category_of(text).category_id
        if not self.names or text in self.names or text.isdecimal():
            return text
        if (found := id_named(self.names, text)) is not None:
            return found
        hint = nearest(text, self.names.values()) or f": there are {listing(self.names.values())}"
        raise Wrong(f"{quoted(text)} is no seller's id, and no name in sellers:{hint}")

    def category_of(self, text: str) -> FoundCategory:
        """The category that a name or an id stands for. Raises ``Wrong``."""
        lookup = self.categories
        if lookup is None or (self.level and not is_id(text.strip()) and not lookup.known):
            return FoundCategory(text)  # none has such an id: a doubt says so
        return lookup.find(text, self.level)


class FigureKind(StrEnum):
    """The kinds of numbers that many products have together."""

    SUM = "sum"
    MEAN = "mean"
    MEDIAN = "median"
    MIN = "min"
    MAX = "max"
    COUNT = "count"
    SHARE = "share"
    SIZE = "size"
    DISTINCT = "distinct"
    TOP_SHARE = "top_share"


# Of these a change holds only products that were there at both times: of all others it would be
# that of the list.
COMPARED = frozenset([FigureKind.SUM, FigureKind.MEAN, FigureKind.MEDIAN])


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of many products. Of ``metric`` a sum, mean, median, min or max, or the fraction of
    its sum that the ``first`` largest values of ``attribute`` have (``top_share``); the count, or
    the share, of those that meet ``where``; the number of all (``size``), or of the ``distinct``
    values of ``attribute``. Any other but ``size`` speaks only of those that meet ``where``, too.

    Products without a value of what is asked don't count; a ``share`` is that of the products of
    which it is known whether they meet ``where``. No data where none has a value.
    As a product's own metric it is that of the products ``among`` which it is.
    """

    kind: FigureKind
    metric: Metric | None = None
    where: Condition | None = None
    attribute: Attribute | None = None
    first: int = 0
    among: Grouping | None = None

    @property
    def is_kept(self) -> bool:
        """Whether its past is its own stored history, and not computed of the products' past."""
        return self.kind not in COMPARED and self.among is None

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of products that it is computed of."""
        own = () if self.metric is None else (self.metric,)
        spoken = () if self.where is None else self.where.metrics
        return tuple(dict.fromkeys([*own, *spoken]))

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        own = () if self.attribute is None else (self.attribute,)
        by = () if self.among is None else self.among.attributes
        spoken = () if self.where is None else self.where.attributes
        return tuple({each.name: each for each in (*own, *by, *spoken)}.values())

    @property
    def follows(self) -> tuple[Attribute, ...]:
        """The texts that its condition holds against what was known of them last."""
        return () if self.where is None else self.where.follows

    @property
    def needs(self) -> tuple[Need, ...]:
        """The baselines of products that its condition asks for."""
        return () if self.where is None else self.where.needs

    @property
    def canonical(self) -> str:
        """A text that is equal for figures of equal meaning, and stable over versions: the key of
        its history."""
        of = [] if self.metric is None else [self.metric.canonical]
        of += [] if self.attribute is None else [f"by {self.attribute.name}"]
        of += [f"first {self.first}"] if self.first else []
        where = "" if self.where is None else f" where {self.where.key}"
        among = "" if self.among is None else f" among {self.among.canonical}"
        return f"{self.kind.value}({' '.join(of)}){among}{where}"


def id_named(names: Mapping[str, str], text: str) -> str | None:
    """The id that has such a name among ``names``, by id; None where none has."""
    wanted = text.strip().casefold()
    return next((each for each, name in names.items() if name.casefold() == wanted), None)


def plain_metric(
    name: str, label: str, unit: Unit, meaning: str, names: tuple[tuple[str, int], ...] = ()
) -> Metric:
    """A metric that is a column as it was read."""
    needs = frozenset([name])
    low, high = (0, 1) if unit is Unit.FRACTION else (-inf, inf)
    return Metric(
        name, label, unit, meaning, needs, lambda columns, _at: columns[name], names,
        low=low, high=high,
    )  # fmt: skip


def fact_need(name: str) -> str:
    """The key of a column of the user's own among those that a metric is computed of."""
    return f"fact {name}"


def fact_metric(fact: FactColumn) -> Metric:
    """A column of numbers of the user's own as a metric."""
    key = fact_need(fact.name)
    unit = fact.table.units.get(fact.name, Unit.SCORE)
    return Metric(
        fact.name, label_of(fact.name), unit, fact.said(), frozenset(),
        lambda columns, _at: columns[key], facts=(fact,),
    )  # fmt: skip


def label_of(name: str) -> str:
    """The words of a name of the user's own."""
    return name.replace("_", " ")


def unknown_metric(name: str, hint: str) -> Wrong:
    """The error of a name that no metric has; ``hint`` names those that are like it."""
    what = f"unknown metric {quoted(name)}{hint or ' (watcher metrics lists all)'}"
    return Wrong(what, ProblemCode.UNKNOWN_METRIC)
