"""One watch whose scans have texts: a list of ten products beside those that are spoken of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.fakes.world import HEAD
from tests.store.making import DAY, SALES, START, scan
from watcher.alert import Alert, AlertState
from watcher.attributes import MADE
from watcher.evidence import Evidence
from watcher.model import Doubt, Instant, Scan, ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import ScanOutcome, evaluate
from watcher.rules.asked_texts import followed_texts, made_texts
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store

Texts = Mapping[str, str | None]
Sales = float | Mapping[str, float]
OTHERS = tuple(f"9{number}" for number in range(12))
FULL, PARTIAL, FAILED, DOUBTED = "full", "partial", "failed", "doubted"


@dataclass
class Following:
    """Rules of one watch on a store, and scans of it, a day apart where nothing else is said."""

    store: Store
    rules: str
    at: Instant = START
    watch: str = f"{{sort: {SALES} desc}}"
    seen: list[Scan] = field(default_factory=list)
    asked: tuple[str, ...] | None = None  # of products of one's own, beside the others
    cut: bool | None = None

    def __post_init__(self) -> None:
        self.book: Rulebook = load_text(f"{HEAD}watches: {{w: {self.watch}}}\nrules:\n{self.rules}")
        self.store.rules.sync(self.book.marks, self.at)

    @property
    def key(self) -> str:
        return self.book.watches[0].key

    def made(self, products: Mapping[str, Texts], kind: str = FULL, sales: Sales = 50.0) -> Scan:
        """A scan that lists these products with their texts, above the others."""
        state = {PARTIAL: ScanState.PARTIAL, FAILED: ScanState.FAILED}.get(kind, ScanState.COMPLETE)
        # Numbers move a little, or the data would be late.
        more = len(self.seen) / 100
        own = dict.fromkeys(products, sales) if isinstance(sales, float | int) else sales
        others = sales if isinstance(sales, float | int) else 50.0
        numbers = {
            each: value + more for each, value in {**own, **dict.fromkeys(OTHERS, others)}.items()
        }
        if kind == FAILED:
            numbers = {}
        found = scan(self.at, numbers, watch=self.key, state=state)
        asked = made_texts(self.book.rules)
        given = {"product_name", *(name for texts in products.values() for name in texts)}
        names = given - {*MADE} | {*asked}
        texts = {
            name: tuple(
                products[each].get(name) if each in products else "other" for each in numbers
            )
            for name in names
        }
        doubt = Doubt("a gap", self.at) if kind == DOUBTED else None
        followed = followed_texts(self.book.rules)
        made = replace(found, texts={**found.texts, **texts}, doubt=doubt, followed=followed)
        if self.cut is not None:  # a shop, of which nobody knows how much of it there is
            made = replace(made, of_market=False, regions=("US",) * len(made), cut=self.cut)
        if self.asked is not None:
            asked = tuple({**dict.fromkeys((*self.asked, *OTHERS))})
            made = replace(made, of_market=False, regions=("US",) * len(made), asked=asked)
        return made

    def scan(
        self, products: Mapping[str, Texts], kind: str = FULL, after: int = DAY, sales: Sales = 50.0
    ) -> ScanOutcome:
        """The next scan, judged."""
        self.at += after
        self.seen.append(self.made(products, kind, sales))
        return evaluate(
            self.store, self.seen[-1], self.book.rules, policies_of(self.book.channels),
            self.book.metrics, self.at + 60,
        )  # fmt: skip

    def fired(self, outcome: ScanOutcome) -> list[str]:
        """The ids of the products of which an alert began to fire."""
        facts = self.store.history.facts(outcome.fired.products)
        return sorted(facts[product].product_id for product in outcome.fired.products)

    def alerts(self, outcome: ScanOutcome) -> list[Alert]:
        return self.store.alerts.by_id(outcome.fired.alerts)

    def evidence(self, outcome: ScanOutcome) -> Evidence:
        """The first of the only alert that began to fire."""
        (alert,) = self.alerts(outcome)
        return alert.evidence[0]

    def firing(self, rule: str = "r") -> list[str]:
        live = self.store.alerts.live([rule])
        keys = [alert.product for alert in live if alert.state is AlertState.FIRING]
        return sorted(facts.product_id for facts in self.store.history.facts(keys).values())
