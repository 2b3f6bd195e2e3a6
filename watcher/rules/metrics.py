"""The catalogue of metrics: the API's numeric fields, the derived ones, and the user's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property

from watcher.attributes import MADE
from watcher.categories import LEVELS, CategoryLookup
from watcher.fields import MADE_TEXTS, NUMERIC, SELLER, TEXTS
from watcher.rules.derived import DERIVED
from watcher.rules.metric import (
    COMPARED,
    NORMAL,
    OF_SCAN,
    RANK,
    SPARSE,
    Attribute,
    Columns,
    Compute,
    Figure,
    FigureKind,
    Metric,
    When,
    fact_metric,
    fact_need,
    id_named,
    label_of,
    plain_metric,
    unknown_metric,
)
from watcher.rules.own_facts import FactTable
from watcher.words import nearest

# What a rule can speak of, through one door.
__all__ = [
    "ADDED_LATER",
    "ATTRIBUTES",
    "COMPARED",
    "NORMAL",
    "OF_SCAN",
    "RANK",
    "SPARSE",
    "Attribute",
    "Catalogue",
    "CategoryLookup",
    "Columns",
    "Compute",
    "Figure",
    "FigureKind",
    "Metric",
    "When",
    "fact_metric",
    "fact_need",
    "id_named",
    "label_of",
    "unknown_metric",
]

# What strength is measured by where nothing else tells products apart.
SALES = "total_sale_7d_cnt"
_LONGEST_LABEL = 40  # characters

ATTRIBUTES = tuple(Attribute(text.name, text.label, text.meaning) for text in (*TEXTS, *MADE_TEXTS))
# Names that users may have given to metrics of their own before they were ours.
ADDED_LATER = frozenset([*(metric.name for metric in DERIVED if metric.later), *MADE])

_API = tuple(plain_metric(one.name, one.label, one.unit, one.meaning, one.names) for one in NUMERIC)


def _spoken(name: str) -> str:
    """The name as people say it, whatever stands between its words."""
    return " ".join(re.findall(r"[a-z0-9]+", name.casefold()))


class Catalogue:
    """All metrics and text attributes by name; the user's own beside the built-in ones.
    ``gmv_currency`` is the code of the currency of all GMV, where the user named one. ``facts`` are
    the columns of the user's own file, by no name that is taken; ``sellers`` are the user's names
    for sellers, by id."""

    def __init__(
        self,
        own: Iterable[Metric] = (),
        gmv_currency: str | None = None,
        facts: FactTable | None = None,
        sellers: Mapping[str, str] | None = None,
        categories: CategoryLookup | None = None,
    ) -> None:
        self.categories = categories if categories is not None else CategoryLookup()
        self.own = tuple(own)
        self.gmv_currency = gmv_currency
        self.facts = facts
        self.sellers = dict(sellers or {})
        metrics = [*DERIVED, *_API, *self.own]
        attributes = [*ATTRIBUTES]
        for column in facts.columns() if facts is not None else ():
            if column.name in column.table.numbers:
                metrics.append(fact_metric(column))
            else:
                label = label_of(column.name)
                attributes.append(Attribute(column.name, label, column.said(), column))
        self._metrics = {metric.name: metric for metric in metrics}
        self._attributes = {attribute.name: attribute for attribute in attributes}
        if self.sellers:
            seller = self._attributes[SELLER]
            self._attributes[SELLER] = replace(seller, names=self.sellers)
        for level, name in enumerate(LEVELS, 1):
            plain = self._attributes[name]
            self._attributes[name] = replace(plain, categories=self.categories, level=level)

    @property
    def tie(self) -> Metric:
        """The metric by which the strongest go where nothing else tells them apart."""
        return self[SALES]

    def get(self, name: str) -> Metric | None:
        return self._metrics.get(name)

    def __getitem__(self, name: str) -> Metric:
        return self._metrics[name]

    def attribute(self, name: str) -> Attribute | None:
        return self._attributes.get(name)

    def metrics(self) -> tuple[Metric, ...]:
        return tuple(self._metrics.values())

    def attributes(self) -> tuple[Attribute, ...]:
        return tuple(self._attributes.values())

    def names(self) -> tuple[str, ...]:
        return (*self._metrics, *self._attributes)

    def suggest(self, name: str, *others: str, texts: bool = True) -> str:
        """``, did you mean "x" or "y"?`` with what messages call so, or with the nearest names,
        ``others`` among them; empty where none is near."""
        known = (*self._metrics, *(self._attributes if texts else ()))
        spoken = _spoken(name[:_LONGEST_LABEL])
        for label in (spoken, f"7 day {spoken}"):
            if self._shown.get(label) in known:
                return f', did you mean "{self._shown[label]}"?'
        return nearest(name, (*known, *others))

    @cached_property
    def _shown(self) -> dict[str, str]:
        """The built-in names by what messages call them."""
        metrics = {_spoken(metric.label): metric.name for metric in (*DERIVED, *_API)}
        return {_spoken(text.label): text.name for text in ATTRIBUTES} | metrics
