"""Lists that are due together are told of together; and as many messages a day as a channel takes.

Scans of a ``World`` are made at 22:13 UTC and end a minute later.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.fakes.world import World
from tests.store.making import DAY
from watcher.errors import RulesError
from watcher.message import Message
from watcher.model import ScanState
from watcher.notification.rounds import RoundKeeper
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of
from watcher.units import HOUR, MINUTE

SORTS = {
    "a": "total_sale_7d_cnt", "b": "total_sale_cnt", "c": "total_sale_30d_cnt",
    "d": "total_sale_gmv_7d_amt", "far": "spu_avg_price",
}  # fmt: skip
SOLD = {"1": 20.0, "2": 30.0, "3": 5.0}
MIDNIGHT = HOUR + 47 * MINUTE  # after a scan, and a few seconds


def world_of(store: Database, channel: str = "", *, severe: str = "", tells: str = "") -> World:
    """A list a rule, of each letter; ``severe`` names the one that is critical, ``tells`` those
    that tell a second channel. The rule of ``far`` tells that alone."""
    rules = "\n".join(
        f"  - {{name: {name}, watch: {name}, when: {{total_sale_7d_cnt: {{at_least: 10}}}}"
        f"{', severity: critical' * (name == severe)}, resolved: true, "
        f"notify: [{'you' if name == 'far' else 'me, you' if name in tells else 'me'}]}}"
        for name in SORTS
    )
    watches = "\n".join(f"  {name}: {{sort: {sort} desc}}" for name, sort in SORTS.items())
    head = f"""
channels:
  me: {{url: "json://localhost/"{channel and f", {channel}"}}}
  you: {{url: "json://localhost/y"}}
defaults: {{region: US}}
"""
    return World(store, f"watches:\n{watches}\nrules:\n{rules}\n", head=head)


def parts(message: Message) -> list[tuple[str, int]]:
    """The products told of by each rule; of one of a single rule by that."""
    return [(each.rule, each.told) for each in message.parts] or [(message.rule, message.told)]


def scanned(world: World, name: str, due: str = "", days: int = 0, new: str = "") -> None:
    """A list is read while those of the letters ``due`` are queued, with a ``new`` product."""
    world.scan({**SOLD, **dict.fromkeys(filter(None, [new]), 40.0)}, of=name, due=[*due], days=days)


@pytest.mark.parametrize("speaks", [True, False])
def test_one_message_for_all_that_is_due_together(store: Database, speaks: bool) -> None:
    """The last list of the round has it told, whether it has something to tell itself or not; then
    nothing is held, and each rule's alerts count as told."""
    world = world_of(store)
    scanned(world, "a", "bc", days=1)
    scanned(world, "b", "c")
    assert world.told() == []
    world.scan(SOLD if speaks else {"1": 1}, of="c", days=0)
    (message,) = world.told()
    assert parts(message) == [("a", 2), ("b", 2), ("c", 2)][: 2 + speaks]
    assert (message.kind, message.told) == ("alerts", 2)
    assert title_of(message) == ("2 a, 2 b, 2 c (US)" if speaks else "2 a, 2 b (US)")
    assert [len(item.also) for item in message.items] == [1 + speaks] * 2
    assert (store.held.groups(), world.rounds.waits) == ([], False)
    assert world.sweep(MINUTE) == []
    for name in "ab":
        scanned(world, name, days=1 if name == "a" else 0)
    assert len(world.told()) == 1


def test_a_channel_waits_only_for_lists_that_tell_it(store: Database) -> None:
    """Another channel's rules hold nobody up; each channel is told when its own lists are read."""
    world = world_of(store, tells="a")
    scanned(world, "a", "b", days=1)
    world.scan(SOLD, of="b", due=["far"], days=0)
    assert [parts(each) for each in world.told()] == [[("a", 2), ("b", 2)]]
    assert [parts(each) for each in world.told("you/1")] == [[("a", 2)]]
    world.scan(SOLD, of="a", due=["far"], days=1)
    world.scan({**SOLD, "4": 40}, of="a", due=["far"], days=1)
    assert [parts(each) for each in world.told()[1:]] == [[("a", 1)]]
    assert len(world.told("you/1")) == 1
    world.scan(SOLD, of="far", days=0)
    assert [parts(each) for each in world.told("you/1")[1:]] == [[("a", 1), ("far", 2)]]


