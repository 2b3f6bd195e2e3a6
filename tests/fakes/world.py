"""Rules, a store in memory, and scans made by hand: evaluation without the two ends."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from tests.store.making import DAY, SALES, START, scan
from watcher.alert import Alert, AlertState
from watcher.message import Message
from watcher.model import Instant, ScanState
from watcher.notification.policy import policies_of
from watcher.notification.rounds import RoundKeeper
from watcher.pipeline import ScanOutcome, evaluate
from watcher.rules.files.loading import load_text
from watcher.store.ports import Store
from watcher.text.messages import title_of

HEAD = """
channels:
  me: {url: "json://localhost/"}
  boss: {url: ["json://localhost/a", "json://localhost/b"], min_severity: warning}
defaults: {region: US, notify: [me]}
"""
WATCH = "watch: {sort: total_sale_7d_cnt desc}"
LETTERS = {AlertState.PENDING: "p", AlertState.FIRING: "f"}

Products = Mapping[str, float | Mapping[str, float]]


@dataclass(frozen=True)
class Scanned:
    """What a scan changed, and the alerts themselves."""

    outcome: ScanOutcome
    fired: tuple[Alert, ...]
    resolved: tuple[Alert, ...]


@dataclass
class World:
    """Watches and their rules, mostly one; a day for each scan."""

    database: Store
    rules: str
    day: int = 0
    reports: list[Message] = field(default_factory=list)
    head: str = HEAD
    rounds: RoundKeeper = field(default_factory=RoundKeeper)

    def __post_init__(self) -> None:
        self.reread(self.rules)

    def reread(self, rules: str) -> None:
        """Rules as the file has them now."""
        self.book = load_text(self.head + rules)
        self.database.rules.sync(self.book.marks, self.now)

    @property
    def now(self) -> Instant:
        return START + self.day * DAY

    def scan(
        self,
        products: Products,
        state: ScanState = ScanState.COMPLETE,
        *,
        of: str | None = None,
        days: int = 1,
        due: Collection[str] = (),
        late: int = 60,
    ) -> Scanned:
        """The next day's scan; ``of`` the watch of that name, where there are several. The watches
        named ``due`` are read with it, and it ends so ``late``."""
        (watch,) = (each for each in self.book.used_watches if of in (None, each.name))
        self.day += days
        now = self.now + late
        if repeated := self.rounds.repeated(watch.key):
            self.sweep(late, repeated)
        self.rounds.busy = {each.key for each in self.book.used_watches if each.name in due}
        made = scan(self.now, products, watch=watch.key, state=state)
        outcome = evaluate(
            self.database,
            replace(made, finished=made.finished + late - 60),
            self.book.rules_of(watch),
            policies_of(self.book.channels),
            self.book.metrics,
            now,
            report=self.reports.append,
            round_=self.rounds.at(self.book, watch.key, now),
        )
        self.rounds.committed(watch.key, outcome.waits, outcome.told, now)
        self.rounds.ended(watch.key)
        fired, resolved = (
            tuple(self.database.alerts.by_id(each.alerts))
            for each in (outcome.fired, outcome.resolved)
        )
        return Scanned(outcome, fired, resolved)

    def sweep(self, after: int, besides: Collection[str] = ()) -> list[str]:
        """The titles that a sweep adds, so long after the last scan's time; some channels wait for
        no list."""
        now = self.now + after
        policies = policies_of(self.book.channels)
        rows = self.rounds.sweep(self.database, self.book, policies, now, besides=besides)
        found = [self.database.outbox.get(row) for row in rows]
        return [title_of(row.message) for row in found if row is not None]

    def told(self, target: str = "me/1") -> list[Message]:
        """What is queued for a target, the oldest first."""
        return [each.message for each in self.database.outbox.waiting_for(target)]

    def titles(self, target: str = "me/1") -> list[str]:
        """The titles of what is queued."""
        return [title_of(message) for message in self.told(target)]

    def state(self, rule: str = "r") -> str:
        """``.``, ``p`` or ``f`` for each live alert of the rule; ``.`` for none."""
        live = self.database.alerts.active([rule])
        return "".join(LETTERS[alert.state] for alert in live) or "."

    def march(self, series: str, rule: str = "r", field: str = SALES) -> str:
        """The state after each value of one product's sales, or of another ``field``; ``_`` is a
        missing value, ``x`` a complete scan without the product."""
        states = ""
        for word in series.split():
            products: dict[str, float | Mapping[str, float]] = {"2": {}}
            if word != "x":
                products["1"] = {} if word == "_" else {field: float(word)}
            self.scan(products)
            states += self.state(rule)
        return states
