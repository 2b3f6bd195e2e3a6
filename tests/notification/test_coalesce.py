"""What waits for one target becomes one message of what still holds, and of what came and went."""

from __future__ import annotations

import pytest

from tests.fakes.world import World
from tests.test_pipeline import SELLS, rule, rules
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.delivery_hooks import Post
from watcher.incidents.operator import Operator
from watcher.message import Message, Notification, NotificationState
from watcher.model import Severity
from watcher.notification.coalesce import DOZENS, MOST_ITEMS, NAMED, WAITED, join_backlog
from watcher.notification.policy import policies_of
from watcher.store.sqlite.database import Database
from watcher.text.messages import text_of, title_of
from watcher.units import DAY, HOUR

JOINED, WAITING = NotificationState.JOINED, NotificationState.WAITING
ENDS = "resolved: true"


def world_of(store: Database, *written: str, urls: str = '"json://localhost/"') -> World:
    """Rules that tell one channel, which the operator listens to as well."""
    head = f"""
channels:
  me: {{url: {urls}}}
defaults: {{region: US, notify: [me]}}
operator: [me]
"""
    return World(store, rules(*written), head=head)


def join(world: World, target: str = "me/1", after: int = 0) -> Notification | None:
    """What waits first for the target, after it was joined; None where nothing was."""
    if not join_backlog(world.database, world.book, target, world.now + after):
        return None
    return world.database.outbox.next_for(target)


def joined(world: World, target: str = "me/1", after: int = 0) -> Message:
    """As ``join``, where there is something to join."""
    row = join(world, target, after)
    assert row is not None
    return row.message


def told(message: Message) -> list[tuple[str, str]]:
    """The products in full but the one that rises and falls, and as what they are told."""
    return [(item.product_id, item.kind) for item in message.items if item.product_id != "99"]


def fill(world: World, count: int = DOZENS, **steady: float) -> None:
    """Let so many messages wait: product 99 rises and falls, the ``steady`` ones (p1) stay."""
    sales = 20
    while len(world.told()) < count:
        world.scan({"99": sales, **{name.removeprefix("p"): each for name, each in steady.items()}})
        sales = 30 - sales


@pytest.mark.parametrize(
    ("count", "after", "tried", "put_off", "is_joined"),
    [
        (2, 60, False, 0, False),
        (23, 60, False, 0, False),
        (24, 60, False, 0, True),
        (1, 60, True, 0, False),
        (2, 60, True, 0, True),
        (2, WAITED, False, 0, True),
        (2, HOUR, False, HOUR, False),
        (2, HOUR + WAITED, False, HOUR, True),
    ],
)
def test_two_that_waited_are_joined(
    store: Database, count: int, after: int, tried: bool, put_off: int, is_joined: bool
) -> None:
    """Tried in vain, or due for minutes; what was just written goes out as it was."""
    world = world_of(store, rule(SELLS))
    message = Message("alerts", "", Severity.INFO, world.now)
    for _ in range(count):
        store.outbox.add("me", ["me/1"], message, world.now, world.now + put_off)
    if tried:
        store.outbox.failed(1, world.now, "503", world.now + 10)
        store.outbox.dead(1, world.now + 20, "404")
        store.outbox.retry([1], world.now + 30)
    assert (join(world, after=after) is not None) is is_joined


