"""The last known value, over scans of nulls and scans without the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.fakes.world import HEAD
from tests.rules.tables import condition
from tests.store import making
from tests.store.making import DAY, START, scan
from watcher.analysis.backtest import backtest
from watcher.analysis.explain import explain
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.evidence import Evidence
from watcher.message import Message
from watcher.model import Doubt, ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.conditions.base import Last
from watcher.rules.conditions.registry import NUMBER_OPERATORS, Takes
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import RANK
from watcher.rules.rulebook import Rulebook
from watcher.store.sqlite.database import Database
from watcher.text.evidence import gap_of
from watcher.units import HOUR

PRICE, SALES = "spu_avg_price", "total_sale_7d_cnt"
LONG = 100 * DAY  # after that nothing of before counts
NULL, ABSENT, CUT, DOUBTED, FAILED = "null", "absent", "cut", "doubted", "failed"

# Each operator that compares with the last value, with what it fires on.
CASES = {
    "rises": ("{spu_avg_price: {rises: 50%}}", 10.0, 20.0),
    "falls": ("{spu_avg_price: {falls: 50%}}", 20.0, 10.0),
    "changes": ("{spu_avg_price: {changes: 5}}", 10.0, 20.0),
    "becomes": ("{sales_trend_flag: {becomes: rising}}", 0.0, 1.0),
    "leaves": ("{sales_trend_flag: {leaves: stable}}", 0.0, 1.0),
    "crosses_above": ("{spu_avg_price: {crosses_above: 15}}", 10.0, 20.0),
    "crosses_below": ("{spu_avg_price: {crosses_below: 15}}", 20.0, 10.0),
    "climbs": ("{rank: {climbs: 1}}", 2, 1),
    "drops": ("{rank: {drops: 1}}", 1, 2),
}
DERIVED = "{commission: {rises: 0.05}}"


class Shop:
    """One product among others, seen as a series says; ``at`` of the last scan."""

    def __init__(self, store: Database, when: str, every: str = "24h") -> None:
        text = f"watch: {{sort: {SALES} desc, every: {every}}}, when: {when}"
        self.book: Rulebook = load_text(f"{HEAD}rules:\n- {{name: r, {text}}}")
        self.store = store
        self.at = START
        store.rules.sync(self.book.marks, START)

    def see(self, value: float | str, after: int = DAY) -> list[Evidence]:
        """A scan so long after the one before; the evidence of what fired."""
        (rule,) = self.book.rules
        self.at += after
        products: dict[str, dict[str, float]] = {"2": {SALES: 5.0}, "3": {SALES: 4.0}}
        state = {CUT: ScanState.PARTIAL, FAILED: ScanState.FAILED}.get(
            str(value), ScanState.COMPLETE
        )
        if value == FAILED:
            products = {}
        elif value not in (ABSENT, CUT, DOUBTED):
            products = self._listed(rule.when.metrics[0].needs, value)
        made = scan(self.at, products, watch=rule.watch.key, state=state)
        if value == DOUBTED:
            made = replace(made, doubt=Doubt("a gap", self.at))
        outcome = evaluate(
            self.store, made, self.book.rules, policies_of(self.book.channels),
            self.book.metrics, self.at,
        )  # fmt: skip
        (facts,) = self.store.history.find("1")
        fired = self.store.alerts.by_id(outcome.fired.alerts)
        ours = [alert for alert in fired if alert.product == facts.product]
        return [each for alert in ours for each in alert.evidence]

    def gap(self, kind: str) -> str:
        """A list has a place for everybody: a rank is missing only with its product."""
        ranked = self.book.rules[0].when.metrics[0].name == RANK
        return ABSENT if ranked and kind == NULL else kind

    @staticmethod
    def _listed(needs: frozenset[str], value: float | str) -> dict[str, dict[str, float]]:
        (name,) = needs
        if name == "rank":
            order = ["2", "1", "3"] if value == 2 else ["1", "2", "3"]
            return {key: {SALES: 9.0} for key in order}
        own = {SALES: 9.0} if value == NULL else {SALES: 9.0, name: float(value)}
        return {"1": own, "2": {SALES: 5.0}, "3": {SALES: 4.0}}

    def message(self) -> Message:
        """The last one queued."""
        return self.store.outbox.waiting_for("me/1")[-1].message


def test_every_operator_on_the_last_value_is_here() -> None:
    """A new one must be tried, too."""
    lasting = set()
    for operator in NUMBER_OPERATORS:
        metric = RANK if operator.only_rank else PRICE
        if operator.takes in (Takes.VALUE, Takes.CHANGE, Takes.PLACES, Takes.SCORE):
            needs = condition({metric: {operator.name: 1}}).needs
            if any(isinstance(need.from_, Last) for need in needs):
                lasting.add(operator.name)
    assert lasting == set(CASES)


@pytest.mark.parametrize("operator", CASES)
def test_what_lies_between_hides_nothing(store: Database, operator: str) -> None:
    """Neither scans of nulls nor scans without the product; and it is told once."""
    when, before, now = CASES[operator]
    shop = Shop(store, when)
    for between in ((), (NULL,), (ABSENT,), (NULL, ABSENT), (CUT,), (DOUBTED,), (FAILED,)):
        shop.see(before, LONG)
        for each in between:
            assert shop.see(shop.gap(each)) == []
        (fired,) = shop.see(now)
        assert (fired.baseline, fired.value) == (before, now), between
        assert shop.see(now) == []


@pytest.mark.parametrize("operator", CASES)
def test_two_weeks_are_the_limit(store: Database, operator: str) -> None:
    """What is older is no last value."""
    when, before, now = CASES[operator]
    shop = Shop(store, when)
    for days, known in ((13, True), (14, True), (15, False)):
        for gap in (NULL, ABSENT):
            shop.see(before, LONG)
            for after in (DAY, 5 * DAY, 3 * DAY):
                shop.see(shop.gap(gap), after)
            fired = shop.see(now, (days - 9) * DAY)
            assert bool(fired) is known, (days, gap)
            what = "no value" if shop.gap(gap) == NULL else "not on the list"
            assert [gap_of(each) for each in fired] == [f"{what} for {days} days"] * known
            shop.see(now)


@pytest.mark.parametrize(
    ("between", "gap"),
    [
        ([], ""),
        ([NULL], ""),
        ([ABSENT], ""),
        ([NULL, NULL], "no value for 3 days"),
        ([ABSENT, ABSENT], "not on the list for 3 days"),
        ([ABSENT, NULL], "no value for 3 days"),
        ([NULL, ABSENT], "no value for 3 days"),
        ([ABSENT, CUT], "not seen for 3 days"),
        ([ABSENT, DOUBTED], "not seen for 3 days"),
        ([ABSENT, FAILED], ""),
        ([ABSENT] * 8, "not on the list for 9 days"),
    ],
)
def test_an_older_value_is_told_as_such(store: Database, between: Sequence[str], gap: str) -> None:
    """In the message and by ``explain``; a scan that read nothing does not count."""
    shop = Shop(store, CASES["rises"][0])
    shop.see(10.0)
    for each in between:
        shop.see(each)
    (fired,) = shop.see(20.0)
    assert gap_of(fired) == gap
    told = render(shop.message(), Style.PLAIN).body
    assert ("not on" in told or "not seen" in told or "no value" in told) is bool(gap)
    assert gap in told
    (facts,) = store.history.find("1")
    evidence = explain(store, shop.book, shop.book.rules[0], facts, shop.at).when.evidence
    assert evidence is not None
    assert gap_of(evidence) == gap


def test_hours_are_told_as_hours(store: Database) -> None:
    """Of a watch that is read often."""
    shop = Shop(store, CASES["rises"][0], every="1h")
    shop.see(10.0)
    for _ in range(5):
        shop.see(NULL, HOUR)
    (fired,) = shop.see(20.0, HOUR)
    assert gap_of(fired) == "no value for 6 hours"


def test_a_metric_of_parts_is_known_where_all_are(store: Database) -> None:
    """And each metric has its own last value."""
    shop = Shop(store, "{any: [{commission: {rises: 0.05}}, {spu_avg_price: {rises: 5}}]}")
    rate = "product_commission_rate"

    def see(**fields: float) -> list[str]:
        shop.at += DAY
        made = scan(shop.at, {"1": {SALES: 9.0, **fields}}, watch=shop.book.rules[0].watch.key)
        outcome = evaluate(
            store, made, shop.book.rules, policies_of(shop.book.channels), shop.book.metrics,
            shop.at,
        )  # fmt: skip
        return [
            f"{each.metric} {each.baseline}"
            for alert in store.alerts.by_id(outcome.fired.alerts)
            for each in alert.evidence
            if each.verdict.value == "met"
        ]

    assert see(**{rate: 0.10, PRICE: 10.0}) == []
    assert see(**{PRICE: 11.0}) == []
    assert see(**{rate: 0.12}) == []
    assert see(**{PRICE: 12.0}) == []
    assert see(**{rate: 0.20, PRICE: 13.0}) == ["commission 0.12"]
    assert see(**{rate: 0.20, PRICE: 13.0}) == []
    assert see(**{rate: 0.20, PRICE: 19.0}) == ["spu_avg_price 13.0"]


def test_a_watch_that_is_rarely_read_has_a_last_value(store: Database) -> None:
    """Two weeks are less than its interval: the scan before counts all the same."""
    shop = Shop(store, CASES["rises"][0], every="30d")
    shop.see(10.0)
    (fired,) = shop.see(20.0, 30 * DAY)
    assert fired.baseline == 10
    shop.see(NULL, 30 * DAY)
    assert shop.see(40.0, 31 * DAY) == []


def test_other_watches_fill_no_gap(store: Database) -> None:
    """What they saw in between would hide the change from this one's rules."""
    shop = Shop(store, CASES["rises"][0])
    shop.see(10.0)
    shop.see(NULL)
    store.history.record(scan(shop.at + HOUR, {"1": {PRICE: 20.0}}, watch="other"))
    (fired,) = shop.see(20.0)
    assert fired.baseline == 10


