"""``severity:`` by the data: the highest that is met, and told again only above what was told."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tests.fakes.world import World
from tests.test_pipeline import rule, rules
from watcher.analysis.explain import explain
from watcher.delivery.view import view_of
from watcher.message import Message
from watcher.model import Severity
from watcher.notification.coalesce import join_backlog
from watcher.notification.deferral import with_holds
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import Decision, policies_of
from watcher.store.sqlite.database import Database
from watcher.units import HOUR

SALES = "total_sale_7d_cnt"
SELLS = f"{{{SALES}: {{at_least: 20}}}}"
BY_DATA = (
    f"severity: {{critical: {{{SALES}: {{at_least: 300}}}}, warning: {{{SALES}: {{above: 99}}}}}}"
)
SHORT = {"firing": "f", "more severe": "s", "resolved": "r", "reminder": "m", "again": "a"}


def world_of(store: Database, *more: str, channel: str = "", name: str = "r") -> World:
    """One rule whose severity the data decide, that tells one channel."""
    head = f"""
channels:
  me: {{url: "json://localhost/"{channel and f", {channel}"}}}
defaults: {{region: US, notify: [me]}}
"""
    written = rule(SELLS, "\n    ".join((BY_DATA, *more)), name)
    return World(store, rules(written), head=head)


def see(world: World, series: str) -> str:
    """What each scan told of the one product with these sales, and how severe it was: ``fi`` fires
    as info, ``sc`` is more severe, critical; ``x`` is a scan without it, ``_`` one without data."""
    told = []
    for word in series.split():
        before = len(world.told())
        world.march(word)
        told += [letters(message) for message in world.told()[before:]] or ["."]
    return " ".join(told)


def letters(message: Message) -> str:
    """Why its only product is told, and how severe that is."""
    (item,) = message.items
    assert item.kind != "resolved" or item.severity is None
    return SHORT[item.kind] + message.severity.value[0]


@pytest.mark.parametrize(
    ("more", "channel", "series", "told"),
    [
        ("", "", "20 100 300 100 300 20 300", "fi sw sc . . . ."),
        ("", "", "300 20 100", "fc . ."),
        ("", "", "100 _ 300 x 300", "fw . sc . ."),
        # In a cooldown only above the highest that was told of the product; after it anew.
        ("cooldown: 30d", "", "100 10 100 300", "fw . . sc"),
        ("cooldown: 30d", "", "300 10 100 300", "fc . . ."),
        ("cooldown: 2d", "", "300 10 100 300 20 300", "fc . fw sc . ."),
        ("for: 1d", "", "300 100 300", ". fw sc"),
        ("remind: 2d", "", "300 20 20 300 20 300", "fc . mi . mi ."),
        # Below what the channel hears it is told once it is above, and its end all the same.
        ("resolved: true", "min_severity: critical", "20 300 20 10", ". fc . ri"),
        ("resolved: true", "min_severity: warning", "20 10 100 10", ". . fw rw"),
        # Above what the channel hears it is told once it is below, and its end all the same.
        ("resolved: true", "max_severity: warning", "20 300 20 10", "fi . . ri"),
        ("resolved: true", "max_severity: warning", "300 20 300 10", ". fi . rc"),
        ("resolved: true", "max_severity: info", "100 300 10", ". . ."),
        ("remind: 2d", "max_severity: warning", "100 300 300 300 100", "fw . . . mw"),
        (
            "resolved: true",
            "min_severity: warning, max_severity: warning",
            "20 100 300 10",
            ". fw . rc",
        ),
        ("until: {total_sale_7d_cnt: {below: 5}}", "", "20 10 300 4", "fi . sc ."),
        ("again: {total_sale_7d_cnt: {rises: 50%}}", "", "20 30 100 120 150", "fi ai sw . aw"),
    ],
)
def test_the_highest_that_is_met(
    store: Database, more: str, channel: str, series: str, told: str
) -> None:
    """As the sales go day by day."""
    assert see(world_of(store, more, channel=channel), series) == told


def test_what_became_too_severe_as_it_was_held_is_not_told(store: Database) -> None:
    """Whoever hears of what is critical was told; the morning here has nothing to say."""
    world = world_of(store, channel='max_severity: warning, quiet: {hours: "22:00-07:00"}')
    world.march("20 300")
    policies = policies_of(world.book.channels)
    assert sweep(store, world.book, policies, world.now + 9 * HOUR) == []
    (row,) = with_holds(store, world.book, store.alerts.list("r"), world.now)
    assert [hold.why for hold in row.holds] == [Decision.ABOVE_SEVERITY.value]


def test_no_data_keeps_it(store: Database) -> None:
    """A condition without data makes nothing more or less severe."""
    by_past = "severity: {critical: {total_sale_7d_cnt: {rises: 100%}}, warning: {commission: 1}}"
    world = World(store, rules(rule("{spu_avg_price: {at_least: 1}}", by_past)))
    severities = []
    for sales in (20, 40, None, 40, 40):
        world.scan({"1": {"spu_avg_price": 5.0, **({SALES: sales} if sales else {})}, "2": {}})
        (alert,) = [each for each in store.alerts.active(["r"]) if each.product == 1]
        severities.append(alert.severity)
    info, _, critical = Severity
    assert severities == [info, critical, critical, info, info]


def test_an_edit_tells_nothing_until_it_is_more(store: Database) -> None:
    """What fires and was told goes on, as severe as the data say: only above that is news. A
    severity for all is that of all."""
    plain = rules(rule(SELLS, "severity: warning"))
    world = world_of(store)
    by_data = world.rules
    world.reread(plain)
    assert see(world, "100") == "fw"
    world.reread(by_data)
    assert see(world, "100 300") == ". sc"
    world.reread(plain)
    assert see(world, "300 300") == ". ."
    (row,) = store.alerts.list("r")
    assert world.book.rules[0].severity_of(row.alert) is Severity.WARNING


def test_what_a_message_says_of_it(store: Database) -> None:
    """Of what was told before that it is more severe now, and why; the most severe come first and
    give the message its severity."""
    world = world_of(store)
    world.scan({"1": 50, "2": 400, "3": 60})
    (message,) = world.told()
    assert message.severity is Severity.CRITICAL
    assert [(item.product_id, item.severity) for item in message.items] == [
        ("2", Severity.CRITICAL),
        ("3", Severity.INFO),
        ("1", Severity.INFO),
    ]
    world.scan({"1": 300, "2": 400, "3": 60})
    (product,) = view_of(world.told()[1], "", ZoneInfo("UTC")).products
    assert product.notes == ("now critical, told as info", "firing since 15 Nov")
    assert product.why[0] == "critical: 7-day sales 300 (at least 300)"


def test_holds_keep_it(store: Database) -> None:
    """What became more severe in quiet hours, or under a digest, is told in the morning; joined
    with others it is told as it is now."""
    world = world_of(store, channel='quiet: {hours: "22:00-07:00"}')
    policies = policies_of(world.book.channels)

    def morning() -> list[str]:
        rows = sweep(store, world.book, policies, world.now + 9 * HOUR)
        return [letters(found.message) for row in rows if (found := store.outbox.get(row))]

    told = []
    for sales in (20, 100, 300, 20):
        world.march(str(sales))
        told.append(morning())
    assert told == [["fi"], ["sw"], ["sc"], []]
    store.outbox.failed(1, world.now, "503", world.now)
    assert join_backlog(store, world.book, "me/1", world.now)
    assert [letters(message) for message in world.told()] == ["fi"]


def test_why(store: Database) -> None:
    """``explain`` says what makes it so severe, and what was told."""
    world = world_of(store, channel="min_severity: warning")
    see(world, "100 20")
    (row,) = store.alerts.list("r")
    product = store.history.facts([row.alert.product])[row.alert.product]
    explained = explain(store, world.book, world.book.rules[0], product, world.now)
    assert explained.severity is Severity.INFO
    assert [(each.severity, each.reason.verdict.value) for each in explained.grades] == [
        (Severity.CRITICAL, "not met"),
        (Severity.WARNING, "not met"),
    ]
    (gate,) = explained.gates
    assert (gate.decision, gate.told_as) == (Decision.BELOW_SEVERITY, Severity.WARNING)
    (row,) = with_holds(store, world.book, store.alerts.list("r"), world.now)
    assert [hold.why for hold in row.holds] == [Decision.BELOW_SEVERITY.value]
