"""The store as the house sees it: a protocol a face."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, Self

from watcher.model import (
    Alert,
    AlertState,
    Evidence,
    Instant,
    Ints,
    Message,
    Notification,
    NotificationLogEntry,
    NotificationState,
    ProductFacts,
)
from watcher.store.memory.replaying import Extent, PastScans
from watcher.store.records import (
    AFTER_ALL,
    AlertRow,
    Baseline,
    Brief,
    Delivered,
    EarlierList,
    FiredAlert,
    Jumped,
    LastChange,
    Live,
    Progress,
    Pruned,
    Sighting,
    Sizes,
    Stats,
    Transition,
    Try,
    Why,
    Window,
)
from watcher.store.sql.browsing import Browsing
from watcher.store.sql.extracts import Extracts, Observations
from watcher.store.sql.history import History
from watcher.store.sql.operations import HealthBook, Ledger
from watcher.store.sql.outbox import Backlog
from watcher.store.sql.rules import Rules
from watcher.store.sql.scans import Jumps
from watcher.store.sql.silences import Holding, Silences


class Store(Protocol):
    """A store that is open, on the thread that opened it."""

    path: Path
    history: History
    jumps: Jumps
    observations: Observations
    alerts: Alerts
    rules: Rules
    held: Holding
    silences: Silences
    tellings: Tellings
    browsing: Browsing
    extracts: Extracts
    outbox: Outbox
    backlog: Backlog
    ledger: Ledger
    health: HealthBook
    times: Times
    pruner: Pruner
    upkeep: Upkeep

    def atomic(self) -> AbstractContextManager[None]:
        """All or nothing of what is written inside; may be nested."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Several reads that see one state of the store."""

    def past_scans(self, extent: Extent) -> PastScans:
        """Stored scans in memory, to be played once more."""

    def let_go(self) -> None:
        """Give up what is kept in memory: a scan's rows are of no use to the next one."""

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Past(Protocol):
    """The history as the scan ``scan_id`` sees it: without what it doubts."""

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

    def windows(
        self, watch: str, region: str, products: Ints, within: tuple[Instant, Instant],
        fields: Sequence[str], *, scan_id: int = AFTER_ALL, own: bool = False,
    ) -> Iterator[Window]:  # fmt: skip
        """All values in a time (its end does not belong to it), one for each scan of the region
        that saw a product, some products after others; a ``rank`` by this watch's scans only, and
        if ``own`` all. As the scan ``scan_id`` sees the past: without what is doubted.
        """

    def standing(self, watch: str, scan_id: int, places: int) -> EarlierList | None:
        """The list of the watch's last scan before ``scan_id`` that read its first ``places``."""

    def recent(self, watch: str, scan_id: int, since: Instant) -> list[tuple[Instant, bool]]:
        """The times of the watch's scans before the scan ``scan_id`` that read something, the
        newest first and back to ``since``, and whether each proves an absence."""


class Recollection(Past, Protocol):
    """The past, and the products in it as they are after the newest scan that there is."""

    def facts(self, products: Sequence[int]) -> dict[int, ProductFacts]:
        """Products by the store's key; unknown keys are left out."""

    def sightings(self, watch: str, products: Ints) -> Iterator[Sighting]:
        """The watch's scans that saw each of the products last, cut to these."""

    def newest_sighting(self, watch: str, products: Ints) -> Sighting | None:
        """The watch's newest scan, cut to those of the products that it lists."""

    def last_change(self, region: str, since: Instant) -> LastChange | None:
        """The newest scan from ``since`` on in which a product that was known changed, or the
        first scan of the region; None where there is none."""

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


class Archive(Protocol):
    """All that is known of what was seen: the database, or a past that is replayed."""

    @property
    def history(self) -> Recollection: ...

    @property
    def jumps(self) -> Doubts: ...


