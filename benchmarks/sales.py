"""Daily sales of many products: read from a CSV, and as the API would tell them each morning.

The file has a row for each product and day on which it sold; its columns count by position:
product, date (2025-11-24), units, amount (the value of the units) and price. A header is optional,
further columns are left aside, ``.gz`` is unpacked. Rows of one product and day are added up.
"""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TextIO

import numpy as np

from watcher.errors import WatcherError
from watcher.fields import WINDOWS
from watcher.model import Bools, Floats, Ints

COLUMNS = ("product", "date", "units", "amount", "price")
LONGEST = 3_660  # days; a longer time is a date that was mistyped


class SalesError(WatcherError):
    """A file of sales that can't be read: ``FILE:LINE: what, and what to do``."""


@dataclass(frozen=True, slots=True)
class Sales:
    """What ``products`` (n, in rising order) sold on each of T days from ``start`` on.

    ``units`` and ``amount`` are (n, T); ``price`` is (n, T), carried on from the last day that
    has one, NaN before the first.
    """

    products: tuple[str, ...]
    start: date
    units: Floats
    amount: Floats
    price: Floats

    @property
    def days(self) -> int:
        """How many days there are."""
        return int(self.units.shape[1])

    @property
    def first_sold(self) -> Ints:
        """The day on which each product sold first, (n,), from 0."""
        first: Ints = np.argmax(self.units > 0, axis=1)
        return first


@dataclass(frozen=True, slots=True)
class _Row:
    product: str
    day: date
    units: float
    amount: float
    price: float


def read(path: Path) -> Sales:
    """The sales in ``path``. Raises ``SalesError``, with the file's line where it is about one."""
    rows = list(_rows(path))
    if not any(row.units for row in rows):
        raise SalesError(f"{path}: no sales in it; a row is {', '.join(COLUMNS)}")
    first, last = min(row.day for row in rows), max(row.day for row in rows)
    days = (last - first).days + 1
    if days > LONGEST:
        raise SalesError(
            f"{path}: from {first} to {last} are {days:,} days, {LONGEST:,} at most: "
            "is one of the two mistyped?"
        )
    names = sorted({row.product for row in rows})
    place = {name: index for index, name in enumerate(names)}
    at = np.array([(place[row.product], (row.day - first).days) for row in rows]).T
    units, amount = np.zeros((len(names), days)), np.zeros((len(names), days))
    price = np.full((len(names), days), np.nan)
    np.add.at(units, tuple(at), [row.units for row in rows])
    np.add.at(amount, tuple(at), [row.amount for row in rows])
    for row, product, day in zip(rows, *at.tolist(), strict=True):
        if not math.isnan(row.price):
            price[product, day] = row.price
    return Sales(tuple(names), first, units, amount, carried_on(price))


def carried_on(values: Floats) -> Floats:
    """(n, T) with the last value before in place of each NaN."""
    newest = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    np.maximum.accumulate(newest, axis=1, out=newest)
    return np.take_along_axis(values, newest, axis=1)


