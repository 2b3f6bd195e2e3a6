"""One message for each rule and channel a scan."""

from __future__ import annotations

from tests.fakes.world import World
from tests.test_pipeline import SELLS, rule, rules
from watcher.model import ScanState
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of


def ids(world: World, message: int = -1) -> list[str]:
    """The products of a message, in order."""
    return [item.product_id for item in world.told()[message].items]


def test_all_that_fires_is_one_message_the_strongest_first(store: Database) -> None:
    """In the order of the first metric of ``when``, the largest first."""
    world = World(store, rules(rule(SELLS)))
    world.scan({"1": 20, "2": 90, "3": 5, "4": 50})
    assert world.titles() == ["[info] r: 3 products (US)"]
    assert ids(world) == ["2", "4", "1"]


def test_order_by(store: Database) -> None:
    """Another metric; of ranks the smallest is the strongest; without a value comes last."""
    world = World(store, rules(rule(SELLS, "order_by: spu_avg_price")))
    sells = {"total_sale_7d_cnt": 20.0}
    world.scan({"1": sells, "2": {**sells, "spu_avg_price": 3}, "3": {**sells, "spu_avg_price": 9}})
    assert ids(world) == ["3", "2", "1"]
    ranked = World(store, rules(rule("{rank: {at_most: 2}}", name="top")), day=world.day)
    ranked.scan({"7": 1, "8": 1, "9": 1})
    assert ids(ranked) == ["7", "8"]


def test_limit_names_the_rest(store: Database) -> None:
    """Beyond the limit products are named, and beyond that counted."""
    world = World(store, rules(rule(SELLS, "limit: 2")))
    world.scan({str(number): 100 - number for number in range(30)})
    (message,) = world.told()
    assert [item.product_id for item in message.items] == ["0", "1"]
    assert message.rest == 28
    assert message.more[:2] == ("Product 2", "Product 3")
    assert len(message.more) == 20
    assert title_of(message) == "[info] r: 30 products (US)"


def test_nothing_is_repeated_but_reminders(store: Database) -> None:
    """What fires on is told once; with ``remind`` again after that time."""
    world = World(store, rules(rule(SELLS), rule(SELLS, "remind: 2d", name="again")))
    for _ in range(5):
        world.scan({"1": 20})
    rules_told = [[part.rule for part in each.parts] or each.rule for each in world.told()]
    assert rules_told == [["r", "again"], "again", "again"]
    assert [item.kind for item in world.told()[-1].items] == ["reminder"]


def test_cooldown_spans_alerts(store: Database) -> None:
    """What fires again within the cooldown is told when that is over, if it still fires."""
    world = World(store, rules(rule(SELLS, "cooldown: 4d")))
    world.march("20 10 20 20 20 20")
    assert [message.data_at for message in world.told()] == [
        world.now - 5 * 86_400,
        world.now - 86_400,
    ]


def test_resolved_tells_the_end_of_what_was_told(store: Database) -> None:
    """In the same message as what begins, after it, with the reason."""
    world = World(store, rules(rule(SELLS, "resolved: true")))
    world.scan({"1": 20, "2": 20})
    world.scan({"1": 10, "2": 20, "3": 30})
    assert world.titles()[1] == "[info] r: 1 product, 1 ended (US)"
    began, ended = world.told()[1].items
    assert (began.kind, began.product_id) == ("firing", "3")
    assert (ended.kind, ended.product_id, ended.reason) == ("resolved", "1", "condition ended")
    world.scan({"2": 20})
    world.scan({"2": 20})
    assert world.titles()[2:] == ["[info] r: 1 ended (US)"]
    assert world.told()[2].items[0].reason == "left the list"


def test_a_channel_has_a_least_severity(store: Database) -> None:
    """``boss`` takes warnings; each of its targets has a row of its own."""
    both = "notify: [me, boss]"
    loud = rule(SELLS, f"{both}\n    severity: warning", name="loud")
    world = World(store, rules(rule(SELLS, both), loud))
    world.scan({"1": 20})
    assert [[part.rule for part in each.parts] for each in world.told()] == [["loud", "r"]]
    assert [message.rule for message in world.told("boss/1")] == ["loud"]
    assert [message.rule for message in world.told("boss/2")] == ["loud"]


def test_what_a_message_shows(store: Database) -> None:
    """Facts by metric, the alert's short id, the time of the data and of the message."""
    world = World(store, rules(rule(SELLS, "description: Sells well")))
    values = {
        "total_sale_7d_cnt": 20.0,
        "spu_avg_price": 4.99,
        "product_commission_rate": 0.15,
        "total_ifl_cnt": 41.0,
        "total_ifl_video_7d_cnt": 3.0,
        "total_ifl_live_7d_cnt": 2.0,
    }
    world.scan({"1": values})
    (message,) = world.told()
    (item,) = message.items
    assert message.description == "Sells well"
    assert (message.data_at, message.created) == (world.now, world.now + 60)
    assert (item.alert, item.name, item.since) == ("A1", "Product 1", world.now)
    assert item.facts == {
        "spu_avg_price": 4.99,
        "total_sale_7d_cnt": 20.0,
        "total_sale_gmv_7d_amt": None,
        "sales_trend_flag": None,
        "rank": 1.0,
        "total_ifl_cnt": 41.0,
        "creators_7d": 5.0,
        "commission": 0.15,
    }


def test_what_is_not_in_the_scan_is_told_from_the_history(store: Database) -> None:
    """An alert held by the cooldown whose product a partial scan missed still has its values."""
    world = World(store, rules(rule(SELLS, "cooldown: 3d")))
    world.march("20 10 25")
    world.scan({"2": 1.0}, ScanState.PARTIAL)
    (_, message) = world.told()
    (item,) = message.items
    assert item.facts["total_sale_7d_cnt"] == 25
    assert item.facts["rank"] is None
