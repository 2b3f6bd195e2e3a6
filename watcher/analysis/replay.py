"""The stored past played to rules once more, message for message. Nothing is recorded anew: scans
are read into memory once (``readings``), and alerts and messages have a database of their own
there, so nothing reaches the user's database or channels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import msgspec
import numpy as np

from watcher.alert import Alert
from watcher.analysis.played_rounds import PlayedRounds
from watcher.analysis.readings import Reading
from watcher.evaluation.freshness import LATE, is_late
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.stepping import compares
from watcher.evaluation.tabling import needs_of
from watcher.evidence import Evidence
from watcher.message import Message
from watcher.model import Instant, Scan
from watcher.notification.policy import Decision, NotifyPolicy, policies_of
from watcher.notification.rounds import RoundKeeper
from watcher.pipeline import Evaluator, Keys, ScanOutcome, evaluate
from watcher.rules.conditions.base import Judge
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.engine import Engine
from watcher.store.memory.alerts import MemoryAlerts, MemoryOutbox

NOBODY = "nobody"  # the channel that takes what a rule without channels would tell

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that a channel would have been sent at ``at``, and the rules that it is of."""

    at: Instant
    channel: str
    message: Message
    rules: tuple[str, ...] = ()


class PlayedAlert(msgspec.Struct, frozen=True, gc=False):
    """An alert that a channel was told of: its rule, product (the key in the store), the watch that
    opened it, and why."""

    channel: str
    rule: str
    product: int
    watch: str
    alert: int
    decision: Decision


@dataclass(frozen=True, slots=True)
class Played:
    """The messages that a scan, or a moment between two scans, would have caused at ``at``, and
    each alert that they tell of, once for each channel. ``scan`` and ``watch`` are None between two
    scans; ``fired`` and ``ended`` are the alerts that did so with it, by rule."""

    at: Instant
    sent: tuple[Sent, ...]
    told: tuple[PlayedAlert, ...]
    scan: Instant | None = None
    watch: str | None = None
    fired: Mapping[str, Keys] = field(default_factory=dict)
    ended: Mapping[str, Keys] = field(default_factory=dict)

    @property
    def products(self) -> frozenset[int]:
        """Products of which some channel was told."""
        return frozenset(each.product for each in self.told)


class Stage:
    """Rules whose messages go nowhere; close it at the end. A rule that tells nobody tells
    ``NOBODY``, and one that is not enabled is enabled here. Where ``held``, quiet hours and digests
    hold messages back as in earnest. ``foreign``: alerts are of products that another database
    has."""

    def __init__(
        self, book: Rulebook, rules: Sequence[Rule], *, held: bool = False, foreign: bool = False
    ) -> None:
        self.database = Engine.in_memory(foreign=foreign)
        self.outbox = MemoryOutbox()
        self.database.outbox = self.outbox
        self.rules = tuple(
            replace(
                rule,
                notify=rule.notify or (NOBODY,),
                enabled=True,
                quiet=rule.quiet if held else None,
            )
            for rule in rules
        )
        self.book = replace(book, rules=self.rules)
        named = policies_of(book.channels)
        if not held:
            named = {
                name: replace(each, quiet=None, digest=None, at_most=None)
                for name, each in named.items()
            }
        self.policies = {**named, NOBODY: NotifyPolicy(NOBODY, (f"{NOBODY}/1",))}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.database.close()

    def judge(self, scan: Scan, keeper: RoundKeeper) -> ScanOutcome:
        """Judge a scan that nobody has recorded, in the round that ``keeper`` knows."""
        rules = [rule for rule in self.rules if rule.reads(scan.watch)]
        outcome = evaluate(
            self.database, scan, rules, self.policies, self.book.metrics, scan.at,
            round_=keeper.at(self.book, scan.watch, scan.at),
        )  # fmt: skip
        keeper.committed(scan.watch, outcome.waits, outcome.told, scan.at)
        return outcome

    def round_of(self, scans: Sequence[Scan]) -> Iterator[tuple[Scan, RoundKeeper]]:
        """Yield scans that are due together, each with who is read after it."""
        keeper = RoundKeeper()
        for number, scan in enumerate(scans, start=1):
            keeper.busy = {each.watch for each in scans[number:]}
            yield scan, keeper

    def played(self, now: Instant, notifications: Sequence[int]) -> Played:
        """The messages and alerts of these notifications, written now."""
        messages = self._written(notifications)
        ids = {one for _, each in messages for found in each.alerts.values() for one in found}
        briefs = self.database.alerts.brief(ids)
        alerts = {alert: (rule, key, watch) for alert, rule, key, _, watch in briefs}
        sent: list[Sent] = []
        told: list[PlayedAlert] = []
        for channel, message in messages:
            about = [
                PlayedAlert(channel, *alerts[alert], alert, Decision(decision))
                for decision, each in message.alerts.items()
                for alert in each
            ]
            rules = tuple(dict.fromkeys(each.rule for each in about))
            sent.append(Sent(now, channel, message, rules))
            told += about
        return Played(now, tuple(sent), tuple(told))

    def _written(self, notifications: Sequence[int]) -> list[tuple[str, Message]]:
        """The messages and their channels, each once: all targets of a channel get the same."""
        found = {
            (channel, id(message)): message for channel, message in self.outbox.take(notifications)
        }
        return [(channel, message) for (channel, _), message in found.items()]


