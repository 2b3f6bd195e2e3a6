"""Texts over time, and who lacked them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.store.making import DAY, SALES, START, contents, place, scan, statements
from watcher.model import Scan
from watcher.store.opening import open_store
from watcher.store.ports import Store
from watcher.store.records import TextChange, WindowQuery
from watcher.store.sql.extracts import Choice
from watcher.store.sqlite.database import Database

NAMES = {"product_name", "discount"}


def day(number: int, texts: Mapping[str, Mapping[str, str | None]], watch: str = "w") -> Scan:
    """Products with their texts by name; those that none names are not read."""
    made = scan(START + number * DAY, dict.fromkeys(texts, 1.0 + number), watch=watch)
    given = {name for each in texts.values() for name in each} | NAMES
    columns = {name: tuple(each.get(name) for each in texts.values()) for name in given}
    return replace(made, texts={**made.texts, **columns}, followed=frozenset(given))


def rows(store: Store, table: str) -> int:
    """How many a table has."""
    return len(contents(store)[table])


def test_a_row_only_where_it_changed(store: Store) -> None:
    """By meaning: capitals, spaces and the order of variants make none."""
    for number, (words, names) in enumerate(
        [("One", "S\nM"), ("one ", "m\nS"), ("Two", "S\nM"), ("two", None), (None, "S")]
    ):
        store.history.record(day(number, {"1": {"description": words, "variants": names}}))
    assert rows(store, "made_texts") == 4


def test_nothing_is_asked_where_no_rule_names_them(store: Store) -> None:
    """Nor written."""
    with statements(store) as heard:
        store.history.record(scan(START, {"1": 1.0}))
        store.history.record(scan(START + DAY, {"1": 2.0, "2": 3.0}))
    assert not [sql for sql in heard if "made_texts" in sql or "lacking" in sql or "former" in sql]
    assert rows(store, "made_texts") == rows(store, "lacking_texts") == 0


def test_changes_are_told_with_both_texts(store: Store) -> None:
    """The newest first; what is no change is none."""
    for number, (name, words) in enumerate([("Cup", "One"), ("CUP", "One"), ("Mug", "Two")]):
        store.history.record(day(number, {"1": {"product_name": name, "description": words}}))
    (key,) = store.history.find("1")
    at = START + 2 * DAY
    assert store.history.text_changes(key.product, START) == [
        TextChange(at, "product_name", "CUP", "Mug"),
        TextChange(at, "description", "One", "Two"),
    ]
    assert store.history.text_changes(key.product, at) == []


def test_a_stored_scan_has_the_texts_of_its_time(store: Store) -> None:
    """Also those that were made of long ones, where it read them."""
    store.history.record(day(0, {"1": {"product_name": "Cup", "description": "One"}}))
    store.history.record(day(1, {"1": {"product_name": "Mug"}}))
    store.history.record(day(2, {"1": {"product_name": "Jar", "description": "Two"}}))
    found = [each.row.texts for each in store.history.whole("w", [SALES], 3)]
    assert [texts["product_name"] for texts in found] == [("Jar",), ("Mug",), ("Cup",)]
    assert [texts["description"] for texts in found] == [("Two",), (None,), ("One",)]


def test_what_was_read_is_known_to_have_been(store: Store) -> None:
    """Also where no rule held it against the past so far."""
    for number, words in enumerate(["One", "Two"]):
        made = day(number, {"1": {"description": words}, "2": {"description": None}})
        recorded = store.history.record(replace(made, followed=frozenset()))
    texts = [each.row.texts["description"] for each in store.history.whole("w", [SALES], 2)]
    assert texts == [("Two", None), ("One", None)]
    found = store.history.last_texts(
        recorded.scan_id, recorded.products, "description", ["Two", None], 0
    )
    assert (found.values, found.at.tolist()[0]) == (["One", None], START)


def test_numbers_in_texts_are_like_any_number(store: Store) -> None:
    """Last, ago and over a time."""
    for number, text in enumerate(["10%", "20%", None, "-", "50%"]):
        recorded = store.history.record(day(number, {"1": {"discount": text}}))
    history, keys, fields = store.history, recorded.products, ["discount_rate"]
    assert history.last("w", recorded.scan_id, keys, fields).values.tolist() == [[0.0]]
    ago = history.ago("w", keys, START + DAY, 0, fields)
    assert (ago.values.tolist(), ago.at.tolist()) == ([[0.2]], [START + DAY])
    query = WindowQuery("w", "US", keys, (0, START + 9 * DAY), [*fields, SALES])
    (window,) = history.windows(query)
    assert np.array_equal(
        window.values["discount_rate"][:, 0], [0.1, 0.2, np.nan, 0, 0.5], equal_nan=True
    )


def test_who_has_no_such_text_has_no_number(store: Store) -> None:
    """Least of all that of another product."""
    for number in range(2):
        texts: dict[str, dict[str, str | None]] = {"1": {"variants": "S\nM"}, "2": {}, "3": {}}
        recorded = store.history.record(day(number, texts))
    found = store.history.last("w", recorded.scan_id, recorded.products, ["variant_count"])
    assert np.array_equal(found.values[:, 0], [2, np.nan, np.nan], equal_nan=True)


def test_exports_have_the_texts_of_their_time(store: Store) -> None:
    """Of rows that are stored, and of every scan."""
    for number, name in enumerate(["Cup", "Cup", "Mug"]):
        store.history.record(day(number, {"1": {"product_name": name, "discount": f"{number}0%"}}))
    for every in (store.observations.changes, store.observations.sightings):
        found = [*every(Choice(), [SALES, "discount_rate"]).parts]
        assert [texts[2] for part in found for texts in part.texts] == ["Cup", "Cup", "Mug"]
        rates = [rate for part in found for rate in part.numbers[:, 1].tolist()]
        assert rates == [0.0, 0.1, 0.2]


def test_pruned_with_the_scans(store: Store) -> None:
    """What is in force at the oldest scan that is kept stays."""
    for number in range(6):
        store.history.record(day(number, {"1": {"description": f"{number}"}, "2": {}}))
    while store.pruner.step(START + 3 * DAY, START).more:
        pass
    assert rows(store, "made_texts") == 4
    (key, *_) = store.history.find("1")
    changes = store.history.text_changes(key.product, 0)
    assert [(each.was, each.now) for each in changes] == [("4", "5"), ("3", "4"), ("2", "3")]


def test_a_clock_that_was_ahead(store: Store) -> None:
    """The text counts from the scan's new time on."""
    store.history.record(day(0, {"1": {"description": "One"}}))
    store.history.record(day(400, {"1": {"description": "Two"}}))
    store.times.mend(START + 2 * DAY)
    (key,) = store.history.find("1")
    (change,) = store.history.text_changes(key.product, 0)
    assert change.at <= START + 2 * DAY


