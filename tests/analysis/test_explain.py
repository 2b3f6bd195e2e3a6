"""Why a rule fired, did not fire, or was not told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.world import WATCH, World
from tests.store import making
from tests.store.making import DAY, START
from watcher.alert import AlertState
from watcher.analysis.explain import Explanation, explain
from watcher.errors import WatcherError
from watcher.message import NotificationState
from watcher.model import ScanState, Verdict
from watcher.notification.deferral import ChannelStatus
from watcher.notification.policy import Decision
from watcher.rules.conditions.base import Masks, ScanColumns
from watcher.rules.conditions.transition import Appears
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database

SALES = "total_sale_7d_cnt"
RULE = f"rules:\n- {{name: r, {WATCH}, when: {{{SALES}: {{at_least: 10}}}}"


class Broken(Appears):
    """A condition with a fault in it."""

    def judge(self, table: ScanColumns) -> Masks:
        raise ZeroDivisionError(table.size)


def explained(world: World, product: str = "1", later: int = 60) -> Explanation:
    """The world's first rule on a product, so many seconds after the last scan."""
    (facts,) = world.database.history.find(product)
    return explain(world.database, world.book, world.book.rules[0], facts, world.now + later)


def gate(world: World, channel: str = "me", later: int = 60) -> ChannelStatus:
    """How one channel stands."""
    return next(each for each in explained(world, later=later).gates if each.channel == channel)


def test_a_rule_that_fired_and_was_told(store: Database) -> None:
    """Its verdict, its alert, and what became of the message."""
    world = World(store, f"{RULE}, notify: [me, boss], severity: warning}}")
    world.scan({"1": 12})
    found = explained(world)
    assert found.when.verdict is Verdict.MET
    assert found.until is None
    assert found.alert is not None
    assert found.alert.state is AlertState.FIRING
    assert found.listed
    assert (found.judged_at, found.scan.at) == (world.now, world.now)
    assert [each.decision for each in found.gates] == [Decision.ALREADY_TOLD] * 2
    assert [each.told_at for each in found.gates] == [world.now] * 2
    (one,) = found.gates[0].targets
    assert (one.target, one.last, one.waiting) == ("me/1", NotificationState.WAITING, 1)
    assert [each.target for each in found.gates[1].targets] == ["boss/1", "boss/2"]
    assert found.notes == ()


def test_nothing_is_written(store: Database) -> None:
    """It works where writing is forbidden."""
    world = World(store, f"{RULE}}}")
    world.scan({"1": 12})
    making.forbid_writes(store)
    assert explained(world).alert is not None


def test_for_holds_a_pending_alert(store: Database) -> None:
    """Until it has been met for so long, but for a tenth of it."""
    world = World(store, f"{RULE}, for: 2d}}")
    world.scan({"1": 12})
    found = explained(world)
    assert found.alert is not None
    assert found.alert.state is AlertState.PENDING
    assert found.fires_at == world.now + 2 * DAY * 9 // 10
    assert gate(world).decision is Decision.NOT_FIRING


def test_cooldown_opens_by_itself(store: Database) -> None:
    """So long after the last message, but for half a day."""
    world = World(store, f"{RULE}, cooldown: 7d}}")
    world.march("12 1 12")
    found = gate(world)
    assert found.decision is Decision.COOLDOWN
    assert found.told_at == START + DAY
    assert found.opens == START + 8 * DAY - DAY // 2
    assert gate(world, later=8 * DAY).decision is Decision.FIRES


def test_a_reminder_is_announced(store: Database) -> None:
    """What was told already is told again then."""
    world = World(store, f"{RULE}, remind: 3d}}")
    world.scan({"1": 12})
    assert gate(world).opens == world.now + 3 * DAY * 9 // 10


def test_severity_holds(store: Database) -> None:
    """A channel that takes only warnings."""
    world = World(store, f"{RULE}, notify: [boss]}}")
    world.scan({"1": 12})
    assert gate(world, "boss").decision is Decision.BELOW_SEVERITY


