"""What a scan's table asks of the history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from watcher.alerting.statistics import Window
from watcher.model import Floats, Instant, Ints


class Baseline(Protocol):
    """Values (n, k) with NaN for absent, and the instants (n,) they were observed; 0 is none."""

    @property
    def values(self) -> Floats: ...

    @property
    def at(self) -> Ints: ...


class Standing(Protocol):
    """The list of a scan at ``at``."""

    @property
    def at(self) -> Instant: ...

    @property
    def products(self) -> Ints: ...

    def ranks_of(self, products: Ints) -> Floats: ...


class Past(Protocol):
    """The history as the scan ``scan_id`` sees it: without what it doubts."""

    def last(
        self, watch: str, scan_id: int, products: Ints, fields: Sequence[str],
        not_before: Instant = 0,
    ) -> Baseline: ...  # fmt: skip

    def ago(
        self, watch: str, products: Ints, at: Instant, not_before: Instant, fields: Sequence[str],
        *, scan_id: int,
    ) -> Baseline: ...  # fmt: skip

    def windows(
        self, watch: str, region: str, products: Ints, within: tuple[Instant, Instant],
        fields: Sequence[str], *, scan_id: int, own: bool = False,
    ) -> Iterable[Window]: ...  # fmt: skip

    def standing(self, watch: str, scan_id: int, places: int) -> Standing | None: ...

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]: ...
