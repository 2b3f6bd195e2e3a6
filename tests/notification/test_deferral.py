"""What is held back, wherever one looks: by every kind of hold."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.fakes.world import World
from tests.notification.test_flush_deferred import MORNING, QUIET, swept, world_of
from tests.test_pipeline import SELLS, rule, rules
from tests.web.serving import serving
from watcher.alert import Alert, AlertState
from watcher.incident import Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.model import Instant
from watcher.notification.deferral import HELD, Waiting, defer, waiting, with_holds
from watcher.notification.holds import Decided
from watcher.notification.policy import Decision, Hold, policies_of
from watcher.store.records import AlertHold
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR, format_instant


@dataclass(frozen=True)
class Case:
    """A hold: the channel and the rule that have it, how the world gets there, what is held, and
    until how long after the last scan."""

    channel: str
    more: str
    make: Callable[[World], None]
    why: Decision
    until: int
    alerts: int = 2
    messages: int = 0
    silence: int | None = None


def _fires(world: World) -> None:
    world.scan({"1": 20, "2": 30})


def _fires_again(world: World) -> None:
    for sales in (20, 5, 20):
        world.scan({"1": sales, "2": sales})


def _silenced(world: World) -> None:
    _silence(world)
    world.scan({"1": 20, "2": 30})


def _silence(world: World) -> None:
    begin = world.now
    world.database.silences.add(begins=begin, ends=begin + 3 * DAY, comment="", rule="*")


def _trouble(world: World) -> None:
    world.scan({"1": 5})
    operator = [policies_of(world.book.channels)["me"]]
    Operator(world.database, operator, world.now + 60).begin(
        Incident(IncidentKind.DISK).with_details(text="it is full")
    )


def _in_a_round(world: World) -> None:
    world.scan({"1": 20, "2": 30}, of="r", due=["other"])


def _beyond_the_day(world: World) -> None:
    world.scan({"3": 40}, late=DAY - 60)
    world.scan({"1": 20, "2": 30, "3": 5})


OTHER = "priority: 1\n" + rule("{rank: 0}", name="other").replace(
    "total_sale_7d_cnt", "total_sale_cnt"
)
TO_SEVEN = 8 * HOUR + 46 * 60 + 40  # from the scan at 22:13:20
CASES = {
    "digest": Case('digest: "07:00"', "", _fires, Decision.DIGEST, TO_SEVEN),
    "quiet hours": Case(QUIET, "", _fires, Decision.QUIET, TO_SEVEN),
    "quiet hours of the rule": Case("", QUIET, _fires, Decision.RULE_QUIET, TO_SEVEN),
    "silence": Case("", "", _silenced, Decision.SILENCED, 2 * DAY, silence=1),
    "cooldown": Case("", "cooldown: 5d", _fires_again, Decision.COOLDOWN, 5 * DAY // 2),
    "round": Case("", OTHER, _in_a_round, Decision.ROUND, 60 + 10 * 60),
    "at most": Case("at_most: 1 a day", "", _beyond_the_day, Decision.AT_MOST, 6_400),
    "operator": Case(QUIET, "", _trouble, Decision.QUIET, TO_SEVEN, alerts=0, messages=1),
}
each_hold = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def made(store: Database, case: Case) -> tuple[World, Instant]:
    """The world in which it holds, and a time soon after its last scan."""
    world = world_of(store, case.channel, rule(SELLS, case.more))
    case.make(world)
    return world, world.now + 120


def test_every_hold_is_a_case() -> None:
    """A new one is shown everywhere, or this fails."""
    held = {each for each in Decision if each.of_a_hold} | {Decision.COOLDOWN}
    assert {case.why for case in CASES.values()} == held


@each_hold
def test_how_much_for_whom_until_when(store: Database, case: Case) -> None:
    """In one line for each channel and hold."""
    world, now = made(store, case)
    (found,) = waiting(store, world.book, now)
    assert found == Waiting(
        "me", case.why.value, alerts=case.alerts, rules=("r",) if case.alerts else (),
        messages=case.messages, since=found.since, until=world.now + case.until,
        silence=case.silence,
    )  # fmt: skip
    assert found.what == ("2 alerts of r" if case.alerts else "1 message to the operator")
    assert now - 3 * DAY < found.since <= now


@each_hold
def test_each_alert_says_what_holds_it(store: Database, case: Case) -> None:
    """And until when."""
    world, now = made(store, case)
    rows = with_holds(store, world.book, store.alerts.list(limit=case.alerts), now)
    hold = AlertHold("me", case.why.value, world.now + case.until, case.silence)
    assert [row.holds for row in rows] == [(hold,)] * case.alerts


@each_hold
def test_it_is_over_when_it_was_told(store: Database, case: Case) -> None:
    """After the hold ended, and something has looked."""
    world, _ = made(store, case)
    if case.why is Decision.COOLDOWN:
        world.day += 6
        world.scan({"1": 20, "2": 20})
        case = Case("", "", _fires, case.why, 0)
    swept(world, case.until + 60)
    assert waiting(store, world.book, world.now + case.until + 61) == ()


def test_what_is_told_within_the_minute(store: Database) -> None:
    """A gate that has opened, before the sweep looks."""
    world = world_of(store, QUIET, rule(SELLS))
    _fires(world)
    now = world.now + MORNING
    (found,) = waiting(store, world.book, now)
    assert found.until == now


@pytest.mark.parametrize("name", ["digest", "quiet hours", "cooldown"])
@pytest.mark.parametrize("ahead", [9 * DAY, 400 * DAY])
def test_a_hold_that_began_under_a_clock_ahead_counts_from_now(
    store: Database, name: str, ahead: int
) -> None:
    """For who only reads, before the daemon mends what is stored."""
    world, now = made(store, CASES[name])
    now -= ahead
    longest = 5 * DAY if name == "cooldown" else DAY
    (found,) = waiting(store, world.book, now)
    rows = with_holds(store, world.book, store.alerts.list(limit=found.alerts), now)
    untils = [found.until, *(hold.until for row in rows for hold in row.holds)]
    assert all(until is not None and now < until <= now + longest for until in untils)
    assert (found.since, len(untils)) == (now, 3)


def test_all_rules_of_a_channel_are_one_line(store: Database) -> None:
    """However many they are; of a rule or a channel that is no more nothing is said."""
    written = [rule(SELLS, name=f"r{number}") for number in range(5)]
    world = world_of(store, 'digest: "07:00"', *written)
    _fires(world)
    (found,) = waiting(store, world.book, world.now)
    assert (found.alerts, found.what) == (10, "10 alerts of r0, r1, r2 and 2 rules more")
    world.reread(rules(rule(SELLS, name="other")))
    assert waiting(store, world.book, world.now) == ()


@pytest.mark.parametrize(
    ("channel", "severity", "why"),
    [
        ("min_severity: warning", "info", Decision.BELOW_SEVERITY),
        ("max_severity: info", "critical", Decision.ABOVE_SEVERITY),
    ],
)
def test_what_never_is_told_is_said_of_the_alert_alone(
    store: Database, channel: str, severity: str, why: Decision
) -> None:
    """It does not wait: the channel takes more or less severe ones only, or the rule was changed.
    Nor does what fires anew in the rule's cooldown."""
    world = world_of(store, channel, rule(SELLS, f"severity: {severity}\n    cooldown: 9d"))
    _fires(world)
    assert waiting(store, world.book, world.now) == ()
    (row, _) = with_holds(store, world.book, store.alerts.list(), world.now)
    assert row.holds == (AlertHold("me", why.value),)


