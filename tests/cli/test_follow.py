"""``watcher follow``, ``unfollow`` and ``followed``."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import SALES, scan
from watcher.store.sqlite.database import Database

ID, OTHER, THIRD = "1729873073559015752", "1729900000000000001", "1729900000000000002"
READING = """
defaults: {region: US}
watches: {followed: {products: followed, every: 6h}}
rules: [{name: cheap, watch: followed, when: {spu_avg_price: {below: 9}}}]
"""
NOT_READING = """
rules: [{name: cheap, watch: {region: US}, when: {spu_avg_price: {below: 9}}}]
"""
MISSING = (
    "No watch reads what is followed. Write under watches: in rules.yaml\n"
    "  followed: {products: followed}\nand give a rule watch: followed.\n"
)
UNUSED = "watches: {mine: {products: followed}}\n" + NOT_READING


@pytest.fixture
def database(folder: Path) -> Path:
    """An empty database, and rules that read what is followed."""
    path = folder / "watcher.db"
    Database.open(path).close()
    (folder / "rules.yaml").write_text(READING)
    return path


def ids(database: Path) -> set[str]:
    """What is followed."""
    with Database.open(database, readonly=True) as opened:
        return set(opened.followed.ids())


def test_from_begin_to_end(watcher: Command, database: Path) -> None:
    """By id and by address, each once; shown, and let go."""
    assert watcher("followed").out == "No product is followed; `watcher follow PRODUCT` begins.\n"
    address = f"https://www.tiktok.com/view/product/{OTHER}?_r=1"
    done = watcher("follow", ID, address, OTHER, "--note", "ours")
    assert done.code == 0
    assert done.out == (
        f"{ID} is followed now.\n{OTHER} is followed now.\n"
        "Followed are 2 products: 1 credit a scan of followed (every 6h).\n"
    )
    assert ids(database) == {ID, OTHER}
    shown = watcher("followed").out
    assert all(word in shown for word in (ID, OTHER, "ours", "not read yet"))
    gone = watcher("unfollow", address)
    assert (gone.code, gone.out) == (0, f"{OTHER} is followed no more.\n")
    assert ids(database) == {ID}


def test_twice(watcher: Command, database: Path) -> None:
    """All is as it was asked for, and said so; a note may be renewed."""
    watcher("follow", ID, "--note", "ours")
    again = watcher("follow", ID)
    assert again.code == 0
    assert again.out.startswith(f"{ID} is followed already, since ")
    assert "(ours)" in again.out
    assert "its note is new" in watcher("follow", ID, "--note", "theirs").out
    (listed,) = json.loads(watcher("followed", "--json").out)
    assert (listed["product_id"], listed["note"], listed["state"]) == (ID, "theirs", "not read yet")
    assert ids(database) == {ID}


def test_what_is_not_followed_can_not_be_let_go(watcher: Command, database: Path) -> None:
    """The others are, all the same."""
    watcher("follow", ID)
    result = watcher("unfollow", ID, OTHER)
    assert (result.code, result.out) == (1, f"{ID} is followed no more.\n")
    assert result.err == (f"not followed: {OTHER}; `watcher followed` shows those that are\n")
    assert ids(database) == set()


@pytest.mark.parametrize("verb", ["follow", "unfollow"])
@pytest.mark.parametrize(
    ("product", "message"),
    [
        ("serum", '"serum" is no product\'s id: write its 19 digits in quotes'),
        ("1.72987E+18", "an id that a spreadsheet has rounded"),
        ("https://vt.tiktok.com/ZS2abc/", "is a short link: the product's id is not in it"),
        ("https://www.example.org/product/1729873073559015752", "is another site"),
        ("https://www.tiktok.com/shop/store/glowlab/7495981769829615944", "of a seller"),
    ],
)
def test_refuses(watcher: Command, database: Path, verb: str, product: str, message: str) -> None:
    """What is no product, in a line each; nothing is done then."""
    watcher("follow", THIRD)
    result = watcher(verb, THIRD, OTHER, product)
    assert result.code == 1
    assert message in result.err
    assert ids(database) == {THIRD}


def test_more_than_can_be_followed(
    watcher: Command, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as a list in a rule file may have."""
    monkeypatch.setattr("watcher.cli.follow.MOST_PRODUCTS", 2)
    result = watcher("follow", ID, OTHER, THIRD)
    assert result.code == 1
    assert "3 products are too many: 2 can be followed" in result.err
    assert ids(database) == set()


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        (NOT_READING, MISSING),
        (UNUSED, 'No rule uses the watch "mine", so what is followed is not read'),
        ("rules: [", "The rules can't be read: `watcher check` says why (rules.yaml).\n"),
    ],
)  # fmt: skip
def test_where_nobody_reads_them(
    watcher: Command, database: Path, folder: Path, rules: str, message: str
) -> None:
    """It is said, with what to write; they are followed all the same."""
    (folder / "rules.yaml").write_text(rules)
    result = watcher("follow", ID)
    assert result.code == 0
    assert message in result.out
    assert ids(database) == {ID}
    assert message in watcher("followed").out


def test_a_long_note(watcher: Command, database: Path) -> None:
    """Is refused, for it stands in a table; lines become one."""
    refused = watcher("follow", ID, "--note", "a" * 201)
    assert (refused.code, "201 characters: 200 at most" in refused.err) == (1, True)
    assert ids(database) == set()
    watcher("follow", ID, "--note", " two\n lines ")
    assert json.loads(watcher("followed", "--json").out)[0]["note"] == "two lines"


def test_an_id_of_an_odd_length(watcher: Command, database: Path) -> None:
    """Is taken, with a doubt."""
    assert "has 18 digits, and ids have 19" in watcher("follow", ID[:-1]).out
    assert ids(database) == {ID[:-1]}


@pytest.mark.parametrize("by", ["a lookup", "a scan"])
def test_values(watcher: Command, database: Path, by: str) -> None:
    """The newest that any watch or lookup has seen; what was asked for in vain is told apart, also
    once a scan has asked for it and its lookup is forgotten."""
    with Database.open(database) as opened:
        opened.history.record(
            scan(int(time.time()) - 60, {ID: {SALES: 1234.0, "spu_avg_price": 8.5}},
                 names={ID: "Face serum"})
        )  # fmt: skip
    watcher("follow", ID, OTHER, THIRD)
    from watcher.rules.files.loading import load

    (watch,) = load([database.parent / "rules.yaml"], {}).used_watches
    with Database.open(database) as opened:
        if by == "a lookup":
            opened.lookups.due(watch.key, [OTHER], 1)
            opened.lookups.answered(watch.key, [OTHER], 2)
        else:
            found = scan(int(time.time()) - 30, {ID: {SALES: 1234.0, "spu_avg_price": 8.5}},
                         names={ID: "Face serum"})  # fmt: skip
            opened.history.record(replace(found, watch=watch.key, asked=(ID, OTHER)))
    shown = watcher("followed").out
    assert all(word in shown for word in ("Face serum", f"US {ID}", "1,234", "8.50"))
    listed = {each["product_id"]: each for each in json.loads(watcher("followed", "--json").out)}
    assert [listed[each]["state"] for each in (ID, OTHER, THIRD)] == [
        "known", "not indexed", "not read yet",
    ]  # fmt: skip
    assert listed[ID]["values"][SALES] == 1234
    assert (listed[ID]["name"], listed[ID]["region"]) == ("Face serum", "US")


def test_without_a_database(watcher: Command, folder: Path) -> None:
    """It makes none."""
    (folder / "rules.yaml").write_text(READING)
    result = watcher("follow", ID)
    assert result.code == 1
    assert "no such database" in result.err
