"""A view of a list: the rows that its filters pick, in its order, with their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from msgspec import Struct

from watcher.analysis.views.asked import SIZE, ListView
from watcher.analysis.views.columns import ColumnKind, ListColumn
from watcher.analysis.views.held import HeldList
from watcher.analysis.views.picking import Picked
from watcher.analysis.views.sorting import order
from watcher.fields import IDS
from watcher.model import Bools, Floats, Ints
from watcher.rules.conditions.base import Need, texts_of
from watcher.rules.conditions.change import relative
from watcher.rules.conditions.presence import Reappears
from watcher.rules.conditions.transition import Appears
from watcher.rules.metrics import Metric
from watcher.store.ports import Store
from watcher.store.records import ScanRow


class ListCell(Struct, frozen=True, gc=False):
    """A value: a number, a text, or None for no value. Of a change ``then`` is what it began
    from, where there is a value now."""

    value: float | str | None
    then: float | None = None


class ListRow(Struct, frozen=True):
    """A product of a list. ``cells`` are those of the view's columns; ``rules`` fire on it;
    ``fresh``: listed for the first time; ``back``: listed again."""

    product: int
    region: str
    product_id: str
    name: str
    seller_id: str
    currency: str | None
    cells: tuple[ListCell, ...]
    rules: tuple[str, ...] = ()
    fresh: bool = False
    back: bool = False


@dataclass(frozen=True, slots=True)
class ShownList:
    """The finding of a view: ``found`` of the ``size`` products of the ``scan``, of which these are
    the ``rows`` of one page, or all. Of ``unknown`` products it is not known whether the filters
    pick them; ``waits`` says why nothing is compared. ``names`` are those of the ids in it,
    ``currencies`` those of the list's prices."""

    scan: ScanRow
    size: int
    found: int
    unknown: int
    page: int
    pages: int
    rows: tuple[ListRow, ...]
    waits: str
    names: Mapping[str, str]
    currencies: tuple[str, ...] = ()


