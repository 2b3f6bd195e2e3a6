"""What was seen: scans in, baselines and products out."""

# ruff: noqa: S608 - statements are put together from our own names only, never from values

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from watcher.fields import NUMERIC_NAMES
from watcher.model import Floats, Instant, Ints, LongTexts, ProductFacts, Scan
from watcher.store.columns import expression
from watcher.store.sql import baselines, changes, lists, recording
from watcher.store.sql import product_history as sightings
from watcher.store.sql.absences import Absence, absences
from watcher.store.sql.baselines import AFTER_ALL, Baseline
from watcher.store.sql.changes import Change
from watcher.store.sql.listing import Seen
from watcher.store.sql.lists import Standing
from watcher.store.sql.product_history import Sighting
from watcher.store.sql.recording import Recorded
from watcher.store.sql.scanrows import COLUMNS, PROVES, TABLES, ScanRow, scan_row
from watcher.store.sql.texts import unpack_texts
from watcher.store.sql.windows import Window, windows
from watcher.store.sqlite.connection import Connection, Row, chunks, listed

__all__ = ["Absence", "Baseline", "Change", "History", "Recorded", "ScanRow", "Standing", "Window"]

_FACTS = (
    "p.id, p.region, p.product_id, p.product_name, p.seller_id, p.category_id, p.currency, "
    f"p.first_seen, {', '.join(expression(name) for name in NUMERIC_NAMES)} "
)
_SCAN = f"{COLUMNS} FROM {TABLES}"


