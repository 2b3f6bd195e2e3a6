"""What is told late shows what is so now beside what was so when the alert began."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC

import msgspec
import pytest

from tests.fakes.world import World
from tests.notification.test_coalesce import join
from tests.notification.test_flush_deferred import MORNING, NOON, QUIET, swept, world_of
from tests.test_pipeline import rule
from watcher.delivery.message import render
from watcher.delivery.rendered import Style
from watcher.delivery.view import Product, view_of
from watcher.evaluation.known import with_known
from watcher.evidence import LatestEvidence
from watcher.message import Item, Message
from watcher.model import ScanState
from watcher.notification.charting import chart_of
from watcher.notification.coalesce import DOZENS
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR

SALES, LIVE, PRICE = "total_sale_7d_cnt", "total_live_sale_7d_cnt", "spu_avg_price"
# The share of live sales, for it is a percentage that is easily made.
WHEN = "{live_share: {at_least: 50%}}"
LINE = "share of live sales 336% when it began, 201% now (at least 50%)"


def shares(**values: float) -> dict[str, float | dict[str, float]]:
    """Products (p1 is 1) of this share, in percent."""
    return {name.removeprefix("p"): {SALES: 100.0, LIVE: value} for name, value in values.items()}


def products(message: Message) -> dict[str, Product]:
    """What a message says of each product, in its order."""
    shown = view_of(message, "", UTC).products
    return {item.product_id: each for item, each in zip(message.items, shown, strict=True)}


def reminder(store: Database) -> tuple[World, Message]:
    """Told again after a day."""
    world = world_of(store, "min_severity: info", rule(WHEN, "remind: 1d"))
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    return world, world.told()[-1]


def digest(store: Database) -> tuple[World, Message]:
    """Collected over two scans."""
    world = world_of(store, 'digest: "0 9 * * mon"', rule(WHEN))
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    swept(world, 7 * DAY)
    return world, world.told()[0]


def digest_of_several(store: Database) -> tuple[World, Message]:
    """Of two rules."""
    world = world_of(store, 'digest: "0 9 * * mon"', rule(WHEN), rule("{rank: 9}", name="x"))
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    swept(world, 7 * DAY)
    return world, world.told()[0]


def quiet(store: Database) -> tuple[World, Message]:
    """A night with two scans."""
    world = world_of(store, 'quiet: {hours: "22:00-21:00"}', rule(WHEN))
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    swept(world, 23 * HOUR)
    return world, world.told()[0]


def silence_ends_between(store: Database) -> tuple[World, Message]:
    """Between two scans."""
    world = world_of(store, "min_severity: info", rule(WHEN))
    store.silences.add(begins=world.now, ends=world.now + 2 * DAY + HOUR, rule="r")
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    swept(world, NOON)
    return world, world.told()[0]


def silence_ends_at_a_scan(store: Database) -> tuple[World, Message]:
    """And is told by it."""
    world = world_of(store, "min_severity: info", rule(WHEN))
    store.silences.add(begins=world.now, ends=world.now + DAY + HOUR, rule="r")
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    return world, world.told()[0]


def cooldown_ends(store: Database) -> tuple[World, Message]:
    """Of an earlier alert; this one began in it."""
    world = world_of(store, "min_severity: info", rule(WHEN, "cooldown: 3d"))
    world.scan(shares(p1=60, p2=60))
    world.scan(shares(p1=10, p2=10))
    world.scan(shares(p1=336, p2=150))
    world.scan(shares(p1=201, p2=300))
    return world, world.told()[-1]


def joined(store: Database) -> tuple[World, Message]:
    """After an outage."""
    world = world_of(store, "min_severity: info", rule(WHEN, "remind: 1d"))
    world.scan(shares(p1=336, p2=150))
    for _ in range(DOZENS):
        world.scan(shares(p1=201, p2=300))
    row = join(world)
    assert row is not None
    return world, row.message


PATHS: list[Callable[[Database], tuple[World, Message]]] = [
    reminder, digest, digest_of_several, quiet, silence_ends_between, silence_ends_at_a_scan,
    cooldown_ends, joined,
]  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_every_way_to_tell_late(
    store: Database, path: Callable[[Database], tuple[World, Message]]
) -> None:
    """The value of today and the one it began with, the strongest of today first."""
    _, message = path(store)
    assert [item.product_id for item in message.items] == ["2", "1"]
    found = products(message)
    assert found["1"].why == (LINE,)
    assert found["2"].why == ("share of live sales 150% when it began, 300% now (at least 50%)",)
    assert any("since 1" in note for note in found["1"].notes), found["1"].notes
    assert LINE in render(message, Style.PLAIN).body
    # What is stored is values.
    (item,) = (each for each in message.items if each.product_id == "1")
    assert (item.why[0].value, item.now[0].value, item.seen) == (3.36, 2.01, None)
    assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message


def test_what_is_told_at_once_has_one_value(store: Database) -> None:
    """And so has what has not moved since."""
    world = world_of(store, "min_severity: info", rule(WHEN, "remind: 1d"))
    world.scan(shares(p1=336, p2=9))
    world.scan(shares(p1=336, p2=8))
    first, second = world.told()
    line = "share of live sales 336% (at least 50%)"
    assert [products(each)["1"].why for each in (first, second)] == [(line,), (line,)]
    assert products(first)["1"].notes == ()
    assert first.items[0].now == ()


def test_a_picture_shows_today(store: Database) -> None:
    """In its note."""
    world, message = reminder(store)
    chart = chart_of(store, world.book, message)
    assert chart is not None
    values = [each.evidence.value for each in chart.series if each.evidence is not None]
    assert values == [3.0, 2.01]


def test_an_end_has_the_value_that_ended_it(store: Database) -> None:
    """Beside the one that it began with; of one that was never told, too."""
    world = world_of(store, "min_severity: info", rule(WHEN, "resolved: true"))
    world.scan(shares(p1=336))
    world.scan(shares(p1=12))
    (product,) = products(world.told()[1]).values()
    assert product.why == ("share of live sales 336% when it began, 12% now (at least 50%)",)
    with Database.in_memory() as other:
        held = world_of(other, QUIET, rule(WHEN))
        held.scan(shares(p1=336))
        held.scan(shares(p1=12))
        swept(held, MORNING)
        (product,) = products(held.told()[0]).values()
        assert product.why == ("share of live sales 336% when it began, 12% now (at least 50%)",)


def test_a_product_that_the_newest_scan_lacks(store: Database) -> None:
    """What is known of it, and of when; after those of which more is known."""
    world = world_of(store, "min_severity: info", rule(WHEN, "remind: 2d"))
    world.scan(shares(p1=336, p2=100, p3=90))
    world.scan(shares(p1=201, p2=110, p3=95))
    world.scan(shares(p2=120, p3=99), ScanState.PARTIAL)
    message = world.told()[-1]
    assert [item.product_id for item in message.items] == ["2", "3", "1"]
    found = products(message)["1"]
    assert found.why == ("share of live sales 336% when it began, 201% on 16 Nov (at least 50%)",)
    assert found.notes == ("still firing, since 15 Nov", "last seen 16 Nov")
    assert message.items[2].seen == world.now - DAY


def test_a_list_that_is_read_by_the_hour(store: Database) -> None:
    """Of the day that is told of it is the hour."""
    world = world_of(store, "min_severity: info", rule(WHEN, "resolved: true"))
    world.scan(shares(p1=336, p2=7))
    world.scan(shares(p1=12, p2=8))
    message = world.told()[-1]
    item = msgspec.structs.replace(
        message.items[0], since=world.now - 4 * HOUR, seen=world.now - 3 * HOUR
    )
    (product,) = products(msgspec.structs.replace(message, items=(item,))).values()
    assert product.why == ("share of live sales 336% when it began, 12% at 19:13 (at least 50%)",)
    assert product.notes == ("ended: condition ended", "fired at 18:13", "last seen 19:13")


def test_between_scans_too(store: Database) -> None:
    """A digest of what a scan that was cut off did not list."""
    world = world_of(store, 'digest: "0 9 * * mon"', rule(WHEN))
    world.scan(shares(p1=336, p2=100))
    world.scan(shares(p1=201, p2=110))
    world.scan(shares(p2=120), ScanState.PARTIAL)
    swept(world, 7 * DAY)
    (message,) = world.told()
    assert [item.product_id for item in message.items] == ["2", "1"]
    assert products(message)["1"].why == (
        "share of live sales 336% when it began, 201% on 16 Nov (at least 50%)",
    )
    assert products(message)["1"].notes == ("firing since 15 Nov", "last seen 16 Nov")


def test_several_rules_on_what_a_scan_lacks(store: Database) -> None:
    """Each product keeps its own values, whichever rule asks for it first."""
    low = rule("{live_share: {at_least: 90%}}", "remind: 2d", name="low")
    world = world_of(store, "group_by: rule", rule(WHEN, "remind: 2d", name="all"), low)
    world.reread(world.rules.replace("at_least: 50%", "at_least: 50%, below: 200%"))
    world.scan(shares(p1=100, p2=150, p3=300, p4=7))
    world.scan(shares(p1=110, p2=160, p3=310, p4=8))
    world.scan(shares(p4=9), ScanState.PARTIAL)
    told = {message.rule: message for message in world.told()[-2:]}
    values = {
        name: {item.product_id: item.now[0].value for item in message.items}
        for name, message in told.items()
    }
    assert values == {"all": {"2": 1.6, "1": 1.1}, "low": {"3": 3.1, "2": 1.6, "1": 1.1}}
    assert [item.product_id for item in told["low"].items] == ["3", "2", "1"]


def test_what_left_the_list(store: Database) -> None:
    """Its last values, and their day."""
    world = world_of(store, "min_severity: info", rule(WHEN, "resolved: true"))
    world.scan(shares(p1=336, p2=9))
    world.scan(shares(p1=201, p2=8))
    world.scan(shares(p2=7))
    world.scan(shares(p2=6))
    (product,) = products(world.told()[-1]).values()
    assert product.why == ("share of live sales 336% when it began, 201% on 16 Nov (at least 50%)",)
    assert product.notes == ("ended: left the list", "fired on 15 Nov", "last seen 16 Nov")


def test_what_is_known_no_more(store: Database) -> None:
    """Its scans are pruned: what it began with is the newest that is known."""
    world = world_of(store, "min_severity: info", rule(WHEN, "resolved: true"))
    world.scan(shares(p1=336, p2=9))
    world.scan(shares(p1=336, p2=8))
    world.scan(shares(p2=7))
    store.execute("DELETE FROM scans WHERE id < 3")
    world.scan(shares(p2=6))
    (product,) = products(world.told()[-1]).values()
    assert product.why == ("share of live sales 336% (at least 50%)",)
    assert product.notes[2:] == ("last seen 15 Nov",)


def test_who_fell_off_a_top(store: Database) -> None:
    """That it is not on the list is what the rule is about: that is now."""
    world = world_of(store, "min_severity: info", rule("{rank: {leaves_top: 2}}", "remind: 1d"))
    world.scan({"1": 9, "2": 8, "3": 7})
    world.scan({"2": 9, "3": 8})
    (product,) = products(world.told()[0]).values()
    assert product.why == ("rank #1 → outside since 15 Nov",)
    assert product.notes == ()


MOVES = f"{{{PRICE}: {{rises: 30%, from: 2d ago}}}}"
LASTS = "remind: 1d\n    keep_firing_for: 90d"


@pytest.mark.parametrize(
    ("when", "days", "line"),
    [
        (
            MOVES,
            (10, 10, 20, 25),
            "price 10 → 20 (+100%) when it began, now 10 → 25 (+150%) since 16 Nov",
        ),
        (
            MOVES,
            (10, 10, 20, 5),
            "price 10 → 20 (+100%) when it began, now 10 → 5 (-50%) since 16 Nov",
        ),
        (
            f"{{{PRICE}: {{rises: 30%}}}}",
            (10, 20, 20.0),
            "price 10 → 20 (+100%) when it began, now 20",
        ),
        (
            f"{{{PRICE}: {{rises: 30%}}}}",
            (10, 20, None),
            "price 10 → 20 (+100%) when it began, now no value",
        ),
        (
            "{sales_trend_flag: {becomes: rising}}",
            (0, 1, 2),
            "trend stable → rising when it began, now rising → falling since 16 Nov",
        ),
        (
            "{sales_trend_flag: {becomes: rising}}",
            (0, 1, 1),
            "trend stable → rising when it began, now rising",
        ),
        (f"{{{PRICE}: {{below: 30}}}}", (20, 25), "price 20 when it began, 25 now (below 30)"),
        (f"{{{PRICE}: {{below: 30}}}}", (20, 35), "price 20 when it began, 35 now (below 30)"),
        (
            f"{{{PRICE}: {{below: 30}}}}",
            (20, None),
            "price 20 when it began, no value now (below 30)",
        ),
        (
            f"{{not: {{{PRICE}: {{above: 30}}}}}}",
            (20, 9),
            "price 20 when it began, 9 now (not: above 30)",
        ),
        (
            f"{{{PRICE}: {{rises: 30%, from: mean 4d}}}}",
            (10, 10, 10, 20, 25),
            (
                "price (mean 4d) 10 → 20 (+100%) when it began, now 12.50 → 25 (+100%) since "
                "15 Nov, 4 days known"
            ),
        ),
        ("{appears: true}", ("", 5, 6), "list: appears for the first time when it began"),
    ],
)  # fmt: skip
def test_words(store: Database, when: str, days: tuple[float | str | None, ...], line: str) -> None:
    """Of moves, events, plain values, and where there is no value any more."""
    world = world_of(store, "min_severity: info", rule(when, LASTS))
    metric = "sales_trend_flag" if "trend" in when else PRICE
    for day, value in enumerate(days):
        values = {} if value is None else {metric: value}
        others = {"2": {SALES: 5.0 + day}}
        world.scan(others if value == "" else {"1": values, **others})  # type: ignore[dict-item]
    (product,) = (product for key, product in products(world.told()[-1]).items() if key == "1")
    assert product.why == (line,)


def test_a_score_names_itself_twice(store: Database) -> None:
    """A label that says more than the metric's name is said of both."""
    world = world_of(store, "min_severity: info", rule(f"{{{PRICE}: {{unusual: 9}}}}", LASTS))
    for day in range(20):
        world.scan({"1": {PRICE: 100.0 + day % 3}})
    world.scan({"1": {PRICE: 300}})
    world.scan({"1": {PRICE: 400}})
    (product,) = products(world.told()[-1]).values()
    (line,) = product.why
    assert line.startswith("price (usual 28d, z 74.8) 101 → 300 (+197%) when it began, now price (")
    assert " 101 → 400 (+296%) since " in line