def test_what_still_fires_is_told_once(store: Database) -> None:
    """With its newest values; what began and ended meanwhile once, too, with its reason."""
    world = world_of(store, rule(SELLS, f"{ENDS}\n    remind: 1d"))
    for day in range(DOZENS // 2):
        world.scan({"1": 20 + day, "2": 30, "99": 20})
        world.scan({"1": 20 + day, "2": 30, "99": 10})
    message = joined(world)
    assert title_of(message) == "[info] what still holds: 2 products, 1 ended (US)"
    assert told(message) == [("1", "firing"), ("2", "firing")]
    assert (message.items[2].product_id, message.items[2].reason) == ("99", "condition ended")
    assert message.items[0].facts["total_sale_7d_cnt"] == 31
    assert text_of(message).splitlines() == [
        "24 messages waited for up to 22d23h. What still holds of them:",
        "r: 2 products, 1 ended",
        "11 alerts began and ended meanwhile.",
    ]
    assert world.titles() == [title_of(message)]


def test_the_channels_limit_bounds_it(store: Database) -> None:
    """Products in full, of all rules together; the others are counted and named."""
    two = rule(SELLS), rule("{rank: {at_most: 9}}", name="high")
    world = world_of(store, *two, urls='"json://localhost/", limit: 3, group_by: rule')
    world.scan({str(key): 20 + key for key in range(7)})
    message = joined(world, after=HOUR)
    assert (len(message.items), message.rest, len(message.more)) == (3, 4, 4)
    assert sum(len(alerts) for alerts in message.alerts.values()) == 14


def test_the_end_of_what_was_told_before_is_told(store: Database) -> None:
    """What began before the target was down; of what began since, nothing but the count."""
    world = world_of(store, rule(SELLS, ENDS))
    world.scan({"1": 20, "2": 30})
    store.outbox.sent(1, world.now)
    world.scan({"1": 10, "2": 30})
    fill(world)
    message = joined(world)
    assert sorted(told(message)) == [("1", "resolved"), ("2", "resolved")]
    assert title_of(message) == "[info] what still holds: 1 product, 2 ended (US)"


def test_an_end_of_what_fires_anew_is_not_told(store: Database) -> None:
    """It would be a wrong word now: it fires, though a cooldown kept that untold."""
    world = world_of(
        store, rule(SELLS, f"{ENDS}\n    cooldown: 90d"), rule(SELLS, ENDS, name="other")
    )
    world.scan({"1": 20})
    for row in store.outbox.list():
        store.outbox.sent(row.id, world.now)
    world.march("10 20")
    fill(world)
    world.march("20")
    message = joined(world)
    assert ("1", "firing") in told(message)
    (item,) = [item for item in message.items if item.product_id == "1"]
    assert (item.rule, [each.rule for each in item.also]) == ("r", ["other"])
    (told_now,) = [each for each in store.alerts.told("r", [1]) if each.rule == "r"]
    head = store.outbox.next_for("me/1")
    assert head is not None
    assert told_now.notification == head.id
    assert not told_now.resolved_told
    world.march("10")
    (message,) = world.told()[1:]
    (item,) = message.items
    assert {item.rule, *(each.rule for each in item.also)} == {"r", "other"}
    assert item.kind == "resolved"


def test_a_channel_of_several_targets_is_not_told_by_one_of_them(store: Database) -> None:
    """What one target hears of while a cooldown lasts, the others have still to hear."""
    world = world_of(
        store,
        rule(SELLS, f"{ENDS}\n    cooldown: 90d"),
        rule(SELLS, ENDS, name="other"),
        urls='["json://localhost/a", "json://localhost/b"]',
    )
    world.scan({"1": 20})
    for row in store.outbox.list():
        store.outbox.sent(row.id, world.now)
    world.march("10 20")
    fill(world)
    world.march("20")
    before = store.alerts.told("r", [1])
    assert ("1", "firing") in told(joined(world))
    assert store.alerts.told("r", [1]) == before


def test_nothing_holds(store: Database) -> None:
    """That is told, too: the reader sees that something was missed."""
    world = world_of(store, rule(SELLS, ENDS))
    fill(world)
    message = joined(world)
    assert title_of(message) == "[info] what still holds: nothing, 1 ended (US)"
    assert [(item.kind, item.reason) for item in message.items] == [("resolved", "condition ended")]
    assert text_of(message).splitlines()[1:] == [
        "r: 1 ended",
        "11 alerts began and ended meanwhile.",
    ]


def test_a_rule_that_is_gone_tells_nothing(store: Database) -> None:
    """Its alerts ended with it."""
    world = world_of(store, rule(SELLS, f"{ENDS}\n    remind: 1d"), rule(SELLS, ENDS, name="other"))
    world.scan({"1": 20})
    fill(world, 2 * DOZENS)
    world.scan({"1": 20})
    world.reread(rules(rule(SELLS, f"{ENDS}\n    remind: 1d")))
    message = joined(world)
    assert told(message) == [("1", "firing")]
    assert "other" not in text_of(message)


def test_what_began_before_did_not_begin_meanwhile(store: Database) -> None:
    """The end of an alert that the target had heard of, whose rule is gone, is not counted."""
    world = world_of(store, rule(SELLS, ENDS), rule(SELLS, ENDS, name="other"))
    world.scan({"1": 20})
    for row in store.outbox.list():
        store.outbox.sent(row.id, world.now)
    world.scan({"1": 10})
    fill(world)
    world.reread(rules(rule(SELLS, ENDS)))
    passed = [
        each for each in store.alerts.list() if each.product_id == "99" and each.alert.resolved_at
    ]
    assert f"{len(passed)} alerts began and ended meanwhile." in text_of(joined(world))


def test_troubles_that_go_on_are_told(store: Database) -> None:
    """And the end of one that was told before; what came and went is counted."""
    world = world_of(store, rule(SELLS))
    operator = [policies_of(world.book.channels)["me"]]
    Operator(store, operator, world.now).begin(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="the key is refused")
    )
    store.outbox.sent(1, world.now)
    Operator(store, operator, world.now).end(Incident(IncidentKind.KEY_REFUSED))
    Operator(store, operator, world.now).begin(
        Incident(IncidentKind.DISK).with_details(text="the disk is nearly full")
    )
    for number in range(DOZENS):
        Operator(store, operator, world.now).begin(
            Incident(IncidentKind.FAILS, About.WATCH, f"{number}").with_details(
                text="a watch fails"
            )
        )
        Operator(store, operator, world.now).end(
            Incident(IncidentKind.FAILS, About.WATCH, f"{number}")
        )
    message = joined(world)
    assert (title_of(message), message.severity.value) == (
        "[warning] what still holds: 1 trouble",
        "warning",
    )
    assert text_of(message).splitlines()[1:] == [
        "watcher: the disk is nearly full",
        "watcher: over: key refused",
        *(f"watcher: came and went: watch {number}: fails" for number in range(NAMED)),
        "14 troubles more of the watcher came and went.",
    ]


