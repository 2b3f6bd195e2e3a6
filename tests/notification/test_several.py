"""Messages of rules of several watches: each product says on which list it is."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from tests.fakes.world import World
from watcher.delivery.view import view_of
from watcher.evaluation.known import with_known
from watcher.message import Message
from watcher.notification.charting import chart_of
from watcher.notification.coalesce import DOZENS, join_backlog
from watcher.notification.deferral import with_holds
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of, worded
from watcher.units import HOUR

RULES = """
watches:
  mine: {sort: total_sale_7d_cnt desc}
  rival: {region: GB, sort: total_sale_30d_cnt desc}
rules:
  - name: r
    watch: [mine, rival]
    when: {total_sale_7d_cnt: {at_least: 10}}
    resolved: true
"""
QUIET = 'quiet: {hours: "22:00-07:00"}'  # a World's scans are made at 22:13


def world_of(store: Database, channel: str = "min_severity: info", rules: str = RULES) -> World:
    """One channel that hears of both lists."""
    head = f"""
channels:
  me: {{url: "json://localhost/", {channel}}}
defaults: {{region: US, notify: [me]}}
"""
    return World(store, rules, head=head)


def lists(message: Message) -> dict[str, str]:
    """The list that each product of a message is on."""
    return {item.product_id: item.watch for item in message.items}


def test_the_message_says_on_which_list(store: Database) -> None:
    """In words, and for programs; and its region is that of the list."""
    world = world_of(store)
    world.scan({"1": 20.0}, of="mine")
    world.scan({"2": 20.0}, of="rival")
    first, second = world.told()
    assert (lists(first), lists(second)) == ({"1": "mine"}, {"2": "rival"})
    assert [title_of(each) for each in (first, second)] == [
        "[info] r: 1 product (US)",
        "[info] r: 1 product (GB)",
    ]
    (product,) = view_of(second, "", UTC).products
    assert product.notes == ("on the list rival",)
    assert worded(second).items[0].watch == "rival"


def test_of_one_watch_nothing_is_said(store: Database) -> None:
    """There is only one that it can be."""
    world = world_of(store, rules=RULES.replace("[mine, rival]", "mine"))
    world.scan({"1": 20.0}, of="mine")
    assert lists(world.told()[0]) == {"1": ""}


@pytest.mark.parametrize("name", ["plain.txt", "markdown.md", "titled.md", "teams.md",
                                  "telegram.html", "email.html"])  # fmt: skip
def test_every_template_shows_what_is_noted(name: str) -> None:
    """The list is one of a product's notes, which all of them lay out."""
    folder = Path(__file__).parents[2] / "watcher" / "delivery" / "templates"
    text = (folder / f"{name}.j2").read_text(encoding="utf-8")
    assert "product.notes" in text or 'include "markdown.md.j2"' in text


def test_what_was_held_is_told_with_the_values_of_its_own_list(store: Database) -> None:
    """Together, the strongest first; each as its own list has it."""
    world = world_of(store, QUIET)
    world.scan({"1": 20.0, "2": 60.0}, of="mine")
    world.scan({"3": 40.0}, of="rival", days=0)
    assert world.told() == []
    rows = sweep(store, world.book, policies_of(world.book.channels), world.now + 9 * HOUR)
    assert len(rows) == 1
    (message,) = world.told()
    assert lists(message) == {"2": "mine", "3": "rival", "1": "mine"}
    assert [item.facts["total_sale_7d_cnt"] for item in message.items] == [60, 40, 20]
    assert [item.facts["rank"] for item in message.items] == [2, 1, 1]
    assert (message.region, message.data_at) == ("US, GB", world.now)


def test_what_waited_is_joined_with_its_lists(store: Database) -> None:
    """By the same way."""
    world = world_of(store)
    world.scan({"1": 20.0}, of="mine")
    world.scan({"2": 20.0}, of="rival")
    for turn in range(DOZENS):
        world.scan({"1": 20.0, "9": 20.0 * (turn % 2)}, of="mine")
    assert join_backlog(store, world.book, "me/1", world.now)
    joined = store.outbox.next_for("me/1")
    assert joined is not None
    assert lists(joined.message) | {"9": ""} == {"1": "mine", "2": "rival", "9": ""}


def test_lists_of_alerts_say_it_too(store: Database) -> None:
    """With the values of the alert's own list."""
    world = world_of(store)
    world.scan({"1": 20.0}, of="mine")
    world.scan({"1": 90.0}, of="rival")
    rows = with_holds(store, world.book, store.alerts.list("r"), world.now)
    (row,) = with_known(store, world.book, rows)
    assert row.watch == "mine"
    assert row.known is not None
    assert [each.value for each in row.known.evidence] == [20]


def test_a_picture_goes_by_all_lists(store: Database) -> None:
    """A scan of the other list that saw the product is a point of it, too."""
    world = world_of(store, rules=RULES.replace("region: GB, ", ""))
    world.scan({"1": 5.0}, of="mine")
    world.scan({"1": 5.0}, of="rival")
    world.scan({"1": 20.0}, of="mine")
    chart = chart_of(store, world.book, world.told()[0])
    assert chart is not None
    assert len(chart.series[0].points) == 3
