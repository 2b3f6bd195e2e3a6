"""Stored scans as they were read, whole or cut to some products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

from watcher.fields import NUMERIC_INDEX, NUMERIC_NAMES
from watcher.model import Bools, Instant, Ints, ScanState
from watcher.store.packing import LastSeen, PackedList, positions
from watcher.store.records import Recorded, ScanRow, Sighting
from watcher.store.sql import asked
from watcher.store.sql.asked import asked_before
from watcher.store.sql.baselines import numbers_at
from watcher.store.sql.connection import Face
from watcher.store.sql.recording import had_proof
from watcher.store.sql.scans import COLUMNS, TABLES, scan_row
from watcher.store.sql.text_history import StoredTexts


class Sightings(Face):
    """Scans as they saw some products, and the ids that they asked for."""

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

    def taken_out(self, watch: str, scan_id: int, products: Ints) -> Bools:
        return asked.taken_out(self._db, watch, scan_id, products)

    def still_asked(self, scan_id: int, ids: tuple[str, ...]) -> int:
        """The number of the products that a scan listed whose ids are among these."""
        row = self._db.one("SELECT products, size, id FROM scans WHERE id = ?", (scan_id,))
        return asked.count_asked(self._db, PackedList.unpack(*row).products, ids) if row else 0
