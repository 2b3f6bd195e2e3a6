"""Rules of several watches, looked at from behind: explained, replayed, scored and tuned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.analysis.ruletests.writing import suite
from tests.fakes.selling import HEAD, MORNING, counters, steps
from tests.fakes.world import HEAD as WORLD_HEAD
from tests.fakes.world import World
from tests.store.making import DAY, START, scan
from watcher.analysis.backtest import backtest
from watcher.analysis.explain import explain
from watcher.analysis.overview import overview
from watcher.analysis.ruletests.running import run_suite
from watcher.analysis.scores.score import score
from watcher.analysis.scores.tuning import Wanted, chosen_knob, tune
from watcher.analysis.unmet import unmet
from watcher.daemon.scheduling.budget import kept_for_others
from watcher.errors import RulesError, WatcherError
from watcher.message import Message
from watcher.model import Instant
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of
from watcher.units import MINUTE

WATCHES = """
watches:
  mine: {sort: total_sale_7d_cnt desc}
  rival: {sort: total_sale_30d_cnt desc}
"""
RULES = (
    WATCHES
    + """rules:
  - name: r
    watch: [mine, rival]
    when: {total_sale_7d_cnt: {at_least: 10}}
    cooldown: 3d
    resolved: true
"""
)
MET, NOT_MET = {"1": 20.0, "9": 0.0}, {"1": 1.0, "9": 0.0}


def keyed(book: Rulebook) -> dict[str, str]:
    """The watches' keys by name."""
    return {watch.name: watch.key for watch in book.watches}


def march(world: World) -> None:
    """A month in which both lists move, each by its own days."""
    for day in range(30):
        sales = {str(key): float(key * (day % (key + 2))) for key in range(1, 9)}
        world.scan(sales, of="mine", due=["rival"] if day % 3 else ())
        if day % 3:
            other = {key: value + 3 for key, value in sales.items() if key != str(day % 8)}
            world.scan(other, of="rival", days=0)


def said(message: Message) -> tuple[object, ...]:
    """What a message says, but for ids."""
    items = [(each.kind, each.product_id, each.watch, each.why) for each in message.items]
    return title_of(message), message.data_at, items, message.rest


def test_a_backtest_tells_what_was_told(store: Database) -> None:
    """Message for message, each product on its list."""
    world = World(store, RULES)
    march(world)
    found = backtest(store, world.book, world.book.rules[0], (START, world.now + DAY))
    told = world.told()
    assert len({item.watch for message in told for item in message.items}) == 2
    assert [said(each.message) for each in found.told] == [said(each) for each in told]
    assert (found.watch, found.scans) == ("mine, rival", 50)


class Minutes(World):
    """A world whose days are minutes."""

    @property
    def now(self) -> Instant:
        return START + self.day * MINUTE


def test_a_list_that_is_read_twice_in_a_round(store: Database) -> None:
    """While another is read for long: what it began is told before it is judged anew, in a backtest
    as it was."""
    world = Minutes(store, RULES.replace("cooldown: 3d", "cooldown: 0s"))
    world.scan(MET, of="mine", due=["rival"])
    world.scan(NOT_MET, of="mine", due=["rival"], days=5)
    world.scan({"2": 30.0}, of="rival", days=-5, late=7 * MINUTE)
    told = world.told()
    assert [(each.told, each.ended) for each in told] == [(1, 0), (1, 1)]
    found = backtest(store, world.book, world.book.rules[0], (START, world.now + DAY))
    assert [said(each.message) for each in found.told] == [said(each) for each in told]


def test_a_rule_that_is_not_enabled_can_be_tried(store: Database) -> None:
    """As if it were."""
    world = World(store, RULES)
    march(world)
    off = load_text(WORLD_HEAD + RULES + "    enabled: false\n")
    time = (START, world.now + DAY)
    found = [backtest(store, book, book.rules[0], time) for book in (world.book, off)]
    assert found[0].fired == found[1].fired > 0


def test_it_is_explained_on_the_list_of_its_alert(store: Database) -> None:
    """Whatever other lists saw since; without one on the list that saw the product last."""
    world = World(store, RULES)
    (rule,) = world.book.rules
    world.scan(MET, of="mine")
    world.scan(NOT_MET | {"2": 3.0}, of="rival")
    found = explain(store, world.book, rule, store.history.find("1")[0], world.now)
    assert (found.watch, found.when.verdict.value) == ("mine", "met")
    found = explain(store, world.book, rule, store.history.find("2")[0], world.now)
    assert (found.watch, found.when.verdict.value) == ("rival", "not met")
    found = explain(store, world.book, rule, store.history.find("9")[0], world.now)
    assert found.watch == "rival"