def test_a_backtest_knows_the_last_value(store: Database) -> None:
    """Also where it lies before the time that is asked for."""
    shop = Shop(store, CASES["rises"][0])
    for value in (10.0, NULL, ABSENT, NULL, 20.0, 20.0):
        shop.see(value)
    (rule,) = shop.book.rules
    for begin in range(1, 6):
        found = backtest(store, shop.book, rule, (START + begin * DAY, shop.at))
        assert found.fired == 1, begin
    assert backtest(store, shop.book, rule, (START + 6 * DAY, shop.at)).fired == 0


def test_few_statements_however_many_are_missing(store: Database) -> None:
    """The whole list had no value for a week: a handful of statements, none a product."""
    shop = Shop(store, CASES["rises"][0])
    key = shop.book.rules[0].watch.key
    counts, policies = [], policies_of(shop.book.channels)
    for size in (20, 200):
        products = {str(n): {PRICE: 10.0 + n % 7} for n in range(size)}
        nothing = {str(n): {"review_count": 3.0} for n in range(size)}
        for values in (products, *[nothing] * 9, {**products, "0": {PRICE: 99.0}}):
            shop.at += DAY
            made = scan(shop.at, values, watch=key)
            with making.statements(store) as statements:
                evaluate(store, made, shop.book.rules, policies, shop.book.metrics, shop.at)
        counts.append(len([each for each in statements if each.startswith("SELECT")]))
    assert abs(counts[0] - counts[1]) <= 2
    assert counts[1] < 60
