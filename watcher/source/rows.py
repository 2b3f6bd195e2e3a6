"""The products of a list while its pages arrive, in any order: columns, and no object a product.

A list may have a million products. Their numbers lie in blocks that are given back one by one
while they are joined, so that no moment needs twice the memory; of a list in one block the numbers
stay where they are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from watcher.fields import COMMISSION, NUMERIC, NUMERIC_INDEX, NUMERIC_NAMES, RATING, TEXTS
from watcher.model import Bools, Floats, Ints, LongTexts
from watcher.source.decoding import Page, ProductRow, number_table
from watcher.units import AMOUNTS, Unit, count_of

MOST_TEXTS = 1_500  # products of a scan whose long texts are read, at 11 KB each

_BLOCK_PAGES = 5_000
_MOVED = 1_000  # rows at a time: of a million, what is made on the way counts as well
_OWN = 1 + [text.name for text in TEXTS].index("product_name")

Objects: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Joined:
    """A list's products in its order, each once: ``positions`` are places on it, from 1."""

    product_ids: tuple[str, ...]
    positions: Ints
    numbers: Floats
    texts: dict[str, tuple[str | None, ...]]


@dataclass(slots=True)
class _Block:
    """The rows of some pages, by their places; only those that are ``filled`` mean something."""

    numbers: Floats
    texts: Objects
    filled: Bools

    @classmethod
    def of(cls, size: int) -> _Block:
        texts = np.empty((size, len(TEXTS)), object)
        return cls(np.empty((size, len(NUMERIC_NAMES))), texts, np.zeros(size, np.bool_))