def test_what_no_list_has_seen_can_t_be_explained(store: Database) -> None:
    """All that the rule reads is said."""
    world = World(store, RULES)
    world.scan(MET, of="mine")
    store.history.record(scan(world.now, {"7": 1.0}, watch="other"))
    with pytest.raises(WatcherError, match=r"no watch of rule .* it reads US, .*; US, "):
        explain(store, world.book, world.book.rules[0], store.history.find("7")[0], world.now)


def test_why_a_rule_is_not_judged_is_said(store: Database) -> None:
    """It stands in the file, and does nothing."""
    world = World(store, RULES)
    world.scan(MET, of="mine")
    world.reread(RULES + "    enabled: false\n")
    facts = store.history.find("1")[0]
    notes = explain(store, world.book, world.book.rules[0], facts, world.now).notes
    assert "enabled: false" in notes[0]
    (status,) = overview(store, world.book, world.now).rules
    assert (status.enabled, status.quiet, status.watch) == (False, False, "mine, rival")


def test_a_rule_that_one_list_met_is_not_unmet(store: Database) -> None:
    """Of one that none has met each list is named."""
    text = RULES.replace("at_least: 10", "at_least: 500")
    world = World(store, text)
    march(world)
    assert [each.why.split(",")[0] for each in unmet(store, world.book)] == ["on mine", "on rival"]
    world.reread(RULES)
    assert list(unmet(store, world.book)) == []


PRIORITIES = (
    WATCHES
    + """  third: {sort: total_sale_cnt desc}
api: {credits_per_day: 40}
rules:
  - {name: r, watch: [mine, rival], when: {review_count: 1}, priority: 5}
  - {name: s, watch: third, when: {review_count: 1}, priority: 1}
  - {name: t, watch: rival, when: {review_count: 1}, priority: 9, enabled: false}
"""
)


def test_a_priority_is_that_of_all_its_lists(store: Database) -> None:
    """The last credits are kept for each of them; a rule that is not enabled has none."""
    world = World(store, PRIORITIES)
    watches = {watch.name: watch for watch in world.book.watches}
    assert {name: world.book.priority(each) for name, each in watches.items()} == {
        "mine": 5, "rival": 5, "third": 1,
    }  # fmt: skip
    kept = kept_for_others(store, world.book, watches["third"], START)
    assert kept >= watches["mine"].query.pages + watches["rival"].query.pages
    assert kept_for_others(store, world.book, watches["mine"], START) == 0


# ------------------------------------------------------------------ what became of it

SHOP = (
    HEAD
    + WATCHES
    + """rules:
  - name: r
    watch: [mine, rival]
    when: {total_sale_7d_cnt: {at_least: 30}}
    cooldown: 3d
"""
)


def shop(store: Store, text: str = SHOP, days: Sequence[int] = range(40, 62)) -> Rulebook:
    """Two lists of six products each, read every morning, and what was told of them, sent."""
    book = load_text(text)
    store.rules.sync(book.marks, MORNING)
    sold = {
        "mine": {f"m{n}": steps((45, n), (60, 3 * n)) for n in range(1, 13)},
        "rival": {f"r{n}": steps((44, n), (60, 4 * n)) for n in range(1, 13)},
    }
    policies = policies_of(book.channels)
    for day in days:
        at = MORNING + day * DAY
        for watch in book.watches:
            products = {name: counters(each, day) for name, each in sold[watch.name].items()}
            made = scan(at, products, watch=watch.key)
            evaluate(store, made, book.rules_of(watch), policies, book.metrics, at)
    for row in store.outbox.waiting_for("me/1"):
        store.outbox.sent(row.id, MORNING + days[-1] * DAY)
    return book


def test_each_telling_is_judged_by_its_own_list(store: Database) -> None:
    """By the market that it is of: so both have a fate."""
    book = shop(store)
    now = MORNING + 61 * DAY
    (found,) = score(store, book, book.rules, 90, now).rules
    assert (found.rule, found.watch) == ("r", "mine, rival")
    assert found.tally.told >= 12
    assert found.tally.judged == found.tally.told - found.tally.too_young - found.tally.unknown
    assert found.tally.judged > 0
    assert "not seen later" not in found.why_unknown


