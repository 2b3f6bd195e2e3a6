"""Findings about the source's other endpoints, and what these gave."""

from __future__ import annotations

from dataclasses import replace as _replace

from msgspec.structs import replace

from tests.store.making import DAY, START, scan
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


def test_a_picture_is_shown_while_its_address_is_good(store: Database) -> None:
    """Wanted, found, over; and wanted again."""
    made = scan(START, {"11": 1, "12": 2})
    first, second = store.history.record(_replace(made)).products.tolist()
    pictures = store.pictures
    pictures.want(second, START + 1)
    pictures.want(first, START)
    assert pictures.wanted() == [first, second]
    found = Picture(first, START, "https://cdn.example/a.jpg", START + DAY)
    pictures.put([found, Picture(second, START + 1, None, 0, "no such picture")])
    assert pictures.wanted() == []
    assert pictures.of(first, START + DAY - 1) == found
    assert pictures.of(first, START + DAY) is None
    broken = pictures.of(second, START)
    assert broken is not None
    assert broken.error == "no such picture"
    pictures.forget(START + DAY)
    pictures.want(second, START + 5)
    assert pictures.wanted() == [second]