def test_what_was_told_and_what_ended_has_no_hold(store: Database) -> None:
    """Nor has what waits for nothing."""
    world = world_of(store, "", rule(SELLS))
    _fires(world)
    world.scan({"1": 20, "2": 5})
    rows = with_holds(store, world.book, store.alerts.list(), world.now)
    assert [row.holds for row in rows] == [(), ()]


@pytest.mark.parametrize("name", ["digest", "quiet hours", "silence"])
def test_without_the_rule_file(store: Database, name: str) -> None:
    """What the database knows: that it is held, of a silence until when."""
    case = CASES[name]
    world, now = made(store, case)
    (found,) = waiting(store, None, now)
    (row, _) = with_holds(store, None, store.alerts.list(), now)
    until = world.now + case.until if name == "silence" else None
    why = case.why.value if name == "silence" else HELD
    assert (found.alerts, found.why, found.until) == (2, why, until)
    assert row.holds == (AlertHold("me", why, until, case.silence),)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("WATCHER_RULES", "WATCHER_DB"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@each_hold
def test_every_command_shows_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    """``status``, ``alerts`` and ``outbox list``, as text and JSON, with the rule file or not."""
    with Database.open(folder / "watcher.db") as store:
        world, now = made(store, case)
        until = world.now + case.until
    (folder / "rules.yaml").write_text(world.head + world.rules)
    for name in ("status", "alerts", "outbox"):
        monkeypatch.setattr(f"watcher.cli.{name}.options.now_of", lambda _database: now)
    watcher = Command(capsys)
    for command in (["status"], *([["alerts"]] * bool(case.alerts)), ["outbox", "list"]):
        shown = " ".join(watcher(*command).out.split())
        assert case.why.value in shown, command
        assert format_instant(until) in shown, command
        assert ("2 alerts of r" if case.alerts else "1 message to the operator") in shown
    status = json.loads(watcher("status", "--json").out)["waiting"]
    assert [(each["why"], each["until"]) for each in status] == [(case.why.value, until)]
    outbox = json.loads(watcher("outbox", "list", "--json").out)
    (held,) = [each for each in outbox if each["state"] == "held"]
    assert (held["channel"], held["alerts"], held["messages"]) == ("me", case.alerts, case.messages)
    assert (held["why"], held["until"]) == (case.why.value, until)
    alerts = json.loads(watcher("alerts", "--json", "--state", "firing").out)
    assert [row["held"][0]["until"] for row in alerts] == [until] * case.alerts
    assert "Held for me" not in watcher("alerts", "--rule", "another").out
    assert json.loads(watcher("outbox", "list", "--state", "held", "--json").out) == [held]
    assert held in json.loads(watcher("outbox", "list", "--target", "me/1", "--json").out)
    assert held not in json.loads(watcher("outbox", "list", "--target", "you/1", "--json").out)
    assert held not in json.loads(watcher("outbox", "list", "--state", "dead", "--json").out)
    (folder / "rules.yaml").write_text("rules: 7")
    known = case.why.of_a_hold and case.alerts
    for command in (["alerts"], ["outbox", "list"]):
        result = watcher(*command)
        assert result.code == 0
        assert ("2 alerts of r" in result.out) is bool(known)
        assert ("could not be read" in result.out) is bool(known)


@each_hold
async def test_the_page_shows_it(tmp_path: Path, case: Case) -> None:
    """The overview, the outbox, the alerts, their JSON, and the metrics."""
    path = tmp_path / "watcher.db"
    with Database.open(path) as store:
        world, _ = made(store, case)
        until = world.now + case.until
        async with serving(path, world) as page:
            for where in (
                "",
                "outbox",
                *(["alerts", "rules/r", "products/US/1"] * bool(case.alerts)),
            ):
                text = html.unescape((await page.get(where))[1])
                assert case.why.value in text, where
                assert f"until {format_instant(until)}" in text, where
            overview = json.loads((await page.get("api/overview.json"))[1])["overview"]["waiting"]
            outbox = json.loads((await page.get("api/outbox.json"))[1])["held"]
            assert overview == outbox
            assert [(each["why"], each["until"]) for each in outbox] == [(case.why.value, until)]
            alerts = json.loads((await page.get("api/alerts.json"))[1])["alerts"]
            assert [row["holds"][0]["until"] for row in alerts] == [until] * case.alerts
            sample = f'watcher_alerts_held{{channel="me",why="{case.why.value}"}} 2.0'
            assert (sample in (await page.get("metrics"))[1]) is bool(case.alerts)


def test_what_passed_unheard_and_is_silenced_now_is_not_kept(store: Database) -> None:
    """What fires and is silenced waits for the silence's end; what is over by now does not."""
    silence = store.silences.add(begins=0, ends=DAY, rule="r")
    hold = Hold(Decision.SILENCED, silence.ends, silence)
    over = Alert(7, "r", 1, AlertState.INACTIVE, 0, 0, 0, 5)
    defer(store, "me", [Decided(over, Decision.MISSED, hold)], {}, 9)
    assert store.held.groups() == []
    fires = Alert(8, "r", 2, AlertState.FIRING, 0, 0, 0)
    defer(store, "me", [Decided(fires, Decision.FIRES, hold)], {}, 9)
    assert [group.silence for group in store.held.groups()] == [silence.id]
