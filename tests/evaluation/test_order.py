"""The strongest first: how far a product went beyond its condition, in the condition's direction.

Twelve products meet a rule of which ten are shown: those, in order, and the two that are only named
must be those that an oracle of plain numbers puts there.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import msgspec
import pytest

from tests.fakes.world import World
from tests.notification.test_coalesce import join, world_of
from tests.notification.test_flush_deferred import MORNING, QUIET, swept
from tests.notification.test_flush_deferred import world_of as held_world_of
from tests.test_pipeline import rule, rules
from watcher.analysis.backtest import backtest
from watcher.message import Message
from watcher.notification.charting import chart_of
from watcher.rules.conditions.registry import NUMBER_BY_NAME
from watcher.store.sqlite.database import Database

PRICE, SALES = "spu_avg_price", "total_sale_7d_cnt"
# Twelve values before and now, in the list's order: no order of theirs is that of another.
THEN = (50.0, 20.0, 80.0, 10.0, 60.0, 40.0, 30.0, 95.0, 70.0, 25.0, 90.0, 15.0)
NOW = (53.0, 31.0, 86.5, 24.0, 61.5, 47.0, 42.0, 99.0, 91.0, 26.75, 97.5, 17.5)
Key = Callable[[float, float], float]
BY_RULE = """
channels: {me: {url: "json://localhost/", group_by: rule}}
defaults: {region: US, notify: [me]}
"""


@dataclass(frozen=True)
class Case:
    """An operator that all products meet; ``key`` of a product's value before and now is larger
    for the stronger one. All meet its ``opposite`` under a not. ``then`` and ``now`` are the other
    way round where ``down``."""

    written: str
    key: Key
    opposite: str
    key_of_opposite: Key | None = None
    down: bool = False


def alike(_then: float, _now: float) -> float:
    """Of a condition that all meet alike."""
    return 0.0


CASES = {
    "not_equals": Case("10", lambda _, now: abs(now - 10), "10", alike),
    "not_in": Case("[5, 60]", lambda _, now: min(abs(now - 5), abs(now - 60)), "[10, 60]", alike),
    "above": Case("10", lambda _, now: now, "100"),
    "below": Case("100", lambda _, now: -now, "10"),
    "at_least": Case("10", lambda _, now: now, "100"),
    "at_most": Case("100", lambda _, now: -now, "10"),
    "between": Case("[10, 100]", lambda _, now: now, "[1, 2]", lambda _, now: now - 2),
    "rises": Case("1%", lambda then, now: now / then, "900%"),
    "falls": Case("1%", lambda then, now: -now / then, "99%", down=True),
    "changes": Case("1%", lambda then, now: abs(now / then - 1), "900%", down=True),
    "crosses_above": Case("9", lambda _, now: now, "200"),
    "crosses_below": Case("101", lambda _, now: -now, "1"),
}
# All that meet these meet them alike: the week's sales decide.
ALIKE = {"equals": "5", "in": "[5, 6]", "becomes": "5", "leaves": "4"}
MOVES = {"rises", "falls", "changes", "crosses_above", "crosses_below"}
PAST = {"lowest": "3d", "highest": "3d", "unchanged": "3d"}  # tried below: they need a past
PLACES = {"climbs", "drops", "enters_top", "leaves_top"}


def test_every_operator_has_a_case() -> None:
    """An operator that is added needs a direction, too."""
    assert {*CASES, *ALIKE, *PAST, *PLACES, "unusual"} == set(NUMBER_BY_NAME)


def shown(message: Message) -> list[str]:
    """The products in the message's order, those that are only named at the end."""
    return [item.product_id for item in message.items] + [
        name.removeprefix("Product ") for name in message.more
    ]


def strongest(keys: Mapping[str, float | tuple[float, ...]]) -> list[str]:
    """The oracle's order; of equals the first."""
    return sorted(keys, key=lambda each: keys[each], reverse=True)


