"""A daemon's days without a clock, and what it told held against a replay of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.analysis.readings import Reading
from watcher.analysis.replay import Replay
from watcher.message import Message
from watcher.model import Instant, Scan
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store

TICK = 1_800  # seconds between two sweeps

Said = tuple[Instant, str, Message]  # when, to which channel


@dataclass
class Daemon:
    """Scans are judged when they end; in between what was held is told as soon as it may be."""

    database: Store
    book: Rulebook
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.policies = policies_of(self.book.channels)
        self._now: Instant = 0

    def scan(self, scan: Scan) -> None:
        """One more scan, at its time."""
        self.wait(scan.finished)
        (watch,) = (each for each in self.book.watches if each.key == scan.watch)
        rules = self.book.rules_of(watch)
        outcome = evaluate(
            self.database, scan, rules, self.policies, self.book.metrics, scan.finished
        )
        self._note(scan.finished, outcome.notifications)
        self._sweep(scan.finished)
        self._now = scan.finished

    def wait(self, until: Instant) -> None:
        """A sweep each half hour."""
        begin = self._now - self._now % TICK + TICK if self._now else until
        for now in range(begin, until + 1, TICK):
            self._sweep(now)

    def _sweep(self, now: Instant) -> None:
        self._note(now, sweep(self.database, self.book, self.policies, now))

    def _note(self, now: Instant, rows: list[int] | tuple[int, ...]) -> None:
        for row in rows:
            found = self.database.outbox.get(row)
            assert found is not None
            if found.target == self.policies[found.channel].targets[0]:
                self.said.append((now, found.channel, found.message))


def replayed(
    source: Store, book: Rulebook, time: tuple[Instant, Instant], *, every: bool = True
) -> list[Said]:
    """What a replay of all rules tells."""
    with source.snapshot():
        reading = Reading(source, book.enabled, time)
        with Replay(reading, book, book.enabled, every=every) as replay:
            return [
                (sent.at, sent.channel, sent.message)
                for played in replay.run()
                for sent in played.sent
            ]


def assert_equal(told: list[Said], again: list[Said]) -> None:
    """One by one, so that the first that differs is seen."""
    for number, (one, other) in enumerate(zip(told, again, strict=False)):
        assert one == other, f"message {number}"
    assert len(told) == len(again)