def test_a_silence_holds(store: Database) -> None:
    """It is named, with its end."""
    world = World(store, f"{RULE}}}")
    ends = START + 3 * DAY
    silence = store.silences.add(begins=START, ends=ends, rule="r*", comment="known")
    world.scan({"1": 12})
    found = gate(world)
    assert (found.decision, found.silence, found.opens) == (Decision.SILENCED, silence, ends)


@pytest.mark.parametrize(
    ("setting", "decision"),
    [
        ('quiet: {hours: "00:00-23:59"}', Decision.QUIET),
        ('digest: "09:00"', Decision.DIGEST),
    ],
)
def test_a_channel_holds(store: Database, setting: str, decision: Decision) -> None:
    """Quiet hours and digests, until they are over."""
    world = World(store, f"{RULE}}}")
    head = f'channels: {{me: {{url: "json://localhost/", {setting}}}}}\n'
    world.book = load_text(head + "defaults: {region: US, notify: [me]}\n" + f"{RULE}}}")
    world.scan({"1": 12})
    found = gate(world)
    assert found.decision is decision
    assert found.opens is not None
    assert world.now < found.opens <= world.now + DAY + 60


def test_a_dead_target_is_shown(store: Database) -> None:
    """With its error; and one that waits, with its next try."""
    world = World(store, f"{RULE}, severity: warning, notify: [boss]}}")
    world.scan({"1": 12})
    first, second = (store.outbox.next_for(f"boss/{number}") for number in (1, 2))
    assert first is not None
    assert second is not None
    store.outbox.dead(first.id, world.now, "HTTP 404")
    store.outbox.failed(second.id, world.now, "HTTP 500", world.now + 90)
    one, two = gate(world, "boss").targets
    assert (one.last, one.dead, one.error) == (NotificationState.DEAD, 1, "HTTP 404")
    assert (two.waiting, two.next_try, two.error) == (1, world.now + 90, "HTTP 500")


def test_a_product_that_left_the_list(store: Database) -> None:
    """Is judged where it was last seen, and the alert's absence is said."""
    world = World(store, f"{RULE}}}")
    world.march("12 x")
    found = explained(world)
    assert not found.listed
    assert found.judged_at == found.scan.at - DAY
    assert found.when.verdict is Verdict.MET
    assert any("missing from the newest complete scan" in note for note in found.notes)


def test_a_product_that_fell_off_the_list(store: Database) -> None:
    """Is judged on the list that it left, where the rule is about that."""
    world = World(store, f"rules:\n- {{name: r, {WATCH}, when: {{rank: {{leaves_top: 1}}}}}}")
    world.scan({"1": 12, "2": 5})
    world.scan({"2": 5})
    found = explained(world)
    assert not found.listed
    assert found.judged_at == found.scan.at == world.now
    assert found.when.verdict is Verdict.MET
    assert found.when.evidence is not None
    assert (found.when.evidence.value, found.when.evidence.baseline) == ("outside", 1)
    assert found.alert is not None


def test_of_a_fallen_product_all_else_has_no_data(store: Database) -> None:
    """Every other kind of condition says so, and why; one that needs it is judged before."""
    others = (
        f"{{{SALES}: {{rises: 1, from: median 7d}}}}, {{{SALES}: {{rises: 1, from: 1d ago}}}}, "
        f"{{{SALES}: {{unusual: 3}}}}, {{{SALES}: {{becomes: 1}}}}, {{appears: true}}, "
        "{product_name: {contains: x}}, {sales_growth: {above: 1}}"
    )
    top = "{rank: {leaves_top: 1}}"
    world = World(store, f"rules:\n- {{name: r, {WATCH}, when: {{any: [{top}, {others}]}}}}")
    world.scan({"1": 12, "2": 5})
    world.scan({"2": 5})
    found = explained(world)
    assert found.when.verdict is Verdict.MET
    assert {part.verdict for part in found.when.parts[1:]} == {Verdict.NO_DATA}
    left = "the product is not on this list any more"
    assert {part.why for part in found.when.parts[1:]} == {left}
    both = f"rules:\n- {{name: r, {WATCH}, when: {{all: [{top}, {others}]}}}}"
    world.reread(both)
    assert explained(world).judged_at == world.now - DAY


