"""People in the store, and the record of what they wrote."""

from __future__ import annotations

import pytest

from tests.store.making import (
    DAY,
    REFUSED,
    START,
    contents,
    firing,
    memory,
    pending,
    raw,
    statements,
    with_products,
)
from watcher.alert import Alert, AlertState
from watcher.people import Author, Role, Via, digest_of, name_of, new_token
from watcher.store.ports import Store
from watcher.store.sql.people import KEPT

ANN, TARGET = Author("ann", Via.PAGE), Author("growth/1", Via.LINK)


def _note(store: Store, author: Author = ANN, what: str = "follow", at: int = START) -> None:
    store.audit.note(author, at, what, "„Ä“ \U0001f375", None, {"note": "<b>\n", "ends": None})


def test_only_the_digest_is_kept() -> None:
    """Of a token of 160 bits, each another one."""
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(each) for each in tokens} == {40}
    token = tokens.pop()
    with memory() as store:
        made = store.people.add("Ann", Role.ACT, digest_of(token), START)
        assert store.people.list() == [made]
        assert token not in str(contents(store))
        assert digest_of(token) in str(contents(store))
        with pytest.raises(REFUSED):
            store.people.add("Bob", Role.READ, digest_of(token), START)


def test_names_are_taken_until_they_are_revoked() -> None:
    """Whatever their capitals; a second one of the name counts before the first, which is kept."""
    with memory() as store:
        first = store.people.add("Ann", Role.EDIT, "1" * 64, START)
        with pytest.raises(ValueError, match='there is "Ann" already'):
            store.people.add("ANN", Role.READ, "2" * 64, START)
        assert store.people.revoke(first.id, START + 5)
        assert not store.people.revoke(first.id, START + 6)
        second = store.people.add("ann", Role.READ, "2" * 64, START + 9)
        assert store.people.find("ANN") == second
        assert [(each.name, each.is_known) for each in store.people.list()] == [
            ("ann", True), ("Ann", False)
        ]  # fmt: skip
        assert [each.id for each in store.people.forget("aNN")] == [first.id]
        assert store.people.forget("ann") == []
        assert store.people.find("ann") == second
        assert store.people.find("bob") is None


def test_the_record() -> None:
    """The newest first, by who, what and since when, a page at a time."""
    with memory() as store:
        for number in range(6):
            _note(store, (ANN, TARGET)[number % 2], ("follow", "drop")[number % 3 == 0],
                  START + number)  # fmt: skip
        found = store.audit.list()
        assert [each.at - START for each in found] == [5, 4, 3, 2, 1, 0]
        assert (found[0].who, found[0].via) == ("growth/1", Via.LINK)
        assert found[0].subject == "„Ä“ \U0001f375"
        assert found[0].before is None
        assert found[0].after == {"note": "<b>\n", "ends": None}

        def at(**asked: object) -> list[int]:
            return [each.at - START for each in store.audit.list(**asked)]  # type: ignore[arg-type]

        assert at(who="ann") == [4, 2, 0]
        assert at(what="drop") == [3, 0]
        assert at(who="ann", what="drop") == [0]
        assert at(since=START + 4) == [5, 4]
        assert at(limit=2) == [5, 4]
        assert at(before=found[1].id, limit=2) == [3, 2]
        assert at(who="bob") == []
        assert store.audit.names() == ["ann", "growth/1"]
        assert store.audit.changes() == ["drop", "follow"]


def test_it_is_kept_for_400_days() -> None:
    """To the second."""
    with memory() as store:
        assert KEPT == 400 * DAY
        _note(store)
        _note(store, at=START + 1)
        assert store.audit.prune(START + KEPT) == 0
        assert store.audit.prune(START + KEPT + 1) == 1
        assert [each.at for each in store.audit.list()] == [START + 1]


def test_a_clock_that_was_ahead() -> None:
    """What was done under it was done now, at the latest."""
    with memory() as store:
        person = store.people.add("ann", Role.READ, "1" * 64, START + 900 * DAY)
        store.people.revoke(person.id, START + 901 * DAY)
        _note(store, at=START + 900 * DAY)
        assert store.times.ahead(START, thorough=True) == 901 * DAY
        store.times.mend(START)
        (mended,) = store.people.list()
        assert (mended.made, mended.revoked) == (START, START)
        assert store.audit.list()[0].at == START


def _fired(rule: str, product: int, at: int) -> Alert:
    return Alert(0, rule, product, AlertState.INACTIVE, START, START, fired_at=at,
                 resolved_at=START + 99)  # fmt: skip


def test_one_name_however_it_is_typed() -> None:
    """Letters of full width, and those of several signs, are what they look like: nobody is let in
    as another ``owner``, and who is there is found."""
    assert name_of(" \uff21nn  Bu\u0308hler ") == "Ann B\xfchler"
    with pytest.raises(ValueError, match="take another name"):
        name_of("\uff2fwner")
    with memory() as store:
        made = store.people.add(name_of("B\xfchler"), Role.READ, "1" * 64, START)
        for typed in ("bu\u0308hler", "\uff22\xdcHLER", " B\xfchler\n"):
            assert store.people.find(typed) == made


def test_what_fired_last() -> None:
    """Of all rules or of some, whatever the ids say; what never fired is none of it."""
    with memory() as store:
        (product, *_) = with_products(store)
        first = 0
        for rule, at in (("a", 30), ("b", 40), ("a", 10), ("c", 20), ("b", None), ("a", 40)):
            made = pending(rule, product) if at is None else _fired(rule, product, START + at)
            (saved,) = store.alerts.save([made])
            first = first or saved.id

        def found(*rules: str, limit: int = 50) -> list[int]:
            return [each - first for each in store.browsing.fired_alerts(rules or None, limit)]

        assert found() == [5, 1, 0, 3, 2]
        assert found(limit=2) == [5, 1]
        assert found("a") == [5, 0, 2]
        assert found("a", "c", limit=3) == [5, 0, 3]
        assert found("nobody") == []
        assert store.browsing.fired_alerts([], 9) == []
        (fires,) = store.alerts.save([firing("a", product, START + 35)])
        place = fires.id - first
        assert found() == [5, 1, place, 0, 3, 2]
        assert found("a", "b", limit=3) == [5, 1, place]
        assert found("c", "b") == [1, 3]


@pytest.mark.sqlite
def test_what_fired_last_is_looked_up() -> None:
    """Of many alerts that are over by the indexes of these; nothing of them is sorted or read."""
    with memory() as store:
        for rules in (None, ["a", "b"]):
            with statements(store) as heard:
                store.browsing.fired_alerts(rules)
            plans = [
                row[3] for sql in heard for row in raw(store).rows(f"EXPLAIN QUERY PLAN {sql}")
            ]
            assert any("COVERING INDEX alerts_past" in plan for plan in plans)
            assert not [plan for plan in plans if plan.startswith("SCAN f")]


@pytest.mark.sqlite
def test_no_page_of_it_goes_through_all() -> None:
    """Each statement has an index for what it is asked."""
    with memory() as store:
        for where, index in (
            ("who = 'x' AND id < 9", "audit (who=? AND rowid<?)"),
            ("what = 'x'", "audit (what=?)"),
        ):
            sql = f"EXPLAIN QUERY PLAN SELECT * FROM audit WHERE {where} ORDER BY id DESC LIMIT 50"
            (plan,) = (row[3] for row in raw(store).rows(sql))
            assert index.split(" ", 1)[1] in plan.replace("id<?", "rowid<?"), plan
            assert "SCAN" not in plan
            assert "TEMP B-TREE" not in plan
