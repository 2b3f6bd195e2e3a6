"""What is held is told, whatever fires and ends in its place: an end that is owed is not lost to
what is told to nobody. Scans at 22:13 UTC; the first is a Tuesday's, on which nothing is held."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.fakes.world import World
from tests.store.making import START
from tests.test_pipeline import SELLS, rule, rules
from watcher.model import Severity
from watcher.notification.coalesce import join_backlog
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR

_DAYS = "quiet: {days: [wed, thu, fri, sat, sun, mon]}"
# Of the channel, and of the rule.
HOLDS = {"quiet": (_DAYS, ""), "of the rule": ("", _DAYS), "digest": ('digest: "0 23 * * tue"', "")}


@dataclass(frozen=True)
class Case:
    """The scans, from a Tuesday's, and the kinds that are told by the Tuesday after the last of
    them: ``+`` fires and ``.`` does not, as do ``*`` and ``o`` in a silence."""

    what: str
    first: str
    days: str
    told: tuple[str, ...]


CASES = [
    Case("its end is held, it fires and ends in a silence", "+", ".*o....", ("firing", "resolved")),
    Case("it fires anew, and ends in a silence", "+", ".+o....", ("firing", "resolved")),
    Case("all of it in a silence", "+", "o*o....", ("firing", "resolved")),
    Case("fires and ends again and again", "+", ".*o+o*o", ("firing", "resolved")),
    Case("begun and ended unheard, again in a silence", ".", "+.*o...", ("resolved",)),
    Case("what fires in a silence, fires on", "+", ".**++++", ("firing", "firing")),
    Case("the silence ends last", "+", ".****oo" + "oo.....", ("firing", "resolved")),
    Case("it fires on in a silence that ends last", "+", ".******" + "**+++++", ("firing",) * 2),
    Case("begun, ended and silenced to the end", ".", "+.****o" + "o......", ()),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
@pytest.mark.parametrize("hold", HOLDS)
def test_nothing_owed_is_lost_to_what_nobody_is_told(
    store: Database, hold: str, case: Case
) -> None:
    """The end of what was told is told, unless its product fires anew and that is told."""
    channel, own = HOLDS[hold]
    head = f'channels: {{me: {{url: "json://localhost/", {channel}}}}}\n'
    head += "defaults: {region: US, notify: [me]}\n"
    world = World(store, rules(rule(SELLS, f"resolved: true\n    {own}")), head=head)
    days = case.first + case.days
    for number, letter in enumerate(days):
        now = START + number * DAY
        if letter in "*o":
            lasts = 24 if days[number + 1 : number + 2] in ("*", "o") else 22
            store.silences.add(begins=now - HOUR, ends=now + lasts * HOUR, rule="r")
        world.scan({"1": 20 if letter in "+*" else 1, "2": 1}, days=int(number > 0))
        for hour in (1, 2, 23):
            world.sweep(hour * HOUR)
    world.sweep((7 - number % 7) * DAY + HOUR)
    assert tuple(item.kind for message in world.told() for item in message.items) == case.told
    assert all(group.silence is None for group in store.held.groups())


@pytest.mark.parametrize("held_by", ["a silence", "quiet hours of its rule"])
def test_an_end_that_is_held_is_told_by_what_waited_and_then_no_more(
    store: Database, held_by: str
) -> None:
    """Its service is down while it ends: the message of what waited says so, being brought up to
    date. What held the end has nothing left to tell."""
    own = "" if held_by == "a silence" else _DAYS
    own += "\n    severity: {critical: {total_sale_7d_cnt: {at_least: 20}}}"
    many = rule("{total_sale_7d_cnt: {at_least: 40}}", name="many")
    world = World(store, rules(rule(SELLS, f"resolved: true\n    {own}"), many))
    world.scan({"1": 20, "2": 30}, days=0)
    (row,) = store.outbox.waiting_for("me/1")
    if held_by == "a silence":
        store.silences.add(begins=world.now + HOUR, ends=world.now + 30 * HOUR, rule="r")
    world.scan({"1": 1, "2": 30, "3": 40})  # its end is held; another rule tells of 3
    store.outbox.failed(row.id, world.now, "503", world.now + 10)
    (alert,) = [each for each in store.alerts.list("r") if each.product_id == "1"]
    key = alert.alert.product
    (before,) = store.alerts.told("r", [key], with_values=True)
    assert before.severity is Severity.CRITICAL
    assert join_backlog(store, world.book, "me/1", world.now + HOUR)
    assert ends_in(world) == ["1"]
    (noted,) = store.alerts.told("r", [key], with_values=True)
    assert noted.severity is before.severity  # all else is as it was
    for _ in range(9):
        world.scan({"1": 1, "2": 30, "3": 40})
        world.sweep(HOUR)
    assert ends_in(world) == ["1"]


def ends_in(world: World) -> list[str]:
    """The products whose ends wait for the target."""
    items = [item for each in world.told() for item in each.items]
    return [each.product_id for each in items if each.kind == "resolved"]


def test_another_channel_has_its_end_still_to_be_told(store: Database) -> None:
    """What waited for one says nothing to the other."""
    head = 'channels: {me: {url: "json://localhost/"}, you: {url: "json://localhost/"}}\n'
    head += "defaults: {region: US, notify: [me, you]}\n"
    many = rule("{total_sale_7d_cnt: {at_least: 40}}", name="many")
    world = World(store, rules(rule(SELLS, "resolved: true"), many), head=head)
    world.scan({"1": 20})
    (row,) = store.outbox.waiting_for("me/1")
    store.silences.add(begins=world.now + HOUR, ends=world.now + 30 * HOUR, rule="r")
    world.scan({"1": 1, "3": 40})
    store.outbox.failed(row.id, world.now, "503", world.now + 10)
    assert join_backlog(store, world.book, "me/1", world.now + HOUR)
    (alert,) = [each.alert for each in store.alerts.list("r") if each.product_id == "1"]
    noted = {each.channel: each.resolved_told for each in store.alerts.told("r", [alert.product])}
    assert noted == {"me": True, "you": False}
