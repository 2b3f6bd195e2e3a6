"""A rule over the stored history: the same as if it had run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.fakes.world import HEAD, World
from tests.store.making import DAY, GMV, SALES, START, scan
from watcher.analysis.backtest import Backtest, backtest, backtests
from watcher.analysis.replay import NOBODY
from watcher.errors import WatcherError
from watcher.message import Message
from watcher.model import Scan, ScanState
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of

LATER = START + 100 * DAY
WATCH = "{sort: total_sale_7d_cnt desc}"


def rules(when: str, more: str = "") -> str:
    """One rule."""
    return f"rules:\n  - name: r\n    watch: {WATCH}\n    when: {when}\n    {more}\n"


def tried(database: Database, text: str, since_day: int = 0) -> Backtest:
    """The backtest of the rule from a day on."""
    book = load_text(HEAD + text)
    return backtest(database, book, book.rules[0], (START + since_day * DAY, LATER))


def said(message: Message) -> tuple[object, ...]:
    """What a message says, but for ids, and for what other watches know of who left the list."""
    items = [
        (item.kind, item.product_id, item.why, item.facts if item.facts["rank"] else None)
        for item in message.items
    ]
    return title_of(message), message.data_at, items, message.more, message.rest


@pytest.mark.parametrize(
    "when",
    [
        "{total_sale_7d_cnt: {rises: 20%}}",
        "{total_sale_7d_cnt: {rises: 20%, from: 3d ago}, rank: {at_most: 20}}",
        "{total_sale_7d_cnt: {rises: 20%, from: median 7d}}",
        "{any: [{rank: {climbs: 9}}, {appears: true}]}",
        "{rank: {enters_top: 9}}",
        "{rank: {leaves_top: 9}}",
        "{not: {total_sale_gmv_7d_amt: {above: 500}}}",
    ],
)
def test_it_tells_what_was_told(store: Database, when: str) -> None:
    """Random data, and scans that broke off: message for message what the daemon wrote."""
    world = World(store, rules(when, "cooldown: 3d\n    resolved: true\n    limit: 3"))
    rng = np.random.default_rng(5)
    for day in range(25):
        values = {str(key): float(rng.integers(1, 1_000)) for key in rng.permutation(40)[:30]}
        products = {key: {SALES: value, GMV: value / 7} for key, value in values.items()}
        ordered = dict(sorted(products.items(), key=lambda pair: -pair[1][SALES]))
        state = ScanState.PARTIAL if day % 6 == 5 else ScanState.COMPLETE
        if day % 2:
            store.history.record(scan(world.now + 900, {"1": 3, "2": 900}, watch="other"))
        world.scan(ordered, state)
    told = world.told()
    found = tried(store, world.rules)
    assert told
    assert [said(each.message) for each in found.told] == [said(message) for message in told]
    assert found.scans == 25
    assert found.channels[0].messages == len(told)
    assert found.firing == len(store.alerts.active(["r"]))


def test_scans_before_the_time_are_only_recorded(store: Database) -> None:
    """They give the baselines; and what was seen long ago does not appear."""
    world = World(store, rules("{total_sale_7d_cnt: {above: 10000}}"))
    for value in (10, 100, 200, 300):
        world.scan({"1": value, "2": 5})
    world.scan({"1": 300, "2": 5, "3": 1})
    rising = tried(store, rules("{total_sale_7d_cnt: {rises: 10%}}"), 3)
    assert (rising.scans, rising.fired, rising.ended) == (3, 1, 1)
    assert [title_of(each.message) for each in rising.told] == ["[info] r: 1 product (US)"]
    appeared = tried(store, rules("{appears: true}"), 2)
    assert [item.product_id for each in appeared.told for item in each.message.items] == ["3"]


def test_rates_and_the_products_most_often_told(store: Database) -> None:
    """A week is that of the scans; the most told come first."""
    world = World(store, rules("{total_sale_7d_cnt: {above: 10000}}"))
    for turn in range(14):
        high = 100 if turn % 2 else 1
        world.scan({"1": high, "2": high if turn < 6 else 1, "3": 1})
    found = tried(store, rules("{total_sale_7d_cnt: {above: 50}}"))
    assert (found.products, found.fired, found.ended) == (2, 10, 9)
    (channel,) = found.channels
    assert (channel.name, channel.messages, channel.a_week) == ("me", 7, 3.5)
    assert [(each.product_id, each.times) for each in found.often] == [("1", 7), ("2", 3)]
    assert found.often[0].name == "Product 1"
    assert (found.often[0].last, found.until) == (START + 14 * DAY + 5, START + 14 * DAY)


def test_a_rule_that_tells_nobody_is_shown_what_one_would_hear(store: Database) -> None:
    """Its messages go nowhere."""
    World(store, rules("{total_sale_7d_cnt: {above: 50}}")).scan({"1": 60})
    found = tried(store, rules("{total_sale_7d_cnt: {above: 50}}", "notify: []"))
    assert not found.heard
    assert [each.channel for each in found.told] == [NOBODY]
    assert found.channels[0].a_week is None


def test_a_channel_hears_nothing_below_its_severity(store: Database) -> None:
    """As in earnest."""
    World(store, rules("{total_sale_7d_cnt: {above: 50}}")).scan({"1": 60})
    found = tried(store, rules("{total_sale_7d_cnt: {above: 50}}", "notify: [me, boss]"))
    assert [(each.name, each.messages) for each in found.channels] == [("me", 1), ("boss", 0)]


@pytest.mark.parametrize("gate", ["digest: '09:00'", "quiet: {hours: '08:00-09:00'}"])
def test_a_gate_that_opens_at_the_instant_of_a_scan(store: Database, gate: str) -> None:
    """The daemon's sweep comes before what the scan writes; nothing is held for ever."""
    nine = START - START % DAY + 9 * 3600
    text = HEAD.replace('localhost/"}', 'localhost/", ' + gate + "}")
    book = load_text(text + rules("{total_sale_7d_cnt: {above: 50}}"))
    for day, value in enumerate((60, 1, 60, 1)):
        products = {"1": 60, "2": value}
        store.history.record(scan(nine + day * DAY, products, watch=book.rules[0].watch.key))
    found = backtest(store, book, book.rules[0], (0, LATER))
    assert [(each.at % DAY // 60, title_of(each.message)) for each in found.told] == [
        (9 * 60, "[info] r: 2 products (US)"),
        (9 * 60, "[info] r: 1 product (US)"),
    ]


def test_a_digest_collects(store: Database) -> None:
    """It is told at its own times, also after the last scan; once of each that still fires."""
    world = World(store, rules("{total_sale_7d_cnt: {above: 10000}}"))
    for value in (60, 70, 80):
        world.scan({"1": value, str(value): 90})
    text = HEAD.replace('{url: "json://localhost/"}', '{url: "json://localhost/", digest: "23:00"}')
    text += rules("{total_sale_7d_cnt: {above: 50}}")
    book = load_text(text)
    found = backtest(store, book, book.rules[0], (0, LATER))
    assert [(each.at % DAY, title_of(each.message)) for each in found.told] == [
        (23 * 3600, "[info] r: 2 products (US)"),
        (23 * 3600, "[info] r: 1 product (US)"),
        (23 * 3600, "[info] r: 1 product (US)"),
    ]
    assert [each.at // DAY - START // DAY for each in found.told] == [1, 2, 3]
    assert {each.product_id: each.times for each in found.often} == {
        "1": 1, "60": 1, "70": 1, "80": 1,
    }  # fmt: skip


def test_a_second_channel_that_hears_later_is_no_second_time(store: Database) -> None:
    """One alert, told at once to one channel and in the morning's digest to another."""
    world = World(store, rules("{total_sale_7d_cnt: {above: 10000}}"))
    for value in (1, 60, 60):
        world.scan({"1": value})
    digest = '  paper: {url: "json://localhost/p", digest: "23:00"}\ndefaults:'
    own = rules("{total_sale_7d_cnt: {above: 50}}", "notify: [me, paper]")
    book = load_text(HEAD.replace("defaults:", digest, 1) + own)
    found = backtest(store, book, book.rules[0], (0, LATER))
    assert {channel.name: channel.messages for channel in found.channels} == {"me": 1, "paper": 1}
    assert [each.times for each in found.often] == [1]


def test_several_rules_have_one_read(store: Database) -> None:
    """Each has what it has alone; a digest is of all of them, and who was not read is named."""
    head = HEAD.replace('{url: "json://localhost/"}', '{url: "json://localhost/", digest: "23:00"}')
    high, higher, nowhere = (
        rules(f"{{total_sale_7d_cnt: {{above: {least}}}}}").replace("name: r", f"name: r{least}")
        for least in (50, 60, 70)
    )
    text = (
        high
        + higher.replace("rules:\n", "")
        + nowhere.replace("rules:\n", "")
        .replace(WATCH, "{sort: price desc}")
        .replace("price", "spu_avg_price")
    )
    book = load_text(head + text)
    world = World(store, rules("{total_sale_7d_cnt: {above: 10000}}"))
    for value in (55, 65, 75):
        world.scan({"1": value, str(value): 90})
    found = backtests(store, book, book.rules, (0, LATER))
    assert found.unread == ("r70",)
    assert [(each.rule, each.fired, each.products) for each in found.rules] == [
        ("r50", 4, 4),
        ("r60", 4, 4),
    ]
    assert {(sent.message.kind, sent.rules) for sent in found.told} == {("digest", ("r50", "r60"))}
    (channel,) = found.channels
    assert channel.messages == len(found.told) == 3
    assert [each.told for each in found.rules] == [found.told, found.told]
    for rule in book.rules[:2]:
        alone = backtest(store, book, rule, (0, LATER))
        (together,) = (each for each in found.rules if each.rule == rule.name)
        assert (alone.fired, alone.ended, alone.firing) == (
            together.fired,
            together.ended,
            together.firing,
        )


def test_without_scans_there_is_nothing_to_say(store: Database) -> None:
    """And the user is told what would help."""
    with pytest.raises(WatcherError, match="no stored scan of the watch r"):
        tried(store, rules("{total_sale_7d_cnt: {above: 50}}"))


def test_the_database_is_not_touched(tmp_path: Path) -> None:
    """It can be opened read-only, and not a byte changes."""
    path = tmp_path / "watcher.db"
    text = rules("{total_sale_7d_cnt: {rises: 10%}}")
    with Database.open(path) as database:
        world = World(database, text)
        for value in (10, 20, 30):
            world.scan({"1": value})
    before = path.read_bytes()
    steps: list[tuple[int, int]] = []
    book = load_text(HEAD + text)
    with Database.open(path, readonly=True) as database:
        found = backtest(
            database, book, book.rules[0], (0, LATER), lambda *step: steps.append(step)
        )
    assert found.fired == 1
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert path.read_bytes() == before


def of_texts(number: int, names: dict[str, str], watch: str) -> Scan:
    """A day's scan of products by these names."""
    return scan(START + number * DAY, dict.fromkeys(names, 5.0), watch=watch, names=names)


def test_texts_are_those_of_their_day(store: Database) -> None:
    """A name that was changed since counted as long as it was the name."""
    text = rules("{any: [{product_name: {contains: refill}}, {rank: {at_most: 0}}]}")
    book = load_text(HEAD + text)
    (watch,) = book.used_watches
    for number, name in enumerate(["Serum", "Serum refill", "Serum refill", "Serum", "Cream"]):
        store.history.record(of_texts(number, {"1": name, "2": "Cup"}, watch.key))
    found = tried(store, text)
    assert (found.fired, found.ended, found.firing) == (1, 1, 0)
    assert [sent.at for sent in found.told] == [START + DAY + 5]  # when the scan ended
    assert [item.name for item in found.told[0].message.items] == ["Serum refill"]
    assert found.texts_since is None


def test_says_from_when_texts_are_known(store: Database) -> None:
    """Where the history of texts is younger than the scans, and the rule judges texts."""
    judging = rules("{not: {product_name: {contains: cup}}}")
    book = load_text(HEAD + judging)
    (watch,) = book.used_watches
    for number in range(3):
        store.history.record(of_texts(number, {"1": f"Serum {number}"}, watch.key))
    store.execute("INSERT INTO former_texts VALUES (?, 0, '{}')", (START + DAY,))
    assert tried(store, judging).texts_since == START + DAY
    assert tried(store, judging, since_day=1).texts_since is None
    assert tried(store, rules("{total_sale_7d_cnt: {at_least: 1}}")).texts_since is None
    in_until = rules("{rank: {at_most: 9}}", "until: {product_name: {contains: cup}}")
    assert tried(store, in_until).texts_since == START + DAY
