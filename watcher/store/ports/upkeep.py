"""Credits, health, and the care of what is stored."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Protocol

from watcher.incident import Incident
from watcher.model import Health, Instant
from watcher.store.sql.ledger import Spent
from watcher.store.sqlite.pruning import Pruned
from watcher.store.sqlite.upkeep import Progress, Sizes, Stats


class Ledger(Protocol):
    """What is reserved counts as spent until it is settled: a crash can only count too much."""

    def reserve(
        self, watch: str, amount: int, now: Instant, per_day: int | None, per_month: int | None
    ) -> int | None:
        """Sets ``amount`` aside if both caps (None is no cap) leave it; the reservation's id.

        None, and nothing changed, where a cap does not leave it.
        """

    def settle(self, reservation: int, used: int) -> None:
        """What was reserved becomes what was used, on the day of the reservation."""

    def book(self, reservation: int, used: int) -> None:
        """Part of what was reserved is used; the rest stays set aside."""

    def settle_all(self, at_most: int) -> None:
        """Ends what a crash left open: of each reservation at most so much can have been used.

        Only for who holds the database: the reservations of another that lives are no crash's.
        """

    def pay(
        self, watch: str, amount: int, now: Instant, per_day: int | None, per_month: int | None
    ) -> bool:
        """Counts ``amount`` as used if both caps leave it; nothing stays set aside."""

    def charge(self, watch: str, used: int, now: Instant) -> None:
        """Counts what was spent without a reservation, whatever the caps say; below 0 takes back
        what was paid."""

    def used(self, now: Instant) -> Spent:
        """Return ``spent``, without what is only set aside."""

    def spent(self, now: Instant) -> Spent: ...

    def set_aside(self, now: Instant) -> dict[str, int]:
        """Credits that are set aside for requests under way, by watch."""

    def by_watch(self, day: Instant) -> dict[str, int]:
        """Credits of the UTC day in which ``day`` falls, the largest first."""


class HealthBook(Protocol):
    """Kept apart from alerts: a rule that can't be judged is no rule that is not met."""

    def ok(self, kind: str, name: str, now: Instant) -> None: ...

    def failing(self, kind: str, name: str, error: str, now: Instant) -> Health:
        """One failure more; the first one's time stays."""

    def forget(self, kind: str, name: str) -> None:
        """Drop the health of a watch or rule that is no more."""

    def get(self, kind: str, name: str) -> Health:
        """Nothing bad of what was never heard of."""

    def raise_cause(self, incident: Incident, now: Instant) -> bool:
        """True if it has newly begun, so that the operator has not heard of it."""

    def clear_cause(self, incident: Incident, now: Instant) -> Incident | None:
        """Return it as it began, if it was on; it is on no more."""

    def incidents(self) -> builtins.list[Incident]:
        """Return the incidents that are on, the oldest first."""

    def list(self, kind: str | None = None) -> builtins.list[Health]: ...


class Times(Protocol):
    """The clock, as far as what is stored tells of it."""

    def ahead(self, now: Instant, *, thorough: bool = False) -> int:
        """Return by how many seconds what is stored lies after ``now``; 0 where it hardly does.

        Only the newest rows are looked at, unless ``thorough``.
        """

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

        ``progress`` hears the bytes written, and how many there will be at most.
        An older backup of that name is replaced at the end, in one step. Raises ``StoreError``,
        and leaves nothing behind, where that can't be.
        """

    def sizes(self) -> Sizes:
        """Without a look at any row."""

    def ever(self) -> dict[str, int]:
        """Return how many scans, observations, alerts and notifications there ever were, by table.

        By their ids, which only rise: what is pruned stays counted.
        """

    def engine(self) -> str:
        """SQLite's version."""

    def stats(self) -> Stats: ...

    def check(self) -> tuple[str, ...]:
        """Return what SQLite finds wrong with the whole file; nothing is good. Reads all of it."""
