"""A scan in, one transaction out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fakes.world import WATCH, World
from tests.store.making import DAY, scan
from watcher.alert import AlertState
from watcher.evidence import Evidence
from watcher.model import ScanState, Severity, Verdict
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.conditions.base import Condition, Masks, Need, ScanColumns
from watcher.rules.metrics import Metric
from watcher.store.sqlite.database import Database


def rule(when: str, more: str = "", name: str = "r") -> str:
    """One rule of the file."""
    extra = f"\n    {more}" if more else ""
    return f"  - name: {name}\n    {WATCH}\n    when: {when}{extra}\n"


def rules(*written: str) -> str:
    """A file of these rules."""
    return "rules:\n" + "".join(written)


PRICE = "spu_avg_price"
SELLS = "{total_sale_7d_cnt: {at_least: 20}}"


@pytest.mark.parametrize(
    ("more", "series", "states"),
    [
        ("", "10 11 20 20 19 20", "..ff.f"),
        ("for: 1d", "10 11 20 20 20", "..pff"),
        ("for: 2d", "20 20 _ 20 19", "pppf."),
        ("until: {total_sale_7d_cnt: {below: 5}}", "20 10 _ 6 4 10", "ffff.."),
        ("keep_firing_for: 2d", "20 10 10 10", "ff.."),
        ("", "20 x x x", "ff.."),
        ("", "20 x 20 x 20", "fffff"),
    ],
)
def test_the_life_of_an_alert(store: Database, more: str, series: str, states: str) -> None:
    """Sales day by day give these states: the lifecycle through store and conditions."""
    assert World(store, rules(rule(SELLS, more))).march(series) == states


def test_a_change_needs_a_baseline(store: Database) -> None:
    """``rises`` has no data in the first scan, nor where there is no value now; after that the
    last known value counts."""
    world = World(store, rules(rule("{total_sale_7d_cnt: {rises: 50%}}")))
    assert world.march("10 14 21 _ 22 _ 33") == "..ff..f"


def test_no_data_resolves_nothing(store: Database) -> None:
    """A field that disappears leaves alerts as they are."""
    world = World(store, rules(rule(SELLS)))
    assert world.march("20 _ _ _ 20") == "fffff"


def test_appears_only_after_a_complete_scan(store: Database) -> None:
    """The first scan's products are not new; a later one is, once."""
    world = World(store, rules(rule("{appears: true}")))
    world.scan({"1": 1}, ScanState.PARTIAL)
    assert world.scan({"1": 1, "2": 1}).fired == ()
    (alert,) = world.scan({"1": 1, "2": 1, "3": 1}).fired
    assert store.history.facts([alert.product])[alert.product].product_id == "3"
    assert world.scan({"1": 1, "2": 1, "3": 1}).fired == ()


def test_a_failed_scan_proves_nothing(store: Database) -> None:
    """Neither the absence in a failed nor in a partial scan counts."""
    world = World(store, rules(rule(SELLS)))
    world.scan({"1": 20})
    for state in (ScanState.FAILED, ScanState.PARTIAL, ScanState.FAILED, ScanState.PARTIAL):
        world.scan({}, state)
    assert world.state() == "f"


def test_a_partial_scan_is_evaluated(store: Database) -> None:
    """What it did read is true."""
    world = World(store, rules(rule(SELLS)))
    assert len(world.scan({"1": 20}, ScanState.PARTIAL).fired) == 1


def test_evidence_is_kept_with_the_alert(store: Database) -> None:
    """Why it fired: value, baseline and when that was seen."""
    world = World(store, rules(rule("{total_sale_7d_cnt: {rises: 50%}}")))
    world.march("10 20")
    (alert,) = store.alerts.active(["r"])
    (evidence,) = alert.evidence
    assert evidence == Evidence(
        metric="total_sale_7d_cnt",
        label="7-day sales",
        unit="count",
        condition=evidence.condition,
        verdict=Verdict.MET,
        value=20.0,
        baseline=10.0,
        baseline_at=world.now - DAY,
    )


def test_transitions_are_kept(store: Database) -> None:
    """Each change of state, with its time and reason."""
    world = World(store, rules(rule(SELLS, "for: 1d")))
    world.march("20 20 20 x x")
    (row,) = store.alerts.list(rule="r")
    moves = [
        (each.before, each.after, each.reason) for each in store.alerts.transitions(row.alert.id)
    ]
    assert moves == [
        (AlertState.INACTIVE, AlertState.PENDING, None),
        (AlertState.PENDING, AlertState.FIRING, None),
        (AlertState.FIRING, AlertState.INACTIVE, "left the list"),
    ]


