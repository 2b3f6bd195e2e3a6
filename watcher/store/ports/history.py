"""The faces of the past: scans in, baselines and products out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from watcher.model import Floats, Instant, Ints, LongTexts, ProductFacts, Scan
from watcher.store.sql.absences import Absence
from watcher.store.sql.aftermath import Aftermath
from watcher.store.sql.baselines import AFTER_ALL, Baseline
from watcher.store.sql.changes import LastChange
from watcher.store.sql.extracts import Choice, Extract
from watcher.store.sql.jumped import Jumped
from watcher.store.sql.lists import EarlierList
from watcher.store.sql.observed import Observed
from watcher.store.sql.product_history import Sighting
from watcher.store.sql.recording import Recorded
from watcher.store.sql.scanrows import ScanRow
from watcher.store.sql.windows import Window, WindowQuery


class History(Protocol):
    """Products, their numbers over time, and the scans that saw them."""

    def record(self, scan: Scan) -> Recorded:
        """Stores a scan of any state; numbers only of products of which some number changed."""

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline:  # fmt: skip
        """Each product's observation before the scan ``scan_id``, from ``not_before`` on: by the
        same watch, whatever other watches saw in between, and of scans that are ``doubted`` only
        where that is wanted. ``fields`` are numeric fields of the API, or ``rank``.
        """

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int = AFTER_ALL,
    ) -> Baseline:  # fmt: skip
        """Each product's observation in force at ``at``: by the newest scan of any watch from
        ``not_before`` to ``at`` that saw it; a ``rank`` by this watch's only. As the scan
        ``scan_id`` sees the past: in place of what is doubted stands what was seen before it.
        """

    def windows(self, query: WindowQuery) -> Iterator[Window]:
        """All values in a time, one for each scan that saw a product, part by part."""

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None:
        """The list of the watch's last scan before ``scan_id`` that read its first ``places``."""

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        """When the watch was read before the scan ``scan_id``, back to ``since`` and the newest
        first, and whether that proves an absence."""

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        """The watch's scans that saw each of the products last, cut to these."""

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        """The watch's newest scan, cut to those of the products that it lists."""

    def sighting(self, watch: str, product: int) -> Sighting | None:
        """The watch's newest scan that saw ``product``; None where there is none any more."""

    def newest_scan(self, watch: str) -> ScanRow | None:
        """The watch's newest scan that read something, or all of an empty list."""

    def whole(self, watch: str, fields: Sequence[str], limit: int) -> Iterator[Sighting]:
        """The watch's newest scans with all that they listed, the newest first.

        Of the numbers only ``fields`` are read; the others have no value. Texts are those of today.
        """

    def named(self, part: str, region: str | None, limit: int) -> list[tuple[str, str, str]]:
        """Region, id and name of products whose name has ``part`` in it, capitals or not."""

    def ranks(
        self, watch: str, product: int, since: Instant
    ) -> Iterator[tuple[Instant, int | None]]:
        """The product's place at each of the watch's scans since then, the oldest first.

        None is a scan that did not list it and proves an absence; any other is left out then.
        """

    def aftermath(self, region: str, since: Instant) -> Aftermath:
        """The scans of a region from ``since`` on, to look up what became of products."""

    def texts_known_since(self) -> Instant | None:
        """Since when replaced texts are stored; None where that is always."""

    def last_proof_before(self, watch: str, at: Instant) -> Instant | None:
        """The time of the watch's last scan before ``at`` that proves an absence."""

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        """The shares of idle products at the watch's last scans with one ``below`` that, the
        newest first."""

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        """Whether the region's largest list of those read whole since then is read sparsely."""

    def last_change(self, region: str, since: Instant) -> LastChange | None:
        """The newest scan from ``since`` on in which a product that was known changed, or the
        first scan of the region; None where there is none."""

    def days_scanned(self, region: str, after: int, size: int) -> int:
        """On how many UTC days after the scan ``after`` a scan saw at least ``size`` products."""

    def had_values(
        self, region: str, product_ids: Sequence[str], numbers: Sequence[str], texts: Sequence[str]
    ) -> tuple[int, dict[str, int]]:
        """How many of these products are known, and how many of them have a value of each field:
        of numbers at the newest observation, of texts at any."""

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        """Products by the store's key; unknown keys are left out."""

    def find(self, product_id: str, region: str | None = None) -> list[ProductFacts]:
        """The product in each region that knows it, or in the one given."""

    def long_texts(self, product: int) -> LongTexts | None: ...

    def known_texts(self, region: str, since: Instant = 0) -> set[str]:
        """Ids of the products whose long texts are stored and were read at ``since`` or later."""

    def series(
        self, product: int, fields: Sequence[str], since: Instant
    ) -> tuple[Ints, Floats]:  # fmt: skip
        """(m,) instants and (m, k) values for a plot of steps.

        The value in force at ``since``, each change after it, and the newest value once more at
        the time when the product was last seen.
        """

    def absences(
        self, products: Sequence[int], since: Instant
    ) -> dict[int, tuple[Absence, ...]]:  # fmt: skip
        """By product (all of one region), when scans after ``since`` looked for it in vain until
        one saw it again."""

    def scans(self, watch: str | None = None, limit: int = 50) -> list[ScanRow]:
        """The newest first."""

    def last_scan(self, watch: str) -> ScanRow | None:
        """Return the newest scan, of any state."""

    def last_complete(self, watch: str) -> ScanRow | None:
        """Whatever is doubted of it."""

    def last_proof(self, watch: str) -> ScanRow | None:
        """The newest scan that proves an absence."""

    def expected_pages(self, watch: str) -> int:
        """Pages that the list should have: one that was cut short by a fault says nothing of
        that. 0 where nothing is known."""


class Jumps(Protocol):
    """Which scans are doubted, as each later scan sees it.

    That a scan is believed counts from a later scan on, so that what was judged before can be
    explained as it was judged."""

    def doubt(self, scan_id: int) -> None:
        """The scan is no baseline, until it is believed."""

    def believe(self, scan_id: int, after: int) -> None:
        """The doubted scan is a baseline of those that come after the scan ``after``."""

    def is_doubted(self, scan_id: int) -> bool:
        """Whether the scan was doubted when it was made."""

    def before(self, watch: str, scan_id: int) -> list[Jumped]:
        """The doubted scans right before the scan ``scan_id`` of the watch, the newest first."""

    def is_calm(self, watch: str, scan_id: int) -> bool:
        """Whether the scan before ``scan_id`` is the watch's own, and believed."""

    def waits(self, watches: Sequence[str]) -> bool:
        """Whether the newest scan of some of these watches is doubted."""

    def outcomes(self, watches: Sequence[str], since: Instant) -> dict[str, bool]:
        """Of these watches, those of which a scan that ended at ``since`` or later was doubted, and
        whether one of these scans was believed.
        """


class Observations(Protocol):
    """Observations in bulk, for other programs."""

    def changes(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        """The rows that are stored, in that order: one where some number of a product changed.

        Of a ``watch``: all rows of the products that it ever listed, whichever watch found them.
        """

    def sightings(self, choice: Choice, fields: Sequence[str]) -> Extract[Observed]:
        """For each scan a row for each product that it listed, with the values in force then."""
