"""What is held, and told once it no longer is.

The scans of a ``World`` are made at 22:13 UTC, day after day.
"""

from __future__ import annotations

from tests.fakes.world import World
from tests.store import making
from tests.test_pipeline import SELLS, rule, rules
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import policies_of
from watcher.store.sqlite.database import Database
from watcher.text.messages import text_of, title_of
from watcher.units import DAY, HOUR, MINUTE

QUIET = 'quiet: {hours: "22:00-07:00"}'
MORNING = 9 * HOUR  # after a scan: 7:13
NOON = 14 * HOUR


def world_of(store: Database, channel: str, *written: str) -> World:
    """Rules that tell one channel."""
    head = f"""
channels:
  me: {{url: "json://localhost/", {channel}}}
defaults: {{region: US, notify: [me]}}
"""
    return World(store, rules(*written), head=head)


def swept(world: World, after: int) -> list[str]:
    """The titles that a sweep so long after the last scan adds."""
    policies = policies_of(world.book.channels)
    rows = sweep(world.database, world.book, policies, world.now + after)
    found = [world.database.outbox.get(row) for row in rows]
    return [title_of(row.message) for row in found if row is not None]


def test_nothing_is_owed(store: Database) -> None:
    """A sweep is silent, and changes nothing, where nothing is held."""
    world = world_of(store, "min_severity: info", rule(SELLS))
    world.scan({"1": 20})
    before = making.contents(store)
    assert swept(world, DAY) == []
    assert making.contents(store) == before


def test_quiet_hours_hold_until_they_end(store: Database) -> None:
    """What fires at night is told in the morning, once."""
    world = world_of(store, QUIET, rule(SELLS))
    world.scan({"1": 20, "2": 30})
    assert world.titles() == []
    assert swept(world, 8 * HOUR) == []
    assert swept(world, MORNING) == ["[info] r: 2 products (US)"]
    assert swept(world, NOON) == []
    world.scan({"1": 20, "2": 30})
    assert (swept(world, MORNING), len(world.told())) == ([], 1)
    assert store.held.groups() == []


def test_a_catch_up_has_the_values_of_the_last_scan(store: Database) -> None:
    """Facts, evidence, rank, the strongest first, and the time of the data."""
    world = world_of(store, QUIET, rule(SELLS))
    world.scan({"1": 20, "2": 30})
    swept(world, MORNING)
    (message,) = world.told()
    assert [item.product_id for item in message.items] == ["2", "1"]
    assert message.data_at == world.now
    assert message.created == world.now + MORNING
    assert [item.facts["rank"] for item in message.items] == [2, 1]
    assert message.items[0].facts["total_sale_7d_cnt"] == 30
    assert message.items[0].why[0].value == 30
    assert message.items[0].name == "Product 2"


def test_what_began_and_ended_while_held_is_told(store: Database) -> None:
    """Of a weekly digest most alerts have ended when it comes: they are told as ended."""
    world = world_of(store, 'digest: "0 9 * * mon"', rule(SELLS))
    world.march("20 10 10 10 30 10 30")  # 15 to 21 November; Monday is the 20th
    assert world.titles() == []
    assert swept(world, 0) == ["[info] r: 1 product (US)"]
    world.march("10 10")
    swept(world, 5 * DAY)
    began = world.told()[-1].items[0]
    assert (began.kind, began.reason) == ("firing", None)


def test_an_episode_is_told_with_its_end(store: Database) -> None:
    """With the evidence that it fired on, though the rule tells no ends; and only once."""
    world = world_of(store, QUIET, rule(SELLS))
    world.scan({"1": 20})
    world.scan({"1": 10})
    assert swept(world, MORNING) == ["[info] r: 1 ended (US)"]
    (item,) = world.told()[0].items
    assert (item.kind, item.reason) == ("resolved", "condition ended")
    assert (item.why[0].value, item.now[0].value) == (20, 10)
    assert item.since == world.now - DAY
    assert swept(world, NOON) == []


