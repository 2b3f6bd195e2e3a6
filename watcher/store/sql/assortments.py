"""Assortments: the products that a seller or a category has, in a region."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct

from watcher.categories import UNKNOWN
from watcher.fields import IDS
from watcher.model import Bools, Floats, Ints
from watcher.store.packing import LastSeen, PackedList
from watcher.store.sql.baselines import product_rows
from watcher.store.sql.connection import Face, chunks
from watcher.store.sql.recording import ANY_REGION

_PAST = 3_000  # alerts that are over, of all products: the newest, in which some are looked for


class FoundAssortment(Struct, frozen=True):
    """A seller or category of a region, and how many products of it any scan saw."""

    region: str
    value: str
    products: int


class Assortment(Struct, frozen=True):
    """The store's keys of its products (n,), in rising order, and what their prices are in; None
    where that is not known."""

    products: Ints
    currencies: Sequence[str | None]

    def only(self, rows: Ints | Bools) -> Assortment:
        """Some of them."""
        kept = np.arange(len(self.products))[rows]
        return Assortment(self.products[kept], [self.currencies[row] for row in kept.tolist()])

    def of_one_currency(self) -> Assortment:
        """Forget their currencies: where the user says what all GMV is in, it is added up."""
        return Assortment(self.products, [None] * len(self.products))


class LiveAlerts(Struct, frozen=True):
    """Alerts that are pending or ``firing``, (n,) each; there may be many."""

    ids: Ints
    products: Ints
    firing: Bools


class Assortments(Face):
    """Products by one of ``IDS``: by their seller, or a category of one of three levels."""

    def found(self, by: str) -> list[FoundAssortment]:
        """All that products have or had last, but for what says that nothing is known."""
        return self._db.all(
            FoundAssortment,
            f"SELECT p.region, p.{_id(by)}, count(*) FROM products AS p "
            f"WHERE p.grouped_by IS NULL AND p.{by} IS NOT NULL AND p.{by} NOT IN ('', ?) "
            f"GROUP BY p.region, p.{by} ORDER BY p.region, p.{by}",
            (UNKNOWN,),
        )

    def places(self, value: str) -> list[tuple[str, str]]:
        """Regions that have a seller or category of that id, each with what it is there: one of
        ``IDS``."""
        if value in ("", UNKNOWN):
            return []
        # By the regions that there are: no index begins with a seller.
        regions = self._db.all(str, "SELECT DISTINCT region FROM products ORDER BY region")
        return [
            (region, by)
            for region in regions
            for by in IDS
            if self._db.has(
                f"SELECT 1 FROM products AS p WHERE p.region = ? AND p.{by} = ? "
                "AND p.grouped_by IS NULL LIMIT 1",
                (region, value),
            )
        ]

    def of(self, region: str, by: str, value: str) -> Assortment:
        """The products that are of it now, whatever they were of before."""
        rows = self._db.rows(
            f"SELECT p.id, p.currency FROM products AS p WHERE p.region = ? AND p.{_id(by)} = ? "
            "AND p.grouped_by IS NULL ORDER BY p.id",
            (region, value),
        )
        return _assortment(rows)

    def parts(self, region: str, by: str, value: str, below: str) -> list[FoundAssortment]:
        """Find what its products are of, by another of ``IDS``: the categories below one."""
        return self._db.all(
            FoundAssortment,
            f"SELECT p.region, p.{_id(below)}, count(*) FROM products AS p "
            f"WHERE p.region = ? AND p.{_id(by)} = ? AND p.grouped_by IS NULL "
            f"AND p.{below} IS NOT NULL AND p.{below} NOT IN ('', ?) "
            f"GROUP BY p.region, p.{below} ORDER BY count(*) DESC, p.{below}",
            (region, value, UNKNOWN),
        )

    def above(self, region: str, by: str, value: str, level: str) -> str:
        """The category of a ``level`` that most of its products are of; empty for none."""
        found = self.parts(region, by, value, level)
        return found[0].value if found else ""

    def among(self, region: str, products: Ints) -> Assortment:
        """Choose those of these products that are of a region."""
        rows = zip(
            products.tolist(), product_rows(self._db, products, "p.region, p.currency"), strict=True
        )
        return _assortment(sorted((key, row[1]) for key, row in rows if row[0] == region))

    def values(self, by: str, products: Ints) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield the region of each product or group, in order, what it is of (None: nobody knows),
        and its currency."""
        columns = f"p.region, p.{_id(by)}, p.currency"
        for region, value, currency in product_rows(self._db, products, columns):
            yield region, value if value not in ("", UNKNOWN) else None, currency

    def numbers(self, products: Ints, fields: Sequence[str]) -> Floats:
        """(n, k) the newest numbers of products, in order; NaN is no value."""
        found = np.full((len(products), len(fields)), np.nan)
        columns = "".join(f", {self._sql.field(name)}" for name in fields)
        for part in chunks(len(products)):
            table = self._db.table(
                f"SELECT w.key{columns} FROM {self._sql.rows_of()} {self._sql.join} "
                f"products AS p ON p.id = w.value {self._sql.newest}",
                (self._sql.listed(products[part].tolist()),),
                1 + len(fields),
            )
            found[part.start + table[:, 0].astype(np.int64)] = table[:, 1:]
        return found

    def watches(self, region: str, products: Ints) -> list[str]:
        """The keys of the watches that ever listed one of the products, all of that region."""
        rows = self._db.rows(
            "SELECT watch, seen, size FROM watches WHERE region IN (?, ?) ORDER BY watch",
            (region, ANY_REGION),
        )
        return [
            watch
            for watch, seen, size in rows
            if np.isin(LastSeen.unpack(seen, size).products, products).any()
        ]

    def ranks(self, scans: Sequence[int]) -> Iterator[tuple[int, PackedList]]:
        """Yield the lists of these scans with their places, as they come."""
        for scan, blob, size in self._db.stream(
            f"SELECT s.id, s.products, s.size FROM {self._sql.rows_of()} {self._sql.join} "
            "scans AS s ON s.id = w.value",
            (self._sql.listed(scans),),
        ):
            yield scan, PackedList.unpack(blob, size, scan)

    def live_alerts(self) -> LiveAlerts:
        """All of them, the newest in their state first."""
        rows = self._db.rows(
            "SELECT id, product, CASE state WHEN 'firing' THEN 1 ELSE 0 END "
            f"FROM alerts {self._sql.live} WHERE state <> 'inactive' ORDER BY since DESC, id DESC"
        )
        ids, products, firing = np.array(rows, np.int64).reshape(-1, 3).T
        return LiveAlerts(ids, products, firing == 1)

    def past_alerts(self, limit: int, products: Ints) -> list[int]:
        """The newest alerts of these products that are over, among the newest of all."""
        rows = np.array(
            self._db.rows(
                "SELECT id, product FROM alerts WHERE state = 'inactive' "
                "AND fired_at IS NOT NULL ORDER BY id DESC LIMIT ?",
                (_PAST,),
            ),
            np.int64,
        ).reshape(-1, 2)
        found: list[int] = rows[np.isin(rows[:, 1], products), 0][:limit].tolist()
        return found


def _assortment(rows: Sequence[tuple[int, str | None]]) -> Assortment:
    return Assortment(np.array([row[0] for row in rows], np.int64), [row[1] for row in rows])


def _id(by: str) -> str:
    """One of ``IDS``: it is a part of the statement."""
    if by not in IDS:
        raise ValueError(by)
    return by
