"""The search for alerts, against a plain look at each of them; on SQLite, by which indexes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from random import Random

import pytest

from tests.store.making import DAY, START, raw, scan, statements
from watcher.alert import Alert, AlertState
from watcher.model import Severity
from watcher.store.ports import Store
from watcher.store.sql.alert_search import FEW, AboutText, AlertPlace, AlertQuery, OfSeverity

RULES = ("a", "b", "c", "gone")
GRADED = OfSeverity(Severity.CRITICAL, ("a",), ("b",), ("c",))
SIZE = 12  # products
EITHER = (True, False)


@dataclass(frozen=True)
class Made:
    """Alerts as they are stored, and the pairs of rule and product that a silence covers."""

    alerts: tuple[Alert, ...]
    silenced: frozenset[tuple[str, int]]

    def expected(self, asked: AlertQuery) -> list[AlertPlace]:
        """The places of all that are meant, the newest first."""
        found = (AlertPlace(_began(each), each.id) for each in self.alerts if self._is(each, asked))
        return sorted(found, reverse=True)

    def _is(self, alert: Alert, asked: AlertQuery) -> bool:
        silenced = (
            alert.state is not AlertState.INACTIVE and (alert.rule, alert.product) in self.silenced
        )
        return all(
            (
                alert.state is not AlertState.INACTIVE or alert.fired_at is not None,
                asked.state in (None, alert.state),
                asked.rules is None or alert.rule in asked.rules,
                asked.graded is None or _is_graded(alert, asked.graded),
                asked.about is None or _is_about(alert, asked.about),
                asked.since is None or _began(alert) >= asked.since,
                asked.until is None or _began(alert) < asked.until,
                asked.acknowledged in (None, alert.acknowledged is not None),
                asked.silenced in (None, silenced),
            )
        )


def _began(alert: Alert) -> int:
    return alert.since if alert.fired_at is None else alert.fired_at


def _is_graded(alert: Alert, graded: OfSeverity) -> bool:
    given = alert.severity
    if alert.rule in graded.or_none:
        return given in (None, graded.severity)
    return alert.rule in graded.fixed or (alert.rule in graded.by_data and given is graded.severity)


def _is_about(alert: Alert, about: AboutText) -> bool:
    return alert.product in about.products or alert.rule in about.rules or alert.id == about.alert


def made(store: Store, random: Random, count: int = 300) -> Made:
    """Alerts of all states that began within few moments, some acknowledged, some silenced."""
    keys = _products(store)
    live = {(rule, key): random.random() < 0.6 for rule, key in product(RULES, keys)}
    new = [*_past(random, keys, count), *_live(random, live)]
    random.shuffle(new)
    saved = store.alerts.save(new)
    ids = [each.id for each in saved if random.random() < 0.3]
    raw(store).many("UPDATE alerts SET acknowledged = ? WHERE id = ?", ((START, i) for i in ids))
    # Of some the rule was removed while they were pending.
    ended = [each.id for each in saved if each.state is AlertState.INACTIVE]
    unfired = random.sample(ended, len(ended) // 9)
    raw(store).many("UPDATE alerts SET fired_at = NULL WHERE id = ?", ((i,) for i in unfired))
    ends = START + 90 * DAY
    store.silences.add(begins=START, ends=ends, rule="a", product="3")
    store.silences.add(begins=START, ends=ends, product="product 1*")
    store.silences.add(begins=START, ends=ends, rule="[b]")
    store.silences.add(begins=START - DAY, ends=START, rule="*")
    names = {key: str(number) for number, key in enumerate(keys, 1)}
    silenced = {
        (rule, key)
        for rule, key in live
        if rule == "b" or names[key].startswith("1") or (rule, names[key]) == ("a", "3")
    }
    alerts = store.alerts.by_id(each.id for each in saved)
    return Made(tuple(alerts), frozenset(silenced))


def _products(store: Store) -> list[int]:
    recorded = store.history.record(scan(START, {str(n): n for n in range(1, SIZE + 1)}))
    keys: list[int] = recorded.products.tolist()
    return keys


def _past(random: Random, keys: list[int], count: int) -> Iterator[Alert]:
    for _ in range(count):
        at = START + random.randrange(40) * DAY
        yield Alert(
            0, random.choice(RULES), random.choice(keys), AlertState.INACTIVE, at + DAY, at, at,
            at + DAY, "x", severity=random.choice((None, *Severity)),
        )  # fmt: skip


def _live(random: Random, chosen: dict[tuple[str, int], bool]) -> Iterator[Alert]:
    for (rule, key), is_live in chosen.items():
        if is_live:
            at = START + random.randrange(40) * DAY
            fired = random.choice((None, at))
            state = AlertState.PENDING if fired is None else AlertState.FIRING
            severity = random.choice((None, *Severity))
            yield Alert(0, rule, key, state, at, at, fired, severity=severity)


def _asked(random: Random, known: Made) -> AlertQuery:
    """Any question, each part of it left out more often than not."""
    keys = sorted({each.product for each in known.alerts})

    def maybe(*values: object) -> object:
        return random.choice((None, None, *values))

    some = [*random.sample(keys, random.randrange(4)), 999]
    about = AboutText(some, random.choice(((), ("b",))), random.choice((None, 7, 10**9)))
    fields = {
        "state": maybe(*AlertState),
        "rules": maybe(("a",), ("b", "gone"), (), ("none",)),
        "graded": maybe(
            GRADED, OfSeverity(Severity.INFO, (), ("a", "b")), OfSeverity(Severity.WARNING)
        ),
        "about": maybe(about),
        "since": maybe(START + 10 * DAY, START + 50 * DAY),
        "until": maybe(START + 20 * DAY, START),
        "acknowledged": maybe(*EITHER),
        "silenced": maybe(*EITHER),
    }
    return AlertQuery(START, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(4))
def test_any_question(store: Store, seed: int) -> None:
    """Every part with every other; a page on and a page back are neighbours of the place."""
    random = Random(seed)
    known = made(store, random)
    found = 0
    for _ in range(150):
        asked = _asked(random, known)
        expected = known.expected(asked)
        found += len(expected)
        assert store.alert_search.older(asked, None, 10_000) == expected, asked
        if expected:
            at = random.randrange(len(expected))
            place, before = expected[at], max(0, at - 5)
            assert store.alert_search.older(asked, place, 5) == expected[at + 1 : at + 6]
            assert store.alert_search.newer(asked, place, 5) == expected[before:at]
    assert found > 500


def test_pages_meet(store: Store) -> None:
    """Leafed through from the first to the last and back, each alert is there once."""
    known = made(store, Random(9))
    asked = AlertQuery(START)
    expected = known.expected(asked)
    assert len({each.began for each in expected}) < len(expected) / 4  # many began together
    search, there = store.alert_search, list[AlertPlace]()
    while part := search.older(asked, there[-1] if there else None, 7):
        there += part
    assert there == expected
    back = [there[-1]]
    while part := search.newer(asked, back[0], 7):
        back = part + back
    assert back == expected


def test_the_place_of_an_alert(store: Store) -> None:
    """When it began to fire, or to be pending; what is gone has none."""
    known = made(store, Random(1), 5)
    for each in known.alerts:
        assert store.alert_search.place(each.id) == AlertPlace(_began(each), each.id)
    assert store.alert_search.place(10**9) is None


def test_products_of_a_text(store: Store) -> None:
    """By id, by name in any capitals, by seller; groups by what they are of."""
    texts = {"1": "Ölbad ÉTÉ", "2": "Serum", "3": "面膜 100%_"}
    listed = scan(START, dict.fromkeys(texts, 1.0), names=texts)
    sellers = {**listed.texts, "seller_id": ("7", None, "8")}
    store.history.record(replace(listed, texts=sellers))
    store.groups.keys("seller_id", [("US", "7")], START)

    def found(text: str, *called: str) -> list[str]:
        facts = store.history.facts(sorted(store.alert_search.products(text, called)))
        return [each.product_id for each in facts.values()]

    assert found("été") == ["1"]
    assert found("ÖLBAD") == ["1"]
    assert found("0%_") == ["3"]
    assert found("2") == ["2"]
    assert found("7") == ["1", "seller_id=7"]
    assert found("glow", "8") == ["3"]
    assert found("glow", "7") == ["1", "seller_id=7"]
    assert found("SELLER_ID") == ["seller_id=7"]
    assert found("nobody's") == []


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("asked", "index"),
    [
        (AlertQuery(START, AlertState.FIRING), "alerts_live"),
        (
            AlertQuery(START, AlertState.FIRING, ("a", "b"), GRADED, AboutText(range(FEW + 1), ())),
            "alerts_live",
        ),
        (AlertQuery(START, AlertState.INACTIVE), "COVERING INDEX alerts_past"),
        (AlertQuery(START, AlertState.INACTIVE, ("a",)), "COVERING INDEX alerts_past_of_rule"),
        (AlertQuery(START, AlertState.INACTIVE, ("a", "b"), GRADED), "COVERING INDEX alerts_past"),
        (
            AlertQuery(START, AlertState.INACTIVE, since=START, until=START),
            "COVERING INDEX alerts_past",
        ),
        (AlertQuery(START, about=AboutText((1,), (), 5)), "idx_alerts_product"),
        (
            AlertQuery(START, AlertState.INACTIVE, about=AboutText(range(FEW + 1))),
            "COVERING INDEX alerts_past",
        ),
        (
            AlertQuery(
                START, AlertState.INACTIVE, ("a",), acknowledged=True, about=AboutText((), ("b",))
            ),
            "COVERING INDEX alerts_past_of_rule",
        ),
    ],
)
def test_by_which_index(store: Store, asked: AlertQuery, index: str) -> None:
    """Nothing is read but the index, in its order; few products are looked up."""
    made(store, Random(1))
    for than in (None, AlertPlace(START + 9 * DAY, 5)):
        with statements(store) as heard:
            store.alert_search.older(asked, than, 50)
        plans = [
            row[3]
            for sql in heard
            if re.search(r"\balerts\b", sql)
            for row in raw(store).rows(f"EXPLAIN QUERY PLAN {sql}")
        ]
        assert any(index in each for each in plans), plans
        assert not [each for each in plans if re.match(r"SCAN a\b(?! USING)", each)], plans
        assert not [each for each in plans if "product=?" in each and "rule=?" in each], plans
        if "COVERING" in index:
            assert "USE TEMP B-TREE FOR ORDER BY" not in plans
