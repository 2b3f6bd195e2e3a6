"""Word to the operator where the database fails: the one message that can't go by the outbox.

It is sent straight to the operator's targets, once a cause and once at its end, and is kept in
memory only. A target that does not take it is asked again at the next look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from watcher.delivery.apprise.target import OutcomeKind
from watcher.delivery.message import render
from watcher.delivery.ports import Sender
from watcher.incident import Incident, IncidentKind
from watcher.model import Instant, Message, Severity
from watcher.notification.policy import NotifyPolicy

DATABASE = Incident(IncidentKind.DATABASE)
LOOKS = 2  # bad looks in a row before somebody is told: a lock or a large commit passes

log = structlog.get_logger("watcher.daemon")


@dataclass(slots=True)
class DirectAlert:
    """``operator`` and ``targets`` are asked for at each look: a reload may change both."""

    operator: Callable[[], Sequence[NotifyPolicy]]
    targets: Callable[[], Mapping[str, Sender]]
    _bad: int = 0
    _told: set[str] = field(default_factory=set)  # targets that know of it

    async def look(self, reason: str | None, now: Instant) -> None:
        """What is wrong with the database at ``now``; None is nothing."""
        if reason is None:
            self._bad = 0
            if self._told:
                over = _message(DATABASE, Severity.INFO, now)
                self._told -= await self._send(over, self._told, now)
            return
        self._bad += 1
        if self._bad >= LOOKS:
            names = {target for audience in self.operator() for target in audience.targets}
            message = _message(DATABASE.with_details(error=reason), Severity.CRITICAL, now)
            self._told |= await self._send(message, names - self._told, now)

    async def _send(self, message: Message, names: set[str], now: Instant) -> set[str]:
        """The targets that took it, or that are no more."""
        quiet = {
            target
            for audience in self.operator()
            if audience.urgent_hold(now) is not None
            for target in audience.targets
        }
        asked = sorted(names - quiet)
        took = await asyncio.gather(*(self._try(name, message) for name in asked))
        return {name for name, taken in zip(asked, took, strict=True) if taken}

    async def _try(self, name: str, message: Message) -> bool:
        target = self.targets().get(name)
        if target is None:
            return True
        outcome = await target.send(render(message, target.style, limit=target.limit))
        if outcome.kind is not OutcomeKind.SENT:
            log.warning("the operator could not be told", target=name, error=outcome.detail)
        return outcome.kind is OutcomeKind.SENT


def _message(incident: Incident, severity: Severity, now: Instant) -> Message:
    over = severity is Severity.INFO
    return Message("operator", "", severity, created=now, incident=incident, over=over)
