"""What a list says of itself: noted at the scan, and used wherever its numbers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from statistics import median

import numpy as np
import pytest

from tests.fakes.world import WATCH, World
from tests.store.making import DAY, START, scan
from watcher.analysis.backtest import backtest
from watcher.evaluation.group_present import newest
from watcher.evaluation.jumps import remember
from watcher.evaluation.list_facts import with_facts
from watcher.evaluation.series import tracks_of
from watcher.message import Item, Message
from watcher.model import ListFacts, ScanState, Severity
from watcher.notification.charting import chart_of
from watcher.rules.metrics import Catalogue
from watcher.store.sqlite.database import Database

SURGE = Catalogue()["sales_surge"]
Sold = tuple[float, float, float, float]
USUAL: Sold = (2, 14, 60, 120)


def product(sold: Sold = USUAL) -> dict[str, float]:
    """Counters of 1, 7, 30 and 60 days of a product that is old enough."""
    fields = (f"total_sale_{days}d_cnt" for days in (1, 7, 30, 60))
    return {**dict(zip(fields, sold, strict=True)), "first_crawl_dt": 20_200_101}


def market(
    idle: int = 0, others: int = 30, yesterday: float = USUAL[0], big: Sold | None = None
) -> dict[str, dict[str, float]]:
    """Products by id: ``others`` sell, of which some have no sale yesterday."""
    common = {str(n): product((0.0 if n < idle else yesterday, *USUAL[1:])) for n in range(others)}
    return {**({"big": product(big)} if big is not None else {}), **common}


def noted(store: Database) -> list[tuple[object, ...]]:
    """Of each scan."""
    return store.rows("SELECT list_day, list_idle, list_sparse FROM scans ORDER BY id")


def surges(
    store: Database, shares: Sequence[int], others: int = 30, watch: str = "w"
) -> list[bool]:
    """Whether each scan's list is sparse, after daily scans with so many idle products."""
    first = store.number("SELECT count(*) FROM scans")
    verdicts = []
    for day, idle in enumerate(shares, start=first):
        at = START + day * DAY
        read = with_facts(store, scan(at, market(idle, others), watch=watch))
        store.history.record(read)
        assert read.facts is not None
        verdicts.append(read.facts.sparse)
    return verdicts


def test_a_scan_notes_them_once(store: Database) -> None:
    """Before rules judge, and also where no rule asks; a scan that failed has none."""
    world = World(store, f"rules:\n- {{name: r, {WATCH}, when: {{total_sale_7d_cnt: 1}}}}")
    world.scan(market(12))
    world.scan({}, state=ScanState.FAILED)
    world.scan({"1": 5})
    day = 1.0 * 2.5 / (46.5 / 23)
    assert noted(store) == [(pytest.approx(day), 0.4, 0), (None, None, None), (1.0, None, 0)]
    remember(store, scan(world.now + DAY, market(30), watch="other"))
    assert noted(store)[-1] == (0.3, 1.0, 0)


def test_the_surge_is_that_of_the_plain_formula(store: Database) -> None:
    """On random products: z of yesterday by the list's day, and of the six days before."""
    random = Random(7)
    sold = {
        f"p{n}": (float(a := random.randint(0, 40)), float(a + (b := random.randint(1, 200))),
                  float(a + b + random.randint(0, 900)), 2_000.0)
        for n in range(60)
    }  # fmt: skip

    def z(units: np.ndarray, days: int, before: np.ndarray) -> np.ndarray:
        lift = np.log((units + 0.5) / days) - np.log((before + 0.5) / 23)
        return lift / np.sqrt(1 / (units + 0.5) + 1 / (before + 0.5) + 1 / days + 1 / 23)

    one, week, month, _ = np.array(list(sold.values())).T
    before = month - week
    day = max(0.3, median(((one + 0.5) / ((before + 0.5) / 23)).tolist()))
    expected = np.minimum(1.5 * z(one / day, 1, before), z(week - one, 6, before))
    world = World(store, f"rules:\n- {{name: r, {WATCH}, when: {{sales_surge: {{above: -99}}}}}}")
    fired = world.scan({name: product(each) for name, each in sold.items()}).fired
    got = {alert.product: alert.evidence[0].value for alert in fired}
    assert [got[key] for key in sorted(got)] == pytest.approx(expected.tolist())
    assert noted(store) == [(pytest.approx(day), pytest.approx(np.mean(one[week >= 7] == 0)), 0)]


def test_sparse_is_what_most_of_the_last_seven_scans_were(store: Database) -> None:
    """At the middle one more than half had no sale; one odd day turns nothing."""
    assert surges(store, [16], watch="one") == [True]
    assert surges(store, [15, 15, 15], watch="half") == [False] * 3
    turns = surges(store, [0, 0, 20, 20, 20, 0], watch="turns")
    assert turns == [False, False, False, False, True, False]
    assert surges(store, [20] * 9 + [0] * 4, watch="ends") == [True] * 12 + [False]
    assert surges(store, [0] * 4 + [20] * 4, watch="begins") == [False] * 7 + [True]


def test_closed_days_are_left_out(store: Database) -> None:
    """A day without any sale says nothing of how products are collected."""
    assert surges(store, [5, 30, 30, 5, 30]) == [False] * 5
    assert surges(store, [30, 30, 30, 30, 30, 30]) == [False] * 6
    assert surges(store, [20] * 3) == [False, False, True]  # beside two of before


def test_a_closed_day_alone_says_nothing(store: Database) -> None:
    """The first scan may be on one."""
    assert surges(store, [30, 20]) == [False, True]


