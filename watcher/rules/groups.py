"""Groups of products as rules speak of them: what they are grouped by, and what can be said of one.

A group is a subject beside products: its figures are metrics, its rules are rules.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from watcher.categories import CATEGORY
from watcher.fields import REGION
from watcher.model import Floats
from watcher.rules.metrics import (
    Catalogue,
    Columns,
    Compute,
    Figure,
    FigureKind,
    Metric,
    When,
)
from watcher.subjects import BY
from watcher.units import Unit
from watcher.words import listing

SIZE = "size"
LEAST_PRODUCTS = 3  # of a group; what fewer do is what each of them does
LEAST_COMPARED = 10  # known at both times, for a change of a sum, mean or median


def taken(name: str) -> Compute:
    """A figure is of many products: whoever computed it gives its column by its name. Nobody else
    has a value of it."""

    def compute(columns: Columns, at: When) -> Floats:
        found = columns.get(name)
        if found is not None:
            return found
        others = (column.shape for column in columns.values())
        return np.full(next(others, np.shape(at) or (1,)), np.nan)

    return compute


SIZE_METRIC = Metric(
    SIZE,
    "products",
    Unit.COUNT,
    "the number of its products",
    frozenset(),
    taken(SIZE),
    definition=Figure(FigureKind.SIZE).canonical,
    low=0,
    figure=Figure(FigureKind.SIZE),
)


class GroupCatalogue(Catalogue):
    """All that can be said of a group: its figures, formulas over them, and the texts that all of
    its products share (of a group whose ``by`` is not known, any that it might have). ``products``
    is what can be said of one of those."""

    def __init__(
        self, name: str, by: str, figures: Iterable[Metric], products: Catalogue | None = None
    ) -> None:
        self._products = products if products is not None else Catalogue()
        own = tuple(figures)
        known = self._products
        super().__init__(
            own, known.gmv_currency, sellers=known.sellers, categories=known.categories
        )
        self._group, self._by = name, by
        shared = {by, REGION} if by else {*BY, REGION}
        self._metrics = {metric.name: metric for metric in (SIZE_METRIC, *own)}
        self._attributes = {
            each.name: each for each in self._products.attributes() if each.name in shared
        }

    @property
    def tie(self) -> Metric:
        return self[SIZE]

    @property
    def many(self) -> str:
        """The word for several of its groups: ``sellers``."""
        return BY[self._by].many

    def suggest(self, name: str, *others: str, texts: bool = True) -> str:
        """The nearest names; of one that is a product's, how a group gets a figure of it."""
        metric, text = self._products.get(name), self._products.attribute(name)
        if metric is None and text is None and name != CATEGORY:
            near = super().suggest(name, *others, texts=texts)
            return near or f": {self._group} has {listing(self._metrics)}"
        return (
            f": it is said of a product, and {self._group} is a group, which has "
            f"{listing(self._metrics)}; under its metrics: name a figure of it, as "
            f"{_figure_of(metric).replace('NAME', name)}"
        )


def _figure_of(metric: Metric | None) -> str:
    """The figure by which a group has a product's NAME, which is this metric, or a text."""
    if metric is None or metric.unit is Unit.FLAG:
        return "{count: {NAME: ...}}"
    if metric.unit in (Unit.PLACE, Unit.DAY):
        return "{min: NAME}"
    return "{sum: NAME}" if metric.unit in (Unit.COUNT, Unit.GMV) else "{median: NAME}"
