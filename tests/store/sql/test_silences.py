"""Silences: patterns, their time, and the products that they cover."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import product

import msgspec
import pytest

from tests.store.making import DAY, START, scan, with_products
from watcher.store.sql.silences import Silence
from watcher.store.sqlite.database import Database


def products(store: Database) -> list[int]:
    """Two serums of different sellers, and a lamp."""
    made = scan(START, {"11": 1, "12": 2, "21": 3}, names={"11": "Serum A", "12": "Night serum"})
    texts = {
        **made.texts,
        "seller_id": ("700", "701", "701"),
        "category_id": ("60", "60", "80"),
        "category_l3_id": ("6001", "6002", None),
    }
    keys: list[int] = store.history.record(replace(made, texts=texts)).products.tolist()
    return keys


@pytest.mark.parametrize(
    ("patterns", "covered"),
    [
        ({"rule": "beauty-*"}, [0, 1, 2]),
        ({"rule": "BEAUTY-?ising"}, [0, 1, 2]),
        ({"rule": "other"}, []),
        ({"product": "1?"}, [0, 1]),
        ({"product": "*SERUM*"}, [0, 1]),
        ({"product": "serum*"}, [0]),
        ({"seller": "701"}, [1, 2]),
        ({"category": "60"}, [0, 1]),
        ({"category": "6002"}, [1]),
        ({"product": "*serum*", "seller": "701"}, [1]),
        ({"rule": "other", "seller": "701"}, []),
    ],
)
def test_patterns(store: Database, patterns: dict[str, str], covered: list[int]) -> None:
    """As in the shell, without regard to capitals; all that are given must match."""
    keys = products(store)
    silence = store.silences.add(begins=START, ends=START + DAY, **patterns)
    found = store.silences.covering("beauty-rising", keys, START)
    assert found == {keys[index]: silence for index in covered}


def test_a_silence_has_its_time(store: Database) -> None:
    """From its begin until before its end; the one that lasts longest is named."""
    (key, *_) = products(store)
    short = store.silences.add(begins=START, ends=START + 5, rule="*")
    long = store.silences.add(begins=START + 3, ends=START + 9, rule="*")
    times = (START - 1, START, START + 4, START + 8, START + 9)
    found = [store.silences.covering("r", [key], now).get(key) for now in times]
    assert found == [None, short, long, long, None]
    assert [short.is_on(now) for now in times] == [False, True, True, False, False]


def test_end(store: Database) -> None:
    """At once and only once; what is over can still be looked up."""
    silence = store.silences.add(begins=START, ends=START + DAY, rule="r", comment="holidays")
    assert store.silences.end(silence.id, START + 5)
    assert not store.silences.end(silence.id, START + 6)
    assert not store.silences.end(99, START)
    assert store.silences.get(silence.id) == msgspec.structs.replace(silence, ends=START + 5)
    assert store.silences.get(99) is None
    assert store.silences.active(START + 5) == []
    assert [each.comment for each in store.silences.list()] == ["holidays"]


def test_what_is_no_silence(store: Database) -> None:
    """It needs a pattern, and time."""
    with pytest.raises(ValueError, match="needs a pattern"):
        store.silences.add(begins=1, ends=2)
    with pytest.raises(ValueError, match="ends after it begins"):
        store.silences.add(begins=2, ends=2, rule="r")


def test_in_words() -> None:
    """The patterns that are given."""
    silence = Silence(1, "r*", None, "7", None, 0, 1)
    assert str(silence) == "rule r*, seller 7"


def test_old_silences_are_pruned(store: Database) -> None:
    """With the notifications of their time."""
    for ends in (START, START + DAY):
        store.silences.add(begins=START - 1, ends=ends, rule="r")
    while store.pruner.step(0, START + 1).more:
        pass
    assert [each.ends for each in store.silences.list()] == [START + DAY]


def test_those_of_a_product(store: Database) -> None:
    """That are on and cover it, whatever rules they are of."""
    first, second, *_ = with_products(store)
    by_id = store.silences.add(begins=START, ends=START + DAY, product="1")
    of_rule = store.silences.add(begins=START, ends=START + 2 * DAY, rule="a", product="*")
    store.silences.add(begins=START - 2, ends=START - 1, product="1")
    assert store.silences.of_product(first, START) == [of_rule, by_id]
    assert store.silences.of_product(second, START) == [of_rule]


def test_silences_that_match_nothing(store: Database) -> None:
    """A pattern that no rule, or no known product, has; what is over is left out."""
    products(store)

    def add(**patterns: str) -> Silence:
        return store.silences.add(begins=START, ends=START + DAY, **patterns)

    idle = [
        add(rule="beauti*"),
        add(product="zzz*"),
        add(rule="beauty", seller="9*"),
        add(rule="other", product="11"),
    ]
    add(rule="BEAU*")
    add(product="11")
    add(rule="beauty", category="6002")
    store.silences.add(begins=START - DAY, ends=START, rule="gone")
    assert store.silences.matching_nothing(["beauty", "b"], START) == idle


def test_many_of_one_product_each(store: Database) -> None:
    """What covers a product is found among them as by a look at each: the one that lasts longest;
    capitals and signs of patterns are no matter."""
    names = {"1": "Serum", "2": "serum [new]", "3": "*", "4": "a?b", "5": "[", "6": "ÄÖ"}
    listed = scan(START, dict.fromkeys(names, 1.0), names=names)
    keys = dict(zip(names, store.history.record(listed).products.tolist(), strict=True))
    patterns = (
        "1", "SERUM", "serum*", "*", "[*]", "?", "[?]", "a[?]b", "a?b", "[[]", "[", "[]", "[a]",
        "serum [[]new]", "äö", "[12]", "[!1]", "2", "nobody",
    )  # fmt: skip
    made = [
        store.silences.add(
            begins=START, ends=START + DAY + (number * 7) % 11, rule=rule, product=pattern
        )
        for number, (pattern, rule) in enumerate(product(patterns, (None, "r", "[r]*", "other")))
    ]
    made.append(store.silences.add(begins=START, ends=START + 5, seller="7"))
    rows = {key: (each, names[each], *[None] * 4) for each, key in keys.items()}
    for each, row in product(made[:-1], rows.values()):
        plain = [fnmatchcase(text.casefold(), str(each.product).casefold()) for text in row[:2]]
        assert each.covers(row) is any(plain), (each, row)
    for rule in ("r", "rr", "x"):
        expected = {}
        for key, row in rows.items():
            matching = [each for each in made if each.covers_rule(rule) and each.covers(row)]
            expected[key] = min(matching, key=lambda each: (-each.ends, each.id))
        assert store.silences.covering(rule, [*rows], START) == expected
        pairs = {(rule, key) for key in rows}
        assert store.silences.covering_any(pairs, START) == pairs
    only = store.silences.add(begins=START + 2 * DAY, ends=START + 3 * DAY, rule="r", product="2")
    later = {("r", keys["1"]), ("r", keys["2"]), ("x", keys["2"])}
    assert store.silences.covering_any(later, START + 2 * DAY) == {("r", keys["2"])}
    assert store.silences.of_alert("r", keys["2"], START + 2 * DAY, START + 9 * DAY) == [only]
    assert store.silences.of_alert("r", keys["2"], START + 3 * DAY, START + 9 * DAY) == []
    assert len(store.silences.of_alert("r", keys["1"], START, START)) == len(
        [each for each in made if each.covers_rule("r") and each.covers(rows[keys["1"]])]
    )


def test_capitals_make_no_difference_of_many_rules(store: Database) -> None:
    """As of one."""
    (key, *_) = with_products(store)
    store.silences.add(begins=START, ends=START + DAY, rule="Glow", product="1")
    pairs = {(rule, key) for rule in ("glow", "GLOW", "glows")}
    assert store.silences.covering_any(pairs, START) == {("glow", key), ("GLOW", key)}
