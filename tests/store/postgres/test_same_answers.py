"""Whatever is asked of the faces, in whatever order: both engines answer alike."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.postgres import create_database
from tests.store.making import DAY, GMV, RATE, SALES, START, firing, pending, scan
from tests.store.on_postgres import emptied
from watcher.alert import AlertState, NotificationLogEntry
from watcher.analysis.assortments import past_of
from watcher.fields import SELLER
from watcher.identity import BookMarks
from watcher.incident import Incident, IncidentKind
from watcher.message import Message, NotificationState
from watcher.model import Ints, LongTexts, ScanState, Severity
from watcher.store.engine import open_memory, open_store
from watcher.store.places import Server
from watcher.store.ports import Store
from watcher.store.postgres.database import PostgresDatabase
from watcher.store.records import Transition, WindowQuery
from watcher.store.sql.alert_search import AboutText, AlertPlace, AlertQuery, OfSeverity
from watcher.store.sql.assortments import Assortment
from watcher.store.sql.extracts import Choice
from watcher.store.sql.silences import Held

_FEW = st.integers(1, 6)
_WATCHES = st.sampled_from(["w", "v"])
_RULES = st.sampled_from(["r", "s", "ä"])
_TEXTS = st.sampled_from(["", "Cup", "K\0ette", "100%", "ß", "\U0001f600", "\ud83c"])
_VALUES = st.none() | st.integers(0, 9) | st.sampled_from([0.1, 19.99, 1 / 3, 1e15])
_FIELDS = [SALES, GMV, RATE, "spu_avg_price"]
_CALLS = "scan alert end tell send try silence spend health sync hold".split()


@st.composite
def scans(draw: st.DrawFn) -> dict[str, Any]:
    """A scan's products, names and texts."""
    keys = draw(st.lists(_FEW.map(str), unique=True, max_size=6))
    values = {
        key: {name: value for name in _FIELDS if (value := draw(_VALUES)) is not None}
        for key in keys
    }
    return {
        "products": values, "watch": draw(_WATCHES), "state": draw(st.sampled_from(ScanState)),
        "names": {key: draw(st.none() | _TEXTS) for key in keys},
        "texts": {key: LongTexts(desc_detail=draw(_TEXTS)) for key in keys[:1]},
    }  # fmt: skip


_STEPS = st.lists(
    st.tuples(st.sampled_from(_CALLS), scans(), _RULES, _FEW, _FEW, st.booleans()),
    min_size=1, max_size=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def book(postgres_server: str) -> Iterator[PostgresDatabase]:
    """One, emptied for each example."""
    store = open_store(Server(create_database(postgres_server, f"same{os.getpid()}")))
    assert isinstance(store, PostgresDatabase)
    yield store
    store.close()


# Not made smaller where they differ: that takes minutes, and the step or question is named.
@settings(max_examples=20, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow])
@given(steps=_STEPS)
def test_both_answer_alike(book: PostgresDatabase, steps: Sequence[tuple[Any, ...]]) -> None:
    """Each step's answer, and then all that can be asked."""
    emptied(book)
    with open_memory() as file:
        for number, step in enumerate(steps):
            here, there = (_done(store, number, step) for store in (file, book))
            assert _differing(here, there) == [], step
        here, there = (_asked(store, len(steps)) for store in (file, book))
        for question, answer in here.items():
            assert _differing(answer, there[question]) == [], question


def test_texts_are_the_same_and_stand_in_the_same_order(book: PostgresDatabase) -> None:
    """By their bytes, whatever the language of the database is; a service's NUL, too."""
    emptied(book)
    with open_memory() as file:
        for store in (file, book):
            store.held.put([Held(rule, 1, "c", 2, START) for rule in ("ä", "r", "R", "z")])
            message = Message("alerts", "all", Severity.INFO, created=START, rule="r")
            store.outbox.add("c", ["me/1"], message, START)
            store.outbox.failed(1, START, "no\0thing", START + 60)
        assert [each.rule for each in book.held.of_alerts([2])] == ["R", "r", "z", "ä"]
        assert book.held.of_alerts([2]) == file.held.of_alerts([2])
        assert book.outbox.list() == file.outbox.list()
        assert book.outbox.tries(1) == file.outbox.tries(1)