def scans(
    world: World, *days: Mapping[str, float], sales: Mapping[str, float] | None = None
) -> None:
    """Prices day by day."""
    for day in days:
        world.scan({key: {PRICE: value, SALES: (sales or {}).get(key, 7.0)}
                    for key, value in day.items()})  # fmt: skip


def by_number(values: tuple[float, ...]) -> dict[str, float]:
    """Products 1 to 12 with these values."""
    return {str(number): value for number, value in enumerate(values, start=1)}


@pytest.mark.parametrize("name", CASES)
def test_an_operator(store: Database, name: str) -> None:
    """Ten of twelve, in the order of its direction."""
    case = CASES[name]
    then, now = (
        (by_number(NOW), by_number(THEN)) if case.down else (by_number(THEN), by_number(NOW))
    )
    before = then
    if name.startswith("crosses"):
        before = dict.fromkeys(then, 9.0 if "above" in name else 101.0)
    world = World(store, rules(rule(f"{{{PRICE}: {{{name}: {case.written}}}}}")))
    scans(world, *([before, now] if name in MOVES else [now]))
    (message,) = world.told()
    assert (len(message.items), message.rest) == (10, 2)
    assert shown(message) == strongest({each: case.key(before[each], now[each]) for each in now})


@pytest.mark.parametrize("name", CASES)
def test_the_opposite(store: Database, name: str) -> None:
    """``not`` turns the direction round."""
    case = CASES[name]
    then, now = (
        (by_number(NOW), by_number(THEN)) if case.down else (by_number(THEN), by_number(NOW))
    )
    if name.startswith("not"):
        now = dict.fromkeys(now, 10.0)  # all of them alike
    key = case.key_of_opposite or (lambda before, value: -case.key(before, value))
    world = World(store, rules(rule(f"{{not: {{{PRICE}: {{{name}: {case.opposite}}}}}}}")))
    scans(world, *([then, now] if name in MOVES else [now]))
    (message,) = world.told()
    assert shown(message) == strongest({each: key(then[each], now[each]) for each in now})


@pytest.mark.parametrize("name", ALIKE)
def test_what_all_meet_alike(store: Database, name: str) -> None:
    """By the week's sales, and of equals by the list."""
    sales = by_number((1, 9, 3, 9, 5, 2, 8, 3, 7, 6, 4, 11))
    when = f"{{{PRICE}: {{{name}: {ALIKE[name]}}}}}"
    world = World(store, rules(rule(when)))
    scans(world, dict.fromkeys(sales, 4.0), dict.fromkeys(sales, 5.0), sales=sales)
    assert shown(world.told()[-1]) == strongest(sales)


@pytest.mark.parametrize("name", PAST)
def test_records(store: Database, name: str) -> None:
    """By how far they went beyond the record before; what never moved is alike."""
    then, now = (THEN, NOW) if name == "highest" else (NOW, THEN)
    if name == "unchanged":
        then = now
    sales = by_number((1, 9, 3, 9, 5, 2, 8, 3, 7, 6, 4, 11))
    world = World(store, rules(rule(f"{{{PRICE}: {{{name}: {PAST[name]}}}}}")))
    for _ in range(3):
        scans(world, by_number(then), sales=sales)
    scans(world, by_number(now), sales={each: size + 1 for each, size in sales.items()})
    sign = -1 if name == "lowest" else 1
    before = by_number((1.0,) * 12 if name == "unchanged" else then)
    moved = {key: sign * value / before[key] for key, value in by_number(now).items()}
    assert shown(world.told()[-1]) == strongest({key: (moved[key], sales[key]) for key in sales})


def ranked(world: World, *lists: str) -> None:
    """Lists of products by a letter each, in their order."""
    for names in lists:  # of which some number moves: else the data is late
        world.scan(dict.fromkeys(names, 7.0 + world.day))


