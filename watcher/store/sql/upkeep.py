"""Figures of a store."""

from __future__ import annotations

from abc import abstractmethod

from msgspec.structs import asdict

from watcher.store.records import Sizes, Stats
from watcher.store.sql.connection import Face

# What is counted; rows of groups of products are no products.
_COUNTED = {
    "products": "products WHERE grouped_by IS NULL",
    **{each: each for each in ("observations", "scans", "alerts", "notifications")},
}


class StoreUpkeep(Face):
    """``ports.Upkeep``, but for what an engine does with its files or pages."""

    @abstractmethod
    def sizes(self) -> Sizes:
        """The port says what it gives."""

    def stats(self) -> Stats:
        oldest, newest = self._db.one("SELECT min(at), max(at) FROM scans") or (None, None)
        counts = {
            what: self._db.number(f"SELECT count(*) FROM {rows}") for what, rows in _COUNTED.items()
        }
        return Stats(**asdict(self.sizes()), **counts, oldest=oldest, newest=newest)
