"""Rules of several watches: an alert is moved by the watch that opened it, and by no other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.world import World
from tests.store.making import memory, scan
from watcher.alert import Alert, AlertState
from watcher.evaluation.lifecycle import LEFT_THE_LIST, RULE_CHANGED
from watcher.model import ScanState
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.store.sqlite.database import Database
from watcher.units import DAY

MET, NOT_MET, ABSENT = {"1": 20.0, "9": 0.0}, {"1": 1.0, "9": 0.0}, {"9": 0.0}
WATCHES = """
watches:
  mine: {sort: total_sale_7d_cnt desc, every: 24h}
  rival: {sort: total_sale_30d_cnt desc, every: 24h}
  weekly: {sort: total_sale_cnt desc, every: 7d}
"""
SELLS = "{total_sale_7d_cnt: {at_least: 10}}"


def rule(watch: str = "[mine, rival]", more: str = "", when: str = SELLS) -> str:
    """One rule on these watches, with the watches."""
    return f"{WATCHES}rules:\n  - name: r\n    watch: {watch}\n    when: {when}\n    {more}\n"


def world_of(store: Database, text: str) -> World:
    """A world that begins with such a file."""
    return World(store, text)


def alert(world: World) -> Alert:
    """The newest one."""
    return world.database.alerts.list("r")[0].alert


def key(world: World, name: str) -> str:
    """The key of the watch of that name."""
    return next(each.key for each in world.book.watches if each.name == name)


@pytest.mark.parametrize("others", [MET, NOT_MET, ABSENT])
@pytest.mark.parametrize("state", [ScanState.COMPLETE, ScanState.PARTIAL])
def test_the_other_watch_changes_nothing(
    store: Database, others: dict[str, float], state: ScanState
) -> None:
    """Met there, not met, or not listed, however often."""
    world = world_of(store, rule(more="resolved: true"))
    world.scan(MET, of="mine")
    before = alert(world)
    assert (before.state, before.watch) == (AlertState.FIRING, key(world, "mine"))
    for _ in range(4):
        world.scan(others, state, of="rival")
    assert alert(world) == before
    assert len(world.told()) == 1


@pytest.mark.parametrize("others", [MET, NOT_MET, ABSENT])
def test_what_is_pending_waits_for_its_own_watch(store: Database, others: dict[str, float]) -> None:
    """Two days, by the watch that it began with; the other one neither counts nor ends them."""
    world = world_of(store, rule(more="for: 2d"))
    world.scan(MET, of="mine")
    for _ in range(3):
        world.scan(others, of="rival")
    assert world.state() == "p"
    world.scan(MET, of="mine")
    assert world.state() == "f"


def test_once_it_ended_the_other_may_open_one(store: Database) -> None:
    """At its next scan; told again, for there is no cooldown."""
    world = world_of(store, rule(more="resolved: true"))
    world.scan(MET, of="mine")
    world.scan(MET, of="rival")
    world.scan(NOT_MET, of="mine")
    assert world.state() == "."
    world.scan(MET, of="rival")
    assert (world.state(), alert(world).watch) == ("f", key(world, "rival"))
    assert [(each.told, each.ended) for each in world.told()] == [(1, 0), (0, 1), (1, 0)]
    world.scan(MET, of="mine")
    assert len(world.told()) == 3


def test_it_leaves_the_list_that_it_was_on(store: Database) -> None:
    """By two complete scans of its own watch, whatever the other lists meanwhile."""
    world = world_of(store, rule())
    world.scan(MET, of="mine")
    for products in (ABSENT, MET, ABSENT):
        world.scan(products, of="mine" if products is ABSENT else "rival")
    assert (world.state(), alert(world).reason) == (".", LEFT_THE_LIST)


def test_a_cooldown_is_of_both(store: Database) -> None:
    """Of the rule, the product and the channel, whichever list finds it anew."""
    world = world_of(store, rule(more="cooldown: 5d"))
    world.scan(MET, of="mine")
    world.scan(NOT_MET, of="mine")
    world.scan(MET, of="rival")
    assert (world.state(), len(world.told())) == ("f", 1)
    world.day += 4
    world.scan(MET, of="rival")
    assert len(world.told()) == 2


def test_a_reminder_comes_with_its_own_watch(store: Database) -> None:
    """The other one's scans are not the time for it."""
    world = world_of(store, rule(more="remind: 2d"))
    world.scan(MET, of="mine")
    world.scan(MET, of="rival", days=3)
    assert len(world.told()) == 1
    world.scan(MET, of="mine", days=0)
    assert len(world.told()) == 2


def test_last_is_that_of_the_watch(store: Database) -> None:
    """What the other list had a moment ago is no baseline."""
    world = world_of(store, rule(when="{total_sale_7d_cnt: {rises: 50%}}"))
    world.scan({"1": 10}, of="mine")
    world.scan({"1": 10}, of="rival")
    world.scan({"1": 14}, of="mine")
    assert world.state() == "."
    world.scan({"1": 18}, of="rival")
    assert world.state() == "f"
    assert alert(world).watch == key(world, "rival")


def test_each_watch_has_its_own_slack(store: Database) -> None:
    """``for: 7d`` of a daily watch falls short by 12 hours at most, of a weekly one by a tenth."""
    world = world_of(store, rule("[mine, weekly]", "for: 7d"))
    world.scan(MET, of="weekly")
    (watch,) = (each for each in world.book.watches if each.name == "weekly")
    at = world.now + 7 * DAY - 60_000
    assert watch.least(7 * DAY) <= 7 * DAY - 60_000
    made = scan(at, MET, watch=watch.key)
    policies = policies_of(world.book.channels)
    evaluate(store, made, world.book.rules_of(watch), policies, world.book.metrics, at)
    assert world.state() == "f"


