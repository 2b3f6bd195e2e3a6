"""Products over time, and stored scans as they were read, whole or cut to some products."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from msgspec import Struct

from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES
from watcher.model import Bools, Floats, Instant, Ints, LongTexts, ProductFacts, ScanState
from watcher.store.packing import LastSeen, PackedList, positions
from watcher.store.records import Recorded, Row, ScanRow, Sighting
from watcher.store.sql import asked
from watcher.store.sql.absences import Absences
from watcher.store.sql.aftermath import Aftermath
from watcher.store.sql.asked import asked_before
from watcher.store.sql.baselines import Baselines, numbers_at, product_rows
from watcher.store.sql.connection import chunks
from watcher.store.sql.dialect import TEXT
from watcher.store.sql.recording import ANY_REGION, Recording, had_proof, unpack_texts
from watcher.store.sql.scans import COLUMNS, PROVES, TABLES, ScanHistory, scan_row
from watcher.store.sql.siblings import Categories
from watcher.store.sql.text_history import StoredTexts

_FACTS = (
    "p.id, p.region, p.product_id, p.product_name, p.seller_id, p.category_id, p.currency, "
    "p.first_seen, p.grouped_by"
)


class Identity(Struct, frozen=True):
    """A product's ids and name; ``currency`` is that of its prices."""

    region: str
    product_id: str
    name: str
    seller: str
    currency: str | None


