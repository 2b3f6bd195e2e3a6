"""Assortments over time: what a seller's or a category's products sold together, as far as lists
had them.

A sum of a time is of the products that the lists had then, so it moves with them, too: who asks how
much more is sold compares the products of both times.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.model import Bools, Floats, Instant, Ints
from watcher.rules.rulebook import Watch
from watcher.store.ports import Store
from watcher.store.sql.assortments import Assortment
from watcher.store.sql.day_lists import SUMMED, KeptList, rows_of
from watcher.units import DAY

MOST_TIMES, FEWEST_TIMES = 45, 6  # of which sums are made
# Products of lists that are read for all times together, and what a list costs beside these.
_CELLS, _OF_A_LIST = 600_000, 500
SALES, GMV = range(len(SUMMED))  # columns


@dataclass(frozen=True, slots=True)
class ComparedSums:
    """A sum ``then`` and ``now`` of the ``products`` that lists had at both times."""

    then: float
    now: float
    products: int


@dataclass(frozen=True, slots=True)
class SumsPast:
    """Sums (m,) at the instants ``at``: what was known then. ``gmv`` is by currency, which is empty
    where all is one sum. NaN is no value; of ``products`` too, where no list was read. What moved
    from the first of these times with products to the last is ``compared``, by the sums' names."""

    at: Ints
    products: Floats
    sales: Floats
    gmv: Mapping[str, Floats]
    compared: Mapping[str, ComparedSums]


@dataclass(frozen=True, slots=True)
class OnLists:
    """The newest lists of some watches together: (n,) products in rising order, each once,
    their ``numbers`` (2, n) as its newest list has them, its best ``ranks`` and on which of
    ``watches`` that is (-1: none has places); and by watch whom each has, and since when."""

    products: Ints
    numbers: Floats
    ranks: Floats
    ranked_by: Ints
    watches: Sequence[str]
    members: Mapping[str, Ints]
    at: Mapping[str, Instant]

    def places(self, products: Ints) -> Ints:
        """(n,) where each of these stands; -1 for one that no list has."""
        if not len(self.products):
            return np.full(len(products), -1, np.int64)
        found = np.minimum(np.searchsorted(self.products, products), len(self.products) - 1)
        return np.where(self.products[found] == products, found, -1)


def on_lists(database: Store, watches: Iterable[Watch], now: Instant) -> OnLists:
    """Read the newest lists of some watches."""
    names = {watch.key: watch.name for watch in watches}
    looks = database.day_lists.newest([*names], now, now)  # however old: nothing newer is known
    keys = sorted(looks, key=lambda key: looks[key].at)  # of two lists the newer one stands
    watch_of = {looks[key].scan: place for place, key in enumerate(keys)}
    members = dict(database.day_lists.products([*watch_of]))
    every = np.unique(np.concatenate([np.zeros(0, np.int64), *members.values()]))
    row_of = rows_of(every)
    lists = dict(database.day_lists.read([*members], row_of))
    places = dict(database.assortments.ranks([*members]))
    numbers = np.full((len(SUMMED), len(every)), np.nan)
    ranks, by = np.full(len(every), np.inf), np.full(len(every), -1, np.int64)
    for scan, place in watch_of.items():
        if scan in lists:  # it may have been pruned since
            here = lists[scan].rows
            numbers[:, here] = lists[scan].numbers
            found = places[scan].ranks_of(every[here])
            better = found < ranks[here]
            ranks[here[better]], by[here[better]] = found[better], place
    return OnLists(
        every, numbers, np.where(np.isinf(ranks), np.nan, ranks), by,
        [names[key] for key in keys],
        {names[keys[place]]: members[scan] for scan, place in watch_of.items() if scan in members},
        {names[key]: looks[key].at for key in keys},
    )  # fmt: skip


