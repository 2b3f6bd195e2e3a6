"""One message of what several rules owe to a channel: each product once.

The scans of a ``World`` are made at 22:13 UTC, so that quiet hours hold what they tell.
"""

from __future__ import annotations

from datetime import UTC

from tests.fakes.world import World
from tests.test_pipeline import rule, rules
from watcher.delivery.view import view_of
from watcher.message import Message
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.store.ports import Store
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of, worded
from watcher.units import HOUR

MORNING = 9 * HOUR
SELLS = "{total_sale_7d_cnt: {at_least: 20}}"
CHEAP = "{spu_avg_price: {at_most: 5}}"
JUMPS = "{total_sale_7d_cnt: {rises: 50%}}"
CLIMBS = "{rank: {climbs: 1}}"


def world_of(store: Store, *written: str, channel: str = "") -> World:
    """Rules that tell one channel, in the morning."""
    quiet = f'quiet: {{hours: "22:00-07:00"}}{channel}'
    head = f"""
channels:
  me: {{url: "json://localhost/", {quiet}}}
defaults: {{region: US, notify: [me]}}
"""
    return World(store, rules(*written), head=head)


def told(world: World) -> Message:
    """The message of the morning after a scan."""
    (row,) = sweep(
        world.database, world.book, policies_of(world.book.channels), world.now + MORNING
    )
    found = world.database.outbox.get(row)
    assert found is not None
    return found.message


def places(message: Message) -> list[tuple[str, str, list[str]]]:
    """Each product in full: its rule, and those that speak beside it."""
    return [
        (item.rule, item.product_id, [each.rule for each in item.also]) for item in message.items
    ]


def listed(sales: dict[str, float], price: float = 9) -> dict[str, dict[str, float]]:
    """Products with these sales, in the order of the list."""
    return {key: {"total_sale_7d_cnt": each, "spu_avg_price": price} for key, each in sales.items()}


def test_each_product_stands_once(store: Store) -> None:
    """Under the most severe rule that tells it, with the word of the others, which counts as told;
    what the others have alone stands under them."""
    world = world_of(
        store,
        rule(SELLS, "label: sells", name="s"),
        rule(JUMPS, "severity: critical", name="jumps"),
        rule(CLIMBS, name="climbs"),
    )
    world.scan(listed({"1": 10, "2": 12, "3": 5}))
    world.scan(listed({"2": 30, "1": 40, "3": 8}))
    message = told(world)
    assert title_of(message) == "[critical] 3 jumps, 2 sells, 1 climbs (US)"
    assert places(message) == [
        ("jumps", "1", ["s"]),
        ("jumps", "2", ["s", "climbs"]),
        ("jumps", "3", []),
    ]
    assert (message.rule, message.rest, message.told) == ("", 0, 3)
    assert sum(map(len, message.alerts.values())) == 6
    by_id = {item.product_id: item for item in message.items}
    assert by_id["2"].also[0].label == "sells"
    view = view_of(message, title_of(message), UTC)
    (second,) = [each for each in view.products if each.name == "Product 2"]
    assert second.also == (
        "also sells: 7-day sales 30 (at least 20)",
        "also climbs: #1, was 2",
    )
    assert second.rules == ("jumps", "sells", "climbs")
    assert len(view.footer.split("alerts ")[1].split(", ")) == 6
    assert isinstance(worded(message).items[0].also[0].why[0].condition, str)
    # All of it counts as told.
    for name in ("s", "jumps", "climbs"):
        log = store.alerts.told(name, [1, 2, 3])
        assert {each.alert for each in log} <= {
            alert for ids in message.alerts.values() for alert in ids
        }
        assert log
    assert sweep(store, world.book, policies_of(world.book.channels), world.now + 14 * HOUR) == []


