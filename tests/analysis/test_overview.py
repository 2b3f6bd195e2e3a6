"""The state of the whole, as the page and ``status`` show it; and what the operator hears."""

from __future__ import annotations

from tests.fakes.world import World
from tests.store.making import DAY
from tests.test_pipeline import SELLS, rule, rules
from watcher.analysis.overview import overview
from watcher.incident import Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.model import ScanState
from watcher.notification.policy import NotifyPolicy
from watcher.quiet import parse_quiet
from watcher.schedule import Cron
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of
from watcher.units import HOUR

OPERATOR = [NotifyPolicy("me", ("me/1",))]


def test_before_the_first_scan(store: Database) -> None:
    """Everything is there, nothing has happened; the watch is due now."""
    world = World(store, rules(rule(SELLS)))
    state = overview(store, world.book, world.now)
    (watch,) = state.watches
    assert (watch.last, watch.due, watch.rules) == (None, world.now, ("r",))
    assert [(each.name, each.firing, each.pending) for each in state.rules] == [("r", 0, 0)]
    assert state.credits.day == 0
    assert sum(state.queue.values()) == 0


def test_after_scans(store: Database) -> None:
    """Counts of alerts, the last scan, the next time, and the queue."""
    world = World(store, rules(rule(SELLS), rule(SELLS, "for: 2d", name="slow")))
    world.scan({"1": 20, "2": 20})
    state = overview(store, world.book, world.now)
    assert [(each.firing, each.pending) for each in state.rules] == [(2, 0), (0, 2)]
    (watch,) = state.watches
    assert watch.last is not None
    assert (watch.last.state, watch.last.products) == (ScanState.COMPLETE, 2)
    assert world.now < watch.due <= world.now + 2 * DAY
    assert state.queue["waiting"] == 1


def test_a_cause_is_told_once_and_its_end_once(store: Database) -> None:
    """However often it is reported in between; later it may begin again."""
    assert Operator(store, OPERATOR, 10).begin(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="401: wrong key")
    )
    assert not Operator(store, OPERATOR, 20).begin(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="401: wrong key")
    )
    assert Operator(store, OPERATOR, 30).end(Incident(IncidentKind.KEY_REFUSED))
    assert not Operator(store, OPERATOR, 40).end(Incident(IncidentKind.KEY_REFUSED))
    assert Operator(store, OPERATOR, 50).begin(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="403")
    )
    titles = [title_of(each.message) for each in store.outbox.waiting_for("me/1")]
    assert titles == [
        "watcher: key refused",
        "watcher: over: key refused",
        "watcher: key refused",
    ]


def test_trouble_at_night_waits_for_the_morning(store: Database) -> None:
    """Quiet hours hold it, a digest does not: trouble is to be heard of soon."""
    channel = NotifyPolicy(
        "me", ("me/1",), quiet=parse_quiet("22:00-07:00"), digest=Cron("0 9 * * *")
    )
    Operator(store, [channel], 23 * HOUR).begin(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="401")
    )
    Operator(store, [channel], 36 * HOUR).begin(
        Incident(IncidentKind.DISK).with_details(text="full")
    )
    tries = [each.next_try for each in store.outbox.waiting_for("me/1")]
    assert tries == [31 * HOUR, 36 * HOUR]


def test_causes_are_shown(store: Database) -> None:
    """The overview names what goes on."""
    world = World(store, rules(rule(SELLS)))
    Operator(store, [], 10).begin(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="401: wrong key")
    )
    (cause,) = overview(store, world.book, world.now).troubles
    assert (cause.cause, cause.text, cause.since) == ("key refused", "401: wrong key", 10)
