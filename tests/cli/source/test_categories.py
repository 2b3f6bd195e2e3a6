"""``watcher source categories``, and names of categories in rules, against a real server."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.cli.siblings import ID, KEY, Siblings
from watcher.cli.category_lookup import lookup_in
from watcher.rules.files.loading import load
from watcher.source.endpoints import (
    CATEGORIES,
)
from watcher.store.sql.siblings import Category
from watcher.store.sqlite.database import Database

NAMED = """
api: {{key: "{key}", url: "{url}"}}
rules: [{{name: a, watch: {{region: US, {filter}}}, when: {{{when}}}}}]
"""


@pytest.mark.usefixtures("server")
def test_names_of_categories(
    watcher: Command, server: Siblings, database: Path, folder: Path
) -> None:
    """Only where the probe found them; what each branch costs is said before, and asked once."""
    with Database.open(database) as store:
        ids = "category_id = '601450', category_l2_id = '849672', category_l3_id = '601583'"
        store.execute(f"UPDATE products SET {ids}")
    refused = watcher("source", "categories", "--yes")
    assert refused.code == 1
    assert "was not found to work: `watcher source probe --endpoint categories` asks" in refused.err
    assert server.asked == []
    assert watcher("source", "probe", "--endpoint", "categories", "--yes").code == 0
    unasked = watcher("source", "categories")
    assert "this costs 2 credits; say --yes to do it" in unasked.err
    server.give(CATEGORIES.path, [{"category_id": "849672", "name": "Hair"},
                                  {"category_id": "601583", "name": "Shampoo"}])  # fmt: skip
    done = watcher("source", "categories", "--yes", "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out) == {"601450": "Beauty", "849672": "Hair", "601583": "Shampoo"}
    parents = [query.get("parent_id") for path, query in server.asked if path == CATEGORIES.path]
    assert parents == [None, "601450", "849672"]
    assert "3 categories with a name, 0 new." in watcher("source", "categories").out
    assert "category Beauty (601450)" in watcher("product", ID).out
    server.refuse(CATEGORIES.path, 400, "no such parent")
    with Database.open(database) as store:
        store.execute("DELETE FROM categories WHERE category_id = '601583'")
    broken = watcher("source", "categories", "--yes")
    assert (broken.code, "no such parent" in broken.err) == (1, True)


def test_names_below_a_category(watcher: Command, server: Siblings, folder: Path) -> None:
    """A name of a deeper level is read before any product of it was seen: the error says how."""
    text = NAMED.format(key=KEY, url=server.url, filter="category: Shampoo", when="category: Hair")
    (folder / "rules.yaml").write_text(text)
    assert watcher("source", "probe", "--endpoint", "categories", "--yes").code == 0
    broken = watcher("check").err
    assert (
        '"Shampoo" is no category\'s name or id: `watcher source categories --json` lists' in broken
    )
    assert 'and --below "Beauty" reads the names below one, for 1 credit' in broken

    def below(category: str, *found: str) -> str:
        rows = [{"category_id": each[:3], "name": each[3:]} for each in found]
        server.give(CATEGORIES.path, rows)
        done = watcher("source", "categories", "--yes", "--below", category)
        return done.out + done.err

    assert "1 credit" in watcher("source", "categories", "--below", "beauty").err
    assert "2 categories with a name, 1 new." in below("beauty", "849Hair")
    assert "3 categories with a name, 1 new." in below("849", "601Shampoo")
    good = watcher("check")
    assert good.code == 0, good.err
    with Database.open(folder / "watcher.db") as store:
        known = store.categories.known()
        assert (known.path("601"), known.level_of("601")) == ("Beauty > Hair > Shampoo", 3)
    asked = [query.get("parent_id") for path, query in server.asked if path == CATEGORIES.path]
    assert asked == [None, "601450", "849"]
    assert '"Shampoo" is of level 3, and nothing is below it' in below("Shampoo")
    assert '--below: "Hare" is no category\'s name or id, did you mean "Hair"?' in below("Hare")


def test_categories_by_name(watcher: Command, server: Siblings, folder: Path) -> None:
    """From a rule file that nobody could read yet, over the names of its categories, to names that
    the source has changed or taken back since: the id stays, and `check` says what is odd."""
    database = folder / "watcher.db"

    def write_named(filter_: str, when: str = "category: Beauty") -> None:
        text = NAMED.format(key=KEY, url=server.url, filter=filter_, when=when)
        (folder / "rules.yaml").write_text(text)

    write_named("category: Beauty")
    broken = watcher("check")
    assert broken.code == 1
    assert 'rules[0].watch.category: "Beauty" is no category\'s id, which is digits' in broken.err
    assert "`watcher source probe --endpoint categories` asks for them, for 1 credit" in broken.err
    # The commands that ask for names read the file all the same.
    assert watcher("source", "probe", "--endpoint", "categories", "--yes").code == 0
    good = watcher("check")
    assert good.code == 0, good.err
    assert "Categories: Beauty (601450)." in good.out
    assert (
        "Names of categories: read again every 30d for 1 credit (api.category_names)." in good.out
    )
    book = load([folder / "rules.yaml"], {}, categories=lookup_in(database))
    by_name = book.watches[0].key
    write_named("category_id: 601450", "category: 601450")
    plain = load([folder / "rules.yaml"], {})
    assert (plain.watches[0].key, plain.rules[0].fingerprint) == (
        by_name,
        book.rules[0].fingerprint,
    )
    # Renamed, and another one has the name now; then it is gone.
    now = int(time.time())
    with Database.open(database) as store:
        store.categories.put([Category("601450", 1, "Beauty Care"), Category("7", 1, "Home")], now)
    write_named("category: Beauty")
    renamed = watcher("check")
    assert renamed.code == 0, renamed.err
    assert '"Beauty" is called "Beauty Care" by now: it stands for 601450, as before' in renamed.out
    with Database.open(database) as store:
        store.categories.put([Category("8", 1, "Beauty"), Category("7", 1, "Home")], now + 60)
    moved = watcher("check")
    assert moved.code == 0, moved.err
    assert '"Beauty" is by now the name of Beauty (8), too: it stands for 601450' in moved.out
    assert (
        load([folder / "rules.yaml"], {}, categories=lookup_in(database)).watches[0].key == by_name
    )
    write_named("category: Beauti")
    assert 'did you mean "Beauty"' in watcher("check").err
    # By name on the command line, too; and an editor is offered what there is.
    write_named("category: Beauty")
    added = watcher("silence", "add", "--category", "home", "--for", "2d")
    assert "Silence 1 of category Home (7) until" in added.out, added.err
    assert watcher("silence", "add", "--category", "Hom", "--for", "2d").code == 1
    assert watcher("silence", "add", "--category", "60*", "--for", "2d").code == 0
    assert watcher("silence", "add", "--rule", "a", "--for", "91d").code == 2
    listed = json.loads(watcher("silence", "list", "--json").out)
    assert listed[-1]["category"] == "Home"
    assert '\\"Beauty Care\\"' in watcher("schema").out
    with_db_away = watcher("schema", "--db", "nowhere.db").out
    assert '\\"Beauty Care\\"' not in with_db_away


def test_three_levels(watcher: Command, server: Siblings, folder: Path, database: Path) -> None:
    """Of a product, and of an answer that has the whole tree in it or only a branch."""
    tree = [
        {"id": "1", "name": "Beauty", "children": [
            {"id": "11", "name": "Skin", "children": [{"id": "111", "name": "Sets"}]},
            {"id": "12", "name": "Hair", "children": [{"id": "121", "name": "Sets"}]},
        ]},
    ]  # fmt: skip
    server.give(CATEGORIES.path, tree)
    assert watcher("source", "probe", "--endpoint", "categories", "--yes").code == 0
    with Database.open(database) as store:
        store.execute(
            "UPDATE products SET category_id = '1', category_l2_id = '12', category_l3_id = '121'"
        )
        known = store.categories.known()
        assert [known.level_of(each) for each in ("1", "11", "111")] == [1, 2, 3]
        assert known.path("121") == "Beauty > Hair > Sets"
    shown = watcher("product", ID)
    assert "category Beauty (1) > Hair (12) > Sets (121)" in shown.out, shown.err
    names = json.loads(watcher("product", ID, "--json").out)["names"]
    assert names == {"category": "Beauty", "category_l2": "Hair", "category_l3": "Sets"}
    rules = folder / "rules.yaml"
    rules.write_text(
        NAMED.format(key=KEY, url=server.url, filter="category: Sets", when="category: Hair > Sets")
    )
    several = '"Beauty > Skin > Sets" (111) or "Beauty > Hair > Sets" (121), or an id'
    assert several in watcher("check").err


def test_names_of_an_older_version(server: Siblings, folder: Path) -> None:
    """A daemon of a new version reads its rules before it prepares the database."""
    older = folder / "older.db"
    with Database.open(older) as store:
        store.categories.put([Category("601450", 1, "Beauty")], 5)
    with closing(sqlite3.connect(older)) as plain_file, plain_file:
        plain_file.execute("DROP TABLE category_names")
        plain_file.execute("DELETE FROM _sqlite_migrations WHERE name = 'm024_category_names'")
    text = NAMED.format(key=KEY, url=server.url, filter="category: Beauty", when="review_count: 1")
    (folder / "rules.yaml").write_text(text)
    book = load([folder / "rules.yaml"], {}, categories=lookup_in(older))
    assert book.watches[0].query.filters == (("category_id", "601450"),)