def test_what_is_critical_waits_for_nothing(store: Database) -> None:
    """And all that the channel is owed so far goes with it; the others of the round come later."""
    world = world_of(store, severe="b")
    scanned(world, "a", "bc", days=1)
    scanned(world, "b", "c")
    assert [parts(each) for each in world.told()] == [[("b", 2), ("a", 2)]]
    scanned(world, "c", "d")
    assert len(world.told()) == 1
    scanned(world, "d")
    assert [parts(each) for each in world.told()[1:]] == [[("c", 2), ("d", 2)]]


def test_it_waits_ten_minutes_at_most(store: Database) -> None:
    """From when the first was held; a list that is read once more is not waited for anew."""
    world = world_of(store)
    scanned(world, "a", "b", days=1)
    assert world.sweep(9 * MINUTE) == []
    assert world.sweep(10 * MINUTE + 59) == []
    assert world.sweep(11 * MINUTE) == ["[info] a: 2 products (US)"]
    scanned(world, "b")
    assert len(world.told()) == 2
    scanned(world, "c", "d", days=1)
    scanned(world, "d", "c")  # c is queued again already
    assert parts(world.told()[-1]) == [("c", 2), ("d", 2)]


def test_a_list_that_is_read_again_ends_its_round(store: Database) -> None:
    """What its last scan began is told as begun, though the new one ends it; that waits anew."""
    world = world_of(store)
    scanned(world, "a", "b", days=1)
    world.scan({"1": 1, "2": 1}, of="a", due=["b"])
    assert [parts(each) for each in world.told()] == [[("a", 2)]]
    assert world.rounds.waits
    scanned(world, "b")
    assert [(each.told, each.ended) for each in world.told()[1].parts] == [(0, 2), (2, 0)]


def test_a_list_that_comes_to_nothing(store: Database) -> None:
    """Fails, or is not begun: the round is over, and whoever looks tells what was held."""
    world = world_of(store)
    scanned(world, "a", "b", days=1)
    assert not world.rounds.is_over(world.book, world.now)
    world.scan({}, ScanState.FAILED, of="b", days=0)
    assert world.rounds.is_over(world.book, world.now)
    assert world.sweep(2 * MINUTE) == ["[info] a: 2 products (US)"]
    assert not world.rounds.is_over(world.book, world.now)


@pytest.mark.parametrize("swept", [True, False])
def test_after_a_crash_the_round_is_over(store: Database, swept: bool) -> None:
    """What it held was committed: the next sweep tells it, or the next list with its own."""
    world = world_of(store)
    scanned(world, "a", "bc", days=1)
    scanned(world, "b", "c")
    world.rounds = RoundKeeper()
    if swept:
        assert world.sweep(2 * MINUTE) == ["2 a, 2 b (US)"]
    scanned(world, "c")
    told = [("a", 2), ("b", 2), ("c", 2)]
    assert [parts(each) for each in world.told()] == ([told[:2], told[2:]] if swept else [told])


@dataclass(frozen=True)
class Alone:
    """What a channel has that keeps it out of a round, and what it is told at once."""

    channel: str
    at_once: int


@pytest.mark.parametrize(
    "case",
    [
        Alone("group_by: rule", 2),
        Alone('digest: "23:00"', 0),
        Alone('quiet: {hours: "22:00-07:00"}', 0),
    ],
    ids=lambda case: case.channel.split(":")[0],
)
def test_who_waits_for_no_round(store: Database, case: Alone) -> None:
    """A message for each rule and scan, as before there were rounds; and a digest or quiet hours,
    whose one message it is in any case."""
    world = world_of(store, case.channel)
    scanned(world, "a", "b", days=1)
    scanned(world, "b", "c")
    assert [parts(each) for each in world.told()] == [[("a", 2)], [("b", 2)]][: case.at_once]
    assert world.rounds.waits is False
    world.sweep(12 * HOUR)
    told = world.told()[case.at_once :]
    assert [parts(each) for each in told] == [[("a", 2), ("b", 2)]] * (not case.at_once)


# ------------------------------------------------------------------ so many messages a day


