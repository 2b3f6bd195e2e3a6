"""Alerts stepped as columns: what comes of them is what comes of them one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.alerting.world import WATCH, World
from tests.store.making import memory
from watcher.alerting.lifecycle import Finding, Terms, stays, step, step_absent
from watcher.alerting.notices import Decision, Manner, decide, is_heard
from watcher.model import Alert, AlertState, ScanState, Severity, Told, Verdict
from watcher.rules.rulebook import Rule
from watcher.store.alerts import Live
from watcher.units import DAY

NOW = 1_000 * DAY
TIMES = st.sampled_from([0, 1, DAY - 1, DAY, 2 * DAY])

alerts = st.builds(
    lambda state, ago, met, absent, carried: Alert(
        7, "r", 1, state, NOW - ago, NOW - met, NOW - ago if state is AlertState.FIRING else None,
        absent=absent, carried=carried,
    ),
    st.sampled_from([AlertState.PENDING, AlertState.FIRING]), TIMES, TIMES,
    st.integers(0, 2), st.booleans(),
)  # fmt: skip
verdicts = st.sampled_from(Verdict)


def columns(alert: Alert) -> Live:
    """One alert as columns."""
    zero, minus_one = np.zeros(1, np.int64), np.full(1, -1)
    return Live(
        names=[alert.rule],
        rules=zero,
        ids=zero + alert.id,
        products=zero + alert.product,
        firing=zero == (alert.state is not AlertState.FIRING),
        since=zero + alert.since,
        last_met=zero + alert.last_met,
        fired_at=minus_one if alert.fired_at is None else zero + alert.fired_at,
        absent=zero + alert.absent,
        carried=zero == (not alert.carried),
    )


@given(alerts, verdicts, st.none() | verdicts, st.builds(Terms, TIMES, TIMES))
def test_who_stays_is_who_takes_no_step(
    alert: Alert, when: Verdict, until: Verdict | None, terms: Terms
) -> None:
    """Exactly those that ``step`` gives back as they are."""
    after = step(alert, "r", 1, Finding(when, until), terms, NOW)
    (stay,) = stays(
        columns(alert),
        met=np.array([when is Verdict.MET]),
        known=np.array([when is not Verdict.NO_DATA]),
        waits=np.array([until is not None and until is not Verdict.MET]),
        keep=np.array([terms.keep_firing_for]),
        now=NOW,
    )
    assert stay == (after is alert)


@given(
    alerts,
    st.none() | st.builds(lambda alert, ago: Told("r", 1, "me", alert, NOW - ago),
                          st.sampled_from([3, 7]), TIMES),
    st.none() | TIMES.filter(bool),
)  # fmt: skip
def test_who_heard_is_told_nothing(alert: Alert, told: Told | None, remind: int | None) -> None:
    """Of what fires, exactly what is already told, or goes on from before an edit; whether a new
    one waits out a cooldown ``decide`` says."""
    fires = replace(alert, state=AlertState.FIRING)
    decision = decide(fires, told, Manner(Severity.INFO, remind=remind), NOW)
    (heard,) = is_heard(
        columns(fires),
        told_at=np.array([told.told_at if told is not None and told.alert == alert.id else -1]),
        remind=np.array([remind or NOW * 2]),
        now=NOW,
    )
    assert heard == (decision in (Decision.ALREADY_TOLD, Decision.CARRIED))


# ------------------------------------------------------------------ whole scans

RULES = f"""
rules:
  - {{name: plain, {WATCH}, when: {{total_sale_7d_cnt: {{above: 10}}}}}}
  - {{name: slow, {WATCH}, when: {{total_sale_7d_cnt: {{above: 5}}}}, for: 2d, keep_firing_for: 2d}}
  - {{name: until, {WATCH}, when: {{total_sale_7d_cnt: {{above: 10}}}},
     until: {{total_sale_7d_cnt: {{below: 4}}}}}}
  - {{name: fell, {WATCH}, when: {{rank: {{leaves_top: 2}}}}}}
"""
PRODUCTS = ("1", "2", "3", "4")
lists = st.lists(st.sampled_from(PRODUCTS), min_size=0, max_size=4, unique=True)
sales = st.sampled_from([None, 1.0, 5.0, 7.0, 12.0])
days = st.lists(
    st.tuples(
        lists.flatmap(lambda ids: st.fixed_dictionaries(dict.fromkeys(ids, sales))),
        st.sampled_from([ScanState.COMPLETE, ScanState.COMPLETE, ScanState.PARTIAL]),
    ),
    min_size=2,
    max_size=7,
)


def verdict(rule: str, value: float | None) -> Verdict:
    """What the rule's ``when`` says of a listed product."""
    if value is None:
        return Verdict.NO_DATA
    return Verdict.MET if value > (5 if rule == "slow" else 10) else Verdict.NOT_MET


def one_by_one(
    rule: Rule, before: Mapping[int, Alert], found: Mapping[int, float | None], now: int, *,
    proves: bool,
) -> dict[int, tuple[object, ...]]:  # fmt: skip
    """The live alerts after a scan that ``found`` these values, by product."""
    terms = Terms(rule.watch.least(rule.for_), rule.watch.least(rule.keep_firing_for))
    after: dict[int, Alert | None] = {}
    for product in before.keys() | found.keys():
        alert = before.get(product)
        if product in found:
            value = found[product]
            end = None
            if rule.until is not None:
                below = value is not None and value < 4
                end = Verdict.MET if below else Verdict.NOT_MET
            finding = Finding(verdict(rule.name, value), end)
            after[product] = step(alert, rule.name, product, finding, terms, now)
        else:
            after[product] = step_absent(alert, now) if proves and alert is not None else alert
    return {
        product: shown(alert)
        for product, alert in after.items()
        if alert is not None and alert.state is not AlertState.INACTIVE
    }


def shown(alert: Alert) -> tuple[object, ...]:
    """All of an alert but its id, which a new one has not yet, and its evidence."""
    return (alert.state, alert.since, alert.last_met, alert.fired_at, alert.absent, alert.carried)


@settings(max_examples=60)
@given(days)
def test_whole_scans(series: list[tuple[dict[str, float | None], ScanState]]) -> None:
    """Random days: the live alerts of rules side by side, with ``for``, ``keep_firing_for`` and
    ``until``, are after each scan those that ``step`` and ``step_absent`` make one by one."""
    with memory() as database:
        world = World(database, RULES)
        for listed, state in series:
            rules = [rule for rule in world.book.rules if rule.name != "fell"]
            before = [
                {alert.product: alert for alert in database.alerts.live([rule.name])}
                for rule in rules
            ]
            given_: dict[str, float | dict[str, float]] = {
                key: {} if value is None else value for key, value in listed.items()
            }
            world.scan(given_, state)
            keys: dict[str, int] = dict(database.rows("SELECT product_id, id FROM products"))
            found = {keys[key]: value for key, value in listed.items()}
            (scan,) = database.history.scans(limit=1)
            proves = scan.state is ScanState.COMPLETE and scan.doubt is None
            for rule, was in zip(rules, before, strict=True):
                live = {each.product: shown(each) for each in database.alerts.live([rule.name])}
                expected = one_by_one(rule, was, found, world.now, proves=proves)
                assert live == expected, (rule.name, listed)