def test_all_that_was_or_is_met_is_a_reason(store: Database) -> None:
    """Of several conditions; what never was is none."""
    when = f"{{any: [{WHEN}, {{{PRICE}: {{above: 50}}}}, {{{PRICE}: {{above: 900}}}}]}}"
    world = world_of(store, "min_severity: info", rule(when, "remind: 1d"))
    world.scan({"1": {SALES: 100, LIVE: 336, PRICE: 9}})
    world.scan({"1": {SALES: 100, LIVE: 20, PRICE: 60}})
    (product,) = products(world.told()[-1]).values()
    assert product.why == (
        "share of live sales 336% when it began, 20% now (at least 50%)",
        "price 9 when it began, 60 now (above 50)",
    )


def test_a_message_of_earlier_days(store: Database) -> None:
    """One that waits as an older version wrote it, with no word on now, is told as it was."""
    _, message = reminder(store)
    raw = msgspec.json.decode(msgspec.json.encode(message))
    for item in raw["items"]:
        del item["now"]
    old = msgspec.convert(raw, Message)
    assert products(old)["1"].why == ("share of live sales 336% (at least 50%)",)


def test_an_alert_of_an_edited_rule(store: Database) -> None:
    """A condition in other words is still that of its metric."""
    item = Item("A1", "reminder", "US", "1", "x", 0)
    _, message = reminder(store)
    edited = msgspec.structs.replace(message.items[1].now[0], condition="at least 40%")
    other = msgspec.structs.replace(message.items[1].why[0], metric="price")
    changed = msgspec.structs.replace(
        item, why=(message.items[1].why[0], other), now=(edited,), since=message.created
    )
    (product,) = products(msgspec.structs.replace(message, items=(changed,))).values()
    assert product.why == ("share of live sales 336% when it began, 201% now (at least 40%)",)
    gone = msgspec.structs.replace(changed, why=(other,))
    (product,) = products(msgspec.structs.replace(message, items=(gone,))).values()
    assert product.why == ("share of live sales 201% (at least 40%)",)


