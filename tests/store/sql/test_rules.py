"""Rules that come, change, go, return, and are renamed."""

from __future__ import annotations

from msgspec.structs import replace

from tests.store.making import DAY, START, firing, pending, told_of, with_products
from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.identity import BookMarks
from watcher.store.records import RuleChanges
from watcher.store.sql.rules import REMOVED
from watcher.store.sqlite.database import Database


def _begin(store: Database) -> list[Alert]:
    """A rule ``r`` with one firing and one pending alert."""
    one, two, _ = with_products(store)
    store.rules.sync(BookMarks.of(("r", "f1")), START)
    return store.alerts.save([firing("r", one), pending("r", two)])


def test_new_rules_and_the_same_again(store: Database) -> None:
    """What was read before and did not change is no news."""
    assert store.rules.sync(BookMarks.of(("a", "1"), ("b", "2")), START) == RuleChanges(
        new=("a", "b")
    )
    assert store.rules.sync(BookMarks.of(("b", "2"), ("a", "1")), START + 1) == RuleChanges()
    assert store.rows("SELECT name, began, ended FROM rules ORDER BY name") == [
        ("a", START, None),
        ("b", START, None),
    ]


def test_a_changed_rule_carries_what_fired(store: Database) -> None:
    """It goes on, without being told again; what was pending begins anew."""
    fired, _ = _begin(store)
    assert store.rules.sync(BookMarks.of(("r", "f2")), START + 5) == RuleChanges(changed=("r",))
    assert store.alerts.active(["r"]) == [replace(fired, carried=True)]
    assert store.rows("SELECT began, fingerprint FROM rules") == [(START + 5, "f2")]


def test_a_removed_rule_ends_silently(store: Database) -> None:
    """Its alerts end with a reason and a transition."""
    fired, _ = _begin(store)
    assert store.rules.sync(BookMarks.of(), START + 5) == RuleChanges(removed=("r",))
    assert store.alerts.active(["r"]) == []
    ended = store.alerts.list(rule="r")[-1].alert
    assert (ended.state, ended.resolved_at) == (AlertState.INACTIVE, START + 5)
    assert [change.reason for change in store.alerts.transitions(fired.id)] == [REMOVED]
    assert store.rules.sync(BookMarks.of(), START + 6) == RuleChanges()


def test_back_within_a_day_as_it_was(store: Database) -> None:
    """The alerts, and the time for which one is pending, are as if nothing had been."""
    alerts = _begin(store)
    store.rules.sync(BookMarks.of(), START + 5)
    changes = store.rules.sync(BookMarks.of(("r", "f1")), START + 5 + DAY)
    assert changes == RuleChanges(returned=("r",))
    assert store.alerts.active(["r"]) == alerts
    assert store.alerts.transitions(alerts[0].id) == []


def test_back_within_a_day_but_changed(store: Database) -> None:
    """What had fired is carried, so that it is not told again."""
    fired, _ = _begin(store)
    store.rules.sync(BookMarks.of(), START + 5)
    changes = store.rules.sync(BookMarks.of(("r", "f2")), START + 6)
    assert changes == RuleChanges(changed=("r",), returned=("r",))
    assert store.alerts.active(["r"]) == [replace(fired, carried=True)]


def test_back_too_late_is_new(store: Database) -> None:
    """After a day the old alerts are history, and those that never fired are gone."""
    fired, _ = _begin(store)
    store.rules.sync(BookMarks.of(), START + 5)
    assert store.rules.sync(BookMarks.of(("r", "f1")), START + 6 + DAY) == RuleChanges(new=("r",))
    assert store.alerts.active(["r"]) == []
    assert [row.alert.id for row in store.alerts.list()] == [fired.id]


def test_a_renamed_rule_keeps_its_alerts(store: Database) -> None:
    """Known by its fingerprint: what fired is carried, what was told stays told."""
    fired, _ = _begin(store)
    store.alerts.mark_told([NotificationLogEntry("r", fired.product, "me", fired.id, START)])
    changes = store.rules.sync(BookMarks.of(("s", "f1")), START + 5)
    assert changes == RuleChanges(changed=("s",), renamed=(("s", "r"),))
    assert store.alerts.active(["s"]) == [replace(fired, rule="s", carried=True)]
    assert [told.rule for told in told_of(store, ["r", "s"])] == ["s"]
    assert store.rows("SELECT name, ended FROM rules") == [("s", None)]


