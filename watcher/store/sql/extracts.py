"""History in bulk for other programs, part by part. Each part is a read of its own, of ids known at
the start: together they are the history up to that moment, and none keeps the log from being
written back, as one long read would. Pruned meanwhile is missing; an alert's state is of the moment
when its part is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Generic, TypeVar

import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from watcher.attributes import TEXT_OF
from watcher.model import OF_LIST, Floats, Instant, Ints
from watcher.store.packing import EMPTY, LastSeen, PackedList
from watcher.store.records import Row, of_products
from watcher.store.sql.baselines import numbers_at, of_lists, product_rows, stored_scan
from watcher.store.sql.connection import Face, chunks
from watcher.store.sql.groups import Groups
from watcher.store.sql.recording import TEXTS
from watcher.store.sql.text_history import TextNumbers, TextTimeline

OBSERVED_TEXTS = (
    "region", "product_id", "product_name", "seller_id", "category_id", "category_l2_id",
    "category_l3_id", "currency",
)  # fmt: skip
_CHANGING = frozenset(TEXTS)  # those whose past is kept
T = TypeVar("T")
PART = 2_000  # rows in memory at once
_FOR_EVER = 1 << 62
_OF_PRODUCTS = (
    "(CAST(:region AS TEXT) IS NULL OR p.region = :region) "
    "AND (CAST(:rule AS TEXT) IS NULL OR a.rule = :rule) "
    "AND (:of_all = 1 OR a.product IN {})"
)
_TEXT_COLUMNS = ", ".join(f"p.{name}" for name in OBSERVED_TEXTS)


class Choice(Struct, frozen=True):
    """The part of the history that is wanted; all where nothing is given. ``products`` are the
    store's keys, ``watch`` is a watch's key; the time ends before ``until``."""

    products: Sequence[int] | None = None
    watch: str | None = None
    region: str | None = None
    rule: str | None = None
    since: Instant | None = None
    until: Instant | None = None


class Extract(Struct, Generic[T], frozen=True):
    """Parts to be read one after the other, of ``total`` rows together at most."""

    total: int
    parts: Iterator[T]


class Observed(Struct, frozen=True):
    """n products as scans saw them: ``at`` and ``ranks`` (n,), ``numbers`` (n, k) in the API's
    units, what lists say of themselves included; NaN is absent. ``watches`` are keys, None where
    not kept; ``texts`` has a row of ``OBSERVED_TEXTS`` for each, as they were then."""

    at: Ints
    watches: Sequence[str | None]
    ranks: Floats
    texts: Sequence[tuple[str | None, ...]]
    numbers: Floats


class _Bulk(Face):
    """A face that reads ids first, and then what they stand for."""

    def _ids(self, sql: str, values: Mapping[str, object]) -> Ints:
        """The statement's one column, in rising order."""
        return np.sort(np.fromiter((row[0] for row in self._db.execute(sql, values)), np.int64))

    def _values(self, choice: Choice) -> dict[str, object]:
        """A choice as a statement's parameters."""
        return {
            **asdict(choice),
            "of_all": int(choice.products is None),
            "products": self._sql.listed(choice.products or ()),
            "since": choice.since or 0,
            "until": _FOR_EVER if choice.until is None else choice.until,
        }