class Alerts(Protocol):
    """One alert for each rule and product is live (pending or firing) at most."""

    def active(self, rules: Sequence[str]) -> builtins.list[Alert]:
        """All pending and firing alerts of these rules, the oldest first."""

    def live(self, rules: Sequence[str]) -> builtins.list[Alert]:
        """Return ``active`` without evidence: most of what is live is told no more."""

    def columns(self, rules: Sequence[str]) -> Live:
        """Return ``live`` in columns, rule by rule."""

    def heard_at(self, alerts: Live, channel: str) -> Ints:
        """(n,) when the channel was last told of each of these; -1 where it was not."""

    def explained(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        """These alerts with their evidence: where one has none, it is what is stored."""

    def by_id(self, ids: Iterable[int]) -> builtins.list[Alert]:
        """The alerts of these ids that there are, the oldest first."""

    def brief(self, ids: Iterable[int]) -> builtins.list[Brief]:
        """The alerts of these ids that there are in short, the oldest first."""

    def save(self, alerts: Sequence[Alert]) -> builtins.list[Alert]:
        """Store the alerts and return them in order: those that had no id (0) with one now, all
        without their evidence, which is stored: it stays where an alert comes without.

        One that ends without ever having fired leaves no trace: it is deleted, or not stored.
        """

    def witness(self, alert: Alert, why: Why) -> Alert:
        """The alert, which fires now, with the evidence of that, to be saved."""

    def record(self, transitions: Iterable[Transition]) -> None:
        """Remembers changes of state; those of alerts that left no trace leave none either."""

    def transitions(self, alert: int) -> builtins.list[Transition]:
        """Return the changes of one alert, the oldest first."""

    def told(self, rule: str, products: Sequence[int]) -> builtins.list[NotificationLogEntry]:
        """Return the last that every channel was told about these products of the rule."""

    def told_of(
        self, rules: Sequence[str], at: Instant | None = None
    ) -> builtins.list[NotificationLogEntry]:
        """What every channel was last told about all products of these rules; ``at`` then only."""

    def cooling(
        self, cooldowns: Mapping[str, int], now: Instant
    ) -> builtins.list[tuple[str, str, int, Instant]]:
        """What fires anew before its cooldown (seconds, by rule) since it was told has passed: by
        rule and channel how many alerts, and when the first of them was told of: a time that
        lies in the future counts as ``now``."""

    def mark_told(self, told: Iterable[NotificationLogEntry]) -> None:
        """Replaces what the channel was told about the rule and product before."""

    def list(
        self, rule: str | None = None, state: AlertState | None = None,
        since: Instant | None = None, limit: int = 100, product: int | None = None,
    ) -> builtins.list[AlertRow]:  # fmt: skip
        """The newest first. ``since``: those that were live at that time or later."""

    def shown(self, ids: Sequence[int]) -> builtins.list[AlertRow]:
        """The alerts of these ids that there are, in the same order."""

    def counts(self) -> dict[tuple[str, AlertState], int]:
        """Count the alerts of each rule that are pending and firing."""


class Tellings(Protocol):
    """Stored messages that some target took, and their alerts."""

    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        """The messages of these rules, and those of several rules, whose data is of ``since`` to
        ``until`` and that were sent; the oldest data first. Of their texts nothing is read."""

    def told_alerts(self, ids: Sequence[int]) -> dict[int, FiredAlert]:
        """The alerts of these ids that there are and that ever fired."""

    def evidence_of(self, ids: Sequence[int]) -> dict[int, tuple[Evidence, ...]]:
        """Return why each of these alerts fired."""

    def known_from(self, rule: str, watch: str) -> Instant | None:
        """The time from which on the rule can have told something, for it is known and its list
        was read; None where it never was."""

    def newest(self) -> tuple[int, int]:
        """Return what changes whenever a scan is stored, or a message is sent or given up."""


class Outbox(Protocol):
    """Each target's notifications in order; one waits until it is sent, dead or dropped."""

    def add(
        self,
        channel: str,
        targets: Sequence[str],
        message: Message,
        now: Instant,
        not_before: Instant | None = None,
    ) -> builtins.list[int]:
        """Queues one message for each target; ids in the order of the targets.

        It is not sent before ``not_before``, nor is what is queued after it.
        """

    def get(self, notification: int) -> Notification | None: ...

    def next_for(self, target: str) -> Notification | None:
        """The oldest that waits for the target, due or not: the order is kept."""

    def waiting_for(self, target: str, limit: int = 1_000) -> builtins.list[Notification]:
        """Return what waits for the target, the oldest first."""

    def due_targets(self, now: Instant) -> builtins.list[tuple[str, Instant, int]]:
        """Targets that something waits for: when the oldest is due (by the clock that says
        ``now``), and how many wait."""

    def sent(self, notification: int, now: Instant, detail: str | None = None) -> None:
        """The service took it; counts even if it was dropped meanwhile."""

    def failed(
        self,
        notification: int,
        now: Instant,
        error: str,
        next_try: Instant,
        *,
        first_try: Instant | None = None,
        taken: Iterable[str] = (),
    ) -> None:
        """To be tried again at ``next_try``.

        ``first_try`` is from when its day counts, if not from its first try. ``taken`` marks
        the recipients that have it already.
        """

    def postpone(self, notification: int, next_try: Instant) -> None:
        """Not to be tried before ``next_try``; that is no try."""

    def dead(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        """Not to be tried again until somebody asks for it."""

    def give_up(
        self, notification: int, now: Instant, error: str, *, taken: Iterable[str] = ()
    ) -> None:
        """Dead after its day; those joined with it that have not had a day of their own (they
        were written after its first try) wait again."""

    def bury(self, target: str, now: Instant, error: str) -> int:
        """All that waits for ``target`` is dead, untried; how many."""

    def tries(self, notification: int) -> builtins.list[Try]:
        """The oldest first."""

    def retry(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        """Dead ones (of ``ids``, or all; of ``target``) wait again with a fresh day to be tried
        in; the ids. Of ``ids`` and ``target`` those that wait for a later try are tried now.
        """

    def drop(
        self, ids: Sequence[int] | None, now: Instant, target: str | None = None
    ) -> builtins.list[int]:
        """Those that wait or are dead (of ``ids``, or all; of ``target``) are given up; the ids."""

    def counts(self) -> dict[NotificationState, int]:
        """Count the notifications in each state; states that none is in count 0."""

    def held_up(self, now: Instant) -> int:
        """For how many seconds the next one of some target has been due or tried in vain, at
        most; 0 for none.

        What waits for the end of quiet hours or for a digest is not held up, nor what is behind.
        """

    def put_off(self, now: Instant) -> builtins.list[tuple[str, Instant, Instant, int]]:
        """Messages that were queued for a later time than ``now`` and not tried since: channel,
        when they were written, when they are due, and how many."""

    def tried(self, since: Instant) -> dict[str, int]:
        """Count the tries since then that ended as sent, failed or dead."""

    def list(
        self,
        states: Sequence[NotificationState] = (),
        limit: int = 100,
        target: str | None = None,
    ) -> builtins.list[Notification]:
        """The newest first; of all states and targets where none is given."""


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
