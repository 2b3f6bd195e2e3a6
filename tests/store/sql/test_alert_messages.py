"""Which messages tell of an alert, by what they say themselves."""

from __future__ import annotations

import msgspec

from tests.store.making import DAY, START, firing, with_products
from watcher.alert import NotificationLogEntry
from watcher.message import Also, Item, Message, NotificationState
from watcher.model import Severity
from watcher.store.ports import Store
from watcher.store.sql.alert_messages import LOOKED_THROUGH, Mention


def item(alert: str, kind: str = "firing", *also: Also) -> Item:
    """A product of a message."""
    return Item(alert, kind, "US", "1", "Serum", START, also=also)


def told(at: int, rule: str = "a", kind: str = "alerts", **said: tuple[int, ...]) -> Message:
    """A message by data of that time."""
    return Message(kind, "", Severity.INFO, at, rule=rule, data_at=at, alerts=said)


def test_what_is_said_of_it(store: Store) -> None:
    """By the rule's own messages and by those of several; to each target; nothing else is meant."""
    (key, *_rest) = with_products(store)
    (alert,) = store.alerts.save([firing("a", key, START)])
    add = store.outbox.add
    first = add("me", ["me/1", "me/2"], told(START, firing=(alert.id, 7)), START)
    several = add("boss", ["boss/1"], told(START + DAY, "", "digest", again=(alert.id,)), START)
    last = add("me", ["me/1"], told(START + 2 * DAY, resolved=(alert.id,)), START)
    add("me", ["me/1"], told(START + DAY, firing=(alert.id + 1, alert.id * 10 + 1)), START)
    add("me", ["me/1"], told(START - DAY, firing=(alert.id,)), START)  # no message of this one
    add("me", ["me/1"], told(START + DAY, "b", firing=(alert.id,)), START)
    add("me", ["me/1"], told(START + DAY, "", "report", firing=(alert.id,)), START)
    found = store.alert_messages.mentions(alert.id, "a", key, START)
    assert found == [
        *(Mention(number, "firing", START) for number in first),
        Mention(several[0], "again", START + DAY),
        Mention(last[0], "resolved", START + 2 * DAY),
    ]


def test_messages_of_older_versions(store: Store) -> None:
    """They name only what they show: by the product itself, or beside another rule's."""
    (key, *_rest) = with_products(store)
    (alert,) = store.alerts.save([firing("a", key, START)])
    beside = Also("a", alert.short_id, "reminder", START)
    shown = told(START)
    one, two = (
        msgspec.structs.replace(shown, items=items)
        for items in ((item(alert.short_id, "resolved"),), (item("A999", "firing", beside),))
    )
    ids = [store.outbox.add("me", ["me/1"], each, START)[0] for each in (one, two)]
    found = store.alert_messages.mentions(alert.id, "a", key, START)
    assert found == [Mention(ids[0], "resolved", START), Mention(ids[1], "reminder", START)]


def test_of_very_many_the_first_and_the_last(store: Store) -> None:
    """A rule that tells every hour is not looked through to its end; what a channel was told last
    is there all the same."""
    (key, *_rest) = with_products(store)
    (alert,) = store.alerts.save([firing("a", key, START)])
    with store.atomic():
        rows = [
            store.outbox.add("me", ["me/1"], told(START + at, reminder=(alert.id,)), START)[0]
            for at in range(LOOKED_THROUGH + 20)
        ]
    store.alerts.mark_told(
        [NotificationLogEntry("a", key, "me", alert.id, START, notification=rows[-1])]
    )
    found = store.alert_messages.mentions(alert.id, "a", key, START)
    assert [each.notification for each in found] == [*rows[:LOOKED_THROUGH], rows[-1]]
    row = store.outbox.get(rows[0])
    assert row is not None
    assert row.state is NotificationState.WAITING
