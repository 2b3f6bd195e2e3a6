"""Alerts, the rules they are of, and what is told of them or held back."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from watcher.model import (
    Alert,
    AlertState,
    Evidence,
    Instant,
    Ints,
    NotificationLogEntry,
    NotificationState,
)
from watcher.store.sql.alerts import AlertRow, Brief, Transition, Why
from watcher.store.sql.deferred import Held, HeldGroup
from watcher.store.sql.extracts import Choice, Extract
from watcher.store.sql.live import Live
from watcher.store.sql.rules import RuleChanges
from watcher.store.sql.silences import Silence
from watcher.store.sqlite.connection import Row
from watcher.store.sqlite.tellings import Delivered, ToldAlert


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


class Rules(Protocol):
    """Rules by name, each with the fingerprint it was last read with."""

    def sync(self, rules: Sequence[tuple[str, str]], now: Instant) -> RuleChanges:
        """Moves the rules and their alerts from what was known to ``rules``, as one transaction.

        A removed rule's alerts end silently. One that comes back within a day finds them again.
        """

    def ever_fired(self) -> set[tuple[str, str]]:
        """Name and fingerprint of each rule that fired since it was written so."""

    def not_fired_since(self, since: Instant) -> set[str]:
        """Names of the rules that are older than ``since`` and have not fired from then on."""


class Holding(Protocol):
    """At most one thing is held for each rule, product and channel: the newest."""

    def groups(self) -> builtins.list[HeldGroup]:
        """Return what is held in short, each with the time of its oldest."""

    def of_rule(self, rule: str) -> builtins.list[Held]:
        """All of one rule."""

    def of_alerts(self, alerts: Iterable[int]) -> builtins.list[Held]:
        """All of these alerts."""

    def put(self, held: Iterable[Held]) -> None:
        """Hold these, in place of what was held of the same rule, product and channel."""

    def release(self, held: Iterable[Held]) -> None:
        """Hold these no more."""

    def keep_only(self, tellings: Sequence[tuple[str, str]]) -> None:
        """Forget what is held of other rules or for other channels than these (rule, channel)."""


class Silences(Protocol):
    """Silences by id; one that is over stays for a while, to be looked up."""

    def add(
        self,
        *,
        begins: Instant,
        ends: Instant,
        rule: str | None = None,
        product: str | None = None,
        seller: str | None = None,
        category: str | None = None,
        comment: str = "",
    ) -> Silence:
        """A new silence. ``ValueError`` without a pattern, or where it ends before it begins."""

    def get(self, silence: int) -> Silence | None: ...

    def end(self, silence: int, now: Instant) -> bool:
        """End it now; False where it is over already, or never was."""

    def list(self) -> builtins.list[Silence]:
        """All, the newest first."""

    def active(self, now: Instant) -> builtins.list[Silence]:
        """Return those that are on, the one that lasts longest first."""

    def matching_nothing(self, rules: Iterable[str], now: Instant) -> builtins.list[Silence]:
        """Those that are not over, and cover none of ``rules`` or no product that is known."""

    def of_product(self, product: int, now: Instant) -> builtins.list[Silence]:
        """Return those that are on and cover the product, of whichever rules."""

    def covering(self, rule: str, products: Sequence[int], now: Instant) -> dict[int, Silence]:
        """The silence that lasts longest for each of these products of the rule, where any is."""


class Tellings(Protocol):
    """Stored messages that some target took, and their alerts."""

    def delivered(self, rules: Sequence[str], since: Instant, until: Instant) -> list[Delivered]:
        """The messages of these rules, and those of several rules, whose data is of ``since`` to
        ``until`` and that were sent; the oldest data first. Of their texts nothing is read."""

    def told_alerts(self, ids: Sequence[int]) -> dict[int, ToldAlert]:
        """The alerts of these ids that there are and that ever fired."""

    def evidence_of(self, ids: Sequence[int]) -> dict[int, tuple[Evidence, ...]]:
        """Return why each of these alerts fired."""

    def known_from(self, rule: str, watch: str) -> Instant | None:
        """The time from which on the rule can have told something, for it is known and its list
        was read; None where it never was."""

    def newest(self) -> tuple[int, int]:
        """Return what changes whenever a scan is stored, or a message is sent or given up."""


class Browsing(Protocol):
    """Ids for the page, one leaf at a time: ``before`` is the last id of the leaf before."""

    def live_alerts(
        self,
        state: AlertState,
        rule: str | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[int]:
        """Ids of alerts that are in this state now (pending or firing), the newest in it first."""

    def past_alerts(
        self, rule: str | None = None, before: int | None = None, limit: int = 50
    ) -> list[int]:
        """Ids of alerts that are over, the newest first."""

    def live_counts(self, rule: str) -> dict[str, int]:
        """Return how many alerts of a rule are pending and firing."""

    def alerts_of_product(self, product: int, limit: int = 50) -> list[int]:
        """Ids of a product's alerts of any state, the newest first."""

    def notifications(
        self,
        state: NotificationState | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[int]:
        """Ids of notifications, of one state or of all, the newest first."""

    def notifications_of_rule(self, rule: str, limit: int = 30) -> list[int]:
        """Ids of the notifications of a rule's own messages, the newest message first."""

    def products(self, text: str) -> list[tuple[str, str, str]]:
        """Region, id and name of products by their id, or else by a part of their name."""


class Extracts(Protocol):
    """Alerts and scans in bulk, for other programs."""

    def alerts(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The alerts that were live at some moment of the time.

        Rows of id, rule, region, product id, name, state, since, last met, fired at, resolved at,
        reason, and the evidence as JSON.
        """

    def transitions(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The alerts' changes of state in the time.

        Rows of id, alert, rule, region, product id, name, time, state before, state after, reason.
        """

    def scans(self, choice: Choice) -> Extract[Sequence[Row]]:
        """The scans of the time, of any state.

        Rows of id, watch (its key), region, time, begin, end, state, requests, pages, products,
        rows that it changed, error, whether it was cut off, and what the list said of itself.
        """