@pytest.mark.sqlite
def test_a_database_of_before(tmp_path: Path) -> None:
    """It knows what it knew, and goes on from there."""
    path = tmp_path / "w.db"
    with Database.open(path) as old:
        old.history.record(scan(START, {"1": 1.0}, names={"1": "Cup"}))
        old.history.record(scan(START + DAY, {"1": 2.0}, names={"1": "Mug"}))
        for table in ("made_texts", "lacking_texts"):
            old.execute(f"DROP TABLE {table}")
        old.execute("DELETE FROM _sqlite_migrations WHERE name = 'm018_text_history'")
    with Database.open(path) as store:
        (key,) = store.history.find("1")
        changes = store.history.text_changes(key.product, 0)
        assert [(each.was, each.now) for each in changes] == [("Cup", "Mug")]
        store.history.record(day(3, {"1": {"description": "One"}}))
        assert rows(store, "made_texts") == 1


def test_both_engines_keep_any_text(tmp_path: Path) -> None:
    """Half characters and NUL, too."""
    with open_store(place(tmp_path)) as store:
        odd = "a\0b \ud83d \U0001f375"
        store.history.record(day(0, {"1": {"description": odd}}))
        store.history.record(day(1, {"1": {"description": odd}}))
        assert rows(store, "made_texts") == 1