def test_a_list_of_few_products_is_as_the_regions_largest(store: Database) -> None:
    """Of those of that region that were read whole of late; with twenty it is its own."""
    surges(store, [80], others=90, watch="large")
    surges(store, [5], others=60, watch="small")
    assert surges(store, [0], others=19, watch="few") == [True]
    assert surges(store, [0], others=20, watch="own") == [False]
    elsewhere = with_facts(store, scan(START + 9 * DAY, market(0, 19), watch="x", region="GB"))
    assert elsewhere.facts == ListFacts(elsewhere.facts.day if elsewhere.facts else 0, None)
    late = with_facts(store, scan(START + 60 * DAY, market(0, 19), watch="few"))
    assert late.facts is not None
    assert not late.facts.sparse
    surges(store, [0], others=90, watch="large")
    assert surges(store, [0], others=19, watch="few") == [False]


def test_what_is_given_is_not_computed_anew(store: Database) -> None:
    """A scan that is played once more may be a part of its list only."""
    given = ListFacts(0.7, 0.6, sparse=True)
    remember(store, replace(scan(START, {"1": 5}), facts=given))
    assert noted(store) == [(0.7, 0.6, 1)]
    seen = store.history.sighting("w", 1)
    assert seen is not None
    assert seen.recorded.facts == seen.scan.facts == given


def rules(when: str, more: str = "", metrics: str = "") -> str:
    """One rule, with more of its keys, and metrics of one's own."""
    return f"metrics: {{{metrics}}}\nrules:\n- {{name: r, {WATCH}, when: {when}{more}}}"


def told(world: World, products: Mapping[str, Mapping[str, float]]) -> list[tuple[str, str]]:
    """Ids and forms of what fired."""
    fired = world.scan(products).fired
    ids = {key: facts.product_id for key, facts in world.database.history.facts(
        [alert.product for alert in fired]).items()}  # fmt: skip
    return [(ids[alert.product], alert.evidence[0].form) for alert in fired]


def test_the_message_says_which_form(store: Database) -> None:
    """Normal or sparse; no other metric has one."""
    world = World(store, rules("{sales_surge: {at_least: 2.5}, total_sale_7d_cnt: {above: 1}}"))
    assert told(world, market(big=(20, 90, 120, 150))) == [("big", "normal")]
    (alert,) = store.alerts.active(["r"])
    assert [each.form for each in alert.evidence] == ["normal", ""]
    for _ in range(4):
        world.scan(market(25))
    assert told(world, market(25, big=(0, 120, 150, 170))) == [("big", "sparse")]


def test_a_baseline_is_of_the_day_and_list_that_it_was_seen_by(store: Database) -> None:
    """The same counters on a quiet day of the list were a stronger surge then."""
    steady: Sold = (6, 60, 120, 150)
    world = World(store, rules("{sales_surge: {falls: 0.5}}"))
    world.scan(market(yesterday=0.1, big=steady))
    assert noted(store) == [(0.3, 0.0, 0)]
    assert [each[0] for each in told(world, market(0, big=steady))] == ["big"]
    assert told(world, market(0, big=steady)) == []


def test_its_past_has_a_step_where_only_the_list_changed(store: Database) -> None:
    """Its plot, on the page and in a message, is that of every scan that saw it."""
    steady: Sold = (6, 60, 120, 150)
    world = World(store, rules("{sales_surge: {above: 0}}"))
    for yesterday in (2, 0.1, 2):
        world.scan(market(yesterday=yesterday, big=steady))
    (facts,) = store.history.find("big")
    (track,) = tracks_of(store, facts, [SURGE], world.book.used_watches, START)
    assert len(track.at) == 3
    assert track.values[0] == track.values[2] < track.values[1]
    item = Item("A1", "firing", "US", "big", "Big", world.now, why=(
        store.alerts.active(["r"])[0].evidence))  # fmt: skip
    message = Message("alerts", "", Severity.INFO, world.now, "r", items=(item,), data_at=world.now)
    chart = chart_of(store, world.book, message)
    assert chart is not None
    assert chart.label == "sales surge"
    assert [value for _, value in chart.series[0].points] == pytest.approx(track.values.tolist())


def test_a_backtest_has_the_facts_of_then(store: Database) -> None:
    """Also where it reads a few of the list's products, and scans of before had none."""
    more = ", order_by: heat", "heat: sales_surge * 2"
    world = World(store, rules("{sales_surge: {at_least: 2.5}}", *more))
    for yesterday in (0.1, 2, 0.1, 2):
        world.scan(market(yesterday=yesterday, big=(6.0, 80.0, 140.0, 170.0)))
    live = store.alerts.list("r")
    found = backtest(store, world.book, world.book.rules[0], (START, world.now))
    assert found.fired == len(live) == 2
    store.execute("UPDATE scans SET list_day = NULL, list_idle = NULL, list_sparse = NULL")
    assert backtest(store, world.book, world.book.rules[0], (START, world.now)).scans == 4


def test_explained_by_what_was_noted(store: Database) -> None:
    """A scan of an earlier version noted nothing: its list's day is as usual, and not sparse."""
    world = World(store, rules("{sales_surge: {above: 0}}"))
    world.scan(market(yesterday=0.1, big=(6.0, 60.0, 120.0, 150.0)))
    key = store.history.find("big")[0].product

    def surge() -> float:
        present = newest(store, world.book.used_watches[0].key, world.book.rules, [key])
        assert present is not None
        number = present.number(SURGE, key)
        assert number is not None
        return number

    quiet = surge()
    store.execute("UPDATE scans SET list_day = NULL, list_idle = NULL, list_sparse = NULL")
    assert surge() < quiet