def test_a_trouble_that_came_again_goes_on(store: Database) -> None:
    """Though its end waits as well; and one that nobody told the end of is not called over."""
    world = world_of(store, rule(SELLS))
    operator = [policies_of(world.book.channels)["me"]]
    for text in ("the disk is nearly full", "the disk is full"):
        Operator(store, operator, world.now).begin(
            Incident(IncidentKind.DISK).with_details(text=text)
        )
        if text.endswith("nearly full"):
            Operator(store, operator, world.now).end(Incident(IncidentKind.DISK))
    Operator(store, operator, world.now).begin(
        Incident(IncidentKind.DEAD_MESSAGE).with_details(text="a message is dead")
    )
    store.health.clear_cause(Incident(IncidentKind.DEAD_MESSAGE), world.now)
    for number in range(DOZENS):
        Operator(store, operator, world.now).begin(
            Incident(IncidentKind.FAILS, About.WATCH, f"{number}").with_details(
                text="a watch fails"
            )
        )
        Operator(store, operator, world.now).end(
            Incident(IncidentKind.FAILS, About.WATCH, f"{number}")
        )
    assert text_of(joined(world)).splitlines()[1:3] == [
        "watcher: the disk is full",
        "watcher: a message is dead",
    ]


def test_what_was_joined_says_by_whom_it_is_told(store: Database) -> None:
    """Nothing is lost: it stays in the store, and fares as the one that tells it."""
    world = world_of(store, rule(SELLS, ENDS), urls='["json://localhost/a", "json://localhost/b"]')
    world.scan({"1": 20})
    fill(world)
    row = join(world)
    assert row is not None
    rows = store.outbox.list([JOINED], target="me/1")
    assert {each.joined for each in rows} == {row.id}
    assert len(rows) == DOZENS
    assert len(store.outbox.waiting_for("me/2")) == DOZENS
    (alert,) = [each for each in store.alerts.list() if each.product_id == "1"]
    assert [(each.target, each.state) for each in alert.deliveries] == [
        ("me/1", WAITING),
        ("me/2", WAITING),
    ]
    store.outbox.sent(row.id, world.now)
    (alert,) = [each for each in store.alerts.list() if each.product_id == "1"]
    assert [each.state for each in alert.deliveries] == [NotificationState.SENT, WAITING]