def test_the_end_of_what_was_told_is_caught_up(store: Database) -> None:
    """Where the rule tells ends; together with what still holds."""
    world = world_of(store, QUIET, rule(SELLS, "resolved: true"))
    world.scan({"1": 20})
    swept(world, MORNING)
    world.scan({"1": 10, "2": 30})
    assert swept(world, MORNING) == ["[info] r: 1 product, 1 ended (US)"]
    assert [item.kind for item in world.told()[-1].items] == ["firing", "resolved"]


def test_a_catch_up_of_several_rules_is_one_message(store: Database) -> None:
    """The most severe first; each product says of which rule it is, and each is told once."""
    low = rule("{total_sale_7d_cnt: {below: 10}}", "severity: warning", name="low")
    described = rule(SELLS, "description: Sells well\n    limit: 1")
    world = world_of(store, QUIET, described, low)
    world.scan({"1": 20, "2": 5, "3": 30})
    assert swept(world, MORNING) == ["1 low, 2 r (US)"]
    (message,) = world.told()
    assert message.kind == "digest"
    assert text_of(message) == "low (warning): 1 product\nr: 2 products - Sells well"
    assert [(item.rule, item.product_id) for item in message.items] == [("low", "2"), ("r", "3")]
    assert (message.rest, message.more) == (1, ("Product 1",))
    assert swept(world, NOON) == []
    targets = [[each.target for each in row.deliveries] for row in store.alerts.list()]
    assert targets == [["me/1"]] * 3


def test_a_digest_is_sent_at_its_time(store: Database) -> None:
    """Collected whenever it fires, sent once a day; what ended later ends in the next one."""
    world = world_of(store, 'digest: "09:00"', rule(SELLS, "resolved: true"))
    world.scan({"1": 20})
    assert swept(world, 10 * HOUR) == []
    assert swept(world, 11 * HOUR) == ["[info] r: 1 product (US)"]
    world.scan({"1": 10, "2": 20})
    assert swept(world, MINUTE) == []
    assert swept(world, 3 * DAY) == ["[info] r: 1 product, 1 ended (US)"]


def test_a_digest_in_quiet_hours_waits_for_their_end(store: Database) -> None:
    """It is not lost for a day."""
    world = world_of(store, f'digest: "06:00", {QUIET}', rule(SELLS))
    world.scan({"1": 20})
    assert swept(world, 8 * HOUR) == []
    assert swept(world, MORNING) == ["[info] r: 1 product (US)"]


def test_a_silence_holds_what_matches(store: Database) -> None:
    """The other products are told; what still fires at its end is told then, once."""
    world = world_of(store, "min_severity: info", rule(SELLS))
    silence = store.silences.add(begins=world.now, ends=world.now + 9 * DAY, product="2")
    world.scan({"1": 20, "2": 30})
    assert [item.product_id for item in world.told()[0].items] == ["1"]
    world.scan({"1": 20, "2": 30})
    assert (swept(world, NOON), len(world.told())) == ([], 1)
    store.silences.end(silence.id, world.now + NOON)
    assert swept(world, NOON) == ["[info] r: 1 product (US)"]
    assert [item.product_id for item in world.told()[1].items] == ["2"]
    assert swept(world, NOON) == []


def test_what_passed_in_silence_is_not_told(store: Database) -> None:
    """But the end of what was told before it is."""
    world = world_of(store, "min_severity: info", rule(SELLS, "resolved: true"))
    world.scan({"1": 20})
    store.silences.add(begins=world.now, ends=world.now + 3 * DAY, rule="r")
    world.march("20")
    world.scan({"1": 10, "2": 20})
    world.scan({"1": 10, "2": 10})
    assert len(world.told()) == 1
    assert swept(world, HOUR) == ["[info] r: 1 ended (US)"]
    assert [item.product_id for item in world.told()[1].items] == ["1"]
    assert store.held.groups() == []