def test_an_edit_carries_what_still_holds(store: Database) -> None:
    """A changed condition begins anew: what holds is not told again, what doesn't ends silently."""
    world = World(store, rules(rule(SELLS, "resolved: true")))
    world.scan({"1": 20, "2": 30})
    world.reread(rules(rule("{total_sale_7d_cnt: {at_least: 25}}", "resolved: true")))
    world.scan({"1": 20, "2": 30, "3": 40})
    assert world.titles() == ["[info] r: 2 products (US)", "[info] r: 1 product (US)"]
    assert [item.product_id for item in world.told()[1].items] == ["3"]


def test_other_edits_keep_every_state(store: Database) -> None:
    """A new severity or channel begins nothing anew; a channel that was added is told."""
    world = World(store, rules(rule(SELLS)))
    world.scan({"1": 20})
    world.reread(rules(rule(SELLS, "severity: critical\n    notify: [me, boss]")))
    world.scan({"1": 20})
    assert world.titles() == ["[info] r: 1 product (US)"]
    assert world.titles("boss/1") == world.titles("boss/2") == ["[critical] r: 1 product (US)"]


def test_rules_share_a_scan(store: Database) -> None:
    """Every rule of the watch sees the same scan; each has its own alerts, and the channel
    one message of them all."""
    second = rule("{total_sale_7d_cnt: {below: 10}}", "severity: warning", name="low")
    world = World(store, rules(rule(SELLS), second))
    outcome = world.scan({"1": 20, "2": 5})
    assert sorted(alert.rule for alert in outcome.fired) == ["low", "r"]
    (message,) = world.told()
    assert [(part.rule, part.told) for part in message.parts] == [("low", 1), ("r", 1)]
    assert [message.severity for message in world.reports] == [Severity.INFO, Severity.WARNING]


def test_more_alerts_than_are_made_at_a_time(store: Database) -> None:
    """Each begins once and ends once, and is told with its evidence, which is read back."""
    count = 1_203
    world = World(store, rules(rule("{spu_avg_price: {rises: 500}}", "resolved: true")))

    def priced(*prices: float) -> dict[str, dict[str, float]]:
        return {f"{product}": {PRICE: price} for product, price in enumerate(prices)}

    world.scan(priced(*[10] * count))
    began = world.scan(priced(*range(1_000, 1_000 + count)))
    assert len(began.fired) == len({alert.product for alert in began.fired}) == count
    assert all(alert.evidence[0].baseline == 10 for alert in began.fired)
    (message,) = world.told()
    assert (len(message.items), message.rest) == (10, count - 10)
    assert [item.why[0].value for item in message.items] == [
        999 + count - place for place in range(10)
    ]
    (ids,) = message.alerts.values()
    assert set(ids) == {alert.id for alert in began.fired}
    steady = world.scan(priced(*range(9_000, 9_000 + count)))
    assert (steady.fired, steady.resolved) == ((), ())
    ended = world.scan(priced(*[1] * count))
    assert {alert.id for alert in ended.resolved} == {alert.id for alert in began.fired}
    moves = store.number("SELECT count(*) FROM transitions")
    assert moves == 2 * count


def test_an_error_leaves_nothing(store: Database) -> None:
    """Half a transaction is none: what breaks in the middle undoes the scan too."""

    class StopHereError(RuntimeError):
        pass

    world = World(store, rules(rule(SELLS)))

    def break_after_the_scan() -> None:
        with store.atomic():
            world.scan({"1": 20})
            raise StopHereError

    with pytest.raises(StopHereError):
        break_after_the_scan()
    assert store.history.scans() == []
    assert store.alerts.list() == []
    assert world.titles() == []


class Broken(Condition):
    """A condition that can't be judged."""

    @property
    def needs(self) -> tuple[Need, ...]:
        return ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return ()

    def judge(self, table: ScanColumns) -> Masks:
        raise ZeroDivisionError("in a formula")

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        return ()

    def canonical(self) -> str:
        return "broken"


def test_a_rule_that_breaks_stops_no_other(store: Database) -> None:
    """It is noted as failing and holds its alerts; the others go on, and later it is well."""
    low = "{total_sale_7d_cnt: {below: 10}}"
    world = World(store, rules(rule(SELLS), rule(low, name="low")))
    world.scan({"1": 20, "2": 5})
    whole = world.book
    broken = replace(whole.rules[0], when=Broken())
    world.book = replace(whole, rules=(broken, whole.rules[1]))
    outcome = world.scan({"1": 5, "2": 50, "3": 5})
    assert [alert.rule for alert in outcome.fired] == ["low", "low"]
    assert (world.state("r"), world.state("low")) == ("f", "ff")
    health = store.health.get("rule", "r")
    assert health.failing_since == world.now
    assert health.last_error == "ZeroDivisionError: in a formula"
    world.book = whole
    world.scan({"1": 5, "2": 50, "3": 5})
    assert store.health.get("rule", "r").failing_since is None