def test_it_goes_on_with_the_tries_of_the_first(store: Database) -> None:
    """The service has failed so long, and its day is not begun anew."""
    world = world_of(store, rule(SELLS, ENDS))
    fill(world)
    store.outbox.failed(1, world.now - 60, "503", world.now)
    row = join(world)
    assert row is not None
    assert (row.tries, row.first_try, row.next_try) == (1, world.now - 60, world.now)


def test_it_takes_in_what_comes_later(store: Database) -> None:
    """At its next try, as one with what it tells; what comes after it stays after it."""
    world = world_of(store, rule(SELLS, ENDS))
    world.scan({"1": 20})
    fill(world)
    row = join(world)
    assert row is not None
    assert join(world) is None  # nothing is new
    world.scan({"1": 20, "2": 20})
    assert len(store.outbox.waiting_for("me/1")) == 2
    again = join(world)
    assert again is not None
    assert again.id == row.id
    assert ("2", "firing") in told(again.message)
    assert [each.id for each in store.outbox.waiting_for("me/1")] == [row.id]
    assert text_of(again.message).startswith("25 messages waited")


def test_it_is_brought_up_to_date(store: Database) -> None:
    """What it told may be over by its next try, without a message that says so."""
    world = world_of(store, rule(SELLS))
    fill(world, p1=20)
    assert told(joined(world)) == [("1", "firing")]
    world.scan({"1": 10, "99": 10})
    assert len(store.outbox.waiting_for("me/1")) == 1
    assert title_of(joined(world)) == "[info] what still holds: nothing, 2 ended (US)"


def test_it_is_brought_up_to_date_by_its_texts(store: Database) -> None:
    """The alerts are the same; the trouble beside them is now another."""
    world = world_of(store, rule(SELLS))
    operator = [policies_of(world.book.channels)["me"]]
    Operator(store, operator, world.now).begin(
        Incident(IncidentKind.DISK).with_details(text="the disk is nearly full")
    )
    fill(world, p1=20)
    assert "watcher: the disk is nearly full" in text_of(joined(world))
    assert join(world) is None
    store.health.clear_cause(Incident(IncidentKind.DISK), world.now)
    Operator(store, [], world.now).begin(
        Incident(IncidentKind.DISK).with_details(text="the disk is full")
    )
    assert "watcher: the disk is full" in text_of(joined(world))


@pytest.mark.parametrize("permanent", [True, False])
def test_what_was_given_up_with_it(store: Database, permanent: bool) -> None:
    """After its day those wait again that had none; what is refused for good is dead as one."""
    world = world_of(store, rule(SELLS, ENDS))
    world.scan({"1": 20})
    first_try = world.now + 60
    fill(world)
    store.outbox.failed(1, first_try, "503", first_try + 10)
    row = join(world)
    assert row is not None
    mark = store.outbox.dead if permanent else store.outbox.give_up
    mark(row.id, world.now, "gone")
    waiting = [each.id for each in store.outbox.waiting_for("me/1")]
    assert waiting == ([] if permanent else list(range(2, DOZENS + 1)))
    assert store.outbox.retry([row.id], world.now) == [row.id]
    if not permanent:
        again = join(world)
        assert again is not None
        assert len(store.outbox.list([JOINED], limit=1_000)) == DOZENS + 1
        assert [each.id for each in store.outbox.waiting_for("me/1")] == [again.id]


