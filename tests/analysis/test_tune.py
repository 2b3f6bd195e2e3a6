"""The threshold that would have told so many: as trying them all says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.selling import HEAD, Shop, steps
from watcher.analysis.backtest import backtest
from watcher.analysis.scores.score import Tally
from watcher.analysis.scores.tuning import Reached, Tuning, Wanted, chosen_knob, tune
from watcher.errors import WatcherError
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule
from watcher.store.sqlite.database import Database
from watcher.units import WEEK

DAYS = 22
CLIMBS = (
    "rules:\n  - name: r\n    watch: WATCH\n    cooldown: 3d\n    when:\n"
    "      rank: {climbs: 4, from: 3d ago}   # places\n      total_sale_7d_cnt: {at_least: 20}\n"
)


def restless(rules: str, database: Database) -> Shop:
    """Twenty products that sell some number each day, read on some mornings."""
    random = np.random.default_rng(3)
    sold = {f"p{n}": random.poisson(random.gamma(1.0, 8.0, 80)).tolist() for n in range(20)}
    shop = Shop(database, rules, sold)
    shop.read(range(40, 40 + DAYS))
    return shop


@pytest.fixture
def shop(store: Database) -> Shop:
    """With a rule that climbs are told by."""
    return restless(CLIMBS, store)


def tuned(shop: Shop, per_week: float, metric: str | None = None) -> Tuning:
    """What is found over all of its mornings."""
    knob = chosen_knob(shop.rule, metric)
    until = shop.morning(40 + DAYS)
    return tune(shop.database, shop.book, Wanted(shop.rule, knob, per_week), (0, until))


def told_a_week(shop: Shop, rule: Rule) -> float:
    """Alerts, each once, that ``backtest`` says the rule would have told after its first scan."""
    found = backtest(shop.database, shop.book, rule, (0, shop.morning(99)))
    first = {
        alert: sent.message.data_at
        for sent in reversed(found.told)
        for alert in sent.message.alerts.get("firing", ())
    }
    count = sum(at != found.since for at in first.values())
    return count * WEEK / (found.until - found.since)


def test_no_other_threshold_comes_nearer(shop: Shop) -> None:
    """All that make sense are tried."""
    knob = chosen_knob(shop.rule, None)
    rates = {value: told_a_week(shop, knob.turned(shop.rule, value)) for value in knob.ladder()}
    for per_week in (1, 4, 12):
        found = tuned(shop, per_week)
        nearest = min(abs(rate - per_week) for rate in rates.values())
        assert abs(found.best.a_week - per_week) == pytest.approx(nearest)
        for step in found.steps:
            assert step.a_week == pytest.approx(rates[step.threshold])
        assert found.reached is Reached.YES
        assert found.now.threshold == 4


def test_the_pasted_line_tells_what_was_promised(shop: Shop) -> None:
    """Put into the file in the place that is named, it does tell so many."""
    found = tuned(shop, 2)
    assert found.best.threshold != found.now.threshold
    lines = shop.text.split("\n")
    number = int(found.place.rpartition(":")[2])
    old = lines[number - 1]
    lines[number - 1] = old[: len(old) - len(old.lstrip())] + found.line
    changed = load_text("\n".join(lines)).rules[0]
    assert found.line.endswith(", from: 3d ago}   # places")
    assert told_a_week(shop, changed) == pytest.approx(found.best.a_week)
    assert found.best.alerts > 0


def test_the_strictest_step_comes_last_and_tells_least(shop: Shop) -> None:
    """Neighbours either way, and the threshold of now."""
    found = tuned(shop, 4)
    values = [step.threshold for step in found.steps]
    assert values == sorted(values)
    assert {found.best.threshold, 4} <= set(values)
    assert found.steps[0].a_week >= found.steps[-1].a_week
    assert found.others == ("total_sale_7d_cnt",)


def test_another_metric_of_the_rule(shop: Shop) -> None:
    """The one that is named is turned."""
    found = tuned(shop, 3, "total_sale_7d_cnt")
    assert (found.metric, found.operator) == ("total_sale_7d_cnt", "at_least")
    assert found.line == f"total_sale_7d_cnt: {{at_least: {found.best.said}}}"


@pytest.mark.parametrize(
    ("when", "per_week", "reached"),
    [
        ("{total_sale_7d_cnt: {rises: 1%}}", 5_000, Reached.FEWER),
        ("{any: [{rank: {climbs: 5}}, {total_sale_7d_cnt: {rises: 1%}}]}", 0.1, Reached.MORE),
        ("{rank: {enters_top: 1}, total_sale_7d_cnt: {above: 1}}", 30, Reached.FEWER),
    ],
)
def test_what_can_not_be_reached_is_said(
    store: Database, when: str, per_week: float, reached: Reached
) -> None:
    """Even the loosest tells fewer, or even the strictest more."""
    shop = restless(f"rules:\n  - {{name: r, watch: WATCH, when: {when}}}\n", store)
    found = tuned(shop, per_week)
    assert found.reached is reached


@pytest.mark.parametrize(
    ("when", "operator", "value"),
    [
        ("{age_days: {at_most: 21}, sales_surge: {at_least: 2.5}}", "at_least", 2.5),
        ("{creators_growth: {at_most: 10%}, sales_growth: {at_least: 50%}}", "at_least", 0.5),
        ("{rank: {at_most: 50}, total_sale_1d_cnt: {unusual: 3, over: 14d}}", "unusual", 3),
        ("{total_sale_7d_cnt: {at_least: 10}, spu_avg_price: {falls: 10%}}", "falls", 0.1),
        ("{sales_growth: {at_most: -30%}, rank: {drops: 5}}", "at_most", -0.3),
        ("{total_sale_7d_cnt: {at_least: 10}, spu_avg_price: {below: 5}}", "at_least", 10),
    ],
)
def test_the_number_that_matters_is_turned(when: str, operator: str, value: float) -> None:
    """The score's, else a move's, else the first: not an age or a cap that stands before it."""
    text = f"{HEAD}rules:\n  - {{name: r, watch: {{sort: total_sale_7d_cnt desc}}, when: {when}}}\n"
    knob = chosen_knob(load_text(text).rules[0], None)
    assert (knob.operator, knob.value) == (operator, value)


def test_a_threshold_that_is_far_off_is_found(store: Database) -> None:
    """Written for a list of other sizes: each sells thousands of times as much."""
    random = np.random.default_rng(3)
    sold = {f"p{n}": random.integers(10_000, 90_000, 80).tolist() for n in range(20)}
    when = "{total_sale_7d_cnt: {at_least: 50}}"
    shop = Shop(store, f"rules:\n  - {{name: r, watch: WATCH, when: {when}}}\n", sold)
    shop.read(range(40, 40 + DAYS))
    found = tuned(shop, 3)
    assert (found.reached, found.now.alerts) == (Reached.YES, 0)
    assert 50_000 < found.best.threshold < 700_000


def test_what_holds_at_the_first_scan_is_not_counted(store: Database) -> None:
    """It comes once, whatever the threshold: said beside, and in no rate."""
    sold = {"always": steps((200, 50)), "later": steps((60, 1), (140, 50)), "z": steps((200, 1))}
    shop = Shop(store, "rules:\n  - {name: r, watch: WATCH, when: {total_sale_7d_cnt: "
                "{at_least: 100}}}\n", sold)  # fmt: skip
    shop.read(range(40, 70))
    now = tuned(shop, 1).now
    assert (now.alerts, now.products, now.at_first) == (1, 1, 1)
    assert now.a_week == pytest.approx(7 / 22)


def test_what_became_of_them_is_said_as_a_score_says_it(store: Database) -> None:
    """One product goes on, one falls back."""
    rising, jump = steps((50, 10), (150, 40)), steps((50, 10), (3, 40), (147, 10))
    flat = {f"flat {n}": steps((200, 10)) for n in range(12)}
    rules = "rules:\n  - {name: r, watch: WATCH, when: {sales_growth: {at_least: 50%}}}\n"
    shop = Shop(store, rules, {"up": rising, "down": jump, **flat})
    shop.read(range(40, 80))
    until = shop.morning(80)
    found = tune(store, shop.book, Wanted(shop.rule, chosen_knob(shop.rule, None), 0.5), (0, until))
    assert found.now.tally == Tally(2, went_on=1, fell_back=1)
    assert found.now.share == 0.5


def test_a_guards_move_is_asked_again_by_what_it_was_told_with(store: Database) -> None:
    """One price stays down, one is back."""
    rules = (
        "rules:\n  - {name: r, watch: WATCH, when: {spu_avg_price: {falls: 10%, from: 7d ago}}}\n"
    )
    shop = Shop(store, rules, {"stays": steps((200, 10)), "back": steps((200, 9))})
    for day in range(40, 80):
        prices = (10.0 if day < 50 else 8.0), (8.0 if 50 <= day < 53 else 10.0)
        shop.read([day], more={name: {"spu_avg_price": price} for name, price in
                               zip(shop.sold, prices, strict=True)})  # fmt: skip
    wanted = Wanted(shop.rule, chosen_knob(shop.rule, None), 0.5)
    found = tune(store, shop.book, wanted, (0, shop.morning(80)))
    assert found.now.tally == Tally(2, went_on=1, fell_back=1)


def test_channels_reminders_and_digests_count_once(store: Database) -> None:
    """An alert is one, whoever hears of it how often."""
    head = HEAD.replace('localhost/b"}', 'localhost/b", digest: "12:00"}')
    rules = CLIMBS.replace("cooldown: 3d", "cooldown: 3d\n    notify: [me, boss]\n    remind: 2d")
    shop = restless(CLIMBS, store)
    alone = tuned(shop, 4).now
    shop.book = load_text(head + rules.replace("WATCH", "{sort: total_sale_7d_cnt desc, top: 100}"))
    both = tuned(shop, 4).now
    assert (both.alerts, both.tally) == (alone.alerts, alone.tally)
    assert both.messages_a_week > alone.messages_a_week


@pytest.fixture
def errors(store: Database) -> Shop:
    """A rule that has one threshold, and one that has none."""
    return restless(
        CLIMBS + "  - {name: none, watch: WATCH, when: {sales_trend_flag: rising}}\n"
        "  - {name: unread, watch: {sort: total_sale_cnt desc}, when: {rank: {climbs: 3}}}\n",
        store,
    )


def test_what_can_not_be_tuned(errors: Shop) -> None:
    """No number, no such metric, no history: said with what to do."""
    rule, none, unread = errors.book.rules
    with pytest.raises(WatcherError, match="none has no threshold to tune"):
        chosen_knob(none, None)
    with pytest.raises(WatcherError, match='of "rnk", did you mean "rank"'):
        chosen_knob(rule, "rnk")
    with pytest.raises(WatcherError, match='of "sales_trend_flag"; there are rank'):
        chosen_knob(rule, "sales_trend_flag")
    for of, time in ((unread, (0, errors.morning(99))), (rule, (errors.morning(99), 1 << 40)),
                     (rule, (errors.morning(50) - 9, errors.morning(51) - 9))):  # fmt: skip
        with pytest.raises(WatcherError, match="span less than a day"):
            tune(errors.database, errors.book, Wanted(of, chosen_knob(of, None), 5), time)


def test_nothing_is_changed(tmp_path: Path) -> None:
    """It works on a database that is only read."""
    path = tmp_path / "w.db"
    with Database.open(path) as database:
        shop = restless(CLIMBS, database)
    before = path.read_bytes()
    with Database.open(path, readonly=True) as database:
        shop.database = database
        assert tuned(shop, 4).scans == DAYS
    assert path.read_bytes() == before