def test_limits(store: Store) -> None:
    """A rule's bounds the products of its own, a channel's all of them; what has no room under one
    rule may stand under the next, and is counted and named once."""
    world = world_of(
        store, rule(SELLS, "limit: 2", name="s"), rule(JUMPS, "limit: 1", name="jumps")
    )
    world.scan(listed({"1": 10, "2": 10, "3": 10, "4": 10, "5": 100}))
    sales = {"1": 50.0, "2": 40.0, "3": 30.0, "4": 20.0, "5": 100.0}
    world.scan(listed(sales))
    message = told(world)
    assert [(rule, len(also)) for rule, _, also in places(message)] == [
        ("s", 0), ("s", 1), ("jumps", 1),
    ]  # fmt: skip
    assert (message.rest, len(message.more)) == (2, 2)
    assert not {item.name for item in message.items} & {*message.more}


def test_a_channels_limit(store: Store) -> None:
    """It bounds the message: the most severe rule is in full, the others counted and named."""
    world = world_of(
        store, rule(SELLS, name="s"), rule(CHEAP, "severity: warning", name="cheap"),
        channel=", limit: 3",
    )  # fmt: skip
    products = listed({str(number): 10 + 10 * number for number in range(1, 5)})
    world.scan({**products, **listed({"8": 1, "9": 1}, price=4)})
    message = told(world)
    assert [rule for rule, _, _ in places(message)] == ["cheap", "cheap", "s"]
    assert (message.rest, len(message.more)) == (3, 3)
    assert [(part.rule, part.told) for part in message.parts] == [("cheap", 2), ("s", 4)]


def test_what_ended_stands_where_it_fires(store: Store) -> None:
    """A product that ended by a more severe rule stands under the one by which it fires."""
    world = world_of(
        store,
        rule(JUMPS, "severity: warning\n    resolved: true", name="jumps"),
        rule("{total_sale_7d_cnt: {at_least: 45}}", name="s"),
    )
    world.scan(listed({"1": 10}))
    world.scan(listed({"1": 40}))
    told(world)
    world.scan(listed({"1": 46}))
    message = told(world)
    assert places(message) == [("s", "1", ["jumps"])]
    assert title_of(message) == "1 s, 1 jumps ended (US)"
    (product,) = view_of(message, "", UTC).products
    assert product.also == ("also jumps ended: condition ended",)


def test_many_rules_and_products(store: Store) -> None:
    """Without a limit of the channel a message of several rules has 50 products in full, or as many
    as one of its rules asks for; beyond ten words on a product the rules are only named."""
    many = [rule(SELLS, f"limit: {4 * number}", name=f"r{number:02}") for number in range(1, 16)]
    world = world_of(store, *many)
    world.scan(listed({str(number): 200.0 - number for number in range(1, 101)}))
    message = told(world)
    assert len(message.items) == 60
    assert [item.rule for item in message.items[:5]] == ["r01"] * 4 + ["r02"]
    (first, *_) = view_of(message, "", UTC).products
    assert len(first.also) == 11
    assert first.also[9] == "also r11: 7-day sales 199 (at least 20)"
    assert first.also[10] == "also r12, r13, r14, r15"
    assert len(first.rules) == 15
    assert len(message.items[0].also[13].alert) > 1
    assert not message.items[0].also[13].why


def test_a_program_is_told_all(store: Store) -> None:
    """Rules' limits spare a reader, not a program; the channel's own bounds both."""
    rules_of = (rule(SELLS, "limit: 2", name="s"), rule(JUMPS, "limit: 1", name="jumps"))
    shown = {}
    for more in ("", ", limit: 3"):
        world = world_of(
            Database.in_memory() if more else store, *rules_of, channel=f", payload: json{more}"
        )
        world.scan(listed({str(each): 10 for each in range(1, 71)}))
        world.scan(listed({str(each): 50 for each in range(1, 71)}))
        message = told(world)
        shown[more] = (len(message.items), message.rest)
    assert shown == {"": (70, 0), ", limit: 3": (3, 67)}