def test_what_goes_beyond_the_day_waits_for_one_digest(store: Database) -> None:
    """At its end; what is critical goes all the same, and takes nothing with it. The digest is none
    of the next day's."""
    world = world_of(store, "at_most: 2 a day, timezone: UTC", severe="d")
    for name in "abc":
        scanned(world, name, days=1 if name == "a" else 0)
    assert [parts(each) for each in world.told()] == [[("a", 2)], [("b", 2)]]
    scanned(world, "d")
    assert parts(world.told()[-1]) == [("d", 2)]
    world.scan(SOLD, of="far", days=0)
    assert len(world.told("you/1")) == 1  # another channel has a day of its own
    assert world.sweep(MIDNIGHT - MINUTE) == []
    assert world.sweep(MIDNIGHT) == ["2 c (US)"]
    assert world.told()[-1].kind == "digest"
    assert world.sweep(MIDNIGHT + MINUTE) == []
    for name in "abc":
        scanned(world, name, days=1 if name == "a" else 0, new="5")
    assert [parts(each) for each in world.told()[4:]] == [[("a", 1)], [("b", 1)]]


def test_the_digest_of_one_rule_counts_for_no_day(store: Database) -> None:
    """Nor do a round's lists make more than one message; a rule's own messages count each."""
    world = world_of(store, "at_most: 1 a day")
    scanned(world, "a", "b", days=1)
    scanned(world, "b")
    assert len(world.told()) == 1
    scanned(world, "c")
    assert world.sweep(MIDNIGHT) == ["2 c (US)"]
    assert world.told()[-1].kind == "digest"
    scanned(world, "d", days=1)
    assert parts(world.told()[-1]) == [("d", 2)]


def test_a_rule_of_its_own_message_counts_for_one(store: Database) -> None:
    """Within one scan as well: the day's last message is the last."""
    world = world_of(store, "at_most: 2 a day, group_by: rule")
    text = world.rules.replace("watch: b,", "watch: a,").replace("watch: c,", "watch: a,")
    world.reread(text)
    scanned(world, "a", days=1)
    assert [parts(each) for each in world.told()] == [[("a", 2)], [("b", 2)]]
    assert [(group.rule, group.count) for group in store.held.groups()] == [("c", 2)]


def test_what_quiet_hours_held_is_one_message_of_the_day(store: Database) -> None:
    """Of however many rules: none of them waits for the next."""
    quiet = 'quiet: {hours: "22:00-23:00", timezone: UTC}'
    world = world_of(store, f"at_most: 2 a day, group_by: rule, {quiet}")
    text = world.rules.replace("watch: b,", "watch: a,").replace("watch: c,", "watch: a,")
    world.reread(text)
    scanned(world, "a", days=1)
    assert world.told() == []
    assert world.sweep(HOUR) == ["2 a, 2 b, 2 c (US)"]


WRONG = {
    "at_most: 10": '"10 a day"',
    "at_most: 0 a day": '"10 a day"',
    "at_most: 10 a week": '"10 a day"',
    "limit: 0": "limit",
    "group_by: watch": 'takes "rule"',
    "group_by: [rule]": 'takes "rule"',
}


def test_settings_of_a_channel() -> None:
    """As they are written; what is wrong says what to write."""
    text = (
        'channels: {me: {url: "json://localhost/", MORE}}\ndefaults: {region: US, notify: [me]}\n'
    )
    text += "rules: [{name: r, watch: {sort: total_sale_cnt desc}, when: {rank: 1}}]"
    book = load_text(text.replace("MORE", "at_most: 3 A  Day, limit: 7, group_by: rule"))
    channel = book.channels["me"]
    assert (channel.at_most, channel.limit, channel.by_rule) == (3, 7, True)
    plain = load_text(text.replace(", MORE", "")).channels["me"]
    assert (plain.at_most, plain.limit, plain.by_rule) == (None, None, False)
    for written, said in WRONG.items():
        with pytest.raises(RulesError, match=r"channels\.me") as caught:
            load_text(text.replace("MORE", written))
        assert said in str(caught.value), written


def test_the_day_is_that_of_the_channel(store: Database) -> None:
    """Its end is midnight there, of a day of 23 hours too."""
    world = world_of(store, "at_most: 1 a day, timezone: Asia/Shanghai")  # scans at 6:13
    scanned(world, "a", days=1)
    scanned(world, "b")
    assert world.sweep(MIDNIGHT) == []
    assert world.sweep(17 * HOUR + 46 * MINUTE) == []
    assert world.sweep(17 * HOUR + 47 * MINUTE) == ["2 b (US)"]
    assert world.now % DAY == 22 * HOUR + 13 * MINUTE + 20