def test_a_silence_in_quiet_hours(store: Database) -> None:
    """The silence ends at night: the morning tells."""
    world = world_of(store, QUIET, rule(SELLS))
    store.silences.add(begins=world.now, ends=world.now + DAY + HOUR, rule="r")
    world.scan({"1": 20})
    assert swept(world, 2 * HOUR) == []
    assert swept(world, MORNING) == ["[info] r: 1 product (US)"]


def test_a_digest_collects_anew_after_a_silence(store: Database) -> None:
    """What was silenced when the digest was sent waits for the next one."""
    world = world_of(store, 'digest: "09:00"', rule(SELLS))
    store.silences.add(begins=world.now, ends=world.now + DAY + NOON, rule="r")
    world.scan({"1": 20})
    assert swept(world, 11 * HOUR) == []
    assert swept(world, NOON) == []
    assert swept(world, 11 * HOUR + DAY) == ["[info] r: 1 product (US)"]


def test_a_digest_does_not_come_with_the_end_of_a_silence(store: Database) -> None:
    """Its time is that of the next one, however often one looks in between."""
    world = world_of(store, 'digest: "09:00"', rule(SELLS))
    silence = store.silences.add(begins=world.now, ends=world.now + 9 * DAY, rule="r")
    world.scan({"1": 20})
    world.scan({"1": 21})
    store.silences.end(silence.id, world.now + HOUR)
    for moment in (HOUR, HOUR + MINUTE, 10 * HOUR):
        assert swept(world, moment) == []
    (held,) = store.held.of_rule("r")
    assert (held.silence, held.since) == (None, world.now + HOUR)
    assert swept(world, 11 * HOUR) == ["[info] r: 1 product (US)"]
    assert store.held.groups() == []


def test_a_digest_collects_from_when_it_first_held(store: Database) -> None:
    """A later scan, or a silence that begins, does not put it off."""
    world = world_of(store, 'digest: "0 9 * * mon"', rule(SELLS))
    world.scan({"1": 20})
    begun = [each.since for each in store.held.of_rule("r")]
    world.scan({"1": 21})
    assert [each.since for each in store.held.of_rule("r")] == begun
    silence = store.silences.add(begins=world.now, ends=world.now + 9 * DAY, product="1")
    world.scan({"1": 22})
    (held,) = store.held.of_rule("r")
    assert (held.silence, held.since) == (silence.id, begun[0])


def test_a_sweep_tells_only_what_is_held(store: Database) -> None:
    """A reminder, a cooldown's end: those are decided at scans."""
    world = world_of(store, "min_severity: info", rule(SELLS, "remind: 1d"))
    world.scan({"1": 20})
    assert swept(world, 3 * DAY) == []


def test_a_reminder_that_is_held_is_told(store: Database) -> None:
    """In the morning, and reminders go on counting on the scans' time."""
    world = world_of(store, QUIET, rule(SELLS, "remind: 1d"))
    titles = []
    for _ in range(3):
        world.scan({"1": 20})
        titles += swept(world, MORNING)
    assert titles == ["[info] r: 1 product (US)"] * 3
    assert [item.kind for message in world.told() for item in message.items] == [
        "firing",
        "reminder",
        "reminder",
    ]


def test_what_an_edit_ended_is_not_caught_up(store: Database) -> None:
    """Held, changed, and no longer met: silently over."""
    world = world_of(store, QUIET, rule(SELLS))
    world.scan({"1": 20})
    world.reread(rules(rule("{total_sale_7d_cnt: {at_least: 25}}")))
    world.scan({"1": 20})
    assert swept(world, MORNING) == []
    assert store.held.groups() == []


def test_a_rule_that_is_gone_is_passed_over(store: Database) -> None:
    """Until a reload forgets what it held."""
    world = world_of(store, QUIET, rule(SELLS), rule(SELLS, name="other"))
    world.scan({"1": 20})
    world.reread(rules(rule(SELLS, name="other")))
    assert swept(world, MORNING) == ["[info] other: 1 product (US)"]