class History:
    """Products, their numbers over time, and the scans that saw them."""

    def __init__(self, db: Connection) -> None:
        self._db = db

    def record(self, scan: Scan) -> Recorded:
        """Stores a scan of any state; numbers only of products of which some number changed."""
        return recording.record(self._db, scan)

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline:  # fmt: skip
        """Each product's observation before the scan ``scan_id``, from ``not_before`` on: by the
        same watch, whatever other watches saw in between, and of scans that are ``doubted`` only
        where that is wanted. ``fields`` are numeric fields of the API, or ``rank``.
        """
        return baselines.last(
            self._db, watch, scan_id, products, fields, not_before, doubted=doubted
        )

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int = AFTER_ALL,
    ) -> Baseline:  # fmt: skip
        """Each product's observation in force at ``at``: by the newest scan of any watch from
        ``not_before`` to ``at`` that saw it; a ``rank`` by this watch's only. As the scan
        ``scan_id`` sees the past: in place of what is doubted stands what was seen before it.
        """
        return baselines.ago(self._db, watch, products, (not_before, at), fields, scan_id)

    def windows(
        self, watch: str, region: str, products: Ints, within: tuple[Instant, Instant],
        fields: Sequence[str], *, scan_id: int = AFTER_ALL, own: bool = False,
    ) -> Iterator[Window]:  # fmt: skip
        """All values in a time (its end does not belong to it), one for each scan of the region
        that saw a product, some products after others; a ``rank`` by this watch's scans only, and
        if ``own`` all. As the scan ``scan_id`` sees the past: without what is doubted.
        """
        return windows(self._db, watch, region, products, within, fields, scan_id=scan_id, own=own)

    def standing(self, watch: str, scan_id: int, places: int) -> Standing | None:
        """The list of the watch's last scan before ``scan_id`` that read its first ``places``."""
        return lists.standing(self._db, watch, scan_id, places)

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        """When the watch was read before the scan ``scan_id``, back to ``since`` and the newest
        first, and whether that proves an absence."""
        return lists.recent(self._db, watch, scan_id, since)

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        """The watch's scans that saw each of the products last, cut to these."""
        return sightings.sightings(self._db, watch, products)

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        """The watch's newest scan, cut to those of the products that it lists."""
        return sightings.newest_sighting(self._db, watch, products)

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        """The shares of idle products at the watch's last scans with one ``below`` that, the
        newest first."""
        return lists.idle_shares(self._db, watch, below=below, limit=limit)

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        """Whether the region's largest list of those read whole since then is read sparsely."""
        return lists.largest_is_sparse(self._db, region, since)

    def last_change(self, region: str, since: Instant) -> Change | None:
        """The newest scan from ``since`` on in which a product that was known changed, or the
        first scan of the region; None where there is none."""
        return changes.last_change(self._db, region, since)

    def days_scanned(self, region: str, after: int, size: int) -> int:
        """On how many UTC days after the scan ``after`` a scan saw at least ``size`` products."""
        return changes.days_scanned(self._db, region, after, size)

    def had_values(
        self, region: str, product_ids: Sequence[str], numbers: Sequence[str], texts: Sequence[str]
    ) -> tuple[int, dict[str, int]]:
        """How many of these products are known, and how many of them have a value of each field:
        of numbers at the newest observation, of texts at any."""
        return changes.had_values(self._db, region, product_ids, numbers, texts)

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        """Products by the store's key; unknown keys are left out."""
        found: dict[int, ProductFacts] = {}
        for part in chunks(len(products)):
            rows = self._db.rows(
                f"SELECT {_FACTS} FROM json_each(?) AS w CROSS JOIN products AS p "
                "ON p.id = w.value LEFT JOIN observations AS o ON o.id = p.newest",
                (listed(int(key) for key in products[part]),),
            )
            found.update((facts.product, facts) for facts in self._facts(rows))
        return found

    def find(self, product_id: str, region: str | None = None) -> list[ProductFacts]:
        """The product in each region that knows it, or in the one given."""
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
        """Ids of the products whose long texts are stored and were read at ``since`` or later."""
        rows = self._db.execute(
            "SELECT p.product_id FROM product_texts AS t CROSS JOIN products AS p "
            "ON p.id = t.product WHERE t.read >= ? AND p.region = ?",
            (since, region),
        )
        return {row[0] for row in rows}

    def series(
        self, product: int, fields: Sequence[str], since: Instant
    ) -> tuple[Ints, Floats]:  # fmt: skip
        """(m,) instants and (m, k) values for a plot of steps.

        The value in force at ``since``, each change after it, and the newest value once more at
        the time when the product was last seen.
        """
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
        """By product (all of one region), when scans after ``since`` looked for it in vain until
        one saw it again."""
        return absences(self._db, products, since)

    def scans(self, watch: str | None = None, limit: int = 50) -> list[ScanRow]:
        """The newest first."""
        if watch is None:
            rows = self._db.rows(f"SELECT {_SCAN} ORDER BY s.id DESC LIMIT ?", (limit,))
        else:
            rows = self._db.rows(
                f"SELECT {_SCAN} WHERE s.watch = ? ORDER BY s.id DESC LIMIT ?", (watch, limit)
            )
        return [scan_row(row) for row in rows]

    def last_scan(self, watch: str) -> ScanRow | None:
        """Of any state."""
        return next(iter(self.scans(watch, 1)), None)

    def last_complete(self, watch: str) -> ScanRow | None:
        """Whatever is doubted of it."""
        return self._newest(watch, "s.state = 'complete'")

    def last_proof(self, watch: str) -> ScanRow | None:
        """The newest scan that proves an absence."""
        return self._newest(watch, PROVES)

    def expected_pages(self, watch: str) -> int:
        """Pages that the list should have: one that was cut short by a fault says nothing of
        that. 0 where nothing is known."""
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
            "FROM json_each(?) AS w CROSS JOIN products AS p ON p.id = w.value)",
            (listed(keys.tolist()),),
        )
        times = dict[int, int]()
        for blob, size in lists:
            scans = Seen.unpack(blob, size).last(keys)
            missing = set(scans.tolist()) - times.keys() - {0}
            times.update(
                self._db.rows(
                    "SELECT id, at FROM scans WHERE id IN (SELECT value FROM json_each(?))",
                    (listed(missing),),
                )
            )
            newest = np.maximum(newest, [times.get(scan, 0) for scan in scans.tolist()])
        pairs = zip(products, newest.tolist(), strict=True)
        return {product: at for product, at in pairs if at}