@dataclass(slots=True)
class Rows:
    """The first ``top`` places of a list.

    ``wants_texts`` says for a product id whether its long texts are wanted; of those that are,
    the first ``MOST_TEXTS`` are kept. ``mistyped`` counts in how many products a field held
    something else, ``instead`` has an example.
    """

    top: int
    wants_texts: Callable[[str], bool]
    page_size: int = 10
    products: int = 0
    long_texts: dict[str, LongTexts] = field(default_factory=dict)
    mistyped: Counter[str] = field(default_factory=Counter)
    instead: dict[str, str] = field(default_factory=dict)
    _blocks: dict[int, _Block] = field(default_factory=dict)
    _same: dict[str | None, str | None] = field(default_factory=dict)

    def put(self, page_num: int, page: Page) -> None:
        """Take over what is kept of a page."""
        self.products += len(page.products)
        for name, what in page.mistyped:
            self.mistyped[name] += 1
            self.instead.setdefault(name, what)
        if page.products:
            number, place = divmod(page_num - 1, _BLOCK_PAGES)
            block = self._block(number)
            begin, whole = place * self.page_size, len(page.products) == page.rows
            rows = slice(begin, begin + page.rows) if whole else begin + np.array(page.positions)
            block.numbers[rows] = number_table(page.products)
            block.texts[rows] = [self._texts(product) for product in page.products]
            block.filled[rows] = True
        for product in page.products:
            if len(self.long_texts) < MOST_TEXTS and self.wants_texts(product.product_id):
                texts = product.long_texts()
                # None is stored where there are none: they would be wanted, and count, for ever.
                if texts != LongTexts():
                    self.long_texts[product.product_id] = texts

    def _block(self, number: int) -> _Block:
        if number not in self._blocks:
            pages = -(-self.top // self.page_size) - number * _BLOCK_PAGES
            self._blocks[number] = _Block.of(min(pages, _BLOCK_PAGES) * self.page_size)
        return self._blocks[number]

    def _texts(self, product: ProductRow) -> list[str | None]:
        """The short texts, one object for all equal regions and categories: there are few."""
        texts = product.texts()
        common = texts[_OWN:]
        return [*texts[:_OWN], *map(self._same.setdefault, common, common)]

    def join(self) -> Joined:
        """Each product at its first place; the blocks are given back."""
        places, ids = self._places()
        texts: list[list[str | None]] = [[] for _ in TEXTS]
        parts: list[Floats] = []
        size = _BLOCK_PAGES * self.page_size
        for number in sorted(self._blocks):
            block, begin = self._blocks.pop(number), number * size
            rows = places[slice(*np.searchsorted(places, (begin, begin + size)))] - begin
            for column, values in zip(texts, block.texts[rows].T.tolist(), strict=True):
                column.extend(values)
            parts.append(_compacted(block.numbers, rows))
        columns = {text.name: tuple(values) for text, values in zip(TEXTS, texts, strict=True)}
        return Joined(ids, places + 1, _stacked(parts), columns)

    def _places(self) -> tuple[Ints, tuple[str, ...]]:
        """The first place of each product on the list, from 0, and the products' ids."""
        first: dict[str, int] = {}
        for number in sorted(self._blocks):
            block, begin = self._blocks[number], number * _BLOCK_PAGES * self.page_size
            rows = np.flatnonzero(block.filled[: self.top - begin])
            ids = block.texts[rows, 0].tolist()
            for place, product_id in zip((begin + rows).tolist(), ids, strict=True):
                first.setdefault(product_id, place)
        return np.array(list(first.values()), np.int64), tuple(first)


def _compacted(numbers: Floats, rows: Ints) -> Floats:
    """These rows, which rise, in the memory of all: it is shortened to what they take."""
    for begin in range(0, len(rows), _MOVED):
        part = rows[begin : begin + _MOVED]
        numbers[begin : begin + len(part)] = numbers[part]  # no row moves to a later place
    numbers.resize((len(rows), numbers.shape[1]), refcheck=False)
    return numbers


def _stacked(parts: list[Floats]) -> Floats:
    """All rows, and the parts are given back one by one."""
    if len(parts) == 1:
        return parts[0]
    numbers, done = np.empty((sum(map(len, parts)), len(NUMERIC_NAMES))), 0
    parts.reverse()
    while parts:
        part = parts.pop()
        numbers[done : done + len(part)] = part
        done += len(part)
    return numbers


# ------------------------------------------------------------------ numbers to values

_AT_LEAST_0 = np.array(
    [field.unit in (Unit.COUNT, *AMOUNTS, Unit.FRACTION) for field in NUMERIC], np.bool_
)
_ABOVE_0 = np.array([field.name == RATING for field in NUMERIC], np.bool_)


@dataclass(frozen=True, slots=True)
class Settled:
    """``percentages``: the list's commissions were written so; None where it has none.
    ``unrated``: some product says that it has no rating. ``problems`` says which values mean
    nothing."""

    percentages: bool | None
    unrated: bool
    problems: tuple[str, ...]


def settle(numbers: Floats) -> Settled:
    """Change the numbers of a whole list, (n, 88) as the API wrote them, to values: in place.

    A count, an amount or a price below 0 is none, and neither is a rating of 0 (unrated) or a
    commission above 100%. The scale of commissions is the list's: percentages where most of those
    above 0 exceed 1. A product's alone could not tell 1% from 100%.
    """
    commissions = numbers[:, NUMERIC_INDEX[COMMISSION]]
    unrated = bool((numbers[:, NUMERIC_INDEX[RATING]] == 0).any())
    with np.errstate(invalid="ignore"):
        percentages = _are_percentages(commissions)
        if percentages:
            commissions /= 100
        above = commissions > 1
        commissions[above] = np.nan
        negative = np.zeros(len(NUMERIC), np.int64)
        for start in range(0, len(numbers), _MOVED):
            part = numbers[start : start + _MOVED]
            below = (part < 0) & (_AT_LEAST_0 | _ABOVE_0)
            negative += below.sum(axis=0)
            part[below | ((part == 0) & _ABOVE_0)] = np.nan
    problems = [
        f"{NUMERIC[column].name} is below 0 in "
        f"{count_of(int(negative[column]), 'product')}: no value"
        for column in np.flatnonzero(negative).tolist()
    ]
    if above.any():
        above_all = count_of(int(above.sum()), "product")
        problems.append(f"{COMMISSION} is above 100% in {above_all}: no value")
    return Settled(percentages, unrated, tuple(problems))


def _are_percentages(commissions: Floats) -> bool | None:
    some = int(np.count_nonzero(commissions > 0))
    return 2 * int(np.count_nonzero(commissions > 1)) > some if some else None
