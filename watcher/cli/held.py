"""Words for what is held back: ``status``, ``alerts`` and ``outbox list`` say it alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import Generic, TypeVar

from watcher.cli.output import Output
from watcher.model import Instant
from watcher.notification.deferral import Waiting
from watcher.rules.rulebook import Rulebook
from watcher.store.records import AlertHold
from watcher.units import format_ago, format_instant

R = TypeVar("R")

_UNKNOWN = "when it is told stands in the rule file, which could not be read (--rules)"


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """The newest ``rows`` that match, whether there are ``more``, and what is ``held`` back; with
    the rule file, where it can be read."""

    now: Instant
    zone: tzinfo
    book: Rulebook | None
    rows: Sequence[R]
    more: bool
    held: Sequence[Waiting]

    def say_rest(self, out: Output, lines: Iterable[str] = ()) -> None:
        """Say that there are more, then the ``lines``, and what only the rules would tell."""
        if self.more:
            out.say(f"The newest {len(self.rows):,}; --limit shows more.")
        for line in lines:
            out.say(line)
        if self.held and self.book is None:
            out.say(_UNKNOWN)


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
