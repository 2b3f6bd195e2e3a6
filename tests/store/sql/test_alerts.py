"""Alerts, transitions, and what was told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.store import making
from tests.store.making import DAY, START, firing, pending, told_of, with_products
from watcher.alert import AlertState, NotificationLogEntry, ToldWith
from watcher.evidence import Evidence
from watcher.message import Message, NotificationState
from watcher.model import Severity, Verdict
from watcher.store.records import Delivery, Transition
from watcher.store.sqlite.database import Database

INACTIVE, PENDING, FIRING = AlertState.INACTIVE, AlertState.PENDING, AlertState.FIRING


def test_saved_alerts_come_back(store: Database) -> None:
    """Whole, with evidence, in the order in which they began, of the rules asked for."""
    one, two, three = with_products(store)
    why = Evidence("m", "GMV", "money", "rises 30%", Verdict.MET, 4.0, "text", START)
    full = replace(firing("r", one), evidence=(why,), absent=1, carried=True, reason="because")
    saved = store.alerts.save([full, pending("r", two), firing("other", three)])
    assert [alert.id for alert in saved] == [1, 2, 3]
    assert saved[0] == replace(full, id=1, evidence=())  # that is in the store
    kept = [replace(full, id=1), *saved[1:]]
    assert store.alerts.active(["r"]) == kept[:2]
    assert store.alerts.active(["r", "other", "r"]) == kept
    assert store.alerts.active([]) == []


def test_saving_again_updates(store: Database) -> None:
    """A pending alert that fires keeps its id."""
    one, *_ = with_products(store)
    (alert,) = store.alerts.save([pending("r", one)])
    store.alerts.save([replace(alert, state=FIRING, fired_at=START + 5)])
    (again,) = store.alerts.active(["r"])
    assert (again.id, again.state, again.fired_at) == (alert.id, FIRING, START + 5)


def test_what_never_fired_leaves_no_trace(store: Database) -> None:
    """Ended while pending: deleted with its transitions, and the id means no other alert."""
    one, two, _ = with_products(store)
    (alert,) = store.alerts.save([pending("r", one)])
    store.alerts.record([Transition(alert.id, START, INACTIVE, PENDING)])
    ended = replace(alert, state=INACTIVE)
    assert store.alerts.save([ended, replace(ended, id=0)]) == [ended, replace(ended, id=0)]
    store.alerts.record([Transition(alert.id, START + 1, PENDING, INACTIVE)])
    assert store.alerts.list() == []
    assert store.number("SELECT count(*) FROM transitions") == 0
    (following,) = store.alerts.save([firing("r", two)])
    assert following.id > alert.id


def test_a_resolved_alert_is_kept_and_makes_room(store: Database) -> None:
    """The end of one and the begin of the next may be saved together."""
    one, *_ = with_products(store)
    (old,) = store.alerts.save([firing("r", one)])
    ended = replace(old, state=INACTIVE, resolved_at=START + 9)
    _, new = store.alerts.save([ended, pending("r", one, START + 9)])
    assert store.alerts.active(["r"]) == [new]
    assert [row.alert.id for row in store.alerts.list()] == [new.id, old.id]


def test_one_live_alert_for_a_rule_and_product(store: Database) -> None:
    """A second one is a fault of the caller's, and nothing of that save is kept."""
    one, two, _ = with_products(store)
    store.alerts.save([firing("r", one)])
    with pytest.raises(making.REFUSED):
        store.alerts.save([firing("r", two), pending("r", one)])
    assert len(store.alerts.active(["r"])) == 1


def test_transitions_in_order(store: Database) -> None:
    """Every change of state of one alert."""
    one, *_ = with_products(store)
    (alert,) = store.alerts.save([firing("r", one)])
    changes = [
        Transition(alert.id, START, INACTIVE, PENDING),
        Transition(alert.id, START + 1, PENDING, FIRING),
        Transition(alert.id, START + 2, FIRING, INACTIVE, "left the list"),
    ]
    store.alerts.record(changes)
    assert store.alerts.transitions(alert.id) == changes
    assert store.alerts.transitions(99) == []


def test_by_id(store: Database) -> None:
    """Those that there are, whatever their state."""
    one, two, _ = with_products(store)
    saved = store.alerts.save([firing("r", one), pending("q", two)])
    assert store.alerts.by_id([saved[1].id, 99, saved[0].id, saved[0].id]) == saved
    assert store.alerts.by_id([]) == []