def test_who_falls_below_the_depth_leaves_the_top(store: Database) -> None:
    """The product is not in the scan at all; two such scans end the alert as ever."""
    world = World(store, rules(rule("{rank: {leaves_top: 2}}")))
    world.scan({"1": 9, "2": 8, "3": 7})
    (alert,) = world.scan({"1": 9, "3": 7, "4": 1}).fired
    assert store.history.facts([alert.product])[alert.product].product_id == "2"
    (evidence,) = alert.evidence
    assert (evidence.baseline, evidence.value) == (2, "outside")
    assert evidence.baseline_at == world.now - DAY
    (message,) = world.told()
    assert (message.items[0].product_id, message.items[0].facts["rank"]) == ("2", None)
    (ended,) = world.scan({"1": 9, "3": 7, "4": 1}).resolved
    assert ended.reason == "left the list"
    assert world.scan({"1": 9, "3": 7, "4": 1}).fired == ()


def test_who_falls_within_the_list_leaves_the_top(store: Database) -> None:
    """And comes back into it."""
    leaves = rule("{rank: {leaves_top: 1}}", name="leaves")
    world = World(store, rules(leaves, rule("{rank: {enters_top: 1}}", name="enters")))
    world.scan({"1": 9, "2": 8})
    fired = world.scan({"2": 9, "1": 8}).fired
    assert [(alert.rule, alert.evidence[0].value) for alert in fired] == [
        ("leaves", 2),
        ("enters", 1),
    ]
    later = world.scan({"2": 9, "1": 8})
    assert (later.fired, {alert.reason for alert in later.resolved}) == ((), {"condition ended"})


def test_a_partial_list_says_nothing_of_who_is_below_it(store: Database) -> None:
    """Only the last complete one and this one, complete, are compared."""
    world = World(store, rules(rule("{rank: {leaves_top: 1}}")))
    world.scan({"1": 9, "2": 8})
    assert world.scan({"2": 8}, ScanState.PARTIAL).fired == ()
    assert world.scan({}, ScanState.FAILED).fired == ()
    (alert,) = world.scan({"2": 8, "3": 7}).fired
    assert store.history.facts([alert.product])[alert.product].product_id == "1"


def test_who_enters_after_a_scan_that_was_cut_off(store: Database) -> None:
    """It read the top, so who was not on it was outside, whatever the last complete list said."""
    world = World(store, rules(rule("{rank: {enters_top: 2}}")))
    assert world.scan({"1": 9, "2": 8}, ScanState.PARTIAL).fired == ()
    (alert,) = world.scan({"5": 9, "1": 8, "2": 7}).fired
    assert alert.evidence[0].baseline == "outside"
    (ended,) = world.scan({"5": 9, "1": 8, "2": 7}).resolved
    assert ended.reason == "condition ended"
    world.scan({"5": 9, "2": 8, "1": 7}, ScanState.PARTIAL)
    (again,) = world.scan({"5": 9, "1": 8, "2": 7}).fired
    assert (again.evidence[0].baseline, again.evidence[0].value) == (3, 2)


def test_a_scan_that_was_cut_off_within_the_top_knows_nothing_of_it(store: Database) -> None:
    """The list before it counts: it may have ended above who was there all along."""
    world = World(store, rules(rule("{rank: {enters_top: 20}}")))

    def long(places: int = 30) -> dict[str, float]:
        """Other sales each day, or the data would be late."""
        return {str(n): 1000.0 - n - world.day for n in range(places)}

    world.scan(long())
    assert world.scan(long(10), ScanState.PARTIAL).fired == ()
    assert world.scan(long()).fired == ()
    world.scan(long(20), ScanState.PARTIAL)
    assert len(world.scan({"new": 2000.0, **long()}).fired) == 1


def test_a_cut_list_with_problems_is_no_list_of_the_top(store: Database) -> None:
    """Its absences prove nothing, however many places it read."""
    world = World(store, rules(rule("{rank: {enters_top: 5}}")))
    (watch,) = world.book.used_watches

    def places(first: int) -> dict[str, float]:
        """Other sales each day, or the data would be late."""
        return {str(n): 1000.0 - n - world.day for n in range(first, 30)}

    world.scan(places(0))
    world.day += 1
    made = scan(world.now, places(20), watch=watch.key, state=ScanState.PARTIAL)
    evaluate(
        store, replace(made, problems=("a row can't be read",)), world.book.rules,
        policies_of(world.book.channels), world.book.metrics, world.now,
    )  # fmt: skip
    assert world.scan(places(0)).fired == ()


