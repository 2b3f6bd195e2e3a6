"""``mutes:``: where a rule was told of a product, the word of those that it mutes is dropped."""

from __future__ import annotations

import pytest

from tests.fakes.shelves import Row, Shelves, book_of
from tests.fakes.world import WATCH, World
from tests.test_pipeline import rule, rules
from watcher.analysis.backtest import backtests
from watcher.analysis.explain import explain
from watcher.cli.explain import show
from watcher.message import Also, Item
from watcher.model import Severity
from watcher.notification.coalesce import join_backlog
from watcher.notification.deferral import with_holds
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import Decision, policies_of
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR

SALES, PRICE = "total_sale_7d_cnt", "spu_avg_price"
ENDS = "resolved: true"
SHORT = {"firing": "f", "resolved": "r", "reminder": "m", "again": "a", "more severe": "s"}


def sells(least: int, *more: str, name: str) -> str:
    """A rule on sales."""
    return rule(f"{{{SALES}: {{at_least: {least}}}}}", "\n    ".join(more), name)


def world_of(store: Database, *written: str, channel: str = "group_by: rule") -> World:
    """Rules that tell one channel, a message for each."""
    head = f"""
channels:
  me: {{url: "json://localhost/", {channel}}}
  boss: {{url: "json://localhost/b", min_severity: warning}}
defaults: {{region: US, notify: [me]}}
"""
    return World(store, rules(*written), head=head)


def see(world: World, series: str) -> str:
    """What each scan with these sales told of the one product: ``big:f low:r``."""
    told = []
    for word in series.split():
        before = len(world.told())
        world.march(word)
        told.append(" ".join(said(world)[before:]) or ".")
    return ", ".join(told)


def said(world: World, target: str = "me/1") -> list[str]:
    """All that is told of any product: the rule, and why it is told."""
    return [
        f"{word.rule or message.rule}:{SHORT[word.kind]}"
        for message in world.told(target)
        for item in message.items
        for word in words(item)
    ]


def words(item: Item) -> list[Item | Also]:
    """A product's word, and those of other rules beside it."""
    return [item, *item.also]


@pytest.mark.parametrize(
    ("muter", "muted", "series", "told"),
    [
        # At one scan, whichever stands first in the file; and while it fires.
        ("", "", "300, 300, 20, 300", "big:f, ., ., big:f"),
        ("", "remind: 1d", "300 300 20 20", "big:f, ., low:m, low:m"),
        # What was told before it fires was told.
        ("", "remind: 1d", "20 300 300 20", "low:f, big:f, ., low:m"),
        # The end of what was dropped has nobody to be told to; of what was told before, it has.
        ("", ENDS, "300 10, 20 300 20 10", "big:f, ., low:f, big:f, ., low:r"),
        (ENDS, ENDS, "300 20 10", "big:f, big:r, ."),
        ("", ENDS, "20 300 10", "low:f, big:f, low:r"),
        # Dropped is told: its cooldown counts, and no end of the muter's brings it back.
        ("", "cooldown: 3d", "300 10 20 20 20", "big:f, ., ., low:f, ."),
        # In a cooldown, too: what it would be told later is dropped where its muter is heard.
        ("", "cooldown: 3d", "20 10 300 20 20", "low:f, ., big:f, ., ."),
        ("", "cooldown: 3d", "20 10 300 10 20 20", "low:f, ., big:f, ., ., low:f"),
        # One that was not told mutes nothing.
        ("severity: info\n    notify: [boss]", "notify: [me, boss]", "300 300", "low:f, ."),
        ("enabled: false", "", "300 300", "low:f, ."),
        ("for: 1d", "", "300 300", "low:f, big:f"),
    ],
)
def test_what_is_dropped(store: Database, muter: str, muted: str, series: str, told: str) -> None:
    """As the sales go day by day."""
    big, low = sells(200, "mutes: [low]", muter, name="big"), sells(20, muted, name="low")
    assert see(world_of(store, low, big), series.replace(",", "")) == told


def test_a_chain(store: Database) -> None:
    """What is dropped counts as told, and mutes others."""
    world = world_of(
        store,
        sells(20, name="low"),
        sells(50, "mutes: low", name="middle"),
        sells(200, "mutes: middle", name="big"),
    )
    assert see(world, "300 50 300") == "big:f, ., big:f"