class Replay(Stage):
    """Plays a reading to ``rules``, of whichever of its watches; silences play no part. Forms of
    one rule played at once, by names of their own, cost least: what they ask of the past is read
    once. Every alert that fired stays in ``database.alerts``, with its evidence; where not
    ``every``, only those that go on do, and evidence is made for what messages show."""

    def __init__(
        self,
        reading: Reading,
        book: Rulebook,
        rules: Sequence[Rule],
        *,
        held: bool = True,
        every: bool = True,
    ) -> None:
        super().__init__(book, rules, held=held, foreign=True)
        self._every = every
        self._reading = reading
        self.past = reading.recalled()  # all that is known at the moment that is played
        # Texts are known as they were at the moment that is played, not before; and who is gone
        # stands in no table of that scan.
        at_once = {
            rule.name
            for rule in self.rules
            if rule.when.attributes or rule.when.of_gone or rule.group is not None
        }
        self._alerts = MemoryAlerts(self._why, at_once)
        self.database.alerts = self._alerts
        watches = [watch for rule in self.rules for watch in rule.watches]
        self._rules_of = {watch.key: self.book.rules_of(watch) for watch in watches}
        self._by_name = {rule.name: rule for rule in self.rules}
        self._places: dict[tuple[str, Instant], int] = {}
        self._evaluator = Evaluator(self.database, self.past, self.policies, book.metrics)
        self._now: Instant = 0
        self._rounds = PlayedRounds(self.database, self.past, self.book, self.policies, held)

    def run(self, progress: Progress | None = None) -> Iterator[Played]:
        """Yield all scans of the reading's time, and what is told between them and up to its end.
        ``progress`` hears how many scans are done, and of how many."""
        line = self.past.matrix.timeline
        places = self._reading.places
        for done, place in enumerate(places, start=1):
            now = int(line.finished[place])
            yield from self._wait(now)
            if repeated := self._rounds.repeated(line.watches[place]):
                yield self.played(now, self._rounds.sweep(now, repeated))
            self.past.move(place)
            own = self._rules_of.get(line.watches[place])
            if own is not None and self._reading.counts(place):
                yield self._play(place, own, now)
            if self._rounds.is_over(place, now):  # of a scan that came to nothing
                yield self.played(now, self._rounds.sweep(now))
            if progress is not None:
                progress(done, len(places))
        yield from self._wait(self._reading.time[1])

    def _play(self, place: int, rules: Sequence[Rule], now: Instant) -> Played:
        scan, seen = self.past.scan(place)
        schedule = rules[0].watch_of(scan.watch).schedule
        table = stored_table(self.past, scan, seen, needs_of(rules), schedule)
        if not table.waits and any(map(compares, rules)) and is_late(self.past, scan):
            table.waits = LATE
        self._alerts.all_at_once = self._every or bool(table.waits)
        if not self._every:
            self._forget_ended()
        self._places[scan.watch, min(scan.at, now)] = place
        round_ = self._rounds.of(place, scan.watch, now)
        with self.database.atomic():
            sequel = self._evaluator.follow(table, rules, now, round_=round_)
        self._rounds.committed(scan.watch, sequel, now)
        self._now = now
        return replace(
            self.played(now, sequel.notifications),
            scan=scan.at,
            watch=scan.watch,
            fired=sequel.fired,
            ended=sequel.resolved,
        )

    def _forget_ended(self) -> None:
        held = self.database.held
        waiting = [each.alert for group in held.groups() for each in held.of_rule(group.rule)]
        self._alerts.forget(waiting)

    def _why(self, alert: Alert) -> tuple[Evidence, ...]:
        """The evidence of an alert that fired at an earlier scan, judged once more."""
        rule = self._by_name[alert.rule]
        watch = rule.watch_of(alert.watch)
        place = self._places[watch.key, alert.fired_at or 0]
        seen = self.past.sighting(place, np.array([alert.product]))
        needs = rule.when.needs
        table = stored_table(self.past, seen.row, seen.recorded, needs, watch.schedule)
        row = int(np.flatnonzero(table.products == alert.product)[0])
        return rule.when.evidence(Judge(table), row)

    def _wait(self, until: Instant) -> Iterator[Played]:
        """Tell what was held as soon as its hold is over."""
        if not self.database.held.groups():
            return
        # What was kept back though nothing held it, as an end of what fired anew.
        if rows := self._rounds.sweep(self._now):
            yield self.played(self._now, rows)
        while (opens := self._rounds.next_opening(self._now)) is not None and opens <= until:
            self._now = opens
            yield self.played(opens, self._rounds.sweep(opens))