LIVELY = {str(n): 100.0 + n for n in range(2, 14)}


def test_a_rule_that_compares_in_until_only_waits_on_late_data(store: Database) -> None:
    """It fires as ever, and is not ended by a past that moves on while the data does not."""
    until = "until: {total_sale_7d_cnt: {falls: 5, from: 2d ago}}"
    world = World(store, rules(rule("{total_sale_7d_cnt: {between: [25, 35]}}", until)))
    moved = {key: value + 1 for key, value in LIVELY.items()}
    assert len(world.scan({"1": 30.0, **LIVELY}).fired) == 1
    world.scan({"1": 20.0, **LIVELY})
    assert world.scan({"1": 20.0, **LIVELY}).resolved == ()
    assert len(world.scan({"1": 20.0, "new": 30.0, **LIVELY}).fired) == 1
    assert world.state() == "ff"
    assert world.scan({"1": 20.0, "new": 30.0, **moved}).resolved == ()
    (ended,) = world.scan({"1": 10.0, "new": 30.0, **LIVELY}).resolved
    assert ended.reason == "condition ended"


def test_a_failed_scan_reminds_nobody(store: Database) -> None:
    """Nothing is known of that day; the next good one does."""
    world = World(store, rules(rule(SELLS, "remind: 1d")))
    world.scan({"1": 20.0})
    assert world.scan({}, ScanState.FAILED).outcome.notifications == ()
    assert len(world.titles()) == 1
    assert len(world.scan({"1": 20.0}).outcome.notifications) == 1


def test_who_enters_from_below_the_depth(store: Database) -> None:
    """Also a product never seen before; not in the first scan, which has none to compare with."""
    world = World(store, rules(rule("{rank: {enters_top: 2}}")))
    assert world.scan({"1": 9, "2": 8}).fired == ()
    (alert,) = world.scan({"1": 9, "5": 8, "2": 7}).fired
    assert alert.evidence[0].baseline == "outside"


def test_one_rule_does_not_change_anothers_absence(store: Database) -> None:
    """A rule on the top looks at who fell; for its neighbours those are absent as ever."""
    top = rule("{rank: {leaves_top: 1}}", name="top")
    sells = rule("{total_sale_7d_cnt: {at_least: 8}}", name="sells")
    first = rule("{rank: {at_most: 1}}", "until: {rank: {above: 1}}", name="first")
    world = World(store, rules(top, sells, first))
    world.scan({"1": 9, "2": 7})
    assert world.scan({"2": 7}).resolved == ()
    assert [world.state(name) for name in ("top", "sells", "first")] == ["f", "f", "ff"]
    ended = world.scan({"2": 7}).resolved
    assert {(alert.rule, alert.reason) for alert in ended} == {
        ("top", "left the list"),
        ("sells", "left the list"),
        ("first", "left the list"),
    }


def test_entering_ends_when_the_product_falls_below_the_depth(store: Database) -> None:
    """At once, for it is known not to be in the top; as absent, where it is to fire on."""
    enters = "{rank: {enters_top: 1}}"
    keeps = rule(enters, "keep_firing_for: 9d", name="keeps")
    world = World(store, rules(rule(enters), keeps))
    world.scan({"1": 9, "2": 8})
    assert len(world.scan({"2": 9, "1": 8}).fired) == 2
    (ended,) = world.scan({"1": 8}).resolved
    assert (ended.rule, ended.reason) == ("r", "condition ended")
    later = {alert.rule: alert.reason for alert in world.scan({"1": 8}).resolved}
    assert later == {"keeps": "left the list", "r": "condition ended"}  # of 2, and of 1


def test_statistics_and_unusual_over_days(store: Database) -> None:
    """Two thirds of the time before a statistic, and before anything is unusual."""
    median = rule("{total_sale_7d_cnt: {rises: 50%, from: median 6d}}")
    assert World(store, rules(median)).march("10 12 11 30 20 11 30") == "....f.f"
    odd = rule("{review_count: {unusual: 5}}", name="odd")
    world = World(store, rules(odd), day=100)
    calm = " ".join(["10", "11"] * 9)
    assert world.march(f"{calm} 90 11 91 10", "odd", field="review_count") == "." * 20 + "f."
