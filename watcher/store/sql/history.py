"""What was seen: scans in, baselines and products out."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from watcher.fields import NUMERIC_NAMES
from watcher.model import Floats, Instant, Ints, LongTexts, ProductFacts, Scan
from watcher.store.columns import expression
from watcher.store.sql import baselines, changes, former, lists, recording
from watcher.store.sql import product_history as sightings
from watcher.store.sql.absences import Absence, absences
from watcher.store.sql.aftermath import Aftermath
from watcher.store.sql.baselines import AFTER_ALL, Baseline
from watcher.store.sql.changes import LastChange
from watcher.store.sql.listing import LastSeen
from watcher.store.sql.lists import EarlierList
from watcher.store.sql.product_history import Sighting
from watcher.store.sql.recording import Recorded
from watcher.store.sql.scanrows import COLUMNS, PROVES, TABLES, ScanRow, scan_row
from watcher.store.sql.texts import unpack_texts
from watcher.store.sql.windows import Window, WindowQuery, windows
from watcher.store.sqlite.connection import Connection, Row, chunks, listed
from watcher.store.sqlite.dialect import among, rows_of

__all__ = [
    "Absence",
    "Baseline",
    "EarlierList",
    "LastChange",
    "Recorded",
    "ScanRow",
    "SqlHistory",
    "Window",
]

_FACTS = (
    "p.id, p.region, p.product_id, p.product_name, p.seller_id, p.category_id, p.currency, "
    f"p.first_seen, {', '.join(expression(name) for name in NUMERIC_NAMES)} "
)
_SCAN = f"{COLUMNS} FROM {TABLES}"


class SqlHistory:
    """Products, their numbers over time, and the scans that saw them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def record(self, scan: Scan) -> Recorded:
        return recording.record(self._db, scan)

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline:  # fmt: skip
        return baselines.last(
            self._db, watch, scan_id, products, fields, not_before, doubted=doubted
        )

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int = AFTER_ALL,
    ) -> Baseline:  # fmt: skip
        return baselines.ago(self._db, watch, products, (not_before, at), fields, scan_id)

    def windows(self, query: WindowQuery) -> Iterator[Window]:
        return windows(self._db, query)

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None:
        return lists.standing(self._db, watch, scan_id, places)

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        return lists.recent(self._db, watch, scan_id, since)

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        return sightings.sightings(self._db, watch, products)

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        return sightings.newest_sighting(self._db, watch, products)

    def sighting(self, watch: str, product: int) -> Sighting | None:
        return sightings.sighting(self._db, watch, product)

    def newest_scan(self, watch: str) -> ScanRow | None:
        return sightings.newest_scan(self._db, watch)

    def whole(self, watch: str, fields: Sequence[str], limit: int) -> Iterator[Sighting]:
        return sightings.whole(self._db, watch, fields, limit)

    def named(self, part: str, region: str | None, limit: int) -> list[tuple[str, str, str]]:
        return sightings.named(self._db, part, region, limit)

    def ranks(
        self, watch: str, product: int, since: Instant
    ) -> Iterator[tuple[Instant, int | None]]:
        return sightings.ranks(self._db, watch, product, since)

    def aftermath(self, region: str, since: Instant) -> Aftermath:
        return Aftermath(self._db, region, since)

    def texts_known_since(self) -> Instant | None:
        return former.known_since(self._db)

    def last_proof_before(self, watch: str, at: Instant) -> Instant | None:
        row = self._db.one(
            f"SELECT max(at) FROM scans AS s WHERE watch = ? AND at < ? AND {PROVES}", (watch, at)
        )
        return int(row[0]) if row and row[0] is not None else None

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        return lists.idle_shares(self._db, watch, below=below, limit=limit)

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        return lists.largest_is_sparse(self._db, region, since)

    def last_change(self, region: str, since: Instant) -> LastChange | None:
        return changes.last_change(self._db, region, since)

    def days_scanned(self, region: str, after: int, size: int) -> int:
        return changes.days_scanned(self._db, region, after, size)

    def had_values(
        self, region: str, product_ids: Sequence[str], numbers: Sequence[str], texts: Sequence[str]
    ) -> tuple[int, dict[str, int]]:
        return changes.had_values(self._db, region, product_ids, numbers, texts)

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        found: dict[int, ProductFacts] = {}
        for part in chunks(len(products)):
            rows = self._db.rows(
                f"SELECT {_FACTS} FROM {rows_of()} CROSS JOIN products AS p "
                "ON p.id = w.value LEFT JOIN observations AS o ON o.id = p.newest",
                (listed(int(key) for key in products[part]),),
            )
            found.update((facts.product, facts) for facts in self._facts(rows))
        return found

    def find(self, product_id: str, region: str | None = None) -> list[ProductFacts]:
        rows = self._db.rows(
            f"SELECT {_FACTS} FROM products AS p LEFT JOIN observations AS o ON o.id = p.newest "
            "WHERE p.region IN (SELECT DISTINCT region FROM products WHERE ?1 IS NULL "
            "UNION ALL SELECT ?1) AND p.product_id = ?2 ORDER BY p.region",
            (region, product_id),
        )
        return self._facts(rows)

    def long_texts(self, product: int) -> LongTexts | None:
        row = self._db.one("SELECT packed FROM product_texts WHERE product = ?", (product,))
        return unpack_texts(row[0]) if row else None

    def known_texts(self, region: str, since: Instant = 0) -> set[str]:
        rows = self._db.execute(
            "SELECT p.product_id FROM product_texts AS t CROSS JOIN products AS p "
            "ON p.id = t.product WHERE t.read >= ? AND p.region = ?",
            (since, region),
        )
        return {row[0] for row in rows}

    def series(
        self, product: int, fields: Sequence[str], since: Instant
    ) -> tuple[Ints, Floats]:  # fmt: skip
        columns = "".join(f", {expression(name)}" for name in fields)
        rows = self._db.rows(
            f"SELECT max(o.at, ?2){columns} FROM observations AS o WHERE o.product = ?1 "
            "AND o.at >= coalesce((SELECT max(at) FROM observations "
            "WHERE product = ?1 AND at <= ?2), ?2) ORDER BY o.at",
            (product, since),
        )
        seen = self._last_seen([product]).get(product, 0)
        if rows and seen > rows[-1][0]:
            rows.append((seen, *rows[-1][1:]))
        table = np.array(rows, np.float64).reshape(len(rows), 1 + len(fields))
        return table[:, 0].astype(np.int64), table[:, 1:]

    def absences(
        self, products: Sequence[int], since: Instant
    ) -> dict[int, tuple[Absence, ...]]:  # fmt: skip
        return absences(self._db, products, since)

    def scans(self, watch: str | None = None, limit: int = 50) -> list[ScanRow]:
        if watch is None:
            rows = self._db.rows(f"SELECT {_SCAN} ORDER BY s.id DESC LIMIT ?", (limit,))
        else:
            rows = self._db.rows(
                f"SELECT {_SCAN} WHERE s.watch = ? ORDER BY s.id DESC LIMIT ?", (watch, limit)
            )
        return [scan_row(row) for row in rows]

    def last_scan(self, watch: str) -> ScanRow | None:
        return next(iter(self.scans(watch, 1)), None)

    def last_complete(self, watch: str) -> ScanRow | None:
        return self._newest(watch, "s.state = 'complete'")

    def last_proof(self, watch: str) -> ScanRow | None:
        return self._newest(watch, PROVES)

    def expected_pages(self, watch: str) -> int:
        found = (self.last_complete(watch), self.last_proof(watch))
        return max((scan.pages for scan in found if scan is not None), default=0)

    def _newest(self, watch: str, condition: str) -> ScanRow | None:
        row = self._db.one(
            f"SELECT {_SCAN} WHERE s.watch = ? AND {condition} ORDER BY s.id DESC LIMIT 1",
            (watch,),
        )
        return scan_row(row) if row else None

    def _facts(self, rows: Sequence[Row]) -> list[ProductFacts]:
        seen = self._last_seen([row[0] for row in rows])
        return [
            ProductFacts(
                product=row[0], region=row[1], product_id=row[2], name=row[3] or row[2],
                seller_id=row[4], category_id=row[5], currency=row[6], first_seen=row[7],
                observed_at=seen.get(row[0]),
                numbers={
                    name: None if value is None else float(value)
                    for name, value in zip(NUMERIC_NAMES, row[8:], strict=True)
                },
            )
            for row in rows
        ]  # fmt: skip

    def _last_seen(self, products: Sequence[int]) -> dict[int, Instant]:
        """When any watch saw each product last; products of which that is not kept are left out."""
        keys = np.array(products, np.int64)
        newest = np.zeros(len(keys), np.int64)
        lists = self._db.execute(
            "SELECT seen, size FROM watches WHERE region IN (SELECT p.region "
            f"FROM {rows_of()} CROSS JOIN products AS p ON p.id = w.value)",
            (listed(keys.tolist()),),
        )
        times = dict[int, int]()
        for blob, size in lists:
            scans = LastSeen.unpack(blob, size).last(keys)
            missing = set(scans.tolist()) - times.keys() - {0}
            times.update(
                self._db.rows(
                    f"SELECT id, at FROM scans WHERE id IN {among()}",
                    (listed(missing),),
                )
            )
            newest = np.maximum(newest, [times.get(scan, 0) for scan in scans.tolist()])
        pairs = zip(products, newest.tolist(), strict=True)
        return {product: at for product, at in pairs if at}
