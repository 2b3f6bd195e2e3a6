"""The faces of the past: for tables of scans, and messages about products."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from watcher.model import Instant, Ints, ProductFacts
from watcher.store.sql.baselines import Baseline
from watcher.store.sql.changes import LastChange
from watcher.store.sql.jumped import Jumped
from watcher.store.sql.lists import EarlierList
from watcher.store.sql.product_history import Sighting
from watcher.store.sql.windows import Window, WindowQuery


class Past(Protocol):
    """The history as the scan ``scan_id`` sees it: without what it doubts."""

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline: ...  # fmt: skip

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int,
    ) -> Baseline: ...  # fmt: skip

    def windows(self, query: WindowQuery) -> Iterable[Window]: ...

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None: ...

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]: ...


class Recollection(Past, Protocol):
    """The past, and the products in it as they are now: after the newest scan that there is."""

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        """Products with their newest numbers, by the store's key."""

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        """The scans in which the watch saw each of the products last, cut to these."""

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        """The watch's newest scan, cut to those of the products that it lists."""

    def last_change(self, region: str, since: Instant) -> LastChange | None:
        """The newest scan from ``since`` on in which a product that was known changed."""

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        """The shares of idle products at the watch's last scans with one ``below`` that, the
        newest first."""

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        """Whether the region's largest list of those read whole since then is read sparsely."""


class Doubts(Protocol):
    """Scans that jumped, as each later one sees it."""

    def doubt(self, scan_id: int) -> None:
        """The scan is no baseline, until it is believed."""

    def believe(self, scan_id: int, after: int) -> None:
        """The doubted scan is a baseline of those that come after the scan ``after``."""

    def before(self, watch: str, scan_id: int) -> list[Jumped]:
        """The doubted scans right before the scan ``scan_id`` of the watch, the newest first."""

    def is_calm(self, watch: str, scan_id: int) -> bool:
        """Whether the scan before ``scan_id`` is the watch's own, and believed."""

    def is_doubted(self, scan_id: int) -> bool:
        """Whether the scan was doubted when it was made."""


class Archive(Protocol):
    """All that is known of what was seen: the database, or a past that is replayed."""

    @property
    def history(self) -> Recollection: ...

    @property
    def jumps(self) -> Doubts: ...