def test_told_is_the_last_by_channel(store: Database) -> None:
    """Marking again replaces; other products, rules and channels stay."""
    one, two, _ = with_products(store)
    first = NotificationLogEntry("r", one, "growth", 1, START)
    other = NotificationLogEntry("r", one, "me", 1, START)
    store.alerts.mark_told(
        [
            first,
            other,
            NotificationLogEntry("r", two, "me", 2, START),
            NotificationLogEntry("q", one, "me", 3, 0),
        ]
    )
    newer = replace(first, told_at=START + 5, resolved_told=True)
    store.alerts.mark_told([newer])
    assert store.alerts.told("r", [one]) == [newer, other]
    assert len(told_of(store, ["r", "q"])) == 4
    assert store.alerts.told("r", []) == []
    assert told_of(store, ["unknown"]) == []


def test_list_filters(store: Database) -> None:
    """By rule, by state, by time; the newest first, with the product's names."""
    one, two, three = with_products(store)
    ended = replace(firing("r", one), state=INACTIVE, resolved_at=START + 10)
    store.alerts.save([ended, firing("r", two), pending("q", three)])

    def ids(**query: object) -> list[int]:
        return [row.alert.id for row in store.alerts.list(**query)]  # type: ignore[arg-type]

    assert ids() == [3, 2, 1]
    assert ids(rule="r") == [2, 1]
    assert ids(state=INACTIVE) == [1]
    assert ids(since=START + 10) == [3, 2, 1]
    assert ids(since=START + 11) == [3, 2]
    assert ids(limit=1) == [3]
    row = store.alerts.list(rule="q")[0]
    assert (row.region, row.product_id, row.name, row.deliveries) == ("US", "3", "Product 3", ())


def test_list_says_what_became_of_the_messages(store: Database) -> None:
    """For each channel told: the targets and the state of their notifications."""
    one, *_ = with_products(store)
    (alert,) = store.alerts.save([firing("r", one)])
    now = START + DAY
    message = Message("alerts", "t", Severity.INFO, now + 3, rule="r", data_at=now)
    sent, _ = store.outbox.add("growth", ["growth/1", "growth/2"], message, now + 3)
    store.outbox.sent(sent, now + 4)
    store.outbox.add("growth", ["growth/1"], message, now + 3)  # of another product
    growth = NotificationLogEntry("r", one, "growth", alert.id, now, notification=sent)
    store.alerts.mark_told([growth, NotificationLogEntry("r", one, "me", alert.id, now - 5)])
    assert growth in store.alerts.told("r", [one])
    assert store.alerts.list()[0].deliveries == (
        Delivery("growth", now, "growth/1", NotificationState.SENT),
        Delivery("growth", now, "growth/2", NotificationState.WAITING),
        Delivery("me", now - 5),
    )


def test_what_is_live_is_read_without_its_evidence_and_saved_so(store: Database) -> None:
    """The evidence that is stored stays, and comes back where it is asked for."""
    one, *_ = with_products(store)
    why = Evidence("m", "GMV", "money", "rises 30%", Verdict.MET, 4.0, "text", START)
    (live,) = store.alerts.save([replace(firing("r", one), evidence=(why,))])
    full = replace(live, evidence=(why,))
    assert store.alerts.live(["r"]) == [live]
    store.alerts.save([replace(live, absent=1)])
    assert store.alerts.active(["r"]) == [replace(full, absent=1)]
    assert store.alerts.explained([live, full]) == [full, full]


def test_values_that_were_told_are_kept_exactly(store: Database) -> None:
    """And read where they are asked for; what is told without any replaces them."""
    product, *_ = with_products(store)
    values = ToldWith(START, {"spu_avg_price": 18.900000000000002, "mine:=a / b": -1e-300})
    entry = NotificationLogEntry("r", product, "me", 7, START, told_with=values)
    store.alerts.mark_told([entry])
    assert store.alerts.told("r", [product], with_values=True) == [entry]
    assert store.alerts.told("r", [product]) == [replace(entry, told_with=None)]
    store.alerts.mark_told([replace(entry, told_with=None)])
    assert store.alerts.told("r", [product], with_values=True) == [replace(entry, told_with=None)]