class Extracts(_Bulk):
    """Alerts and scans in bulk, for other programs."""

    def alerts(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The alerts that were live at some moment of the time. Rows of id, rule, region, product
        id, name, state, since, last met, fired at, resolved at, reason, the evidence as JSON,
        the watch (its key), and since when it is acknowledged."""
        return self._extract(
            "a.id, a.rule, p.region, p.product_id, p.product_name, a.state, a.since, a.last_met, "
            "a.fired_at, a.resolved_at, a.reason, a.evidence, a.watch, a.acknowledged",
            f"alerts AS a {self._sql.join} products AS p ON p.id = a.product",
            "coalesce(a.fired_at, a.since) < :until "
            f"AND (a.state <> 'inactive' OR a.resolved_at >= :since) AND {self._of_products()}",
            choice,
        )

    def transitions(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The alerts' changes of state in the time. Rows of id, alert, rule, region, product id,
        name, time, state before, state after, reason."""
        return self._extract(
            "t.id, t.alert, a.rule, p.region, p.product_id, p.product_name, t.at, t.before, "
            "t.after, t.reason",
            f"transitions AS t {self._sql.join} alerts AS a ON a.id = t.alert "
            f"{self._sql.join} products AS p ON p.id = a.product",
            f"t.at >= :since AND t.at < :until AND {self._of_products()}",
            choice,
        )

    def scans(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The scans of the time, of any state. Rows of id, watch (its key), region, time, begin,
        end, state, requests, pages, products, rows that it changed, error, whether it was cut off,
        and what the list said of itself."""
        return self._extract(
            "s.id, s.watch, s.region, s.at, s.started, s.finished, s.state, s.requests, s.pages, "
            "s.size, s.rows, s.error, s.interrupted, s.list_day, s.list_idle, s.list_sparse",
            "scans AS s",
            "s.at >= :since AND s.at < :until "
            "AND (CAST(:watch AS TEXT) IS NULL OR s.watch = :watch) "
            "AND (CAST(:region AS TEXT) IS NULL OR s.region = :region)",
            choice,
        )

    def figures(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The figures of groups of products at the scans of the time. Rows of the scan's time and
        watch (its key), the group's region and id, the figure's canonical text, and its value."""
        values = self._values(choice)
        ids = self._ids(
            "SELECT DISTINCT s.id FROM scans AS s JOIN figures AS f ON f.scan = s.id "
            "WHERE s.at >= :since AND s.at < :until "
            "AND (CAST(:watch AS TEXT) IS NULL OR s.watch = :watch)",
            values,
        )
        return Extract(
            self._figures_kept(ids), (self._figures(scan, choice) for scan in ids.tolist())
        )

    def _figures_kept(self, scans: Ints) -> int:
        """The number of values that are kept of these scans."""
        kept = (each for scan in scans.tolist() for each in Groups(self._db).of_scan(scan))
        return sum(len(each.groups) * len(each.values) for _, each in kept)

    def _figures(self, scan: int, choice: Choice) -> Sequence[Row]:
        watch = self._db.value("SELECT watch FROM scans WHERE id = ?", (scan,))
        found: list[Row] = []
        for _, figures in Groups(self._db).of_scan(scan):
            groups = figures.groups
            named = [*product_rows(self._db, groups, "region, product_id")]
            wanted = [
                (place, *named[place])
                for place, key in enumerate(groups.tolist())
                if choice.products is None or key in choice.products
            ]
            for text, column in figures.values.items():
                found += [
                    (figures.at, watch, region, group, text, _number(column[place]))
                    for place, region, group in wanted
                    if choice.region in (None, region)
                ]
        return found

    def _of_products(self) -> str:
        return _OF_PRODUCTS.format(self._sql.among(":products"))

    def _extract(
        self, columns: str, tables: str, condition: str, choice: Choice
    ) -> Extract[Sequence[Row]]:
        """Rows in parts; the first of the columns is the id by which they are read."""
        key = columns.partition(",")[0]
        ids = self._ids(f"SELECT {key} FROM {tables} WHERE {condition}", self._values(choice))
        part = f"SELECT {columns} FROM {tables} WHERE {key} IN {self._sql.among()} ORDER BY {key}"
        parts = (self._sql.listed(ids[rows].tolist()) for rows in chunks(len(ids), PART))
        return Extract(len(ids), (self._db.rows(part, (each,)) for each in parts))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


class Observations(_Bulk):
    """Observations in bulk, for other programs."""

    _last = 0, PackedList(EMPTY, EMPTY, EMPTY)  # a scan and its list, for rows come scan by scan

    def changes(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        """The rows that are stored, in that order: one where some number of a product changed. Of a
        ``watch``: all rows of the products that it ever listed, whichever watch found them."""
        ids = self._changed(choice)
        parts = (self._stored(ids[part], fields) for part in chunks(len(ids), PART))
        return Extract(len(ids), parts)

    def sightings(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        """For each scan a row for each product that it listed, with the values in force then."""
        scans = self._db.rows(
            "SELECT id, watch, at, mark, size FROM scans WHERE size > 0 AND at >= ? AND at < ? "
            "AND watch = coalesce(?, watch) AND region = coalesce(?, region) ORDER BY id",
            itemgetter("since", "until", "watch", "region")(self._values(choice)),
        )
        wanted = None if choice.products is None else np.array(choice.products, np.int64)
        return Extract(
            sum(size for *_, size in scans),
            (part for scan in scans for part in self._listed(scan, wanted, fields)),
        )

    def _changed(self, choice: Choice) -> Ints:
        """The rows' ids: the index of products and times holds all that this asks for."""
        conditions = ["o.at >= :since", "o.at < :until"]
        values = self._values(choice)
        if choice.watch is not None:
            row = self._db.one("SELECT seen, size FROM watches WHERE watch = ?", (choice.watch,))
            known = LastSeen.unpack(*row).products.tolist() if row is not None else ()
            values["listed"] = self._sql.listed(known)
            conditions.append(f"o.product IN {self._sql.among(':listed')}")
        if choice.products is not None:
            conditions.append(f"o.product IN {self._sql.among(':products')}")
        if choice.region is not None:
            conditions.append("o.product IN (SELECT id FROM products WHERE region = :region)")
        sql = f"SELECT o.id FROM observations AS o WHERE {' AND '.join(conditions)}"
        return self._ids(sql, values)

    def _stored(self, ids: Ints, fields: Sequence[str]) -> Observed:
        stored = of_products(fields)
        columns = "".join(f", {self._sql.field(name)}" for name in stored)
        # A scan's mark is the time of its rows; its own time may be some seconds before.
        rows = self._db.rows(
            "SELECT coalesce(s.at, o.at), o.at, s.watch, coalesce(s.id, 0), o.product, "
            f"{_TEXT_COLUMNS}{columns} FROM observations AS o "
            f"{self._sql.join} products AS p ON p.id = o.product "
            f"LEFT JOIN scans AS s ON s.mark = o.at WHERE o.id IN {self._sql.among()} "
            "ORDER BY o.id",
            (self._sql.listed(ids.tolist()),),
        )
        first = 5 + len(OBSERVED_TEXTS)
        table = np.array(rows, np.object_).reshape(len(rows), first + len(stored))
        at, marks, scans, products = table[:, [0, 1, 3, 4]].T.astype(np.int64)
        watches, texts = table[:, 2].tolist(), [*map(tuple, table[:, 5:first].tolist())]
        numbers = np.full((len(rows), len(fields)), np.nan)
        numbers[:, [fields.index(name) for name in stored]] = table[:, first:].astype(np.float64)
        for name in set(fields) & {*OF_LIST}:
            numbers[:, fields.index(name)] = of_lists(self._db, marks, name)
        for name in set(fields) & TEXT_OF.keys():
            found = TextNumbers.read(self._db, np.unique(products), name)
            numbers[:, fields.index(name)] = found.at(products, marks)
        texts = self._texts_then(texts, products, marks)
        return Observed(at, watches, self._ranks(scans, products), texts, numbers)

    def _texts_then(
        self, texts: Sequence[tuple[str | None, ...]], products: Ints, marks: Ints
    ) -> list[tuple[str | None, ...]]:
        """Rows of ``OBSERVED_TEXTS`` as they were at each product's mark."""
        if not len(products):
            return [*texts]
        wanted, since, columns = np.unique(products), int(marks.min()), [*zip(*texts, strict=True)]
        for place, name in enumerate(OBSERVED_TEXTS):
            if name in _CHANGING:
                line = TextTimeline(self._db, wanted, name, since)
                columns[place] = tuple(line.at(products, marks).tolist())
        return [*zip(*columns, strict=True)]

    def _ranks(self, scans: Ints, products: Ints) -> Floats:
        """(n,) of each product in each scan (0: none is known); NaN where it has none."""
        found = np.full(len(products), np.nan)
        for scan in np.unique(scans[scans > 0]).tolist():
            rows = np.flatnonzero(scans == scan)
            if self._last[0] != scan:
                self._last = scan, stored_scan(self._db, scan)[2]
            found[rows] = self._last[1].ranks_of(products[rows])
        return found

    def _listed(
        self, scan: tuple[int, str, int, int, int], wanted: Ints | None, fields: Sequence[str]
    ) -> Iterator[Observed]:
        scan_id, watch, at, mark, _ = scan
        _, _, listing = stored_scan(self._db, scan_id)
        kept = np.arange(len(listing.products))
        if wanted is not None:
            kept = np.flatnonzero(np.isin(listing.products, wanted))
        for part in chunks(len(kept), PART):
            products, size = listing.products[kept[part]], part.stop - part.start
            numbers = numbers_at(self._db, products, np.full(size, mark), fields)
            texts = [*product_rows(self._db, products, _TEXT_COLUMNS)]
            yield Observed(
                np.full(size, at), [watch] * size, listing.ranked(kept[part]),
                self._texts_then(texts, products, np.full(size, mark)), numbers,
            )  # fmt: skip