def test_an_alert_that_is_no_more_is_let_go(store: Database) -> None:
    """Pruned while a digest waited."""
    world = world_of(store, QUIET, rule(SELLS))
    world.scan({"1": 20})
    with store.atomic():
        store.execute("DELETE FROM alerts")
    assert swept(world, MORNING) == []
    assert store.held.groups() == []


def test_no_end_is_told_of_what_fires_anew(store: Database) -> None:
    """It waits: for the end of that, or until a message tells that it fires."""
    world = world_of(store, QUIET, rule(SELLS, "resolved: true\n    cooldown: 7d"))
    world.scan({"1": 20})
    assert swept(world, MORNING) == ["[info] r: 1 product (US)"]
    world.march("10 20")
    assert swept(world, MORNING) == []
    world.march("10")
    assert swept(world, MORNING) == ["[info] r: 1 ended (US)"]
    world.march("20 10 20")
    assert store.held.groups() == []


def test_such_an_end_does_not_open_a_digest(store: Database) -> None:
    """What comes after it still waits for the digest's own time."""
    world = world_of(store, 'digest: "07:00"', rule(SELLS, "resolved: true\n    cooldown: 3d"))
    world.scan({"1": 20})
    assert swept(world, MORNING) == ["[info] r: 1 product (US)"]
    world.march("10 20")
    assert swept(world, MORNING) == []
    world.scan({"1": 20, "3": 20})
    assert swept(world, 0) == []
    assert swept(world, MORNING) == ["[info] r: 2 products (US)"]
    assert store.held.groups() == []


def test_a_product_of_two_rules_counts_once(store: Database) -> None:
    """A message of several rules is about so many products; each rule's line has its own count."""
    other = rule("{total_sale_7d_cnt: {at_least: 30}}", name="s")
    world = world_of(store, QUIET, rule(SELLS), other)
    world.scan({"1": 20, "2": 30})
    assert swept(world, MORNING) == ["2 r, 1 s (US)"]
    assert text_of(world.told()[0]) == "r: 2 products\ns: 1 product"


def test_an_edit_at_night_loses_no_catch_up(store: Database) -> None:
    """What fired unheard is still held: once the edited rule has spoken, it is told."""
    world = world_of(store, QUIET, rule(SELLS))
    world.scan({"1": 20})
    world.reread(rules(rule("{total_sale_7d_cnt: {at_least: 19}}")))
    assert swept(world, MORNING) == []
    assert [each.product for each in store.held.of_rule("r")] == [1]
    world.scan({"1": 20})
    assert swept(world, MORNING) == ["[info] r: 1 product (US)"]


def test_a_rules_own_quiet_hours(store: Database) -> None:
    """What it owes waits, what others owe does not; the later of two ends counts; and what ended
    meanwhile is named."""
    quiet = 'quiet: [{hours: "22:00-07:00"}, {days: sun}]'
    later = 'quiet: {hours: "22:00-09:00"}'
    world = world_of(
        store,
        "min_severity: info",
        rule(SELLS, quiet, name="q"),
        rule(SELLS, name="r"),
        rule(SELLS, later, name="s"),
    )
    world.scan({"1": 20})
    assert world.titles() == ["[info] r: 1 product (US)"]
    assert [swept(world, 8 * HOUR), len(store.held.groups())] == [[], 2]
    assert swept(world, MORNING) == ["[info] q: 1 product (US)"]
    assert swept(world, 10 * HOUR) == []
    assert swept(world, NOON) == ["[info] s: 1 product (US)"]
    assert store.held.groups() == []


def test_a_rules_quiet_hours_beside_the_channels(store: Database) -> None:
    """Both must be over."""
    night = world_of(store, QUIET, rule(SELLS, 'quiet: {hours: "22:00-09:00"}'))
    night.scan({"1": 20})
    assert swept(night, MORNING) == []
    assert swept(night, NOON) == ["[info] r: 1 product (US)"]
