"""The user's own numbers and texts of products, from a file beside the rules: a column is a metric
or an attribute like any other, and a product has in it what stands in its row today."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from watcher.model import Floats, Ints
from watcher.units import Unit

NO_ROW = -1


@dataclass(frozen=True, eq=False)
class FactTable:
    """A file of them: ``rows`` by product id, ``numbers`` (n,) and ``texts`` by name of column;
    ``lines`` (n,) say where in the ``file`` each row stands."""

    file: str
    rows: Mapping[str, int]
    numbers: Mapping[str, Floats]
    texts: Mapping[str, Sequence[str | None]]
    lines: Sequence[int]
    units: Mapping[str, Unit] = field(default_factory=dict)
    # The rows of the products that were asked for last: each column of a scan asks for the same.
    _asked: list[tuple[Sequence[str | None], Ints]] = field(default_factory=list, repr=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        return (*self.numbers, *self.texts)

    def places(self, ids: Sequence[str | None]) -> Ints:
        """(m,) the row of each product; ``NO_ROW`` of those that have none."""
        for asked, places in self._asked:
            if asked is ids:
                return places
        row = self.rows.get
        places = np.fromiter(
            (NO_ROW if each is None else row(each, NO_ROW) for each in ids), np.int64, len(ids)
        )
        self._asked[:] = [(ids, places)] if isinstance(ids, tuple) else []  # a list may change
        return places

    def of(self, product_id: str) -> Iterator[tuple[str, float | str]]:
        """Yield what stands in a product's row, by name of column."""
        row = self.rows.get(product_id)
        if row is None:
            return
        for name in self.names:
            value = self.numbers[name][row] if name in self.numbers else self.texts[name][row]
            if value is not None and value == value:  # noqa: PLR0124 - NaN is no value
                yield name, value if isinstance(value, str) else float(value)

    def line_of(self, product_id: str) -> int:
        """The line of a product; 0 where it has none."""
        row = self.rows.get(product_id)
        return 0 if row is None else self.lines[row]

    def columns(self) -> Iterator[FactColumn]:
        for name in self.names:
            yield FactColumn(name, self)


@dataclass(frozen=True, eq=False, slots=True)
class FactColumn:
    """One column of a file."""

    name: str
    table: FactTable

    def numbers(self, ids: Sequence[str | None]) -> Floats:
        """(m,) the values of these products; NaN is none."""
        places = self.table.places(ids)
        values = self.table.numbers[self.name]
        if not len(values):
            return np.full(len(places), np.nan)
        return np.where(places == NO_ROW, np.nan, values[places])

    def texts(self, ids: Sequence[str | None]) -> list[str | None]:
        """The texts of these products; None is none."""
        values = self.table.texts[self.name]
        return [None if place == NO_ROW else values[place] for place in self.table.places(ids)]

    def said(self) -> str:
        """A line about it, for who looks through all that a rule can speak of."""
        return f"your own, from {self.table.file}"