def test_a_rule_that_breaks_keeps_nobody_from_being_told(
    store: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its products are told with what they began with, in the order of their alerts."""
    world = world_of(store, QUIET, rule(WHEN), rule(f"{{{PRICE}: {{above: 5}}}}", name="x"))
    world.scan({"1": {SALES: 100, LIVE: 336, PRICE: 9}, "2": {SALES: 100, LIVE: 400, PRICE: 10}})
    when = type(world.book.rules[0].when)

    def broken(condition: object, *_: object) -> object:
        raise ArithmeticError(str(condition))

    monkeypatch.setattr(when, "strength", broken)
    monkeypatch.setattr(when, "evidence", broken)
    world.day += 1  # so that the alerts are not of the scan at hand
    world.scan({"2": {SALES: 100}, "3": {PRICE: 1}})
    swept(world, MORNING)
    (message,) = world.told()
    assert [(item.rule, item.product_id) for item in message.items] == [("r", "2"), ("r", "1")]
    assert [[also.rule for also in item.also] for item in message.items] == [["x"], ["x"]]
    assert all(item.why and not item.now for item in message.items)
    assert all(also.why and not also.now for item in message.items for also in item.also)


def test_of_which_alerts_it_is_known(store: Database) -> None:
    """Of those that live and whose rule there is now."""
    world = world_of(store, "min_severity: info", rule(WHEN), rule("{rank: 1}", name="gone"))
    world.scan(shares(p1=336, p2=60))
    world.scan(shares(p1=201, p2=20))
    book = replace(world.book, rules=world.book.rules[:1])
    found = {
        (row.alert.rule, row.product_id): row.known
        for row in with_known(store, book, store.alerts.list())
    }
    assert found.pop(("r", "1")) == LatestEvidence(
        world.now, (msgspec.structs.replace(world.told()[0].items[0].why[0], value=2.01),)
    )
    assert set(found) == {("gone", "1"), ("r", "2")}
    assert set(found.values()) == {None}


def test_a_watch_without_a_scan(store: Database) -> None:
    """Nothing is known of now: its query was edited, or all is pruned."""
    world = world_of(store, QUIET, rule(WHEN, "limit: 1"))
    world.scan(shares(p1=336, p2=400))
    store.execute("DELETE FROM scans")
    assert [row.known for row in with_known(store, world.book, store.alerts.list())] == [None] * 2
    swept(world, MORNING)
    (message,) = world.told()
    assert [item.product_id for item in message.items] == ["1"]
    assert message.more == ("Product 2",)
    assert products(message)["1"].why == ("share of live sales 336% (at least 50%)",)
    assert products(message)["1"].notes == ()