def test_places(store: Database) -> None:
    """Climbs and drops by places; of a top, who is furthest inside, or outside of it."""
    first, second = "abcdefghijklmnopqrstuvwx", "xbtdwfghrjvlmnopqisckuea"
    moved = {name: first.index(name) - second.index(name) for name in first}
    expected = {
        "climbs: 1": [(name, (by, -second.index(name))) for name, by in moved.items() if by >= 1],
        "drops: 1": [(name, (-by, -second.index(name))) for name, by in moved.items() if by <= -1],
        "enters_top: 12": [
            (name, (-second.index(name), 0))
            for name in first if first.index(name) >= 12 > second.index(name)
        ],
        "leaves_top: 12": [
            (name, (second.index(name), 0))
            for name in first if second.index(name) >= 12 > first.index(name)
        ],
    }  # fmt: skip
    written = [
        rule(f"{{rank: {{{when}}}}}", "limit: 3", name=when.replace(":", "")) for when in expected
    ]
    world = World(store, rules(*written), head=BY_RULE)
    ranked(world, first, second)
    messages = {message.rule: message for message in world.told()}
    for when, keys in expected.items():
        assert shown(messages[when.replace(":", "")]) == strongest(dict(keys)), when


def test_who_fell_below_the_scanned_depth(store: Database) -> None:
    """Is further outside than who can still be seen; of several, who was higher."""
    world = World(store, rules(rule("{rank: {leaves_top: 4}}")))
    ranked(world, "abcdefghij", "befghicj")
    assert shown(world.told()[0]) == ["a", "d", "c"]


def test_unusual_either_way(store: Database) -> None:
    """By the score's size, against an oracle of its own."""
    world = World(store, rules(rule(f"{{{PRICE}: {{unusual: 9}}}}")))
    past = {str(n): [100.0 + (day * (n + 2)) % (n + 3) for day in range(20)] for n in range(12)}
    last = {str(n): 100.0 * (1.6 + n / 9 if n % 2 else 1 / (2.2 + n / 5)) for n in range(12)}
    for day in range(20):
        scans(world, {key: values[day] for key, values in past.items()})
    scans(world, last)

    def score(key: str) -> float:
        logs = [math.log1p(value) for value in past[key]]
        middle = statistics.median(logs)
        spread = statistics.median(abs(each - middle) for each in logs)
        return abs(0.6745 * (math.log1p(last[key]) - middle) / spread)

    told = shown(world.told()[-1])
    assert len(told) == 12
    assert told == strongest({key: score(key) for key in last})


def test_a_rise_from_nothing_is_the_strongest(store: Database) -> None:
    """Of several, the one by more; and of equal percentages, too."""
    world = World(store, rules(rule(f"{{{PRICE}: {{rises: 50%, min_change: 1}}}}")))
    scans(
        world,
        {"a": 10, "b": 0, "c": 0, "d": 30, "e": 1},
        {"a": 20, "b": 5, "c": 9, "d": 60, "e": 9},
    )
    assert shown(world.told()[0]) == ["c", "b", "e", "d", "a"]


@pytest.mark.parametrize(
    ("when", "order"),
    [
        # The first of several decides, the next one where it does not.
        (f"{{review_count: {{at_least: 1}}, {PRICE}: {{below: 90}}}}", "cadb"),
        (f"{{all: [{{review_count: 1}}, {{{PRICE}: {{below: 90}}}}]}}", "db"),
        # Texts and flags are met by all alike.
        (f"{{product_name: {{contains: Product}}, {PRICE}: {{below: 90}}}}", "dbca"),
        (f"{{sales_trend_flag: {{above: 0}}, {PRICE}: {{below: 90}}}}", "dbca"),
        # Any: those of the first, by that, then those of the next one, by that.
        (f"{{any: [{{review_count: {{above: 1}}}}, {{{PRICE}: {{below: 21}}}}]}}", "cadb"),
        (f"{{any: [{{product_name: {{contains: t}}}}, {{{PRICE}: {{below: 21}}}}]}}", "dbca"),
        # Not of a group is a group of nots.
        (f"{{not: {{any: [{{{PRICE}: {{above: 90}}}}, {{review_count: {{above: 9}}}}]}}}}", "dbca"),
        (f"{{not: {{all: [{{{PRICE}: {{above: 12}}}}, {{review_count: {{below: 2}}}}]}}}}", "dca"),
        (f"{{not: {{not: {{{PRICE}: {{below: 90}}}}}}}}", "dbca"),
    ],
)
def test_which_condition_decides(store: Database, when: str, order: str) -> None:
    """In nested conditions."""
    world = World(store, rules(rule(when)))
    world.scan(
        {
            name: {PRICE: price, "review_count": reviews, "sales_trend_flag": flag}
            for name, price, reviews, flag in (
                ("a", 80, 2, 1), ("b", 20, 1, 2), ("c", 30, 3, 1), ("d", 10, 1, 2),
            )
        }
    )  # fmt: skip
    assert "".join(shown(world.told()[0])) == order