def test_by_product_and_by_channel(store: Database) -> None:
    """Another product, and another channel, is told as ever."""
    world = world_of(
        store, sells(200, "mutes: [low]", name="big"),
        sells(20, "notify: [me, boss]\n    severity: warning", name="low"),
    )  # fmt: skip
    world.scan({"1": 300, "2": 30})
    assert said(world) == ["big:f", "low:f"]
    assert said(world, "boss/1") == ["low:f", "low:f"]


def test_in_one_message(store: Database) -> None:
    """It is no word beside the product either."""
    world = world_of(
        store, sells(20, name="low"), sells(200, "mutes: [low]", name="big"),
        sells(30, name="also"), channel="limit: 10",
    )  # fmt: skip
    world.scan({"1": 300})
    (message,) = world.told()
    (item,) = message.items
    assert {item.rule, *(each.rule for each in item.also)} == {"big", "also"}


def test_holds(store: Database) -> None:
    """What is held is dropped when its muter is told, not before; a silence of the muter leaves the
    other its word, and one of the muted does not keep what is dropped."""
    low, big = sells(20, name="low"), sells(200, "mutes: [low]", name="big")
    world = world_of(store, low, big, channel='quiet: {hours: "22:00-07:00"}')
    policies = policies_of(world.book.channels)

    def morning() -> list[str]:
        before = len(said(world))
        sweep(store, world.book, policies, world.now + 9 * HOUR)
        return said(world)[before:]

    world.march("300")
    assert {group.rule for group in store.held.groups()} == {"low", "big"}
    assert morning() == ["big:f"]
    assert store.held.groups() == []
    world.march("10 20")
    assert morning() == ["low:f"]
    store.silences.add(begins=world.now, ends=world.now + 3 * DAY, rule="low")
    world.march("10 300")
    assert morning() == ["big:f"]
    world.march("300")
    assert store.held.groups() == []
    store.silences.add(begins=world.now, ends=world.now + 30 * DAY, rule="big")
    world.march("10 10 300")
    assert morning() == ["low:f"]


def test_in_a_round(store: Database) -> None:
    """Whichever of its lists is read first: what waits for the others is dropped when they are told
    together, unless it is critical, which waits for nothing."""
    lists = "watches: {first: {sort: total_sale_7d_cnt}, last: {sort: total_sale_30d_cnt}}\n"
    severe = "severity: {critical: {total_sale_7d_cnt: {above: 400}}}"
    low = sells(20, severe, name="low").replace(WATCH, "watch: first")
    big = sells(200, "mutes: [low]", name="big").replace(WATCH, "watch: last")
    head = 'channels: {me: {url: "json://localhost/"}}\ndefaults: {region: US, notify: [me]}\n'
    world = World(store, lists + rules(low, big), head=head)
    for sales, told in ((300, ["big:f"]), (10, []), (10, []), (500, ["low:f", "big:f"])):
        before = len(said(world))
        world.scan({"1": sales}, of="first", due=["last"])
        world.scan({"1": sales}, of="last", days=0)
        assert said(world)[before:] == told


@pytest.mark.parametrize(("muter", "muted"), [("first", "last"), ("last", "first")])
def test_the_cooldown_of_a_round(store: Database, muter: str, muted: str) -> None:
    """What is in its cooldown is dropped when the round has its muter told, whichever was read
    first."""
    lists = "watches: {first: {sort: total_sale_7d_cnt}, last: {sort: total_sale_30d_cnt}}\n"
    low = sells(20, "cooldown: 3d", name="low").replace(WATCH, f"watch: {muted}")
    big = sells(200, "mutes: low", name="big").replace(WATCH, f"watch: {muter}")
    head = 'channels: {me: {url: "json://localhost/"}}\ndefaults: {region: US, notify: [me]}\n'
    world, told = World(store, lists + rules(low, big), head=head), []
    for sales in (20, 10, 300, 20, 20, 20):
        before = len(said(world))
        world.scan({"1": sales}, of="first", due=["last"])
        world.scan({"1": sales}, of="last", days=0)
        told.append(" ".join(said(world)[before:]))
    assert told == ["low:f", "", "big:f", "", "", ""]


