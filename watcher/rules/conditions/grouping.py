"""Traits that products have in common: a seller, a category, a column of one's own, the list."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.fields import IDS
from watcher.model import Ints
from watcher.rules.conditions.base import ScanColumns, remembered, texts_of
from watcher.rules.groups import GroupCatalogue
from watcher.rules.metrics import Attribute, Catalogue, Metric
from watcher.subjects import WATCH
from watcher.words import Wrong, kind, nearest, quoted

AMONG = "among"
_PRODUCT_ID = "product_id"
UNKNOWN = ("", "0")  # ids of no category
_TAKES = 'takes what products have in common, as seller_id or category_l3_id, or "watch"'


@dataclass(frozen=True, slots=True)
class Grouping:
    """The products of one list that have a text in common, or a number in a column of the user's
    own; without either all of the list. Those of two regions are never of one group."""

    name: str
    attribute: Attribute | None = None
    column: Metric | None = None

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return () if self.attribute is None else (self.attribute,)

    def codes(self, table: ScanColumns) -> Ints:
        """(n,) the number of each product's group; -1 of one that is of none."""
        return remembered(table, ("group", self.name), lambda: self._codes(table))

    def _codes(self, table: ScanColumns) -> Ints:
        regions = remembered(table, ("regions",), lambda: _regions(table))
        if self.attribute is not None:
            unknown = UNKNOWN if self.name in IDS else ()
            own = coded(texts_of(table, self.attribute), unknown)
        elif self.column is not None:
            own = _numbered(table, self.column)
        else:
            return regions
        several = int(regions.max(initial=0)) + 1
        return np.where(own < 0, -1, own * several + regions)

    @property
    def canonical(self) -> str:
        return self.name


def coded(texts: Sequence[str | None], unknown: Iterable[str]) -> Ints:
    """(n,) a number for each text, equal for equal ones; -1 of none, and of the ``unknown``."""
    none = dict.fromkeys((None, *unknown), -1)
    known = (text for text in dict.fromkeys(texts) if text not in none)
    codes = dict(zip(known, range(len(texts)), strict=False)) | none
    return np.fromiter(map(codes.__getitem__, texts), np.int64, len(texts))


def _regions(table: ScanColumns) -> Ints:
    """(n,) the number of each product's region."""
    regions = table.regions()
    several = len({*regions}) > 1
    return coded(regions, unknown=()) if several else np.zeros(len(regions), np.int64)


def _numbered(table: ScanColumns, column: Metric) -> Ints:
    values = table.number(column)
    codes = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return np.where(np.isnan(values), -1, codes)


def grouping_of(value: object, catalogue: Catalogue | None) -> Grouping:
    """The grouping of a name; ``Wrong`` says why it is none."""
    if not isinstance(value, str):
        raise Wrong(f'"{AMONG}" {_TAKES}, not {kind(value)}')
    name = value.strip()
    if name == WATCH or catalogue is None:
        return Grouping(WATCH)
    if isinstance(catalogue, GroupCatalogue):
        raise Wrong(
            f"groups are held against all others of their region on the list: write {AMONG}: "
            f"{WATCH}, not {quoted(name)}"
        )
    if name == _PRODUCT_ID:
        raise Wrong(f'"{AMONG}" {_TAKES}: no two have one {name}')
    if (attribute := catalogue.attribute(name)) is not None:
        return Grouping(name, attribute)
    metric = catalogue.get(name)
    if metric is not None and metric.is_fact and not metric.definition:
        return Grouping(name, column=metric)
    if metric is not None:
        raise Wrong(f'"{AMONG}" {_TAKES}: {name} is a number, which hardly two have in common')
    known = [*(each.name for each in catalogue.attributes()), WATCH]
    known += [each.name for each in catalogue.metrics() if each.is_fact and not each.definition]
    own = (
        "" if catalogue.facts is not None else "; columns of your own come with facts: {file: ...}"
    )
    hint = nearest(name, known) or f": it {_TAKES}{own}"
    raise Wrong(f'"{AMONG}" knows no {quoted(name)}{hint}')
