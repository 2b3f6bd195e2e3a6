"""A number of many products as a metric of each of them, from a scan to what is shown of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.lockstep import Daemon, assert_equal, replayed
from tests.fakes.world import HEAD
from tests.rules.tables import problems_of
from tests.store.making import DAY, START, scan
from watcher.analysis.explain import explain
from watcher.evaluation.present import newest_products
from watcher.evidence import Evidence
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load, load_text
from watcher.rules.metrics import FigureKind
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections.figures import FIGURES
from watcher.store.sqlite.database import Database
from watcher.text.evidence import beyond

PRICE, SALES = "spu_avg_price", "total_sale_7d_cnt"
MINE = """
facts: {file: products.csv}
watches: {w: {sort: total_sale_7d_cnt desc}}
metrics: {my_price: {min: spu_avg_price, among: set, where: {mine: 1}}}
rules:
- {name: r, watch: w, when: {mine: 0, spu_avg_price: RULE}}
"""


class Market:
    """A list in which sets of products of one's own and of rivals stand; a day for each scan."""

    def __init__(self, store: Database, folder: Path, rule: str) -> None:
        self.store, self.day = store, 0
        (folder / "rules.yaml").write_text(HEAD + MINE.replace("RULE", rule), "utf-8")
        rows = ["1,a,1", "2,a,0", "3,a,0", "4,b,0", "5,b,1", "6,,0", "8,a,1"]
        text = "\n".join(["product_id,set,mine", *rows, ""])
        (folder / "products.csv").write_text(text, "utf-8")
        self.book = load([folder / "rules.yaml"], {})
        store.rules.sync(self.book.marks, START)
        self.daemon = Daemon(store, self.book)

    def scan(self, prices: Mapping[str, float], sales: float = 50) -> list[str]:
        """The products whose alerts fire after the next scan; prices of the others stay."""
        (watch,) = self.book.used_watches
        products = {key: {PRICE: each, SALES: sales + self.day} for key, each in prices.items()}
        found = scan(START + self.day * DAY, products, watch=watch.key)
        self.daemon.scan(found)
        self.day += 1
        live = self.store.alerts.live(["r"])
        facts = self.store.history.facts([each.product for each in live])
        firing = [each for each in live if each.state.value == "firing"]
        return sorted(facts[each.product].product_id for each in firing)

    def evidence(self, product_id: str) -> Evidence:
        """What the rule's second condition says of it, where nothing else is asked about."""
        (facts,) = self.store.history.find(product_id)
        (rule,) = self.book.rules
        present = newest_products(self.store, rule.watch.key, [rule], [facts.product])
        assert present is not None
        known = present.known(rule, facts.product)
        assert known is not None
        return known.evidence[1]


PRICES = {"1": 19.9, "2": 17.1, "3": 18.5, "4": 1.0, "5": 2.0, "6": 1.0, "7": 1.0}


def test_undercut_by_a_rival(store: Database, tmp_path: Path) -> None:
    """The lowest price of one's own in each set; who is in no set, or in one without a price of
    one's own, has none. Later and elsewhere the whole list is asked, not the product alone."""
    market = Market(store, tmp_path, "{below: 90%, of: my_price}")
    assert market.scan(PRICES) == ["2", "4"]
    assert market.scan({key: each for key, each in PRICES.items() if key != "5"}) == ["2", "4"]
    assert market.scan({**PRICES, "1": 18.0, "5": 1.1}) == []
    assert market.scan(PRICES) == ["2", "4"]
    found = market.evidence("2")
    assert beyond(found) == "14% below my_price (19.90)"
    (facts,) = store.history.find("6")
    why = explain(store, market.book, market.book.rules[0], facts, START + 3 * DAY + 60)
    said = {part.why for part in why.when.parts}
    assert said == {"", "the product has no set, by which my_price is counted"}
    until = market.daemon.said[-1][0]
    assert_equal(market.daemon.said, replayed(store, market.book, (START, until)))


def test_crosses_the_lowest_of_both_times(store: Database, tmp_path: Path) -> None:
    """What it was is known of the products that were listed then, at the price that they had."""
    market = Market(store, tmp_path, "{crosses_below: my_price}")
    assert market.scan(PRICES) == []
    assert market.scan({**PRICES, "2": 21.0}) == []
    assert market.scan(PRICES) == ["2"]
    asked = market.evidence("2").condition
    assert not isinstance(asked, str)
    assert asked.measures[0] is not None
    assert asked.measures[0].value == 19.9
    until = market.daemon.said[-1][0]
    assert_equal(market.daemon.said, replayed(store, market.book, (START, until)))


def test_a_cheaper_newcomer_is_no_fall(store: Database) -> None:
    """A change holds the products of both times: another list is no other price."""
    rules = """
watches: {w: {sort: total_sale_7d_cnt desc}}
metrics: {low: {min: spu_avg_price, among: watch}, high: {max: spu_avg_price, among: watch}}
rules:
- {name: r, watch: w, when: {any: [{low: {falls: 10%}}, {high: {falls: 10%, from: 1d ago}}]}}
"""
    book = load_text(HEAD + rules)
    (watch,) = book.watches
    store.rules.sync(book.marks, START)
    daemon = Daemon(store, book)

    def fires(day: int, prices: Mapping[str, float]) -> int:
        products = {key: {PRICE: each, SALES: 50.0 + day} for key, each in prices.items()}
        daemon.scan(scan(START + day * DAY, products, watch=watch.key))
        return len(store.alerts.active(["r"]))

    assert fires(0, {"1": 10, "2": 20}) == 0
    assert fires(1, {"1": 10, "2": 20, "3": 5}) == 0, "cheaper, and new"
    assert fires(2, {"1": 10, "3": 5}) == 0, "the dearest is gone"
    assert fires(3, {"1": 8.9, "3": 4.4}) == 2


