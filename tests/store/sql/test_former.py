"""The texts that products had."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from sqlite_utils import Database as Tables

from tests.store.making import DAY, SALES, START, scan
from watcher.model import Scan
from watcher.store.memory.past_scans import Extent, PastScans
from watcher.store.sqlite.database import Database
from watcher.store.sqlite.early_migrations import migrations

NAMES = ("seller_id", "product_name", "category_id", "category_l2_id", "category_l3_id", "discount")


def day(number: int, texts: dict[str, dict[str, str | None]], watch: str = "w") -> Scan:
    """Products with their texts by name."""
    made = scan(START + number * DAY, dict.fromkeys(texts, 1.0), watch=watch)
    columns = {name: tuple(each.get(name) for each in texts.values()) for name in NAMES}
    return replace(made, texts={**made.texts, **columns})


def played(store: Database, since: int = 0) -> list[dict[str, object]]:
    """Of each replayed scan of the watch, each product's texts."""
    begin = START + since * DAY
    scans = PastScans(store, Extent(frozenset("w"), frozenset(["US"]), begin, frozenset([SALES])))
    past, line, found = scans.recalled(), scans.matrix.timeline, []
    for place in range(scans.first, len(line)):
        past.move(place)
        texts = past.scan(place)[0].texts
        if line.watches[place] == "w":
            found.append(
                {
                    product: {name: texts[name][row] for name in NAMES}
                    for row, product in enumerate(texts["product_id"])
                }
            )
    return found  # type: ignore[return-value]


def test_each_scan_has_the_texts_of_its_day(store: Database) -> None:
    """Random texts of random products, all of them, and from any day on.

    What is missing in an answer is as it was before, but a discount, which has ended then.
    """
    chance = random.Random(7)
    now: dict[str, dict[str, str | None]] = {}
    given = []
    for number in range(20):
        listed = chance.sample([str(key) for key in range(12)], 8)
        texts: dict[str, dict[str, str | None]] = {}
        for product in listed:
            texts[product] = {
                name: chance.choice(["a", "b", None]) for name in NAMES if chance.random() < 0.4
            }
            known = now.setdefault(product, dict.fromkeys(NAMES))
            known |= {name: text for name, text in texts[product].items() if text is not None}
            known["discount"] = texts[product].get("discount")
        store.history.record(day(number, texts, watch="w" if number % 3 else "v"))
        if number % 3:
            given.append((number, {product: dict(now[product]) for product in listed}))
    # Before it first had a text at all, a product's later one is as good as none: it is not known.
    assert played(store) == [seen for _, seen in given]
    for since in (5, 11, 19):
        late = [seen for number, seen in given if number >= since]
        assert played(store, since)[-len(late) :] == late


def test_only_what_changed_is_written(store: Database) -> None:
    """A row for each product and scan that changed a text, with those alone."""
    store.history.record(day(0, {"1": {"product_name": "Cup", "discount": "5%"}, "2": {}}))
    store.history.record(day(1, {"1": {"product_name": "Cup", "discount": "5%"}, "2": {}}))
    assert store.rows("SELECT * FROM former_texts") == []
    store.history.record(day(2, {"1": {"product_name": "Mug"}, "2": {}}))
    ((until, product, texts),) = store.rows("SELECT * FROM former_texts")
    assert (until, product) == (START + 2 * DAY, 1)
    assert texts == '{"product_name":"Cup","discount":"5%"}'


def test_pruned_with_the_scans(store: Database) -> None:
    """What no scan that is kept needs goes; what the oldest of them needs stays."""
    for number in range(6):
        store.history.record(day(number, {"1": {"discount": f"{number}%"}}))
    while store.pruner.step(START + 3 * DAY, START).more:
        pass
    untils = [until for (until,) in store.rows("SELECT until FROM former_texts ORDER BY until")]
    assert untils == [START + number * DAY for number in (3, 4, 5)]
    assert [seen["1"]["discount"] for seen in played(store, 3)] == ["3%", "4%", "5%"]  # type: ignore[index]


@pytest.mark.sqlite
def test_a_database_of_before(tmp_path: Path) -> None:
    """It says from which scan on they are known; before, they are as they were then."""
    path = tmp_path / "w.db"
    with Database.open(path) as store:
        assert store.history.texts_known_since() is None
        store.history.record(day(0, {"1": {"discount": "old"}}))
        store.execute("DROP TABLE former_texts")
        store.execute("DELETE FROM _sqlite_migrations WHERE name = 'm009_former_texts'")
        store.execute("UPDATE products SET discount = 'of day 1'")
    with Database.open(path) as store:
        assert store.history.texts_known_since() == START
        store.history.record(day(1, {"1": {"discount": "of day 1"}}))
        store.history.record(day(2, {"1": {"discount": "today's"}}))
        found = [seen["1"]["discount"] for seen in played(store)]  # type: ignore[index]
        assert found == ["of day 1", "of day 1", "today's"]
        while store.pruner.step(START + DAY, START).more:
            pass
        assert store.history.texts_known_since() is None
    with Database.open(tmp_path / "new.db") as store:
        store.history.record(day(0, {"1": {}}))
        assert store.history.texts_known_since() is None
        assert not list(migrations.pending(Tables(store.conn)))