class History(Recording, Baselines, ScanHistory, Absences):
    """Products, their numbers over time, and the scans that saw them."""

    def aftermath(self, region: str, since: Instant) -> Aftermath:
        """The scans of a region from ``since`` on, to look up what became of products."""
        return Aftermath(self._db, region, since)

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        found: dict[int, ProductFacts] = {}
        for part in chunks(len(products)):
            rows = self._db.rows(
                f"{self._facts_of()} FROM {self._sql.rows_of()} {self._sql.join} products AS p "
                f"ON p.id = w.value {self._sql.newest} ORDER BY w.key",
                (self._sql.listed(int(key) for key in products[part]),),
            )
            found.update((facts.product, facts) for facts in self._facts(rows))
        return found

    def find(self, product_id: str, region: str | None = None) -> list[ProductFacts]:
        """The product in each region that knows it, or in the one given."""
        rows = self._db.rows(
            f"{self._facts_of()} FROM products AS p {self._sql.newest} "
            "WHERE p.region IN (SELECT DISTINCT region FROM products "
            "WHERE CAST(?1 AS TEXT) IS NULL UNION ALL SELECT ?1) "
            "AND p.product_id = ?2 ORDER BY p.region",
            (region, product_id),
        )
        return self._facts(rows)

    def find_all(self, ids: Sequence[str]) -> builtins.list[ProductFacts]:
        """Products of these ids, each in each region that knows it."""
        found: builtins.list[ProductFacts] = []
        for part in chunks(len(ids)):
            rows = self._db.rows(
                f"{self._facts_of()} FROM {self._sql.rows_of(sort=TEXT)} "
                f"{self._sql.join} (SELECT DISTINCT region FROM products) AS r ON TRUE "
                f"{self._sql.join} products AS p ON p.region = r.region AND p.product_id = w.value "
                f"{self._sql.newest} ORDER BY w.key, p.region",
                (self._sql.listed(ids[part]),),
            )
            found += self._facts(rows)
        return found

    def identities(self, products: Ints) -> builtins.list[Identity]:
        """Return who each product is, in order; all are there."""
        columns = "p.region, p.product_id, p.product_name, p.seller_id, p.currency"
        rows = product_rows(self._db, products, columns)
        return [Identity(row[0], row[1], row[2] or row[1], row[3] or "", row[4]) for row in rows]

    def found_by(self, watch: str) -> frozenset[str]:
        """The ids of all products that the watch ever saw, or that were found for it."""
        row = self._db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
        if row is None:
            return frozenset()
        products = LastSeen.unpack(*row).products
        return frozenset(str(each) for (each,) in product_rows(self._db, products, "product_id"))

    def categories(self) -> Sequence[tuple[str | None, ...]]:
        """The categories of level 1, 2 and 3 that products have, each combination once."""
        columns = "category_id, category_l2_id, category_l3_id"
        return self._db.rows(
            f"SELECT DISTINCT {columns} FROM products WHERE grouped_by IS NULL ORDER BY {columns}"
        )

    def some_products(self, limit: int) -> builtins.list[ProductFacts]:
        """The products that were seen first of late, the newest first."""
        newest = "SELECT id FROM products WHERE grouped_by IS NULL ORDER BY id DESC LIMIT ?"
        ids = self._db.all(int, newest, (limit,))
        facts = self.facts(ids)
        return [facts[each] for each in ids if each in facts]

    def _facts_of(self) -> str:
        return f"SELECT {_FACTS}, {', '.join(map(self._sql.field, NUMERIC_NAMES))}"

    def _facts(self, rows: Sequence[Row]) -> list[ProductFacts]:
        seen = self._last_seen([row[0] for row in rows])
        return [
            ProductFacts(
                product=row[0], region=row[1], product_id=row[2], name=row[3] or row[2],
                seller_id=row[4], category_id=row[5], currency=row[6], first_seen=row[7],
                grouped_by=row[8] or "",
                observed_at=seen.get(row[0]),
                numbers={
                    name: None if value is None else float(value)
                    for name, value in zip(NUMERIC_NAMES, row[9:], strict=True)
                },
            )
            for row in rows
        ]  # fmt: skip

    def _last_seen(self, products: Sequence[int]) -> dict[int, Instant]:
        """The last sight of each product by any watch, where it is kept."""
        keys = np.array(products, np.int64)
        newest = np.zeros(len(keys), np.int64)
        lists = self._db.execute(
            "SELECT seen, size FROM watches WHERE region = ?2 OR region IN (SELECT p.region "
            f"FROM {self._sql.rows_of('?1')} {self._sql.join} products AS p ON p.id = w.value)",
            (self._sql.listed(keys.tolist()), ANY_REGION),
        )
        times = dict[int, int]()
        for blob, size in lists:
            scans = LastSeen.unpack(blob, size).last(keys).tolist()
            missing = self._sql.listed(set(scans) - times.keys() - {0})
            sql = f"SELECT id, at FROM scans WHERE id IN {self._sql.among()}"
            times.update(self._db.rows(sql, (missing,)))
            newest = np.maximum(newest, [times.get(scan, 0) for scan in scans])
        pairs = zip(products, newest.tolist(), strict=True)
        return {product: at for product, at in pairs if at}

    def category_names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of these categories, as far as they are known."""
        return Categories(self._db).names(ids)

    def named(self, part: str, region: str | None, limit: int) -> list[tuple[str, str, str]]:
        """Region, id and name of products whose name has ``part`` in it, capitals or not."""
        # By Python, for SQLite knows the capitals of English letters only.
        rows = self._db.stream(
            "SELECT region, product_id, product_name FROM products "
            "WHERE product_name IS NOT NULL AND grouped_by IS NULL "
            "AND (CAST(?1 AS TEXT) IS NULL OR region = ?1) ORDER BY id",
            (region,),
        )
        wanted = part.casefold()
        return [*islice((row for row in rows if wanted in row[2].casefold()), limit)]

    def long_texts(self, product: int) -> LongTexts | None:
        row = self._db.one("SELECT packed FROM product_texts WHERE product = ?", (product,))
        return unpack_texts(row[0]) if row else None

    def long_texts_of(self, products: Sequence[int]) -> dict[int, LongTexts]:
        """Long texts of several products, as far as they have some."""
        found: dict[int, LongTexts] = {}
        for part in chunks(len(products)):
            rows = self._db.rows(
                "SELECT t.product, t.packed FROM product_texts AS t "
                f"WHERE t.product IN {self._sql.among()}",
                (self._sql.listed(int(key) for key in products[part]),),
            )
            found.update((product, unpack_texts(packed)) for product, packed in rows)
        return found

    def keys_of(self, products: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """The keys of those products, by region and id, that some scan has found."""
        rows = self._db.rows(
            "SELECT p.region, p.product_id, p.id FROM products AS p "
            f"WHERE (p.region, p.product_id) IN {self._sql.pairs()}",
            (self._sql.paired(products),),
        )
        return {(region, product_id): key for region, product_id, key in rows}

    def known_ids(self, product_ids: Sequence[str]) -> set[str]:
        """The ids among these that some scan has found a product of, in whatever region."""
        among = self._db.dialect.among(sort=TEXT)
        given = self._db.dialect.listed(product_ids)
        rows = self._db.rows(
            f"SELECT DISTINCT p.product_id FROM products AS p WHERE p.product_id IN {among}",
            (given,),
        )
        return {product_id for (product_id,) in rows}

    def taken_out(self, watch: str, scan_id: int, products: Ints) -> Bools:
        return asked.taken_out(self._db, watch, scan_id, products)

    def still_asked(self, scan_id: int, ids: tuple[str, ...]) -> int:
        """The number of the products that a scan listed whose ids are among these."""
        row = self._db.one("SELECT products, size, id FROM scans WHERE id = ?", (scan_id,))
        return asked.count_asked(self._db, PackedList.unpack(*row).products, ids) if row else 0

    def known_texts(self, region: str, since: Instant = 0) -> set[str]:
        """Ids of the products whose long texts are stored and were read at ``since`` or later."""
        rows = self._db.execute(
            f"SELECT p.product_id FROM product_texts AS t {self._sql.join} products AS p "
            "ON p.id = t.product WHERE t.read >= ? AND p.region = ?",
            (since, region),
        )
        return {row[0] for row in rows}

    def own_texts(self, watch: str, since: Instant = 0) -> set[str]:
        """``known_texts`` of the products that a watch has ever listed, whatever their regions."""
        row = self._db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
        keys = LastSeen.unpack(*row).products.tolist() if row else []
        return set(
            self._db.all(
                str,
                f"SELECT p.product_id FROM {self._sql.rows_of('?1')} {self._sql.join} "
                "product_texts AS t ON t.product = w.value JOIN products AS p "
                "ON p.id = t.product WHERE t.read >= ?2",
                (self._sql.listed(keys), since),
            )
        )

    def first_numbers(self, product: int, fields: Sequence[str]) -> tuple[Instant, Floats] | None:
        """The time at which a product's numbers were read first, as far back as they are kept, and
        (k,) the ``fields`` of then; None where none are kept."""
        columns = "".join(f", {self._sql.field(name)}" for name in fields)
        row = self._db.one(
            f"SELECT o.at{columns} FROM observations AS o WHERE o.product = ? "
            "ORDER BY o.at LIMIT 1",
            (product,),
        )
        return None if row is None else (row[0], np.array(row[1:], np.float64))

    def series(
        self, product: int, fields: Sequence[str], since: Instant, seen: Instant | None = None
    ) -> tuple[Ints, Floats]:
        """(m,) instants and (m, k) values for a plot of steps. The value in force at ``since``,
        each change after it, and the newest value once more at the time when the product was last
        ``seen`` by any watch, which is looked up where it is not given."""
        columns = "".join(f", {self._sql.field(name)}" for name in fields)
        rows = self._db.rows(
            f"SELECT {self._sql.greatest('o.at', '?2')}{columns} FROM observations AS o "
            "WHERE o.product = ?1 AND o.at >= coalesce((SELECT max(at) FROM observations "
            "WHERE product = ?1 AND at <= ?2), ?2) ORDER BY o.at",
            (product, since),
        )
        if seen is None:
            seen = self._last_seen([product]).get(product, 0)
        if rows and seen > rows[-1][0]:
            rows.append((seen, *rows[-1][1:]))
        table = np.array(rows, np.float64).reshape(len(rows), 1 + len(fields))
        return table[:, 0].astype(np.int64), table[:, 1:]

    def ranks(
        self, watch: str, product: int, since: Instant
    ) -> Iterator[tuple[Instant, int | None]]:
        """The product's place at each of the watch's scans since then, the oldest first. None is a
        scan that did not list it and proves an absence; any other is left out then."""
        yield from self.places(watch, [product], since)[product]

    def places(
        self, watch: str, products: Sequence[int], since: Instant
    ) -> dict[int, list[tuple[Instant, int | None]]]:
        """``ranks`` of several products, whose lists are read once."""
        last_product = self._db.number("SELECT max(id) FROM products")
        found: dict[int, list[tuple[Instant, int | None]]] = {product: [] for product in products}
        for at, size, proves, blob in self._db.stream(
            f"SELECT at, size, {PROVES}, products FROM scans AS s WHERE watch = ? AND at >= ? "
            "ORDER BY at, id",
            (watch, since),
        ):
            ranks = PackedList.some_ranks(products, blob, size, last_product)
            for product, rank in zip(products, ranks, strict=True):
                if rank or proves:
                    found[product].append((at, rank or None))
        return found

    def newest_scan(self, watch: str) -> ScanRow | None:
        """The watch's newest scan that read something, or all of an empty list."""
        return next((scan for scan, _, _ in self._lists(watch)), None)

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        return next((self._sighting(found, products) for found in self._lists(watch)), None)

    def sighting(self, watch: str, product: int) -> Sighting | None:
        """The watch's newest scan that saw ``product``; None where there is none any more."""
        return next(self.sightings(watch, np.array([product])), None)

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        row = self._db.one("SELECT seen, size FROM watches WHERE watch = ?", (watch,))
        if row is None:
            return
        last = LastSeen.unpack(*row).last(products)
        for scan_id in np.unique(last[last > 0])[::-1].tolist():
            for found in self._lists(watch, scan_id):
                seen = self._sighting(found, products[last == scan_id])
                if len(seen.row):
                    yield seen

    def whole(self, watch: str, fields: Sequence[str], limit: int) -> Iterator[Sighting]:
        """The watch's newest scans with all that they listed, the newest first. Of the numbers only
        ``fields`` are read; the others have no value."""
        for found in islice(self._lists(watch), limit):
            yield self._sighting(found, found[2].products, fields)

    def _lists(
        self, watch: str, scan_id: int | None = None
    ) -> Iterator[tuple[ScanRow, Instant, PackedList]]:
        """The watch's scans with their marks, the newest first, or the one of that id."""
        for *row, mark, blob in self._db.stream(
            f"SELECT {COLUMNS}, s.mark, s.products FROM {TABLES} WHERE s.watch = ?1 "
            "AND s.state <> ?2 AND (CAST(?3 AS BIGINT) IS NULL OR s.id = ?3) ORDER BY s.id DESC",
            (watch, ScanState.FAILED.value, scan_id),
        ):
            scan = scan_row(tuple(row))
            yield scan, mark, PackedList.unpack(blob, scan.products, scan.id)

    def _sighting(
        self, found: tuple[ScanRow, Instant, PackedList], products: Ints,
        fields: Sequence[str] = NUMERIC_NAMES,
    ) -> Sighting:  # fmt: skip
        scan, mark, listing = found
        places = positions(listing.products, products)
        products, places = products[places >= 0], places[places >= 0]
        numbers = np.full((len(products), len(NUMERIC_NAMES)), np.nan)
        columns = [NUMERIC_INDEX[name] for name in fields]
        marks = np.full(len(products), mark, np.int64)
        numbers[:, columns] = numbers_at(self._db, products, marks, fields)
        texts = StoredTexts(self._db, products, mark, scan.id)
        ids = tuple(str(each) for each in texts["product_id"])
        first, proof = listing.previous[places] == 0, had_proof(self._db, scan.watch, scan.id)
        if not scan.of_market:
            first[first] = asked_before(self._db, scan.watch, scan.id, products[first])
        part = len(products) < len(listing.products)
        recorded = Recorded(scan.id, products, first, proof and not scan.cut, 0, scan.facts, part)
        return Sighting(scan, scan.of(ids, listing.ranks[places], numbers, texts), recorded)