@pytest.mark.parametrize("kind", [*FIGURES])
def test_every_figure(store: Database, kind: str) -> None:
    """Each kind is a number for all of the list, and is judged."""
    takes = {
        "count": "{spu_avg_price: {above: 5}}",
        "share": "{spu_avg_price: {above: 5}}",
        "distinct": "seller_id",
        "top_share": "{of: spu_avg_price, by: product_id, first: 1}",
    }
    expected = {
        "sum": 22, "mean": 5.5, "median": 5, "min": 2, "max": 10, "count": 1, "share": 0.25,
        "distinct": np.nan, "top_share": 10 / 22,
    }  # fmt: skip
    book = load_text(
        f"{HEAD}watches: {{w: {{}}}}\nmetrics:\n"
        f"  n: {{{kind}: {takes.get(kind, PRICE)}, among: watch}}\n  twice: n * 2\n"
        "rules:\n- {name: r, watch: w, when: {any: [{twice: {above: 0}}, {n: {above: 0}}]}}\n"
    )
    rows = {"1": {PRICE: 10.0}, "2": {PRICE: 5.0}, "3": {PRICE: 5.0}, "4": {PRICE: 2.0}}
    (watch,) = book.watches
    store.rules.sync(book.marks, START)
    found = scan(START, rows, watch=watch.key)
    evaluate(store, found, book.rules, policies_of(book.channels), book.metrics, START)
    (facts, *_) = store.history.find("1")
    present = newest_products(store, watch.key, book.rules, [facts.product])
    assert present is not None
    twice, once = (present.judge.number(book.metrics[name])[0] for name in ("twice", "n"))
    assert once == pytest.approx(expected[kind], nan_ok=True)
    assert twice == pytest.approx(2 * expected[kind], nan_ok=True)
    assert FigureKind(kind) in FigureKind


def book_of(metrics: str, when: str) -> str:
    """A rule file with these metrics and this condition."""
    return (
        f"{HEAD}watches: {{w: {{sort: total_sale_7d_cnt desc}}}}\nmetrics: {metrics}\n"
        f"rules: [{{name: r, watch: w, when: {when}}}]\n"
    )


@pytest.mark.parametrize(
    ("metrics", "when", "said"),
    [
        ("{p: {min: spu_avg_price}}", "{p: {above: 1}}", 'needs "among:"'),
        ("{p: {min: spu_avg_price, amongst: watch}}", "{p: {above: 1}}", 'did you mean "among"?'),
        ("{p: {min: spu_avg_price, by: set}}", "{p: {above: 1}}", 'did you mean "among"?'),
        ("{p: {size: true, among: watch}}", "{p: {above: 1}}", "count what all of them meet"),
        ("{p: {minn: spu_avg_price, among: watch}}", "{p: {above: 1}}", 'did you mean "min"?'),
        ("{p: {min: p, among: watch}}", "{p: {above: 1}}", "needs itself: p -> p"),
        ("{p: {min: q, among: watch}, q: p * 2}", "{p: {above: 1}}", "q -> p -> q"),
        ("{p: {min: q, among: watch}, q: (}", "{p: {above: 1}}", "metrics.q: the formula"),
        (
            "{p: {min: spu_avg_price, among: watch, where: {spu_avg_price: {falls: 3}}}}",
            "{p: {above: 1}}",
            "picks products by what they were",
        ),
        (
            "{p: {count: {appears: true}, among: watch}}",
            "{p: {above: 1}}",
            "picks products by what they were",
        ),
        (
            "{p: {count: {is_s_shop: 1}, among: watch}}",
            "{p: {rises: 1}}",
            "is a count of each scan",
        ),
        (
            "{p: {min: spu_avg_price, among: watch}}",
            "{p: {rises: 1, from: median 7d}}",
            'write "from: last" or "from: 7d ago"',
        ),
        ("{p: {min: spu_avg_price, among: watch}}", "{p: {lowest: 30d}}", "known of one moment"),
        (
            "{p: {min: spu_avg_price, among: watch, where: {review_count: {above: 1}}}}",
            "{spu_avg_price: {crosses_below: p}}",
            "met the where of p",
        ),
        (
            "{p: {min: spu_avg_price, among: watch}, q: p / 2}",
            "{q: {rises: 1}}",
            "q is made of p",
        ),
    ],
)
def test_refuses(metrics: str, when: str, said: str) -> None:
    """What has no meaning, and what nobody will ever know, each with one error that says why."""
    (problem,) = problems_of(book_of(metrics, when))
    assert said in problem


def test_an_order_by_a_change_without_a_past() -> None:
    """As in a condition."""
    text = book_of("{p: {count: {is_s_shop: 1}, among: watch}}", "{p: {above: 1}}")
    (problem,) = problems_of(text.replace("name: r,", "name: r, order_by: p change,"))
    assert "order_by: p is a count of each scan" in problem


def test_meaning_is_part_of_the_rule() -> None:
    """Another grouping, filter or kind begins the rule anew; another name of the metric, too."""

    def book(metric: str) -> Rulebook:
        return load_text(book_of(f"{{p: {metric}}}", "{p: {above: 1}}"))

    variants = [
        "{min: spu_avg_price, among: watch}",
        "{min: spu_avg_price, among: seller_id}",
        "{max: spu_avg_price, among: watch}",
        "{min: spu_avg_price, among: watch, where: {review_count: {above: 1}}}",
    ]
    assert len({book(each).rules[0].fingerprint for each in variants}) == len(variants)
    assert book(variants[0]).metrics["p"].meaning == "min of price, of the products of the list"
