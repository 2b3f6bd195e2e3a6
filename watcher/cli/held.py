"""Words for what is held back: ``status``, ``alerts`` and ``outbox list`` say it alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo

from watcher.model import Instant
from watcher.notification.deferral import Waiting
from watcher.store.records import AlertHold
from watcher.units import format_ago, format_instant

UNKNOWN = "when it is told stands in the rule file, which could not be read (--rules)"


def held_lines(waiting: Iterable[Waiting], now: Instant, zone: tzinfo) -> list[str]:
    """``Held for growth: 3 alerts of rising, waiting for the channel's digest until ...``."""
    return [f"Held for {each.channel}: {each.what}, {reason(each, now, zone)}" for each in waiting]


def reason(held: Waiting | AlertHold, now: Instant, zone: tzinfo) -> str:
    """Cause and end of a hold; one that has just ended is told within the minute."""
    until, text = held.until, held.why
    if held.silence is not None:
        text += f" by silence {held.silence}"
    if until is None:
        return text
    if until <= now:
        return f"{text}: told within a minute"
    return f"{text} until {format_instant(until, zone)} ({format_ago(until, now)})"