@pytest.mark.parametrize(
    ("written", "order"),
    [
        (PRICE, "cabd"),
        (f"{PRICE} desc", "cabd"),
        (f"{PRICE} asc", "dbac"),
        (f"{PRICE} ASC", "dbac"),
        (f"{PRICE} change", "dcba"),
        (f"{PRICE}  change  desc", "dcba"),
        (f"{PRICE} change asc", "abcd"),
        ("rank", "abcd"),
        ("rank asc", "abcd"),
        ("rank desc", "dcba"),
        ("rank change", "adcb"),
        ("rank change desc", "bdca"),
        ("mine", "dbac"),
        ("review_count", "dbca"),
    ],
)
def test_order_by(store: Database, written: str, order: str) -> None:
    """Highest first, or lowest where it says so; of places the first. A change is a relative one,
    from what ``when`` compares with; without a value a product comes last, of equals the one that
    sells more is first."""
    head = f"metrics: {{mine: 0 - {PRICE}}}\n"
    text = rule(f"{{{SALES}: {{above: 0}}, {PRICE}: {{changes: 0.1}}}}", f"order_by: {written}")
    world = World(store, head + rules(text))
    sales = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 9.0}
    nothing = {"review_count": float("nan")}
    for prices, names in (({"a": 60, "b": 20, "c": 50, "d": 5}, "bacd"),
                          ({"a": 50, "b": 21, "c": 55, "d": 10}, "abcd")):  # fmt: skip
        world.scan({name: {PRICE: prices[name], SALES: sales[name], **nothing} for name in names})
    assert "".join(shown(world.told()[0])) == order


def test_a_change_is_from_the_baseline_of_the_condition(store: Database) -> None:
    """Else from the last observation, which the conditions need not ask for."""
    from_week = rule(f"{{{PRICE}: {{rises: 1, from: 2d ago}}}}", f"order_by: {PRICE} change", "w")
    last = rule(f"{{{PRICE}: {{above: 32}}}}", f"order_by: {PRICE} change", "l")
    world = World(store, rules(from_week, last), head=BY_RULE)
    scans(world, {"a": 10, "b": 20}, {"a": 30, "b": 20}, {"a": 33, "b": 40})
    orders = {message.rule: shown(message) for message in world.told()}
    assert orders == {"w": ["a", "b"], "l": ["b", "a"]}


def test_a_first_scan_has_no_change(store: Database) -> None:
    """By sales, then; no data is no reason to be silent."""
    world = World(store, rules(rule(f"{{{SALES}: {{above: 1}}}}", f"order_by: {PRICE} change")))
    world.scan({"a": 5, "b": 9})
    assert shown(world.told()[0]) == ["b", "a"]


FALLS = rule(f"{{{PRICE}: {{falls: 10%}}}}", "limit: 2\n    remind: 1d\n    keep_firing_for: 90d")
DROPS = ({"a": 100, "b": 100, "c": 100, "d": 50}, {"a": 80, "b": 20, "c": 50, "d": 60})


def test_a_digest_and_quiet_hours(store: Database) -> None:
    """The same order between scans, from what is stored."""
    for channel in (QUIET, 'digest: "07:00"'):
        with Database.in_memory() as database:
            world = held_world_of(database, channel, FALLS)
            scans(world, *DROPS)
            swept(world, MORNING)
            assert shown(world.told()[0]) == ["b", "c", "a"]
    assert store.held.groups() == []