def _rows(path: Path) -> Iterator[_Row]:
    try:
        with _opened(path) as file:
            lines = csv.reader(file, strict=True)
            first = True
            for cells in filter(None, lines):
                if not (first and _is_header(cells)):
                    yield _row(cells, f"{path}:{lines.line_num}")
                first = False
    except csv.Error as error:
        raise SalesError(f"{path}:{lines.line_num}: not CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise SalesError(f"{path}: not UTF-8 text: {error}; save it as UTF-8") from error
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SalesError(f"{path}: can't be read: {reason}") from error


def _opened(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _is_header(cells: list[str]) -> bool:
    return len(cells) >= len(COLUMNS) and not _is_number(cells[2])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row(cells: list[str], where: str) -> _Row:
    if len(cells) < len(COLUMNS):
        raise SalesError(
            f"{where}: {len(cells)} columns; {len(COLUMNS)} are needed: {', '.join(COLUMNS)}"
        )
    product, day, units, amount, price = (cell.strip() for cell in cells[: len(COLUMNS)])
    if not product:
        raise SalesError(f"{where}: no product in the first column")
    try:
        parsed = date.fromisoformat(day)
    except ValueError:
        raise SalesError(f'{where}: "{day}" is no date; write it as 2025-11-24') from None
    sold, worth = _number("units", units, where), _number("amount", amount, where)
    paid = _number("price", price, where) if price else math.nan
    return _Row(product, parsed, sold, worth, paid)


def _number(column: str, text: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise SalesError(f'{where}: {column}: "{text}" is no number') from None
    if not math.isfinite(value) or value < 0:
        raise SalesError(
            f"{where}: {column}: {text} is not 0 or more; leave out what was sent back"
        )
    return value


def collected(sales: Sales, share: float, seed: int = 5) -> Sales:
    """As a source tells it that looks at such a share of the products each day, by chance: what
    one sold since it was last looked at is booked on the day on which it is."""
    looked = np.random.default_rng(seed).random(sales.units.shape) < share
    units, amount = _booked(sales.units, looked), _booked(sales.amount, looked)
    return replace(sales, units=units, amount=amount)


def _booked(daily: Floats, looked: Bools) -> Floats:
    sums = cumulated(daily)[:, 1:]
    known = np.maximum.accumulate(np.where(looked, sums, 0), axis=1)
    return np.diff(known, axis=1, prepend=0)


class View:
    """What the API tells of a market, morning by morning: the ``top`` of the list by 7-day sales.

    A matrix is (m, T + 1): a row for each product that is ever listed (``rows`` are their places
    in the sales), a column for each morning d, whose newest day is d - 1. It is NaN where the
    product is not listed that morning. ``seen``, (n, T + 1), says of which products the source has
    an answer at all; of all by default.
    """

    def __init__(self, sales: Sales, top: int, seen: Bools | None = None) -> None:
        self.sales, self.top = sales, top
        self._units, self._amount = cumulated(sales.units), cumulated(sales.amount)
        week = _window(self._units, 7)
        places = _places(week if seen is None else np.where(seen, week, 0), top)
        self.rows: Ints = np.flatnonzero((places > 0).any(axis=1))
        self.rank = np.where(places > 0, places, np.nan)[self.rows]
        self.listed: Bools = places[self.rows] > 0

    @property
    def mornings(self) -> int:
        """How many mornings there are; nothing is known on the first."""
        return self.sales.days + 1

    @cached_property
    def units(self) -> dict[int, Floats]:
        """Units sold on the last days, by window (1, 7, 15, 30, 60, 90)."""
        return {days: self._shown(_window(self._units, days)) for days in WINDOWS}

    @cached_property
    def amount(self) -> dict[int, Floats]:
        """The value of the units sold on the last days, by window."""
        return {days: self._shown(_window(self._amount, days)) for days in WINDOWS}

    @cached_property
    def total(self) -> Floats:
        """Units sold since the beginning."""
        return self._shown(self._units)

    @cached_property
    def total_amount(self) -> Floats:
        """The value of the units sold since the beginning."""
        return self._shown(self._amount)

    @cached_property
    def price(self) -> Floats:
        """The price that the newest day had."""
        unknown = np.full((len(self.sales.products), 1), np.nan)
        return self._shown(np.concatenate([unknown, self.sales.price], axis=1))

    def _shown(self, values: Floats) -> Floats:
        return np.where(self.listed, values[self.rows], np.nan)


def cumulated(daily: Floats) -> Floats:
    """(n, T + 1): what was sold before each day, and in all."""
    return np.concatenate([np.zeros((len(daily), 1)), np.cumsum(daily, axis=1)], axis=1)


def _window(sums: Floats, days: int) -> Floats:
    """What the ``days`` days before each morning sold."""
    return sums - sums[:, np.maximum(0, np.arange(sums.shape[1]) - days)]


def _places(week: Floats, top: int) -> Ints:
    """(n, T + 1) the place on the list, from 1; 0 is not listed. Of equals the first is first."""
    order = np.argsort(-week, axis=0, kind="stable")[:top]
    places = np.zeros(week.shape, np.int64)
    np.put_along_axis(places, order, np.arange(1, len(order) + 1)[:, None], axis=0)
    return np.where(week > 0, places, 0)
