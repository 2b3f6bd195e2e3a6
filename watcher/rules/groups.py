"""Groups of products as rules speak of them: what they are grouped by, and what can be said of one.

A group is a subject beside products: its figures are metrics, its rules are rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from watcher.fields import REGION, SELLER
from watcher.model import Floats
from watcher.rules.metrics import (
    Catalogue,
    Columns,
    Figure,
    FigureKind,
    Metric,
    When,
)
from watcher.units import Unit

SIZE = "size"
LEAST_PRODUCTS = 3  # of a group; what fewer do is what each of them does
WATCH = "watch"


@dataclass(frozen=True, slots=True)
class GroupBy:
    """A way to group products: by an attribute of theirs, or by the list that they are on."""

    name: str
    one: str
    many: str


BY: Mapping[str, GroupBy] = {
    each.name: each
    for each in (
        GroupBy(SELLER, "seller", "sellers"),
        GroupBy("category_id", "category", "categories"),
        GroupBy("category_l2_id", "category", "categories"),
        GroupBy("category_l3_id", "category", "categories"),
        GroupBy(WATCH, "list", "lists"),
    )
}


def subject_id(by: str, value: str) -> str:
    """The id by which a group is known, as a product is by its own: ``seller_id=7495...``."""
    return f"{by}={value}"


def subject_parts(subject: str) -> tuple[str, str] | None:
    """The way a group is grouped, and its value; None of a product's id."""
    by, equals, value = subject.partition("=")
    return (by, value) if equals and by in BY else None


def no_column(_columns: Columns, _at: When) -> Floats:
    """A figure is of many products: no column of them has it."""
    raise NotImplementedError


SIZE_METRIC = Metric(
    SIZE,
    "products",
    Unit.COUNT,
    "the number of its products",
    frozenset(),
    no_column,
    definition=f"{FigureKind.SIZE.value}()",
    low=0,
    figure=Figure(FigureKind.SIZE),
)


class GroupCatalogue(Catalogue):
    """All that can be said of a group: its figures, formulas over them, and the texts that all of its
    products share. ``sellers`` are the user's names for sellers, by id."""

    def __init__(
        self, by: str, figures: Iterable[Metric], sellers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sellers=sellers)
        every = super().attributes()
        self._metrics = {metric.name: metric for metric in (SIZE_METRIC, *figures)}
        self._attributes = {each.name: each for each in every if each.name in (by, REGION)}

    @property
    def tie(self) -> Metric:
        return self[SIZE]