def past_of(
    database: Store, region: str, assortment: Assortment, within: tuple[Instant, Instant],
    watches: Sequence[str] | None = None,
) -> SumsPast:  # fmt: skip
    """The sums of an assortment's products at some times from the first of two instants to the
    last: the fewer, the more there is to read. Of the lists of all watches that ever had one of
    them, be they read no more, or of these ``watches``, by their keys."""
    since, now = within
    reader = _Reader(database, assortment.products)
    if watches is None:
        watches = database.assortments.watches(region, assortment.products)
    newest = database.day_lists.newest(watches, now)
    times = _times(since, now, newest.values())
    kinds = kinds_of(assortment.currencies)
    rows = [*reader.at_times(watches, times)]
    return SumsPast(
        at=times,
        products=np.array([np.nan if here is None else here.sum() for here, _ in rows]),
        sales=_sums(rows, SALES),
        gmv={kind: _sums(rows, GMV, own) for kind, own in kinds.items()},
        compared=_compared([row for row in rows if row[0] is not None and row[0].any()], kinds),
    )


def kinds_of(currencies: Sequence[str | None]) -> dict[str, Bools]:
    """The currencies in which prices are, each with the products (n,) of which it is the one: GMV
    of several is not added up. Where one is known at most, all are alike, and it is "". "?" are
    those of which it is not known beside several."""
    known = sorted({each for each in currencies if each})
    if len(known) < 2:
        return {"": np.ones(len(currencies), np.bool_)}
    given = np.array([each or "?" for each in currencies])
    kinds = [*known, *(["?"] if (given == "?").any() else [])]
    return {kind: given == kind for kind in kinds}


def total(values: Floats) -> float:
    """The sum of those that are known; NaN where none is."""
    known = values[np.isfinite(values)]
    return float(known.sum()) if len(known) else np.nan


def _times(since: Instant, now: Instant, looks: Iterable[KeptList]) -> Ints:
    """The instants, whole days apart, the last of which is now."""
    each = sum(look.size + _OF_A_LIST for look in looks)
    most = int(min(MOST_TIMES, max(FEWEST_TIMES, _CELLS // max(1, each))))
    days = max(1, (now - since) // DAY)
    step = -(-days // (most - 1))
    return now - DAY * np.arange(days // step * step, -1, -step)


# Of one time: (n,) which products lists had, None where none was read; and (2, n) their numbers.
_Row = tuple[Bools | None, Floats]


class _Reader:
    """Lists of the past, as far as some products are on them."""

    def __init__(self, database: Store, products: Ints) -> None:
        self._database = database
        self._size, self._row_of = len(products), rows_of(products)

    def at_times(self, watches: Sequence[str], times: Ints) -> Iterator[_Row]:
        """Yield what was known of the products at each time."""
        lists = self._database.day_lists
        found = [lists.at_times(watch, times.tolist()) for watch in watches]
        for turn in range(len(times)):
            then = (of_watch[turn] for of_watch in found)
            yield self._known([each for each in then if each is not None])

    def _known(self, looks: Sequence[KeptList]) -> _Row:
        here, numbers = np.zeros(self._size, np.bool_), np.full((len(SUMMED), self._size), np.nan)
        scans = [look.scan for look in looks]
        lists = dict(self._database.day_lists.read(scans, self._row_of))
        for look in sorted(looks, key=lambda look: (look.at, look.scan)):
            if look.scan in lists:
                rows = lists[look.scan].rows
                here[rows], numbers[:, rows] = True, lists[look.scan].numbers
        return (here if looks else None), numbers


def _sums(rows: Sequence[_Row], column: int, own: Bools | None = None) -> Floats:
    return np.array(
        [total(numbers[column] if own is None else numbers[column, own]) for _, numbers in rows],
        np.float64,
    )


def _compared(rows: Sequence[_Row], kinds: Mapping[str, Bools]) -> dict[str, ComparedSums]:
    """Compare the first of these times with the last; nothing where they are one."""
    if len(rows) < 2:
        return {}
    (_, then), (_, now) = rows[0], rows[-1]
    found = {"sales": _both(then[SALES], now[SALES])}
    for kind, own in kinds.items():
        found[f"gmv {kind}".strip()] = _both(then[GMV, own], now[GMV, own])
    return found


def _both(then: Floats, now: Floats) -> ComparedSums:
    known = np.isfinite(then) & np.isfinite(now)
    return ComparedSums(float(then[known].sum()), float(now[known].sum()), int(known.sum()))