def test_a_chain_whose_middle_is_silent(store: Database) -> None:
    """What is silenced, and muted by what a round's last list has told, mutes others, too."""
    lists = "watches: {first: {sort: total_sale_7d_cnt}, last: {sort: total_sale_30d_cnt}}\n"
    written = [
        sells(20, name="low"), sells(50, "mutes: low", name="middle"),
        sells(200, "mutes: middle", name="big"),
    ]  # fmt: skip
    every = [each.replace(WATCH, "watch: first") for each in written]
    other = sells(999, name="other").replace(WATCH, "watch: last")
    head = 'channels: {me: {url: "json://localhost/"}}\ndefaults: {region: US, notify: [me]}\n'
    world = World(store, lists + rules(*every, other), head=head)
    store.silences.add(begins=world.now, ends=world.now + 30 * DAY, rule="middle")
    for first, told in ((300, ["big:f"]), (60, []), (10, []), (60, ["low:f"])):
        before = len(said(world))
        world.scan({"1": first}, of="first", due=["last"])
        world.scan({"1": 1}, of="last", days=0)
        assert said(world)[before:] == told


def test_of_groups(store: Database) -> None:
    """A group is a subject as a product is: muted, and as severe as its figures say."""
    more = ", mutes: [swells], severity: {critical: {size: {above: 11}, gmv: {at_least: 3k}}}"
    written = book_of({"grows": "gmv: {at_least: 2k}"}, more=more)
    swells = "  - {name: swells, watch: shelves, when: {size: {at_least: 12}}, notify: me}\n"
    head = 'channels: {me: {url: "json://localhost/"}}\ndefaults: {region: US, notify: [me]}\n'
    world = Shelves(store, written + swells, head=head)
    for count, gmv in ((11, 100), (12, 300), (12, 300)):
        world.look({str(n): Row(gmv=gmv + n) for n in range(count)})
    assert said(world) == ["grows:f"]
    assert world.told()[0].severity is Severity.CRITICAL


def test_a_backlog(store: Database) -> None:
    """Of what waited for a service, too, only the muter speaks where both fire."""
    world = world_of(store, sells(20, name="low"), sells(200, "mutes: [low]", name="big"))
    assert see(world, "20 300") == "low:f, big:f"
    assert join_backlog(store, world.book, "me/1", world.now)
    assert said(world) == ["big:f"]


def test_why_not(store: Database, capsys: pytest.CaptureFixture[str]) -> None:
    """``explain``, and the list of alerts, name who muted it; also after that is over."""
    world = world_of(store, sells(20, name="low"), sells(200, "mutes: [low]", name="big"))
    for series in ("300", "20"):
        world.march(series)
        (row,) = with_holds(store, world.book, store.alerts.list("low"), world.now)
        assert [(hold.channel, hold.why) for hold in row.holds] == [("me", "muted by big")]
        facts = store.history.facts([row.alert.product])[row.alert.product]
        explained = explain(store, world.book, world.book.rules[0], facts, world.now)
        (gate,) = explained.gates
        assert (gate.decision, gate.muted_by) == (Decision.MUTED, "big")
        show(explained)
        assert "Channel me: muted by big, which this channel was told instead" in (
            capsys.readouterr().out
        )


def test_a_replay_drops_the_same(store: Database) -> None:
    """The backtest says what was told; also where the muted rule is tried alone, of which nothing
    else is counted."""
    world = world_of(store, sells(20, name="low"), sells(200, "mutes: [low]", name="big"))
    see(world, "300 20 10 20 300")
    time = (0, world.now + DAY)
    low, big = world.book.rules
    both, alone = (backtests(store, world.book, each, time) for each in ([low, big], [low]))
    told = [
        f"{item.rule or sent.message.rule}:{SHORT[item.kind]}"
        for sent in both.told
        for item in sent.message.items
    ]
    assert told == said(world) == ["big:f", "low:f", "big:f"]
    (found,) = alone.rules
    assert [channel.messages for channel in found.channels] == [1]
    assert (found.scans, len(alone.told)) == (5, 1)
