"""Alerts, and what a channel was told of them last."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from watcher.evidence import Evidence
from watcher.model import Instant, Severity


class AlertState(StrEnum):
    """State of one rule for one product. "Resolved" is a time and an event, no state."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


class Alert(msgspec.Struct, frozen=True, gc=False):
    """One rule's claim about one product: a row for each time it became pending. ``id`` is 0 before
    the store gives one, ``product`` its key. ``since`` is when the state began, ``last_met`` when
    ``when`` was last met, ``absent`` how many complete scans in a row lack the product.
    ``carried``: an older form of the rule fired it; it goes on without being told again. ``watch``
    is the key of the one that opened it, whose scans alone move it; of a rule of several watches,
    "" is that of none of them. ``severity`` is what the data gave it at the last scan, of a rule
    whose severity that decides (``Rule.severity_of``). ``acknowledged`` is since when somebody
    wants no reminder of it: what is saved leaves that as it is."""

    id: int
    rule: str
    product: int
    state: AlertState
    since: Instant
    last_met: Instant
    fired_at: Instant | None = None
    resolved_at: Instant | None = None
    reason: str | None = None
    absent: int = 0
    carried: bool = False
    evidence: tuple[Evidence, ...] = ()
    watch: str = ""
    severity: Severity | None = None
    acknowledged: Instant | None = None

    @property
    def short_id(self) -> str:
        return f"A{self.id}"

    @property
    def leaves_trace(self) -> bool:
        """Whether it is stored: one that ended without ever having fired is not."""
        return self.state is not AlertState.INACTIVE or self.fired_at is not None

    @property
    def outcome(self) -> str:
        """The state in a word; of an alert that is over, why it ended."""
        return self.reason or "over" if self.state is AlertState.INACTIVE else self.state.value


class ToldWith(msgspec.Struct, frozen=True):
    """Values (by the canonical text of a metric) that a message was told with, of data of ``at``;
    what had no value is left out."""

    at: Instant
    values: dict[str, float]


class NotificationLogEntry(msgspec.Struct, frozen=True, gc=False):
    """A channel's last news of one rule and product: the alert, and the message's first
    ``notification``, None where it was queued for no target. ``told_with`` are the values of which
    the rule's ``again`` speaks; ``severity`` is the highest that was told of the alert, of a rule
    whose severity the data decides; ``muted`` names the rule that had the begin dropped, which
    counts as told. These are None where there is no such thing, or they were not asked for."""

    rule: str
    product: int
    channel: str
    alert: int
    told_at: Instant
    resolved_told: bool = False
    notification: int | None = None
    told_with: ToldWith | None = None
    severity: Severity | None = None
    muted: str | None = None