def test_verdicts_are_those_of_the_evaluation(store: Database) -> None:
    """Of every product of a scan, for a rule with baselines, a history and a rank."""
    when = (
        f"{{any: [{{{SALES}: {{rises: 20%, from: mean 4d}}}}, {{rank: {{climbs: 1}}}}, "
        f"{{{SALES}: {{falls: 5, from: 2d ago}}}}]}}"
    )
    world = World(store, f"rules:\n- {{name: r, {WATCH}, when: {when}}}")
    for day in range(6):
        world.scan({str(n): 10 + (n * day * 7) % 23 for n in range(1, 9)})
    firing = {alert.product for alert in store.alerts.active(["r"])}
    told = {str(n): explained(world, str(n)) for n in range(1, 9)}
    met = {each.product.product for each in told.values() if each.when.verdict is Verdict.MET}
    assert met == firing
    assert 0 < len(met) < 8


@pytest.mark.parametrize(
    ("more", "march", "note"),
    [
        (f", until: {{{SALES}: {{below: 5}}}}", "12 8", 'until "until" is met'),
        (", keep_firing_for: 3d", "12 8", "it fires for 3d after it was"),
        ("", "12 _", "no data changes nothing"),
    ],
)
def test_why_an_alert_lives_on(store: Database, more: str, march: str, note: str) -> None:
    """Though its condition is not met any more, or has no data."""
    world = World(store, f"{RULE}{more}}}")
    world.march(march)
    assert [note in each for each in explained(world).notes] == [True]


def test_an_alert_that_ended(store: Database) -> None:
    """The last one, with when and why."""
    world = World(store, f"{RULE}}}")
    world.march("12 8")
    found = explained(world)
    assert found.alert is not None
    assert (found.alert.state, found.alert.reason) == (AlertState.INACTIVE, "condition ended")
    assert gate(world).decision is Decision.END_NOT_ASKED


def test_a_rule_younger_than_the_scan(store: Database) -> None:
    """Is met, and has no alert yet."""
    world = World(store, f"{RULE}, notify: []}}")
    world.march("8")
    world.reread(f"{RULE.replace('10', '5')}, notify: []}}")
    assert [note.split(":")[0] for note in explained(world).notes] == [
        "met, and no alert",
        "the rule names no channel (notify), so nobody is told",
    ]


def test_a_carried_alert(store: Database) -> None:
    """Fired under an older form of the rule."""
    world = World(store, f"{RULE}}}")
    world.march("12")
    world.reread(f"{RULE}, for: 1d}}")
    assert "fired before the rule was changed" in explained(world).notes[0]
    assert gate(world).decision is Decision.CARRIED


def test_what_there_is_nothing_to_say_of(store: Database) -> None:
    """No scan yet; and a product that the rule's watch never listed."""
    world = World(store, f"{RULE}}}")
    other = World(store, f"{RULE.replace('sort:', 'top: 7, sort:')}}}")
    other.scan({"1": 5})
    with pytest.raises(WatcherError, match="has no scan yet"):
        explained(world)
    world.scan({"2": 5}, ScanState.PARTIAL)
    with pytest.raises(WatcherError, match=r"has not listed 1 .Product 1.: it reads"):
        explained(world)


def test_a_rule_that_breaks(store: Database) -> None:
    """Is an error in words; its health is said where it broke before."""
    world = World(store, f"{RULE}}}")
    world.scan({"1": 5})
    store.health.failing("rule", "r", "ValueError: odd", world.now)
    assert explained(world).notes == ("the rule can't be judged: ValueError: odd",)
    (rule,) = world.book.rules
    broken = replace(rule, when=Broken())
    (facts,) = store.history.find("1")
    with pytest.raises(WatcherError, match=r"can.t be judged: ZeroDivisionError"):
        explain(store, world.book, broken, facts, world.now)