def test_a_digest_of_several_rules(store: Database) -> None:
    """Each rule's products in its own order."""
    cheap = rule(f"{{{PRICE}: {{below: 90}}}}", name="cheap")
    world = held_world_of(store, QUIET, FALLS, cheap)
    scans(world, *DROPS)
    swept(world, MORNING)
    told = [(item.rule, item.product_id, len(item.also)) for item in world.told()[0].items]
    assert told == [("r", "b", 1), ("r", "c", 1), ("cheap", "d", 0), ("cheap", "a", 1)]


def test_a_joined_backlog(store: Database) -> None:
    """What still holds after an outage."""
    world = world_of(store, FALLS)
    scans(world, *DROPS)
    for day in range(30):
        scans(world, {"a": 80 - 3 * day, "b": 20, "c": 50 - day / 5, "d": 60})
    message = join(world)
    assert message is not None
    # Of the last day: 7.4% of a, nothing of b, half a percent of c.
    assert shown(message.message) == ["a", "c", "b"]


def test_a_reminder_is_in_the_order_of_today(store: Database) -> None:
    """By what is shown."""
    world = World(store, rules(rule(f"{{{PRICE}: {{above: 5}}}}", "remind: 1d")))
    scans(world, {"a": 10, "b": 20, "c": 30}, {"a": 29, "b": 28, "c": 7})
    assert [shown(message) for message in world.told()] == [["c", "b", "a"], ["a", "b", "c"]]


def test_a_picture(store: Database) -> None:
    """Its panels are numbered as the message is."""
    world = World(store, rules(rule(f"{{{PRICE}: {{falls: 10%}}}}")))
    scans(world, *DROPS)
    chart = chart_of(store, world.book, world.told()[0])
    assert chart is not None
    assert [each.product_id for each in chart.series] == ["b", "c", "a"]
    assert [each.number for each in chart.series] == [1, 2, 3]


@pytest.mark.parametrize("order_by", ["", f"{SALES} change asc", "review_count change"])
def test_a_backtest(store: Database, order_by: str) -> None:
    """Message for message what was told, the fields of its order among what it reads."""
    more = f"limit: 2\n    order_by: {order_by}" if order_by else "limit: 2"
    world = World(store, rules(rule(f"{{{PRICE}: {{falls: 10%}}}}", more)))
    for prices, sales in zip(DROPS, ((5, 6, 7, 8), (9, 6, 8, 1)), strict=True):
        world.scan(
            {
                name: {PRICE: price, SALES: sold, "review_count": sold}
                for (name, price), sold in zip(prices.items(), sales, strict=True)
            }
        )
    found = backtest(store, world.book, world.book.rules[0], (0, world.now))
    (sent,) = found.told
    assert shown(sent.message) == shown(world.told()[0])
    expected = {"": "bca", f"{SALES} change asc": "bca", "review_count change": "acb"}
    assert "".join(shown(sent.message)) == expected[order_by]


def test_ties_keep_their_place(store: Database) -> None:
    """Of equals the older alert is first, and of one scan the higher product; a message is the
    same however often it is made."""
    world = World(store, rules(rule(f"{{{PRICE}: {{above: 5}}}}", "remind: 1d")))
    scans(world, dict.fromkeys("dacb", 9.0))
    scans(world, {**dict.fromkeys("xabcd", 9.0)})
    first, second = world.told()
    assert shown(first) == ["d", "a", "c", "b"]
    assert shown(second) == ["d", "a", "c", "b", "x"]
    assert msgspec.json.encode(first) == msgspec.json.encode(first)


def test_what_ends_comes_after_what_fires(store: Database) -> None:
    """Whatever its strength; and who is not on the list after who is."""
    world = World(
        store, rules(rule(f"{{{PRICE}: {{above: 5}}}}", "remind: 1d\n    resolved: true"))
    )
    scans(world, {"a": 10, "b": 20, "c": 99, "d": 98})
    scans(world, {"a": 12, "b": 11, "c": 4})
    assert shown(world.told()[1]) == ["a", "b", "d", "c"]
