"""A stored scan with all that it listed, of which only that is read which is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from watcher.attributes import TEXT_OF, numbers_of
from watcher.model import Floats, ScanState
from watcher.store.packing import PackedList
from watcher.store.records import ScanRow
from watcher.store.sql.baselines import numbers_at
from watcher.store.sql.connection import Connection
from watcher.store.sql.text_history import StoredTexts


class StoredList:
    """All products of one scan, in the order of their keys."""

    whole = False

    def __init__(self, db: Connection, scan: ScanRow, listing: PackedList, mark: int) -> None:
        self.watch, self.region = scan.watch, scan.region
        self.at, self.state = scan.at, scan.state
        self.of_market, self.ranks = scan.of_market, listing.ranks
        # Who is not here is nobody's question: these are asked about for what they are themselves.
        self.proves_absence = False
        believed = scan.doubt is None or scan.doubt.believed
        self.read_to_its_end = scan.state is ScanState.COMPLETE and believed and not scan.cut
        self.texts = StoredTexts(db, listing.products, mark, scan.id)
        self._db = db
        self._products = listing.products
        self._mark = mark

    def __len__(self) -> int:
        return len(self._products)

    def column(self, name: str) -> Floats:
        if name in TEXT_OF:
            return numbers_of(name, self.texts[TEXT_OF[name]])
        marks = np.full(len(self), self._mark, np.int64)
        found: Floats = numbers_at(self._db, self._products, marks, [name])[:, 0]
        return found

    def columns(self, names: Sequence[str]) -> dict[str, Floats]:
        """Several columns at once."""
        fields = [name for name in names if name not in TEXT_OF]
        marks = np.full(len(self), self._mark, np.int64)
        found = numbers_at(self._db, self._products, marks, fields)
        columns = {name: found[:, place] for place, name in enumerate(fields)}
        return columns | {name: self.column(name) for name in names if name in TEXT_OF}

    def cell(self, name: str, row: int) -> float:
        return float(self.column(name)[row])