def _done(store: Store, number: int, step: tuple[Any, ...]) -> object:
    call, *values = step
    try:
        return _plain(_STEP[call](store, START + number * DAY // 2, *values))
    except (ValueError, KeyError) as error:
        return type(error)


def _scan(store: Store, now: int, seen: Any, *_: Any) -> object:
    return store.history.record(scan(now, **seen))


def _alert(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    if one not in store.history.facts([one]) or store.alerts.live([rule]):
        return None
    make = firing if flag else pending
    (saved,) = store.alerts.save([make(rule, one, now)])
    state = saved.state
    store.alerts.record([Transition(saved.id, now, AlertState.INACTIVE, state, f"of {two}")])
    return saved


def _end(store: Store, now: int, _: Any, rule: str, *__: Any) -> object:
    over = {"state": AlertState.INACTIVE, "resolved_at": now, "reason": "gone"}
    return store.alerts.save(
        [msgspec.structs.replace(each, **over) for each in store.alerts.live([rule])]
    )


def _tell(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    store.alerts.mark_told(
        NotificationLogEntry(rule, one, f"c{two % 2}", alert.id, now, flag, None)
        for alert in store.alerts.active([rule])
    )
    return store.alerts.told(rule, range(1, 7))


def _send(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    message = Message("alerts", f"title {one}", Severity.INFO, created=now, rule=rule, data_at=now)
    targets = [f"me/{each}" for each in range(two % 3 + 1)]
    return store.outbox.add("me", targets, message, now, now + one * DAY if flag else None)


def _try(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    outbox, target = store.outbox, f"me/{one % 3}"
    head = outbox.next_for(target)
    if head is None:
        return outbox.retry(None, now, target), outbox.drop([one, two], now)
    match two:
        case 1:
            outbox.sent(head.id, now, "ok")
        case 2:
            outbox.failed(head.id, now, "no\0thing", now + 60, taken=["a"] if flag else [])
        case 3:
            outbox.dead(head.id, now, "no")
        case 4:
            outbox.postpone(head.id, now + DAY)
        case 5:
            rows = [each.row for each in store.backlog.messages(target)]
            message = Message("joined", "all", Severity.INFO, created=now, rule=rule)
            return store.backlog.join(target, rows, message, now)
        case _:
            return outbox.bury(target, now, "gone")
    return store.backlog.head(target)


def _silence(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    if flag:
        return store.silences.end(one, now)
    return store.silences.add(begins=now, ends=now + two * DAY, rule=rule, product=f"{one}*")


def _spend(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    kept = store.ledger.reserve(rule, one, now, 9, 30)
    if kept is not None and flag:
        store.ledger.settle(kept, min(one, two))
    # Not which: of what is settled SQLite gives the number again.
    return (
        kept is None,
        store.ledger.spent(now),
        store.ledger.set_aside(now),
        store.ledger.by_watch(now),
    )


def _health(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    incident = Incident(IncidentKind.KEY_REFUSED).with_details(text=f"{two}")
    if flag:
        return store.health.failing("watch", rule, "no", now), store.health.raise_cause(
            incident, now
        )
    store.health.ok("watch", rule, now)
    return store.health.clear_cause(incident, now), one


def _sync(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    marks = BookMarks.of((rule, f"{one}"), ("s" if flag else "t", f"{two}"))
    return store.rules.sync(marks, now)


def _hold(store: Store, now: int, _: Any, rule: str, one: int, two: int, flag: bool) -> object:
    held = [Held(rule, one, "c", two, now), Held(rule, two, "d", one, now, 1)]
    store.held.put(held) if flag else store.held.release(held)
    if one == two:
        store.held.keep_only([(rule, "c")])
    return store.held.of_rule(rule), store.held.of_alerts([one, two])


_STEP: dict[str, Any] = {
    "scan": _scan, "alert": _alert, "end": _end, "tell": _tell, "send": _send, "try": _try,
    "silence": _silence, "spend": _spend, "health": _health, "sync": _sync, "hold": _hold,
}  # fmt: skip


def _asked(store: Store, steps: int) -> dict[str, object]:
    """All that there is to ask, by what was asked."""
    now, keys, history = START + steps * DAY // 2, np.arange(1, 7), store.history
    known = np.array([*history.facts(keys.tolist())], np.int64)
    whole = Choice()
    last = history.last_scan("w")
    found: dict[str, object] = {
        "facts": history.facts(keys.tolist()), "find": history.find("1"),
        "named": history.named("K", None, 9), "texts": history.known_texts("US"),
        "scans": history.scans(), "proof": history.last_proof("w"),
        "ranks": [[*history.ranks("w", key, START)] for key in keys.tolist()],
        "series": [history.series(key, _FIELDS, START + DAY) for key in keys.tolist()],
        "newest": history.newest_scan("v"), "sightings": [*history.sightings("w", known)],
        "ago": history.ago("w", known, now - DAY, START, [*_FIELDS, "rank"]),
        "standing": history.standing("w", 99, 3), "recent": history.recent("w", 99, START),
        "change": history.last_change("US", START), "days": history.days_scanned("US", 0, 1),
        "absences": history.absences(known.tolist(), START) if len(known) else {},
        "had": history.had_values("US", ["1", "2"], _FIELDS, ["product_name"]),
        "alerts": store.alerts.list(), "counts": store.alerts.counts(),
        "shown": store.alerts.shown([3, 1, 2]), "columns": store.alerts.columns(["s", "r"]),
        "cooling": store.alerts.cooling({"r": 9 * DAY, "s": 9 * DAY}, now),
        "transitions": [store.alerts.transitions(each) for each in (1, 2, 3)],
        "outbox": store.outbox.list(), "states": store.outbox.counts(),
        "due": store.outbox.due_targets(now), "put off": store.outbox.put_off(now),
        "tries": [store.outbox.tries(each) for each in range(1, 9)],
        "held up": store.outbox.held_up(now), "tried": store.outbox.tried(START),
        "dead": store.outbox.list([NotificationState.DEAD], target="me/1"),
        "silences": store.silences.list(),
        "covering": store.silences.covering("r", known.tolist(), now),
        "idle": store.silences.matching_nothing(["r"], now), "held": store.held.groups(),
        "health": store.health.list(), "of one": store.health.list("watch"),
        "incidents": store.health.incidents(), "fired": store.rules.ever_fired(),
        "quiet": store.rules.not_fired_since(now), "ahead": store.times.ahead(START),
        "told": store.tellings.delivered(["r", "s"], START, now),
        "told alerts": store.tellings.told_alerts([3, 2, 1]),
        "known from": store.tellings.known_from("r", "w"), "marks": store.tellings.newest(),
        "news": store.news.marks(),
        "page": store.browsing.live_alerts(AlertState.FIRING, limit=2),
        "past": store.browsing.past_alerts(), "rows": store.browsing.notifications_of_rule("r"),
        "search": [store.browsing.products(text) for text in ("1", "cup")],
        "waits": store.jumps.waits(["w"]), "outcomes": store.jumps.outcomes(["w"], START),
        "taken out": [*store.extracts.alerts(whole).parts, *store.extracts.scans(whole).parts],
        "changes": [*store.observations.changes(whole, _FIELDS).parts],
        "seen": [*store.observations.sightings(Choice(watch="w"), _FIELDS).parts],
        "began": [store.browsing.fired_alerts(each) for each in (None, ["r"], ["s", "r"])],
        "fired on": [store.browsing.fired_on(1, START + DAY, now - DAY, each) for each in (1, 9)],
        "firing on": store.browsing.firing_on(keys),
        "mentions": [
            store.alert_messages.mentions(each, "r", 1, START) for each in (1, 2, 3)
        ],
        **_searched(store, now), **_summed(store, now, known),
    }  # fmt: skip
    if last is not None and len(known):
        found["last"] = history.last("w", last.id, known, [*_FIELDS, "rank"])
        query = WindowQuery("w", "US", known, (START, now), [*_FIELDS, "rank"])
        found["windows"] = [*history.windows(query)]
    return {question: _plain(answer) for question, answer in found.items()}


def _searched(store: Store, now: int) -> dict[str, object]:
    """Alerts by what is asked of them, and from a place on."""
    asked: tuple[dict[str, Any], ...] = (
            {}, {"state": AlertState.INACTIVE}, {"state": AlertState.PENDING}, {"rules": ["r"]},
            {"rules": []}, {"rules": ["s", "ä"], "since": START + DAY}, {"until": now - DAY},
            {"silenced": True}, {"silenced": False}, {"acknowledged": False},
            {"about": AboutText([1, 2], (), 3)}, {"about": AboutText([1], ["s"])},
            {"graded": OfSeverity(Severity.INFO, ["r"], ["s"], ["ä"])},
        )  # fmt: skip
    questions = [AlertQuery(now, **each) for each in asked]
    search, there = store.alert_search, AlertPlace(START + DAY, 2)
    return {
        f"{which} {each}": find
        for each in questions
        for which, find in (
            ("all", search.older(each, None, 50)), ("older", search.older(each, there, 2)),
            ("newer", search.newer(each, there, 2)),
        )
    } | {"of a text": [search.products(each, ["7"]) for each in ("1", "CUP", "ß")]}  # fmt: skip


def _summed(store: Store, now: int, known: Ints) -> dict[str, object]:
    """Lists of days, and products by whose they are."""
    lists, assortments = store.day_lists, store.assortments
    newest = lists.newest(["w", "v", "x"], now)
    scans = [each.scan for each in newest.values()]
    members = Assortment(known, [None] * len(known))
    past = past_of(store, "US", members, (START, now)) if len(known) else None
    return {
        "lists": newest, "lists then": lists.at_times("w", [START, START + DAY, now]),
        "whom they have": sorted((key, each.tolist()) for key, each in lists.products(scans)),
        "sums": past, "filled": lists.fill(), "whose": [*assortments.values(SELLER, known)],
        "of one": [assortments.of("US", SELLER, "7"), assortments.found(SELLER)],
        "numbers": assortments.numbers(known, [SALES, GMV]), "live": assortments.live_alerts(),
        "over": assortments.past_alerts(9, known), "lists of": assortments.watches("US", known),
    }  # fmt: skip


def _differing(here: Any, there: Any) -> list[object]:
    """The first place where two answers differ, and what each has there."""
    if isinstance(here, list) and isinstance(there, list) and len(here) == len(there):
        pairs = enumerate(zip(here, there, strict=True))
        found = ([place, *_differing(*pair)] for place, pair in pairs if pair[0] != pair[1])
        return next(found, [])
    return [] if here == there else [here, there]


def _plain(value: Any) -> object:
    """As builtins that are equal where the answers are: NaN is a word, an array a list."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, msgspec.Struct):
        return _plain(msgspec.structs.asdict(value))
    if is_dataclass(value) and not isinstance(value, type):
        return _plain({each.name: getattr(value, each.name) for each in fields(value)})
    if isinstance(value, Mapping):  # texts that are read when they are asked for
        return [[_plain(key), _plain(each)] for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted(map(repr, value))
    return "nan" if isinstance(value, float) and np.isnan(value) else value