def test_who_leaves_the_rule_hands_on_its_alerts(store: Database) -> None:
    """What it fired goes on in silence: with the first watch that lists the product."""
    world = world_of(store, rule("[mine, rival, weekly]"))
    world.scan(MET, of="mine")
    world.reread(rule("[rival, weekly]"))
    assert alert(world).watch == ""
    world.scan(ABSENT, of="rival")
    world.scan(ABSENT, of="rival")
    assert world.state() == "f"
    world.scan(MET, of="weekly")
    assert (world.state(), alert(world).watch) == ("f", key(world, "weekly"))
    world.scan(MET, of="rival")
    assert len(world.told()) == 1


def test_what_no_watch_of_the_rule_lists_ends(store: Database) -> None:
    """Silently, by the scans of the one that looks most seldom."""
    world = world_of(store, rule("[mine, rival, weekly]", "resolved: true"))
    world.scan(MET, of="mine")
    world.reread(rule("[rival, weekly]", "resolved: true"))
    for name in ("rival", "rival", "weekly", "rival", "weekly"):
        assert world.state() == "f"
        world.scan(ABSENT, of=name)
    assert (world.state(), alert(world).reason) == (".", RULE_CHANGED)
    assert len(world.told()) == 1


def test_a_second_watch_takes_nothing_from_the_first(store: Database) -> None:
    """An alert of when there was one watch is that one's."""
    world = world_of(store, rule("mine"))
    world.scan(MET, of="mine")
    world.reread(rule("[mine, rival]"))
    assert alert(world).watch == key(world, "mine")
    world.scan(ABSENT, of="rival")
    world.scan(ABSENT, of="rival")
    assert world.state() == "f"


def test_a_rule_of_one_watch_beside_one_of_two(store: Database) -> None:
    """Judged at the same scan: each by its own terms."""
    both = rule("[mine, rival]") + f"  - {{name: s, watch: rival, when: {SELLS}}}\n"
    world = world_of(store, both)
    world.scan(MET, of="mine")
    world.scan(MET, of="rival")
    assert (world.state("r"), world.state("s")) == ("f", "f")
    for _ in range(2):
        world.scan(ABSENT, of="rival")
    assert (world.state("r"), world.state("s")) == ("f", ".")


PAUSED = rule("mine", "enabled: false")


def test_a_rule_that_is_not_enabled_is_not_judged(store: Database) -> None:
    """Nothing is read for it, and nothing fires."""
    world = world_of(store, PAUSED)
    assert world.book.used_watches == ()
    assert world.book.tellings == []


def test_what_fires_is_carried_over_a_pause(store: Database) -> None:
    """It goes on untold if it still holds, and ends silently if it does not."""
    world = world_of(store, rule("mine", "resolved: true"))
    world.scan(MET | {"2": 20.0}, of="mine")
    world.reread(rule("mine", "resolved: true\n    enabled: false"))
    assert {each.carried for each in store.alerts.live(["r"])} == {True}
    world.reread(rule("mine", "resolved: true"))
    world.scan(MET, of="mine")
    world.scan(MET, of="mine")
    assert world.state() == "f"
    assert len(world.told()) == 1


def test_what_is_pending_is_dropped_by_a_pause(store: Database) -> None:
    """It begins anew when the rule is enabled again."""
    world = world_of(store, rule("mine", "for: 2d"))
    world.scan(MET, of="mine")
    world.reread(rule("mine", "for: 2d\n    enabled: false"))
    assert world.state() == "."
    world.reread(rule("mine", "for: 2d"))
    world.scan(MET, of="mine")
    assert world.state() == "p"


class Model:
    """What must be so, told in few words: each product's owner, and how often it was missing."""

    def __init__(self) -> None:
        self.owner: dict[str, str] = {}
        self.absent: dict[str, int] = {}

    def scan(self, name: str, sales: dict[str, int]) -> None:
        for product in sorted({*self.owner, *sales}):
            if self.owner.get(product, name) != name:
                continue
            missing = self.absent.get(product, 0) + 1 if product not in sales else 0
            met = sales.get(product, 0) >= 10
            if met or (product in self.owner and product not in sales and missing < 2):
                self.owner[product], self.absent[product] = name, missing
            else:
                self.owner.pop(product, None)
                self.absent.pop(product, None)


SCANS = st.lists(
    st.tuples(
        st.sampled_from(["mine", "rival", "weekly"]),
        st.dictionaries(st.sampled_from("1234"), st.sampled_from([1, 20]), max_size=4),
    ),
    max_size=12,
)


@given(scans=SCANS)
def test_whoever_opened_it_moves_it_in_any_order(scans: list[tuple[str, dict[str, int]]]) -> None:
    """Three lists, scans in any order: the alerts, and their owners, are those of the model."""
    with memory() as store:
        world, model = world_of(store, rule("[mine, rival, weekly]")), Model()
        names = {key(world, name): name for name in ("mine", "rival", "weekly")}
        for name, sales in scans:
            world.scan({**dict(sales), "9": 0}, of=name)
            model.scan(name, sales)
            live = store.alerts.live(["r"])
            facts = store.history.facts([each.product for each in live])
            found = {facts[each.product].product_id: names[each.watch] for each in live}
            assert found == model.owner
