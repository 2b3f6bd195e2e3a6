"""The products of a list while its pages arrive, in any order: columns, and no object a product.

A list may have a million products: their numbers lie in blocks that are given back one by one while
they are joined, so that no moment needs twice the memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from watcher.attributes import DESCRIPTION, MADE, VARIANTS
from watcher.fields import COMMISSION, NUMERIC, NUMERIC_INDEX, NUMERIC_NAMES, RATING, TEXTS
from watcher.model import Bools, Floats, Ints, LongTexts
from watcher.source.decoding import Page, ProductRow, number_table
from watcher.source.spoken import description_of, variants_of
from watcher.units import AMOUNTS, Unit, count_of

MOST_TEXTS = 1_500  # products of a scan whose long texts are read, at 11 KB each

_BLOCK_PAGES = 5_000
_TELLING = 10  # products: of fewer commissions up to 1 all may be percentages
_MOVED = 1_000  # rows at a time: of a million, what is made on the way counts as well
_MAY_BE_BLANK = [text.name == "discount" for text in TEXTS]
_OWN = 1 + [text.name for text in TEXTS].index("product_name")


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
    texts: NDArray[Any]
    filled: Bools


@dataclass(slots=True)
class Rows:
    """The first ``top`` places of a list."""

    top: int
    wants_texts: Callable[[str], bool]  # the long ones, by id: the first ``MOST_TEXTS`` are kept
    page_size: int = 10
    made: tuple[str, ...] = ()  # texts of ``attributes.MADE`` to be made for all of them
    products: int = 0
    long_texts: dict[str, LongTexts] = field(default_factory=dict)
    mistyped: Counter[str] = field(default_factory=Counter)  # products with something else in it
    instead: dict[str, str] = field(default_factory=dict)  # an example of what
    _blocks: dict[int, _Block] = field(default_factory=dict)
    _same: dict[str | None, str | None] = field(default_factory=dict)

    def put(self, page_num: int, page: Page) -> None:
        """Take over what is kept of a page."""
        self.products += len(page.products)
        for name, what in page.mistyped:
            self.mistyped[name] += 1
            self.instead.setdefault(name, what)
        if page.products:
            self._fill(page_num, page)
            self._keep_long_texts(page.products)

    def _fill(self, page_num: int, page: Page) -> None:
        number, place = divmod(page_num - 1, _BLOCK_PAGES)
        block = self._block(number)
        begin, whole = place * self.page_size, len(page.products) == page.rows
        rows = slice(begin, begin + page.rows) if whole else begin + np.array(page.positions)
        block.numbers[rows] = number_table(page.products)
        block.texts[rows] = [self._texts(product) for product in page.products]
        block.filled[rows] = True

    def _keep_long_texts(self, products: Sequence[ProductRow]) -> None:
        for product in products:
            if len(self.long_texts) < MOST_TEXTS and self.wants_texts(product.product_id):
                texts = product.long_texts()
                # None is stored where there are none: they would be wanted, and count, for ever.
                if texts != LongTexts():
                    self.long_texts[product.product_id] = texts

    def _block(self, number: int) -> _Block:
        if number not in self._blocks:
            pages = -(-self.top // self.page_size) - number * _BLOCK_PAGES
            size = min(pages, _BLOCK_PAGES) * self.page_size
            texts = np.empty((size, len(self._names)), object)
            numbers = np.empty((size, len(NUMERIC_NAMES)))
            self._blocks[number] = _Block(numbers, texts, np.zeros(size, np.bool_))
        return self._blocks[number]

    def _texts(self, product: ProductRow) -> list[str | None]:
        """The short texts; of a name or an id of which nothing is to be seen None, for nobody could
        click it. One object for all equal regions and categories: there are few.
        """
        told = zip(product.texts(), _MAY_BE_BLANK, strict=True)
        texts = [text if blank or _is_seen(text) else None for text, blank in told]
        common = texts[_OWN:]
        own = [*texts[:_OWN], *map(self._same.setdefault, common, common)]
        return [*own, *_made(product, self.made)] if self.made else own

    @property
    def _names(self) -> list[str]:
        return [*(text.name for text in TEXTS), *self.made]

    def join(self) -> Joined:
        """Each product at its first place; the blocks are given back."""
        places, ids = self._places()
        texts: list[list[str | None]] = [[] for _ in self._names]
        parts: list[Floats] = []
        size = _BLOCK_PAGES * self.page_size
        for number in sorted(self._blocks):
            block, begin = self._blocks.pop(number), number * size
            rows = places[slice(*np.searchsorted(places, (begin, begin + size)))] - begin
            for column, values in zip(texts, block.texts[rows].T.tolist(), strict=True):
                column.extend(values)
            parts.append(_compacted(block.numbers, rows))
        columns = dict(zip(self._names, map(tuple, texts), strict=True))
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


def _is_seen(text: str | None) -> bool:
    return text is None or any(each != " " and each.isprintable() for each in text)


def _made(product: ProductRow, names: tuple[str, ...]) -> list[str | None]:
    """The texts of these names: at once, for what they are made of is large."""
    long = product.long_texts()
    found = dict.fromkeys(MADE)
    if DESCRIPTION in names:
        found[DESCRIPTION] = description_of(long.desc_detail)
    if VARIANTS in names:
        found[VARIANTS] = variants_of(long.skus, long.sale_props)
    return [found[name] for name in names]


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
    """The findings about a list's numbers."""

    percentages: bool | None  # whether commissions were written so; None where it has none
    tells: bool  # whether it has so many that others may go by them
    unrated: bool  # some product says that it has no rating
    problems: tuple[str, ...]  # which values mean nothing