def test_no_guess_between_two(store: Database) -> None:
    """Where two rules could be the old one, both are new."""
    _begin(store)
    changes = store.rules.sync(BookMarks.of(("s", "f1"), ("t", "f1")), START + 5)
    assert changes == RuleChanges(new=("s", "t"), removed=("r",))


def test_a_name_taken_over_from_an_ended_rule(store: Database) -> None:
    """A rule renamed to the name of one that ended before takes its place."""
    fired, _ = _begin(store)
    store.rules.sync(BookMarks.of(("r", "f1"), ("s", "f9")), START + 1)
    store.rules.sync(BookMarks.of(("r", "f1")), START + 2)
    changes = store.rules.sync(BookMarks.of(("s", "f1")), START + 3)
    assert changes.renamed == (("s", "r"),)
    assert [alert.id for alert in store.alerts.active(["s"])] == [fired.id]


def test_a_returned_rule_is_no_renamed_one(store: Database) -> None:
    """It finds its own alerts, though another of the same fingerprint leaves at that time."""
    alerts = _begin(store)
    store.rules.sync(BookMarks.of(("twin", "f1")), START + 1)
    store.rules.sync(BookMarks.of(("twin", "f1"), ("r", "f7")), START + 2)
    assert [alert.id for alert in store.alerts.active(["twin"])] == [alerts[0].id]
    store.rules.sync(BookMarks.of(("twin", "f1")), START + 3)
    assert store.rules.sync(BookMarks.of(("r", "f7")), START + 4).returned == ("r",)


def test_names_handed_on(store: Database) -> None:
    """Two rules that take over each other's names, or one after the other: all are renamed."""
    one, two, _ = with_products(store)
    store.rules.sync(BookMarks.of(("a", "f1"), ("b", "f2")), START)
    first, second = store.alerts.save([firing("a", one), firing("b", two)])
    for alert in (first, second):
        store.alerts.mark_told(
            [NotificationLogEntry(alert.rule, alert.product, "me", alert.id, START)]
        )
    changes = store.rules.sync(BookMarks.of(("a", "f2"), ("b", "f1")), START + 1)
    assert dict(changes.renamed) == {"a": "b", "b": "a"}
    assert [alert.id for alert in store.alerts.active(["a"])] == [second.id]
    assert [alert.id for alert in store.alerts.active(["b"])] == [first.id]
    changes = store.rules.sync(BookMarks.of(("b", "f2"), ("c", "f1")), START + 2)
    assert (dict(changes.renamed), changes.removed) == ({"b": "a", "c": "b"}, ())
    assert [alert.id for alert in store.alerts.active(["b"])] == [second.id]
    assert [told.alert for told in store.alerts.told("c", [one])] == [first.id]
    assert store.rows("SELECT name, ended FROM rules ORDER BY name") == [("b", None), ("c", None)]


def test_a_copy_of_what_a_rule_was_is_new(store: Database) -> None:
    """The edited rule keeps its name and with it its alerts."""
    fired, _ = _begin(store)
    changes = store.rules.sync(BookMarks.of(("r", "f2"), ("copy", "f1")), START + 1)
    assert (changes.new, changes.changed, changes.renamed) == (("copy",), ("r",), ())
    assert store.alerts.active(["r"]) == [replace(fired, carried=True)]


def test_the_name_of_a_rule_that_is_gone(store: Database) -> None:
    """What the old bearer of the name fired ends; what the other one fired goes on under it."""
    one, two, _ = with_products(store)
    store.rules.sync(BookMarks.of(("a", "f1"), ("b", "f2")), START)
    first, second = store.alerts.save([firing("a", one), firing("b", one)])
    store.alerts.mark_told([NotificationLogEntry("b", two, "me", second.id, START)])
    changes = store.rules.sync(BookMarks.of(("b", "f1")), START + 1)
    assert (changes.renamed, changes.removed) == ((("b", "a"),), ())
    assert [alert.id for alert in store.alerts.active(["a", "b"])] == [first.id]
    assert [change.reason for change in store.alerts.transitions(second.id)] == [REMOVED]
    assert store.alerts.told("b", [one, two]) == []
