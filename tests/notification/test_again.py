"""``again``: what fires is told once more when it moved on from what a channel was last told."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tests.fakes.world import World
from tests.store.making import DAY
from tests.test_pipeline import rule, rules
from watcher.analysis.explain import explain
from watcher.delivery.view import view_of
from watcher.message import Message, NotificationState
from watcher.notification.coalesce import join_backlog
from watcher.notification.deferral import with_holds
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import Decision, policies_of
from watcher.store.sqlite.database import Database
from watcher.units import HOUR

PRICE, SALES = "spu_avg_price", "total_sale_7d_cnt"
CHEAP = f"{{{PRICE}: {{below: 20}}}}"
FALLS = f"again: {{{PRICE}: {{falls: 5%}}}}"
QUIET = 'quiet: {hours: "22:00-07:00"}'  # a world's scans are at 22:13
MORNING = 9 * HOUR
UTC = ZoneInfo("UTC")


def lines_of(*more: str) -> str:
    """Several keys of a rule."""
    return "\n    ".join(more)


def world_of(store: Database, *written: str, channel: str = "min_severity: info") -> World:
    """Rules that tell one channel."""
    head = f"""
channels:
  me: {{url: "json://localhost/", {channel}}}
defaults: {{region: US, notify: [me]}}
"""
    return World(store, rules(*written), head=head)


def see(world: World, *prices: float | None) -> list[str]:
    """Scans with the product at these prices (None: without it); what each of them told."""
    found = []
    for price in prices:
        before = len(world.told())
        own = {} if price is None else {"1": {PRICE: price, SALES: 9.0}}
        world.scan(own | {"2": {SALES: 5.0 + world.day}})
        found += [" ".join(kinds(message)) for message in world.told()[before:]] or ["."]
    return found


def kinds(message: Message) -> list[str]:
    """Why each of its products is told."""
    return [item.kind for item in message.items]


def why(message: Message) -> tuple[str, ...]:
    """The lines of its only product."""
    (product,) = view_of(message, "", UTC).products
    return product.why


def swept(world: World, after: int) -> list[Message]:
    """The messages that a sweep so long after the last scan adds."""
    policies = policies_of(world.book.channels)
    rows = sweep(world.database, world.book, policies, world.now + after)
    found = [world.database.outbox.get(row) for row in rows]
    return [row.message for row in found if row is not None]


def test_each_further_step_is_told(store: Database) -> None:
    """Against what was last told, not against the scan before; whatever the cooldown."""
    world = world_of(store, rule(CHEAP, lines_of(FALLS, "cooldown: 30d")))
    assert see(world, 19.9, 19.5, 19, 18.9, 18.9, 18, 17.96, 17.9) == [
        "firing", ".", ".", "again", ".", ".", ".", "again"
    ]  # fmt: skip
    assert why(world.told()[1])[0] == "again: 18.90, told with 19.90 on 15 Nov"
    assert why(world.told()[2])[0] == "again: 17.90, told with 18.90 on 18 Nov"


def test_in_a_cooldown_it_is_held_against_the_alert_before(store: Database) -> None:
    """It ended and fires anew: told where it went a step further, and held back where it did not.
    That its end was told in between is no step."""
    world = world_of(store, rule(CHEAP, lines_of(FALLS, "cooldown: 30d", "resolved: true")))
    assert see(world, 19, 21, 19, 18.5, 18) == ["firing", "resolved", ".", ".", "again"]
    assert why(world.told()[-1])[0].startswith("again: 18, told with 19 on")
    assert see(world, 21, 17.9) == ["resolved", "."]


@pytest.mark.parametrize(
    ("again", "days", "told"),
    [
        ("{spu_avg_price: {changes: 1}}", (19, 18.5, 18, 19.5), "firing . again again"),
        ("{spu_avg_price: {rises: 10%}}", (10, 9, 10.9, 11), "firing . . again"),
        ("{rank: {climbs: 1}}", (19, 19), "firing ."),
        ("{spu_avg_price: {crosses_below: 18}}", (19, 18, 17.9, 17), "firing . again ."),
        ("{spu_avg_price: {becomes: 17}}", (19, 18, 17, 17), "firing . again ."),
        ("{all: [{spu_avg_price: {falls: 1}}, {total_sale_7d_cnt: {rises: 1}}]}", (19, 17),
         "firing ."),
        ("{any: [{spu_avg_price: {falls: 1}}, {total_sale_7d_cnt: {rises: 1}}]}", (19, 17),
         "firing again"),
        ("{spu_avg_price: {falls: 5%, min_change: 2}}", (19, 17.5, 17), "firing . again"),
    ],
)  # fmt: skip
def test_conditions(store: Database, again: str, days: tuple[float, ...], told: str) -> None:
    """All that compare, and what joins them."""
    world = world_of(store, rule(CHEAP, f"again: {again}"))
    assert " ".join(see(world, *days)) == told


def test_only_while_it_fires_and_is_there(store: Database) -> None:
    """Neither when it has ended, nor of a product that the list lacks; what is missing has no
    value."""
    world = world_of(store, rule(CHEAP, FALLS))
    assert see(world, 19, 25, None, 26) == ["firing", ".", ".", "."]
    assert see(world, 19, None, 17) == ["firing", ".", "again"]


def test_a_reminder_counts_from_it(store: Database) -> None:
    """It is a word on the alert like any other; where both are due it says what moved."""
    world = world_of(store, rule(CHEAP, lines_of(FALLS, "remind: 3d")))
    assert see(world, 19, 19, 18, 18, 18, 18, 18, 18, 17) == [
        "firing", ".", "again", ".", ".", "reminder", ".", ".", "again"
    ]  # fmt: skip


def test_a_reminder_is_a_word_with_values_too(store: Database) -> None:
    """The next step is held against what it said."""
    world = world_of(store, rule(CHEAP, lines_of(FALLS, "remind: 2d")))
    assert see(world, 18, 18.2, 18.9, 18, 17.9) == ["firing", ".", "reminder", ".", "again"]
    assert why(world.told()[-1])[0].startswith("again: 17.90, told with 18.90 on")


def test_each_channel_by_what_it_was_told(store: Database) -> None:
    """One that heard of it later is told later."""
    world = World(store, rules(rule(CHEAP, lines_of(FALLS, "severity: info"))))
    see(world, 19)
    world.reread(rules(rule(CHEAP, lines_of(FALLS, "severity: warning", "notify: [me, boss]"))))
    assert see(world, 18.5) == ["."]
    assert [kinds(message) for message in world.told("boss/1")] == [["firing"]]
    assert see(world, 18) == ["again"]
    assert len(world.told("boss/1")) == 1
    see(world, 17.5)
    assert [kinds(message) for message in world.told("boss/1")] == [["firing"], ["again"]]


def test_quiet_hours_hold_it(store: Database) -> None:
    """And tell it in the morning, if it still holds by then."""
    world = world_of(store, rule(CHEAP, FALLS), channel=QUIET)
    see(world, 19.9)
    assert [kinds(message) for message in swept(world, MORNING)] == [["firing"]]
    assert see(world, 18.5) == ["."]
    assert [group.count for group in store.held.groups()] == [1]
    (row,) = with_holds(store, world.book, store.alerts.list("r"), world.now + 60)
    assert [hold.why for hold in row.holds] == [Decision.QUIET.value]
    (message,) = swept(world, MORNING)
    assert why(message)[0] == "again: 18.50, told with 19.90 on 15 Nov"
    assert see(world, 17) == ["."]
    assert see(world, 18.4) == ["."]  # it rose again
    assert swept(world, MORNING) == []
    assert store.held.groups() == []


def test_a_silence_holds_it(store: Database) -> None:
    """Until it ends."""
    world = world_of(store, rule(CHEAP, FALLS))
    see(world, 19.9)
    store.silences.add(begins=world.now, ends=world.now + 2 * DAY + HOUR, rule="r")
    assert see(world, 18, 17.9, 17.9) == [".", ".", "again"]
    assert why(world.told()[-1])[0].startswith("again: 17.90, told with 19.90")


def test_a_digest_collects_it(store: Database) -> None:
    """With what is so when it is sent."""
    world = world_of(store, rule(CHEAP, FALLS), channel='digest: "09:00"')
    see(world, 19.9)
    assert [kinds(each) for each in swept(world, 12 * HOUR)] == [["firing"]]
    assert see(world, 18) == ["."]
    (message,) = swept(world, 12 * HOUR)
    assert kinds(message) == ["again"]


def test_a_joined_message_is_what_was_told(store: Database) -> None:
    """What waited never came: the next step is held against what came in its place."""
    world = world_of(store, rule(CHEAP, "again: {spu_avg_price: {falls: 0.5}}"))
    see(world, *(19.9 - 0.6 * step for step in range(25)))
    assert len(world.told()) == 25
    assert see(world, 15) == ["."]
    assert join_backlog(store, world.book, "me/1", world.now + 60)
    assert [kinds(message) for message in world.told()] == [["firing"]]
    assert see(world, 14.6, 14.4) == [".", "again"]
    assert why(world.told()[-1])[0].startswith("again: 14.40, told with 15 on")


def test_of_a_dead_message_too(store: Database) -> None:
    """It counts as told, as everywhere: `outbox retry` sends it."""
    world = world_of(store, rule(CHEAP, FALLS))
    see(world, 19.9)
    for row in store.outbox.waiting_for("me/1"):
        store.execute(
            "UPDATE notifications SET state = ? WHERE id = ?",
            (NotificationState.DEAD.value, row.id),
        )
    assert see(world, 19.5) == ["."]
    assert see(world, 18) == ["again"]


def test_without_values_there_is_no_data_until_it_is_told_once_more(store: Database) -> None:
    """As in a database of before, or of a rule to which it was added."""
    world = world_of(store, rule(CHEAP, "remind: 3d"))
    see(world, 19.9)
    world.reread(rules(rule(CHEAP, lines_of(FALLS, "remind: 3d"))))
    assert see(world, 15, 14, 14, 13) == [".", ".", "reminder", "again"]


def test_a_value_of_another_meaning_is_none(store: Database) -> None:
    """The formula of one's own metric was edited since."""
    head = "metrics: {{mine: spu_avg_price * {factor}}}\n"
    written = rules(rule(CHEAP, "again: {mine: {falls: 5%}}"))
    world = world_of(store, rule(CHEAP))
    world.reread(head.format(factor=10) + written)
    assert see(world, 19.9) == ["firing"]
    world.reread(head.format(factor=1) + written)
    assert see(world, 19.9) == ["."]


def test_a_rule_without_it_asks_for_nothing(store: Database) -> None:
    """No value is stored, and none is read."""
    world = world_of(store, rule(CHEAP))
    see(world, 19.9, 18)
    (entry,) = store.alerts.told("r", [1], with_values=True)
    assert entry.told_with is None


def test_explain_names_it(store: Database) -> None:
    """For each channel: what it is held against, and the verdict."""
    world = world_of(store, rule(CHEAP, FALLS))
    see(world, 19.9, 19.5)
    (facts,) = store.history.find("1")
    (rule_,) = world.book.rules
    found = explain(store, world.book, rule_, facts, world.now + 60)
    (again,) = found.again
    assert again.channel == "me"
    assert again.reason.condition == "falls 5% from what was last told"
    assert again.reason.evidence is not None
    assert (again.reason.evidence.value, again.reason.evidence.baseline) == (19.5, 19.9)
