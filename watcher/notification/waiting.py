"""What is held back now, in short: how much for which channel, why, and until when.

Three kinds of it. What is owed and held by a silence, quiet hours or a digest is remembered row by
row (``store.holding``); a cooldown holds what the next scan after it tells; and the operator's
messages in quiet hours stand in the outbox already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from watcher.model import Instant
from watcher.notification.audiences import Audience, audiences_of
from watcher.notification.decision import Decision
from watcher.notification.flush_deferred import waiting_since
from watcher.notification.holds import Gates
from watcher.notification.notify import manner_of
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sql.deferred import HeldGroup

HELD = "held for the channel"  # by what is not known without the rule file
_NAMED = 3  # rules that a text names


@dataclass(frozen=True, slots=True)
class Waiting:
    """``alerts`` of ``rules``, or else ``messages`` to the operator, that a channel hears later.

    ``why`` is a decision's name, ``since`` when the first began to wait. ``until`` is when the hold
    ends by itself, in a cooldown that of the first; None where the rule file was not read.
    """

    channel: str
    why: str
    alerts: int = 0
    rules: tuple[str, ...] = ()
    messages: int = 0
    since: Instant = 0
    until: Instant | None = None
    silence: int | None = None

    @property
    def what(self) -> str:
        """``3 alerts of beauty-rising``, ``2 messages to the operator``."""
        if not self.alerts:
            return f"{_count(self.messages, 'message')} to the operator"
        named = ", ".join(self.rules[:_NAMED])
        rest = len(self.rules) - _NAMED
        more = f" and {_count(rest, 'rule')} more" if rest > 0 else ""
        return f"{_count(self.alerts, 'alert')} of {named}{more}"


def waiting(database: Store, book: Rulebook | None, now: Instant) -> tuple[Waiting, ...]:
    """All that is held back at ``now``, by channel; without a ``book`` what the database knows."""
    audiences = audiences_of(book.channels) if book is not None else {}
    found = [
        *_held(database, book, audiences, now),
        *(_cooling(database, book, audiences, now) if book is not None else ()),
        *_quiet(database, audiences, now),
    ]
    return tuple(sorted(found, key=lambda each: (each.channel, each.until or 0, each.why)))


def _held(
    database: Store, book: Rulebook | None, audiences: dict[str, Audience], now: Instant
) -> Iterator[Waiting]:
    """By silences, quiet hours and digests: of all rules together for each of these."""
    tellings = set(book.tellings) if book is not None else None
    groups = [
        each
        for each in database.held.groups()
        if tellings is None or (each.rule, each.channel) in tellings
    ]
    ends = {silence.id: silence.ends for silence in database.silences.active(now)}
    gates = Gates(database, now, waiting_since(groups))
    by_hold: dict[tuple[str, int | None], list[HeldGroup]] = {}
    for each in groups:
        by_hold.setdefault((each.channel, each.silence), []).append(each)
    for (channel, silence), held in by_hold.items():
        if silence is not None:
            why, until = Decision.SILENCED.value, ends.get(silence, now)
        elif channel not in audiences:
            why, until = HELD, None
        else:
            hold = gates.closed(audiences[channel])
            digest = audiences[channel].digest is not None
            open_now = Decision.DIGEST if digest else Decision.QUIET  # told within the minute
            why, until = (
                (open_now.value, now) if hold is None else (hold.decision.value, hold.until)
            )
        yield Waiting(
            channel,
            why,
            alerts=sum(each.count for each in held),
            rules=tuple(sorted(each.rule for each in held)),
            since=min(now, *(each.since for each in held)),
            until=until,
            silence=silence,
        )


def _cooling(
    database: Store, book: Rulebook, audiences: dict[str, Audience], now: Instant
) -> Iterator[Waiting]:
    """What fires anew soon after it was told, rule by rule: each has a cooldown of its own."""
    rules = {rule.name: rule for rule in book.rules if rule.cooldown}
    cooldowns = {name: rule.watch.least(rule.cooldown) for name, rule in rules.items()}
    for name, channel, count, told_at in database.alerts.cooling(cooldowns, now):
        rule = rules[name]
        if channel in rule.notify and manner_of(rule, audiences[channel]).tells:
            until = told_at + cooldowns[rule.name]
            why = Decision.COOLDOWN.value
            yield Waiting(channel, why, alerts=count, rules=(name,), since=told_at, until=until)


def _quiet(database: Store, audiences: dict[str, Audience], now: Instant) -> Iterator[Waiting]:
    """Messages to the operator that were written in the channel's quiet hours."""
    for channel, created, until, count in database.outbox.put_off(now):
        audience = audiences.get(channel)
        if audience is not None and audience.quiet_until(created) == until:
            why = Decision.QUIET.value
            yield Waiting(channel, why, messages=count, since=created, until=until)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
