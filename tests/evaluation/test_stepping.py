"""Alerts stepped as columns: what comes of them is what comes of them one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fakes.world import WATCH, World
from tests.store.making import memory
from watcher.alert import Alert, AlertState, NotificationLogEntry
from watcher.evaluation import stepping
from watcher.evaluation.lifecycle import Terms, Verdicts, stays, step, step_absent
from watcher.model import ScanState, Verdict
from watcher.notification.holds import Holds
from watcher.notification.notify import Teller
from watcher.notification.policy import Decision, NotifyTerms, decide, is_heard, policies_of
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule
from watcher.store.records import Live
from watcher.store.sql.silences import Held
from watcher.store.sqlite.database import Database
from watcher.text.messages import title_of
from watcher.units import DAY

NOW = 1_000 * DAY
COMPLETE = ScanState.COMPLETE
PENDING, FIRING = AlertState.PENDING, AlertState.FIRING

AGO = (0, DAY - 1, DAY, 2 * DAY)
ALERTS = [
    Alert(
        number, "r", 1, state, NOW - DAY, NOW - met, NOW - DAY if state is FIRING else None,
        absent=absent, carried=carried,
    )
    for number, (state, met, absent, carried) in enumerate(
        product((PENDING, FIRING), AGO, (0, 1), (False, True)), start=1
    )
]  # fmt: skip


def columns(alerts: Sequence[Alert]) -> Live:
    """Alerts of one rule as columns."""
    return Live(
        names=["r"],
        rules=np.zeros(len(alerts), np.int64),
        ids=np.array([each.id for each in alerts]),
        products=np.array([each.product for each in alerts]),
        firing=np.array([each.state is FIRING for each in alerts]),
        since=np.array([each.since for each in alerts]),
        last_met=np.array([each.last_met for each in alerts]),
        fired_at=np.array([-1 if each.fired_at is None else each.fired_at for each in alerts]),
        absent=np.array([each.absent for each in alerts]),
        carried=np.array([each.carried for each in alerts]),
    )


@pytest.mark.parametrize("terms", [Terms(for_, keep) for for_ in AGO for keep in AGO], ids=str)
def test_who_stays_is_who_takes_no_step(terms: Terms) -> None:
    """Exactly those that ``step`` gives back as they are, whatever is found of them."""
    cases = [
        (alert, Verdicts(when, until))
        for alert, when, until in product(ALERTS, Verdict, (None, *Verdict))
    ]
    stay = stays(
        columns([alert for alert, _ in cases]),
        met=np.array([found.when is Verdict.MET for _, found in cases]),
        known=np.array([found.when is not Verdict.NO_DATA for _, found in cases]),
        waits=np.array([found.until not in (None, Verdict.MET) for _, found in cases]),
        keep=np.array([terms.keep_firing_for] * len(cases)),
        now=NOW,
    )
    expected = [step(alert, "r", 1, found, terms, NOW) is alert for alert, found in cases]
    assert stay.tolist() == expected
    assert 0 < sum(expected) < len(cases)


@pytest.mark.parametrize("remind", [None, 1, DAY, 2 * DAY])
def test_who_heard_is_told_nothing(remind: int | None) -> None:
    """Of what fires exactly what is already told, or goes on from before an edit; whether a new
    one waits out a cooldown ``decide`` says."""
    cases = [
        (alert, told)
        for alert in ALERTS
        if alert.state is FIRING
        for told in (None, *(NotificationLogEntry("r", 1, "me", of, NOW - ago)
                             for of in (99, alert.id) for ago in AGO))
    ]  # fmt: skip
    heard = is_heard(
        columns([alert for alert, _ in cases]),
        told_at=np.array(
            [told.told_at if told and told.alert == alert.id else -1 for alert, told in cases]
        ),
        remind=np.array([NOW * 2 if remind is None else remind] * len(cases)),
        now=NOW,
    )
    decided = [decide(alert, told, NotifyTerms(remind=remind), NOW) for alert, told in cases]
    nothing = (Decision.ALREADY_TOLD, Decision.CARRIED)
    assert heard.tolist() == [decision in nothing for decision in decided]


def test_what_is_silent(store: Database) -> None:
    """What fires and was told; what a channel takes nothing of; not where something is held."""
    text = f"notify: [me, boss], {WATCH}, when: {{total_sale_7d_cnt: {{above: 10}}}}"
    world = World(store, f"rules:\n  - {{name: a, {text}}}\n  - {{name: b, {text}}}\n")
    world.scan({"1": 12, "2": 12})
    rules = world.book.rules
    live = store.alerts.columns([rule.name for rule in rules])
    products = Products(store.history, None, world.book.metrics)
    policies, holds = policies_of(world.book.channels), Holds(store, world.now)
    teller = Teller(store, products, policies, world.now, world.now, holds)
    assert teller.silent(rules, live, ()).tolist() == [True] * 4
    store.held.put([Held("b", int(live.products[2]), "me", int(live.ids[2]), world.now)])
    held = store.held.groups()
    assert teller.silent(rules, live, held).tolist() == [True, True, False, False]
    world.scan({"1": 12, "2": 12})
    assert store.held.of_rule("b") == []  # it was told, so that nothing waits


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
        st.sampled_from([COMPLETE, COMPLETE, ScanState.PARTIAL]),
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
    for key in before.keys() | found.keys():
        alert = before.get(key)
        if key in found:
            value = found[key]
            end = None
            if rule.until is not None:
                below = value is not None and value < 4
                end = Verdict.MET if below else Verdict.NOT_MET
            finding = Verdicts(verdict(rule.name, value), end)
            after[key] = step(alert, rule.name, key, finding, terms, now)
        else:
            after[key] = step_absent(alert, now) if proves and alert is not None else alert
    return {
        key: shown(alert)
        for key, alert in after.items()
        if alert is not None and alert.state is not AlertState.INACTIVE
    }


def shown(alert: Alert) -> tuple[object, ...]:
    """All of an alert but its id, which a new one has not yet, and its evidence."""
    return (alert.state, alert.since, alert.last_met, alert.fired_at, alert.absent, alert.carried)


@settings(max_examples=60)
@given(days)
@example([({"1": 12.0, "2": 1.0}, COMPLETE), ({"3": 1.0, "2": 12.0}, COMPLETE)])
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
            proves = scan.state is COMPLETE and scan.doubt is None
            for rule, was in zip(rules, before, strict=True):
                live = {each.product: shown(each) for each in database.alerts.live([rule.name])}
                expected = one_by_one(rule, was, found, world.now, proves=proves)
                assert live == expected, (rule.name, listed)


@pytest.mark.parametrize("at_once", [1, 2, 3, 500])
def test_so_many_stored_at_a_time(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that change much and little: alerts, transitions and messages in the rules' order,
    however many are stored at a time."""

    def told(most: int) -> list[object]:
        monkeypatch.setattr(stepping, "_AT_ONCE", most)
        with memory() as database:
            world = World(database, RULES)
            for values in ((12, 7, 1), (1, 12, 12), (12, 1, 7), (7, 7, 7)):
                world.scan(dict(zip("123", values, strict=True)))
            tables = ("alerts", "transitions", "told", "messages", "notifications")
            rows = [database.rows(f"SELECT * FROM {name} ORDER BY 1, 2") for name in tables]
            return [*rows, [(title_of(each), each.alerts) for each in world.reports]]

    assert told(at_once) == told(4)
    assert len(told(at_once)[3]) > 3  # type: ignore[arg-type]
