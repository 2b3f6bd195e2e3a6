"""Findings about the source's other endpoints, and what these gave."""

from __future__ import annotations

from dataclasses import replace as _replace

from msgspec.structs import replace

from tests.store.making import DAY, START, scan
from watcher.model import LongTexts
from watcher.store.sql.siblings import Category, Picture, Probe
from watcher.store.sqlite.database import Database

SHOP = Probe(
    "shop", START, works=True, status=200, words="success", path="/v1/shop", credential="c0ffee"
)


def test_the_newest_probe_of_each_endpoint_counts(store: Database) -> None:
    """One that is refused takes back what an earlier one found."""
    probes = store.probes
    probes.put(SHOP)
    probes.put(replace(SHOP, endpoint="covers", works=False, status=None, words="no answer"))
    assert probes.found("shop") == SHOP
    assert probes.found("covers") is None
    assert probes.found("trends") is None
    refused = replace(SHOP, at=START + 9, works=False, status=400, words="no such parameter")
    probes.put(refused)
    assert probes.found("shop") is None
    assert probes.all()["shop"] == refused
    assert [*probes.all()] == ["covers", "shop"]


def test_names_of_categories(store: Database) -> None:
    """By id; a later name takes the place of an earlier one."""
    categories = store.categories
    assert categories.names(["60"]) == {}
    categories.put([Category("60", 1, "Beauty"), Category("6001", 3, "Serums")], START)
    categories.put([Category("6001", 3, "Face serums")], START + DAY)
    assert categories.names(["6001", "9", None]) == {"6001": "Face serums"}
    assert categories.names() == {"60": "Beauty", "6001": "Face serums"}
    assert categories.names([None]) == {}
    assert categories.last_read() == START


def test_a_name_stands_for_its_id_for_good(store: Database) -> None:
    """Whatever the source makes of it; the one that had it first has it."""
    categories = store.categories
    categories.put([Category("1", 1, "Beauty"), Category("11", 2, "Skin", "1")], START)
    categories.put([Category("1", 1, "Care"), Category("2", 1, "Beauty")], START + DAY)
    categories.put([Category("11", 2, "Skin")], START + DAY)  # of an answer that says no parent
    known = categories.known()
    assert [known.find(name).category_id for name in ("Beauty", "Care", "Care > Skin")] == [
        "1", "1", "11",
    ]  # fmt: skip
    assert known.find("Beauty > Skin").category_id == "11"
    assert (known.path("11"), known.level_of("11"), known.parent_of("11")) == (
        "Care > Skin",
        2,
        "1",
    )
    assert "too: it stands for 1, as before" in known.find("beauty").doubt
    assert sorted(known.names()) == ["Beauty", "Care", "Skin"]
    old = categories.known_of_old()
    assert (old.find("Care").category_id, old.find("Beauty").category_id) == ("1", "2")


def test_a_picture_is_known_while_it_holds(store: Database) -> None:
    """Its address, or why there is none; a later word takes the place of an earlier one."""
    made = scan(START, {"11": 1, "12": 2, "13": 3})
    first, second, third = store.history.record(_replace(made)).products.tolist()
    pictures = store.pictures
    assert pictures.of([first, second], START) == {}
    found = Picture(first, START, "https://cdn.example/a.jpg", START + DAY)
    refused = Picture(second, START, None, START + DAY, "no such picture")
    pictures.put([found, refused, replace(found, product=third, until=START + 1)])
    assert pictures.of([first, second], START + DAY - 1) == {first: found, second: refused}
    assert pictures.of([second], START) == {second: refused}
    assert pictures.of([first, second], START + DAY) == {}
    pictures.forget(START + 1)
    assert [*pictures.of([first, second, third], START)] == [first, second]
    again = replace(refused, address="https://cdn.example/b.jpg", error=None)
    pictures.put([again])
    assert pictures.of([second], START) == {second: again}


def test_keys_and_texts_of_several(store: Database) -> None:
    """By region and id; those that nobody knows are left out."""
    texts = {"11": LongTexts("[1]"), "13": LongTexts("[3]")}
    made = scan(START, {"11": 1, "12": 2, "13": 3}, texts=texts)
    first, second, third = store.history.record(made).products.tolist()
    history = store.history
    asked = [("US", "11"), ("US", "13"), ("GB", "12"), ("US", "99")]
    assert history.keys_of(asked) == {("US", "11"): first, ("US", "13"): third}
    assert history.keys_of([]) == {}
    assert history.long_texts_of([first, second, third]) == {
        first: LongTexts("[1]"),
        third: LongTexts("[3]"),
    }
