"""The lowest and the highest of a time, and what never moved in it: from scans to messages."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest

from tests.fakes.world import WATCH, World
from tests.store.making import scan
from watcher.analysis.reasons import Reason, reason_of
from watcher.delivery.view import view_of
from watcher.evaluation.jumps import stored_table
from watcher.evaluation.tabling import needs_of
from watcher.model import Verdict
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.conditions.base import Judge
from watcher.store.sqlite.database import Database

PRICE, SALES = "spu_avg_price", "total_sale_7d_cnt"
UTC = ZoneInfo("UTC")
Days = list[float | None]


def world_of(store: Database, when: str) -> World:
    """One rule that tells."""
    return World(store, f"rules:\n- {{name: r, {WATCH}, when: {when}}}")


def see(world: World, prices: Days) -> None:
    """A scan a day with the product at this price, None without it; some other product moves."""
    for price in prices:
        own = {} if price is None else {"1": {PRICE: price, SALES: 9.0}}
        world.scan(own | {"2": {SALES: 5.0 + world.day}})


def reason(world: World) -> Reason:
    """What the rule says of the product at the newest scan that has it."""
    (rule,) = world.book.rules
    seen = world.database.history.sighting(rule.watch.key, 1)
    assert seen is not None
    table = stored_table(
        world.database, seen.row, seen.recorded, needs_of([rule]), rule.watch.schedule
    )
    return reason_of(rule.when, Judge(table), 0)


def lines(world: World) -> list[str]:
    """Why each product is told, message for message."""
    views = [view_of(message, "", UTC) for message in world.told()]
    return [line for view in views for product in view.products for line in product.why]


@pytest.mark.parametrize(
    ("when", "days", "told"),
    [
        # Six of nine days are two thirds; the message says how many are known.
        ("lowest: 9d", [9, 8, 7, 8, 9, 8], []),
        ("lowest: 9d", [9, 8, 7, 8, 9, 8, 6.5], ["price 6.50 (lowest in 9d), 6 days known"]),
        ("lowest: 9d", [9, 8, 7, 8, 9, 8, 7], ["price 7 (lowest in 9d), 6 days known"]),
        ("lowest: 9d", [9, 8, 7, 8, 9, 8, 7.01], []),
        ("lowest: 3d", [5, 9, 8, 8, 6], ["price 6 (lowest in 3d), 3 days known"]),
        ("highest: 9d", [1, 2, 3, 4, 5, 6, 7], ["price 7 (highest in 9d), 6 days known"]),
        ("highest: 9d", [1, 2, 3, 4, None, None, 7], ["price 7 (highest in 9d), 4 days known"]),
        # All of the time must be known; one scan may fail.
        ("unchanged: 4d", [7, 5, 5, 5, 5], []),
        ("unchanged: 4d", [7, 5, 5, 5, 5, 5], ["price 5 (unchanged for 4d), 4 days known"]),
        ("unchanged: 4d", [5, 5, None, 5, 5], ["price 5 (unchanged for 4d), 3 days known"]),
        ("unchanged: 4d", [5, None, None, 5, 5], []),
        ("unchanged: 4d", [5, 5, 5, 6, 5], []),
        ("unchanged: 4d", [5, 5, 5, 4, 5], []),
    ],
)
def test_what_is_told(store: Database, when: str, days: Days, told: list[str]) -> None:
    """Equal counts, and the present value is one of them."""
    world = world_of(store, f"{{{PRICE}: {{{when}}}}}")
    see(world, days)
    assert lines(world) == told


@pytest.mark.parametrize(
    ("days", "other"), [([5, 5, 5, 6, 5], 6), ([5, 5, 5, 4, 5], 4), ([5, 5, 5, 5, 5], 5)]
)
def test_what_moved_says_what_it_was(store: Database, days: Days, other: float) -> None:
    """Whichever way it went; of what stood still there is no other value."""
    world = world_of(store, f"{{{PRICE}: {{unchanged: 4d}}}}")
    see(world, days)
    found = reason(world).evidence
    assert found is not None
    assert found.baseline == other


@pytest.mark.parametrize(
    ("when", "days", "verdict", "why"),
    [
        ("lowest: 9d", [9, 8, 7], Verdict.NO_DATA, "known for less than 6d of it: 2 days known"),
        ("unchanged: 9d", [9, 8, 7], Verdict.NO_DATA, "all of the 9d before: 2 days known"),
        (
            "unchanged: 6d",
            [5, 5, None, None, None, 5, 5],
            Verdict.NO_DATA,
            "not seen for 4d of the 6d before: what was so then is not known",
        ),
        ("unchanged: 6d", [5, 5, None, None, None, 5, 6], Verdict.NOT_MET, ""),
        ("falls: 9, from: median 9d", [9, 8, 7], Verdict.NO_DATA, "2 days known"),
        ("unusual: 3", [9, 8, 7], Verdict.NO_DATA, "2 days known"),
    ],
)
def test_no_data_says_how_many_days_are_known(
    store: Database, when: str, days: Days, verdict: Verdict, why: str
) -> None:
    """And what is known to have been otherwise is no lack of data."""
    world = world_of(store, f"{{{PRICE}: {{{when}}}}}")
    see(world, days)
    found = reason(world)
    assert found.verdict is verdict
    assert why in found.why


def test_other_watches_that_saw_it_count(store: Database) -> None:
    """It left this list and not the other one: its price is known all the same."""
    text = (
        "watches:\n  one: {sort: total_sale_7d_cnt desc}\n  two: {sort: total_sale_cnt desc}\n"
        f"rules:\n- {{name: r, watch: one, when: {{{PRICE}: {{unchanged: 4d}}}}}}\n"
        f"- {{name: s, watch: two, when: {{{PRICE}: {{above: 99}}}}}}"
    )
    world = World(store, text)
    one, two = world.book.used_watches
    for day in range(5):
        for watch in (one, two) if day in (0, 4) else (two,):
            made = scan(
                world.now + (watch is two), {"1": {PRICE: 5.0}, "2": {SALES: 5.0 + day}},
                watch=watch.key,
            )  # fmt: skip
            rules, policies = world.book.rules_of(watch), policies_of(world.book.channels)
            evaluate(store, made, rules, policies, world.book.metrics, made.at)
        world.day += 1
    assert lines(world) == ["price 5 (unchanged for 4d), 4 days known"]


@pytest.mark.parametrize("kind", ["median", "mean", "min", "max"])
def test_every_statistic_says_how_many_days_are_known(store: Database, kind: str) -> None:
    """In the message, behind the move."""
    world = world_of(store, f"{{{PRICE}: {{falls: 10%, from: {kind} 6d}}}}")
    see(world, [10, 10, 10, 10, 5])
    (line,) = lines(world)
    assert line == f"price ({kind} 6d) 10 → 5 (-50%) since 13 Nov, 4 days known"


def test_what_is_unusual_says_how_many_days_are_known(store: Database) -> None:
    """Of 28 days twenty."""
    world = world_of(store, f"{{{PRICE}: {{unusual: 3}}}}")
    prices = np.random.default_rng(3).integers(9, 12, 20).tolist()
    see(world, [*map(float, prices), 99.0])
    (line,) = lines(world)
    assert line.endswith(", 20 days known")
    assert "usual 28d, z" in line