def settle(numbers: Floats, percentages: bool | None = None) -> Settled:
    """Change the numbers of a whole list, (n, 88) as the API wrote them, to values: in place.

    A count, an amount or a price below 0 is none, and neither is a rating of 0 (unrated) or a
    commission above 100%. The scale of commissions is the list's: percentages where most of those
    above 0 exceed 1. A product's alone could not tell 1% from 100%, so few go by the scale of
    other lists of the region (``percentages``), unless one of them exceeds 1.
    """
    unrated = bool((numbers[:, NUMERIC_INDEX[RATING]] == 0).any())
    with np.errstate(invalid="ignore"):
        commissions = numbers[:, NUMERIC_INDEX[COMMISSION]]
        some, large = (int(np.count_nonzero(commissions > least)) for least in (0, 1))
        if some >= _TELLING or large or percentages is None:
            percentages = 2 * large > some
        above = _settle_commissions(commissions, percentages=percentages)
        negative = _drop_negative(numbers)
    problems = [
        f"{NUMERIC[column].name} is below 0 in {count_of(count, 'product')}: no value"
        for column, count in enumerate(negative.tolist())
        if count
    ]
    if above:
        problems.append(f"{COMMISSION} is above 100% in {count_of(above, 'product')}: no value")
    written = percentages if some else None
    return Settled(written, some >= _TELLING, unrated, tuple(problems))


def _settle_commissions(commissions: Floats, *, percentages: bool) -> int:
    """The number of those above 100%."""
    if percentages:
        commissions /= 100
    above = commissions > 1
    commissions[above] = np.nan
    return int(above.sum())


def _drop_negative(numbers: Floats) -> Ints:
    """The number of values below 0 in each column; they are none now, as ratings of 0 are."""
    negative = np.zeros(len(NUMERIC), np.int64)
    for start in range(0, len(numbers), _MOVED):
        part = numbers[start : start + _MOVED]
        below = (part < 0) & (_AT_LEAST_0 | _ABOVE_0)
        negative += below.sum(axis=0)
        part[below | ((part == 0) & _ABOVE_0)] = np.nan
    return negative