def shown_list(
    store: Store, held: HeldList, view: ListView, picked: Picked, *, every: bool = False
) -> ShownList:
    """A page of a view of a list; with ``every``, all rows. Beyond the last it is that."""
    source = _Columns(store, held, view, picked)
    met, known = source.masks()
    rows = order(np.flatnonzero(met), source.keys(view.sort), descending=view.descending)
    pages = max(1, -(-len(rows) // SIZE))
    page = min(view.page, pages)
    chosen = rows if every else rows[(page - 1) * SIZE : page * SIZE]
    made = source.rows(view.columns, chosen)
    return ShownList(
        held.scan, len(held), len(rows), int(np.count_nonzero(~known)), page, pages, made,
        source.judge.waits, source.names(view.columns, made), source.currencies(made),
    )  # fmt: skip


class _Columns:
    """The columns that a view needs of a list."""

    def __init__(self, store: Store, held: HeldList, view: ListView, picked: Picked) -> None:
        self._store, self._held, self._picked = store, held, picked
        wanted = [*view.columns, *([view.sort] if view.sort is not None else [])]
        condition = picked.condition
        metrics = [column.metric for column in wanted if column.metric is not None]
        needs = [column.need for column in wanted if column.need is not None]
        if condition is not None:
            metrics += condition.metrics
            needs += condition.needs
        self.judge = held.judge(metrics, needs)
        self._counts: Ints | None = None

    def masks(self) -> tuple[Bools, Bools]:
        """(n,) whom the filters pick, and of whom it is known."""
        met, known = np.ones((2, len(self._held)), np.bool_)
        if self._picked.condition is not None:
            met, known = self.judge(self._picked.condition)
        if self._picked.by_alerts:
            met = met & self._picked.of_alerts(self.counts)
        return met, known

    @property
    def counts(self) -> Ints:
        """(n,) the alerts that fire on each product, whatever list they are of."""
        if self._counts is None:
            self._counts = self._store.browsing.firing_on(self._held.products)
        return self._counts

    def keys(self, column: ListColumn | None) -> Floats:
        """(n,) by which the rows are sorted; NaN is no value."""
        if column is None:
            return np.zeros(len(self._held))
        if not column.is_text:
            return self._numbers(column)
        texts = self._texts(column)
        if column.name in IDS:  # people look for names
            names = self._names_of({text for text in texts if text})
            texts = [names.get(text, text) if text else None for text in texts]
        return _ranked(texts)

    def rows(self, columns: Sequence[ListColumn], places: Ints) -> tuple[ListRow, ...]:
        """The rows at these places."""
        products = self._held.products[places]
        found = self._store.history.identities(products)
        rules = self._store.browsing.rules_firing_on(products.tolist()) if len(places) else {}
        cells = [*zip(*(self._cells(column, places) for column in columns), strict=True)]
        fresh, back = (self._notes(word, places) for word in (Appears(), Reappears()))
        return tuple(
            ListRow(
                product, each.region, each.product_id, each.name, each.seller, each.currency,
                cells[place], rules.get(product, ()), fresh[place], back[place],
            )
            for place, (product, each) in enumerate(zip(products.tolist(), found, strict=True))
        )  # fmt: skip

    def names(self, columns: Sequence[ListColumn], rows: Sequence[ListRow]) -> Mapping[str, str]:
        """Names of the sellers and categories that occur."""
        places = [place for place, column in enumerate(columns) if column.name in IDS]
        ids = {str(row.cells[place].value) for place in places for row in rows}
        return self._names_of({*ids, *(row.seller_id for row in rows)})

    def _names_of(self, ids: AbstractSet[str]) -> Mapping[str, str]:
        sellers = self._held.book.sellers
        categories = self._store.history.category_names([*ids]) if ids else {}
        return {**categories, **{each: sellers[each] for each in ids if each in sellers}}

    def currencies(self, rows: Sequence[ListRow]) -> tuple[str, ...]:
        """The currencies of the list's prices: a market's has one."""
        if self._held.columns.of_market:
            return tuple(dict.fromkeys(row.currency for row in rows if row.currency))[:1]
        every = self._store.history.identities(self._held.products)
        return tuple(dict.fromkeys(each.currency for each in every if each.currency))

    def _notes(self, word: Appears | Reappears, places: Ints) -> list[bool]:
        found: list[bool] = self.judge(word).met[places].tolist()
        return found

    def _cells(self, column: ListColumn, places: Ints) -> list[ListCell]:
        if column.is_text:
            texts = self._texts(column)
            return [ListCell(texts[place]) for place in places.tolist()]
        values = _plain(self._numbers(column)[places])
        if column.need is None:
            return [ListCell(value) for value in values]
        now, (begun, _at) = self.judge.comparable(column.need), self.judge.baseline(column.need)
        then = _plain(np.where(np.isnan(now), np.nan, begun)[places])
        return [ListCell(*each) for each in zip(values, then, strict=True)]

    def _texts(self, column: ListColumn) -> Sequence[str | None]:
        if column.attribute is None:
            raise TypeError(column.name)
        return texts_of(self.judge, column.attribute)

    def _numbers(self, column: ListColumn) -> Floats:
        if column.kind is ColumnKind.ALERTS:
            return self.counts.astype(np.float64)
        metric: Metric | None = column.metric
        if metric is None:
            raise TypeError(column.name)
        return (
            self.judge.number(metric) if column.need is None else self._moved(column, column.need)
        )

    def _moved(self, column: ListColumn, need: Need) -> Floats:
        now, (then, _at) = self.judge.comparable(need), self.judge.baseline(need)
        if column.kind is ColumnKind.PLACES:
            return then - now
        moved = now - then
        if column.kind is ColumnKind.SHARE:
            moved = np.where(then == 0, np.nan, relative(moved, then))
        return moved


def _plain(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN


def _ranked(texts: Sequence[str | None]) -> Floats:
    """Texts as numbers in their order, capitals or not; NaN is no text."""
    known = sorted({text.casefold() for text in texts if text})
    place = {text: float(number) for number, text in enumerate(known)}
    return np.array([place[text.casefold()] if text else np.nan for text in texts], np.float64)