def test_dead_ones_that_are_retried_are_joined(store: Database) -> None:
    """`outbox retry --all` after a long absence is one message."""
    world = world_of(store, rule(SELLS, ENDS))
    world.scan({"1": 20})
    fill(world)
    for each in store.outbox.waiting_for("me/1"):
        store.outbox.dead(each.id, world.now, "404")
    assert join(world) is None
    store.outbox.retry(None, world.now)
    assert text_of(joined(world)).startswith("24 messages waited")
    assert len(store.outbox.waiting_for("me/1")) == 1


def test_it_is_short(store: Database) -> None:
    """Of hundreds of products some are in full, the others counted."""
    written = [rule(SELLS, "remind: 1d\n    limit: 40", name=f"r{number}") for number in range(3)]
    world = world_of(store, *written)
    for _ in range(DOZENS):
        world.scan({str(number): 20 + number for number in range(1, 101)})
    message = joined(world)
    assert len(message.items) == MOST_ITEMS
    assert message.rest == 50
    assert all([each.rule for each in item.also] == ["r1", "r2"] for item in message.items[:40])
    assert sum(len(ids) for ids in message.alerts.values()) == 300
    assert title_of(message) == "[info] what still holds: 100 products (US)"


def test_what_is_pruned_is_told_as_it_was(store: Database) -> None:
    """Those that were joined go with the one that tells them, never before it."""
    world = world_of(store, rule(SELLS, ENDS))
    fill(world)
    row = join(world)
    assert row is not None
    late = world.now + 400 * DAY
    while store.pruner.step(0, late).more:
        pass
    assert len(store.outbox.list(limit=1_000)) == DOZENS + 1
    store.outbox.sent(row.id, world.now)
    while store.pruner.step(0, late).more:
        pass
    assert store.outbox.list(limit=1_000) == []


def test_an_outage_of_a_day_and_an_hour_hides_nothing(store: Database) -> None:
    """What was given up after its day is told with what comes next, and of each the reason why it
    is over; it stays dead until the service took that. What was refused for good, or before that
    outage, stays so."""
    world = world_of(store, rule("{appears: true}"))
    post = Post(lambda: world.book, lambda: world.now + HOUR)
    message = Message("test", "", Severity.INFO, world.now)
    for reason in ("before that outage", "for good"):
        (refused,) = store.outbox.add("me", ["me/1"], message, world.now)
        store.outbox.dead(refused, world.now, reason)
    store.outbox.failed(1, world.now - 2 * DAY, "503", world.now)
    store.outbox.give_up(1, world.now, "503")
    listed: dict[str, float] = {"1": 9.0}
    world.scan(listed)
    for appeared in ("2", "3", "4"):
        listed[appeared] = 9.0
        world.scan(listed)
        row = store.outbox.waiting_for("me/1")[-1]
        if appeared != "4":
            store.outbox.failed(row.id, world.now + 60, "503", world.now + 70)
            store.outbox.give_up(row.id, world.now + DAY + 60, "503")
            post.died(store, row, "503")
    told = join(world)
    assert told is not None
    assert sorted((item.product_id, item.kind, item.reason) for item in told.message.items) == [
        ("2", "resolved", "condition ended"),
        ("3", "resolved", "condition ended"),
        ("4", "firing", None),
    ]
    assert len(store.outbox.list([NotificationState.DEAD])) == 4
    store.outbox.sent(told.id, world.now + HOUR)
    post.took(store, told)
    assert [each.id for each in store.outbox.list([NotificationState.DEAD])] == [2, 1]
    assert {each.joined for each in store.outbox.list([JOINED])} == {told.id}
