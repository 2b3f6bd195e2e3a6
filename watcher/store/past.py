"""The past, as those who judge ask for it: of a store, or of a past that is replayed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from watcher.data_days import DataDays
from watcher.model import Bools, Instant, Ints, LastTexts, Listed, ProductFacts
from watcher.store.records import (
    AFTER_ALL,
    Baseline,
    EarlierList,
    GroupFigures,
    Jumped,
    LastChange,
    OwnScan,
    Recorded,
    Sighting,
    Window,
    WindowQuery,
)


class Past(Protocol):
    """The history as the scan ``scan_id`` sees it: without what it doubts."""

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0, *, doubted: bool = False,
    ) -> Baseline:  # fmt: skip
        """Each product's observation before the scan ``scan_id``, from ``not_before`` on: by the
        same watch, whatever other watches saw in between, and of scans that are ``doubted`` only
        where that is wanted. ``fields`` are numeric fields of the API, or ``rank``."""

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int = AFTER_ALL, regions: Sequence[str] = (),
    ) -> Baseline:  # fmt: skip
        """Each product's observation in force at ``at``: by the newest scan of any watch from
        ``not_before`` to ``at`` that saw it; a ``rank`` by this watch's only. The products are all
        of one region, or of the ``regions``. As the scan
        ``scan_id`` sees the past: in place of what is doubted stands what was seen before it."""

    def windows(self, query: WindowQuery) -> Iterator[Window]:
        """All values in a time, one for each scan that saw a product, part by part."""

    def taken_out(self, watch: str, scan_id: int, products: Ints) -> Bools:
        """(n,) the products that the user had taken out of what a watch asks for by name when it
        made a scan."""

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None:
        """The list of the watch's last scan before ``scan_id`` that read its first ``places``."""

    def last_texts(
        self, scan_id: int, products: Ints, name: str, now: Sequence[str | None],
        not_before: Instant,
    ) -> LastTexts:  # fmt: skip
        """Each product's text as the scan's watch knew it last before the scan, from ``not_before``
        on, whatever other watches saw in between; ``now`` are the texts of the scan itself."""

    def everyone(self, watch: str, scan_id: int) -> tuple[Listed, Recorded]:
        """All that a scan of the watch listed; its columns are read as they are asked for."""

    def own_scans(self, watch: str, scan_id: int, within: tuple[Instant, Instant]) -> list[OwnScan]:
        """The watch's scans before ``scan_id`` in a time (both ends belong to it) that listed
        something, the newest first."""

    def proofs(self, watch: str, scan_id: int, count: int) -> list[tuple[int, Instant]]:
        """The last of the watch's scans before ``scan_id`` that prove an absence, and when each
        was, the newest first."""

    def judged_before(self, watch: str, scan_id: int) -> int:
        """The last scan before ``scan_id`` at which it could be said who is gone: one that proves
        an absence, and did not jump when it was made; 0 for none."""

    def listed(self, watch: str, first: int, after: int) -> Ints:
        """Products that some scan of the watch listed, from the scan ``first`` on up to the one
        before ``after``; in rising order."""

    def data_days(self, region: str) -> DataDays:
        """The region's data days; none where nothing is read with the refresh."""

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        """The times of the watch's scans before the scan ``scan_id`` that read something, the
        newest first and back to ``since``, and whether each proves an absence."""


class Recollection(Past, Protocol):
    """The past, and the products in it as they are after the newest scan that there is."""

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        """Products by the store's key; unknown keys are left out."""

    def category_names(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Names of these categories, as far as they are known."""

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        """The watch's scans that saw each of the products last, cut to these."""

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        """The watch's newest scan, cut to those of the products that it lists."""

    def last_change(self, region: str, since: Instant) -> LastChange | None:
        """The newest scan from ``since`` on that changed a known product, or the region's first."""

    def idle_shares(self, watch: str, *, below: float, limit: int) -> list[float]:
        """The shares of idle products at the watch's last scans with one ``below`` that, the
        newest first."""

    def largest_is_sparse(self, region: str, since: Instant) -> bool:
        """Whether the region's largest list of those read whole since then is read sparsely."""


class Doubts(Protocol):
    """The scans that jumped, as each later one sees it."""

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

    def doubt_half(self, scan_id: int) -> None:
        """The scan is no baseline, ever: its data was only half new."""

    def is_half(self, scan_id: int) -> bool:
        """Whether the scan's data was only half new."""


class GroupBook(Protocol):
    """Groups by what they are of, and the figures of each scan."""

    def keys(self, by: str, groups: Sequence[tuple[str, str]], at: Instant) -> Ints:
        """(n,) the store's keys of the groups of these regions and values; who is new is given
        one."""

    def find(self, by: str, groups: Sequence[tuple[str, str]]) -> Ints:
        """(n,) the keys of those that are known; 0 of the others."""

    def note(self, scan_id: int, by: str, figures: GroupFigures) -> None:
        """Keep the figures of a scan, beside those that are kept of it."""

    def figures(
        self, watch: str, by: str, scan_id: int, within: tuple[Instant, Instant]
    ) -> Iterator[GroupFigures]:
        """Yield what is kept of the watch's scans in a time (both ends belong to it) that the scan
        ``scan_id`` believes, the newest first."""

    def newest_with(self, watch: str, by: str, group: int) -> int | None:
        """The watch's newest scan whose figures have the group; None where none is kept."""


class Archive(Protocol):
    """All that is known of what was seen: the database, or a past that is replayed."""

    @property
    def history(self) -> Recollection: ...

    @property
    def groups(self) -> GroupBook: ...

    @property
    def jumps(self) -> Doubts: ...
