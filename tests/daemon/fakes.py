"""A scanner that scans as it is told to, and the rules of the daemon's tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fakes.clock import SetClock
from watcher.incidents.operator import Operator
from watcher.model import Instant
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import NotifyPolicy, policies_of
from watcher.notification.rounds import RoundKeeper
from watcher.pipeline import ScanOutcome
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.client import Client
from watcher.store.sqlite.database import Database

RULES = """
channels: {me: {url: "json://127.0.0.1:9/"}}
operator: [me]
defaults: {region: US, notify: [me]}
rules:
  - name: top
    watch: {sort: total_sale_7d_cnt desc, top: 30}
    when: {rank: {at_most: 3}}
"""
OTHER = """
  - name: other
    watch: {sort: spu_avg_price desc, top: 10}
    when: {rank: {at_most: 3}}
"""
ENV = {"KEYAPI_KEY": "key", "KEYAPI_URL": "http://127.0.0.1:9"}


@dataclass
class FakeScanner:
    """Scans as it is told to."""

    work: Callable[[Watch, Instant], ScanOutcome | None]
    policies: list[NotifyPolicy] = field(default_factory=lambda: [NotifyPolicy("me", ("me/1",))])
    scans: list[Instant] = field(default_factory=list)
    until: Instant = 0
    unstored: str | None = None
    rounds: RoundKeeper = field(default_factory=RoundKeeper)

    def sweep(self, database: Database) -> list[int]:
        found = self.book
        return sweep(database, found, policies_of(found.channels), SetClock().now())

    def operator(self, database: Database) -> Operator:
        return Operator(database, self.policies, SetClock().now())

    async def scan(
        self, watch: Watch, at: Instant, *, moved: Callable[[], None]
    ) -> ScanOutcome | None:
        moved()
        self.scans.append(at)
        return self.work(watch, at)

    def swap(self, _book: Rulebook, _client: Client | None) -> None:
        """It has no use for either."""

    @property
    def book(self) -> Rulebook:
        return book()

    def doubt(self, _database: Database) -> None:
        """The source never refused anything."""

    def postpone(self, _watch: Watch, until: Instant) -> None:
        self.until = until

    def not_before(self, _watch: Watch) -> Instant:
        return self.until


def book() -> Rulebook:
    """One rule."""
    return load_text(RULES, env=ENV)
