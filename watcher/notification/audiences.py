"""Channels as the middle sees them: who is told, and at which times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.model import Instant, Severity
from watcher.rules.rulebook import Channel
from watcher.schedule import Cron, Quiet


@dataclass(frozen=True, slots=True)
class Audience:
    """A channel: the names of its targets, the least severity, and when it may be told."""

    channel: str
    targets: tuple[str, ...]
    min_severity: Severity = Severity.INFO
    quiet: Quiet | None = None
    digest: Cron | None = None

    def quiet_until(self, now: Instant) -> Instant | None:
        """The end of the quiet hours that ``now`` lies in; None outside of them."""
        return self.quiet.until(now) if self.quiet is not None else None


def audiences_of(channels: Mapping[str, Channel]) -> dict[str, Audience]:
    """The rule file's channels, without their URLs."""
    return {
        name: Audience(name, channel.targets, channel.min_severity, channel.quiet, channel.digest)
        for name, channel in channels.items()
    }
