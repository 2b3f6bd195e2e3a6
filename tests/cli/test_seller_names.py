"""Names of one's own for sellers, wherever a seller's id is shown or asked for by a command."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from tests.cli.running import Command
from tests.store.making import SALES, scan
from watcher.delivery.view import view_of
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sql.siblings import Category
from watcher.store.sqlite.database import Database

SELLER, OTHER = "7495981769829615944", "7495000000000000001"
RULES = f"""
channels: {{me: {{url: "json://localhost/"}}}}
sellers: {{"{SELLER}": Glow *Lab*}}
defaults: {{region: US, notify: [me]}}
rules:
  - name: theirs
    watch: {{sort: total_sale_7d_cnt desc}}
    when: {{seller_id: glow *lab*, category_id: "601450", total_sale_7d_cnt: {{at_least: 1}}}}
"""


@pytest.fixture
def database(folder: Path) -> Path:
    """Two products of two sellers, one of which has a name, judged; the category has a name."""
    (folder / "rules.yaml").write_text(RULES)
    book = load([folder / "rules.yaml"], {})
    now = int(time.time()) - 60
    path = folder / "watcher.db"
    with Database.open(path) as store:
        store.rules.sync(book.marks, now)
        store.categories.put([Category("601450", 1, "Beauty")], now)
        made = scan(now, {"1": {SALES: 5.0}, "2": {SALES: 4.0}}, watch=book.watches[0].key)
        texts = {"seller_id": (SELLER, OTHER), "category_id": ("601450", "601450")}
        evaluate(store, replace(made, texts={**made.texts, **texts}), book.rules,
                 policies_of(book.channels), book.metrics, now)  # fmt: skip
    return path


def test_a_message(database: Path) -> None:
    """With the id, among the reasons and once as a fact; what is stored is the id and its name."""
    with Database.open(database) as store:
        (message,) = [row.message for row in store.outbox.waiting_for("me/1")]
    (item,) = message.items
    assert item.seller == SELLER
    assert item.names == {SELLER: "Glow *Lab*", "601450": "Beauty"}
    (product,) = view_of(message, "", UTC).products
    named = f"Glow *Lab* ({SELLER})"
    assert product.facts[-1] == f"seller {named}"
    assert any(named in why for why in product.why)
    assert any("Beauty (601450)" in why for why in product.why)


@pytest.mark.usefixtures("database")
def test_commands(watcher: Command) -> None:
    """Each shows the name with the id; the export has a column for it."""
    named = f"Glow *Lab* ({SELLER})"
    assert named in watcher("alerts").out
    (alert,) = json.loads(watcher("alerts", "--json").out)
    assert alert["seller"] == "Glow *Lab*"
    explained = watcher("explain", "theirs", "1").out
    assert f"seller {named}" in explained
    assert f"seller is {named}: {named}" in explained
    assert "category is Beauty (601450): Beauty (601450)" in explained
    assert f'seller is {named}: "{OTHER}"' in watcher("explain", "theirs", "2").out
    assert f"seller {named}, category Beauty (601450)" in watcher("product", "1").out
    found = json.loads(watcher("product", "1", "--json").out)
    assert found["names"] == {"seller": "Glow *Lab*", "category": "Beauty"}
    rows = watcher("export", "--metric", SALES).out.splitlines()
    head, *values = [row.split(",") for row in rows]
    place = head.index("seller_name")
    assert head[place - 1] == "seller_id"
    assert {row[place - 1]: row[place] for row in values} == {SELLER: "Glow *Lab*", OTHER: ""}
    assert "(601450)" in watcher("check").out


@pytest.mark.usefixtures("database")
def test_a_silence(watcher: Command) -> None:
    """By the name, in any case, or by the id; a name that nobody has is said."""
    done = watcher("silence", "add", "--seller", "GLOW *lab*", "--for", "1d")
    assert done.out.startswith(f"Silence 1 of seller Glow *Lab* ({SELLER}) until")
    (listed,) = json.loads(watcher("silence", "list", "--json").out)
    assert listed["patterns"] == {"seller": SELLER}
    assert listed["seller"] == "Glow *Lab*"
    assert f"seller Glow *Lab* ({SELLER})" in watcher("silence", "list").out
    assert watcher("silence", "add", "--seller", "7495?[0-9]*", "--for", "1d").code == 0
    wrong = watcher("silence", "add", "--seller", "Glow Lab", "--for", "1d")
    assert wrong.code == 1
    assert "no name in sellers:" in wrong.err
    assert f"seller Glow *Lab* ({SELLER}) is over" in watcher("silence", "end", "1").out


def test_without_names_all_is_as_before(watcher: Command, database: Path, folder: Path) -> None:
    """No column, no word."""
    rules = folder / "rules.yaml"
    rules.write_text(
        "\n".join(line for line in RULES.splitlines() if not line.startswith("sellers")).replace(
            "glow *lab*", SELLER
        )
    )
    assert "seller_name" not in watcher("export").out
    assert "Glow" not in watcher("alerts").out
    assert "seller" not in json.loads(watcher("alerts", "--json").out)[0]
    assert watcher("silence", "add", "--seller", "anything", "--for", "1d").code == 0