def test_a_threshold_is_tuned_over_all_lists(store: Database) -> None:
    """Tried on the scans of both: as a backtest counts them."""
    book = shop(store)
    (rule,) = book.rules
    until = MORNING + 62 * DAY
    found = tune(store, book, Wanted(rule, chosen_knob(rule, None), 3.0), (0, until))
    assert (found.watch, found.scans) == ("mine, rival", 44)
    assert found.now.alerts > 0


# ------------------------------------------------------------------ rule tests

TESTED = """
channels: {me: {url: "${SLACK_URL}"}}
defaults: {region: US, notify: [me]}
watches: {mine: {sort: total_sale_7d_cnt desc}, rival: {top: 20}, other: {top: 30}}
rules:
  - {name: sells, watch: [mine, rival], when: {total_sale_7d_cnt: {at_least: 10}}}
  - {name: twice, watch: rival, when: {total_sale_7d_cnt: {rises: 50%}}}
  - {name: elsewhere, watch: other, when: {total_sale_7d_cnt: {at_least: 10}}}
  - {name: paused, watch: mine, enabled: false, when: {total_sale_7d_cnt: {at_least: 10}}}
"""
PASSES = """
  - name: a list moves its own alerts only
    rule: [sells, twice]
    watches:
      mine: {"1": {total_sale_7d_cnt: 20 20 1 1}, "2": {total_sale_7d_cnt: 1 - - -}}
      rival: {"1": {total_sale_7d_cnt: 1 1 1 20}, "3": {total_sale_7d_cnt: 2 - 20 20}}
    alerts:
      - {scan: 0, firing: ["1"], told: ["1"]}
      - {scan: 1, firing: ["1"], told: []}
      - {scan: 2, firing: ["3"], told: ["3"]}
      - {scan: 3, firing: ["1", "3"]}
"""


def test_a_series_for_each_list(tmp_path: Path) -> None:
    """Read one after the other at each time, and told to the rules that name them."""
    results = list(run_suite(suite(tmp_path, PASSES, TESTED)))
    assert [str(each) for each in results] == ["passed: a list moves its own alerts only"]


def test_a_difference_names_the_list(tmp_path: Path) -> None:
    """With what its own values say."""
    wrong = PASSES.replace('{scan: 1, firing: ["1"], told: []}', "{scan: 1, firing: []}")
    (result,) = run_suite(suite(tmp_path, wrong, TESTED))
    text = str(result)
    assert "firing: expected nothing, got 1" in text
    assert "mine: sells: 7-day sales 20, at least 10: met" in text
    assert "rival: sells: 7-day sales 1, at least 10: not met" in text


def test_a_rule_that_is_not_enabled_can_be_tested(tmp_path: Path) -> None:
    """It is enabled there."""
    text = """
  - name: it would
    rule: paused
    products: {"1": {total_sale_7d_cnt: 20}}
    alerts: [{at: 0, firing: ["1"]}]
"""
    assert [each.passed for each in run_suite(suite(tmp_path, text, TESTED))] == [True]


GOOD = '{"1": {total_sale_7d_cnt: 20}}'


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (f"products: {GOOD}", "these have mine, rival: name one rule with rule:, or give each"),
        (f"watches: {{min: {GOOD}}}", 'watches: unknown field "min", did you mean "mine"?'),
        (f"watches: {{other: {GOOD}}}", 'unknown field "other": there are mine, rival'),
        ("watches: {}", 'rule "sells" reads mine, rival: give its products'),
        ("watches: {mine: {}}", "mine takes a mapping of product ids and their series"),
        (f"watches: {{mine: {GOOD}}}, products: {GOOD}", "products: stands beside watches:"),
        (
            'watches: {mine: {"1": {total_sale_7d_cnt: 1 2}}, rival: {"1": {review_count: 1 2 3}}}',
            "watches.mine.1.total_sale_7d_cnt: has 2 values where the longest series of this test",
        ),
    ],
)
def test_what_is_wrong_with_the_lists_of_a_test(tmp_path: Path, given: str, message: str) -> None:
    """Said at its place."""
    text = f'  - {{name: a, rule: sells, alerts: [{{at: 0, firing: ["1"]}}], {given}}}\n'
    with pytest.raises(RulesError) as error:
        suite(tmp_path, text, TESTED)
    assert any(message in str(each) for each in error.value.problems), error.value.problems
