"""What is held back, in words: ``status``, ``alerts`` and ``outbox list`` say it alike."""

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
    said = [(each, reason(each.why, each.until, each.silence, (now, zone))) for each in waiting]
    return [f"Held for {each.channel}: {each.what}, {why}" for each, why in said]


def hold_text(hold: AlertHold, now: Instant, zone: tzinfo) -> str:
    """``growth: waiting for the channel's digest until ...``."""
    return f"{hold.channel}: {reason(hold.why, hold.until, hold.silence, (now, zone))}"


def reason(
    why: str, until: Instant | None, silence: int | None, clock: tuple[Instant, tzinfo]
) -> str:
    """Why and until when by the ``clock``, now and the zone that it shows; the hold of a gate that
    has just opened ends within the minute."""
    now, zone = clock
    text = f"{why} by silence {silence}" if silence is not None else why
    if until is None:
        return text
    if until <= now:
        return f"{text}: told within a minute"
    return f"{text} until {format_instant(until, zone)} ({format_ago(until, now)})"
