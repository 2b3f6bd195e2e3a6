"""Faces of the store that each engine has a class of its own for."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from watcher.model import Instant
from watcher.store.records import Progress, Pruned, Sizes, Stats


class Times(Protocol):
    """The clock, as far as what is stored tells of it."""

    def ahead(self, now: Instant, *, thorough: bool = False) -> int:
        """Return by how many seconds what is stored lies after ``now``; 0 where it hardly does.
        Only the newest rows are looked at, unless ``thorough``."""

    def mend(self, now: Instant) -> None:
        """Have what lies after ``now`` count as now."""


class Pruner(Protocol):
    """Goes through the kinds of rows, a step at a call; then begins anew."""

    def step(
        self,
        observations_before: Instant,
        notifications_before: Instant,
        *,
        rows: int | None = None,
    ) -> Pruned:
        """Removes some of what is older than the limits; at most ``rows`` rows where given."""


class Upkeep(Protocol):
    """Work beside the daemon's, that blocks none of it."""

    def backup(self, target: Path, progress: Progress = lambda _done, _total: None) -> int:
        """A compact copy while the store is in use, looked through before it counts; its bytes.
        ``progress`` hears the bytes written, and how many there will be at most. An older backup of
        that name is replaced at the end, in one step. Raises ``StoreError``, and leaves nothing
        behind, where that can't be."""

    def sizes(self) -> Sizes:
        """Without a look at any row."""

    def ever(self) -> dict[str, int]:
        """Return how many rows of some tables there ever were: what is pruned stays counted."""

    def engine(self) -> str:
        """SQLite's version."""

    def stats(self) -> Stats: ...

    def check(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the whole file; nothing is good. Reads all of it."""
