"""Every statement that reads the table of products, and what it does about the groups in it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.making import DAY, START, scan
from watcher.store.ports import Store
from watcher.store.sql.extracts import Choice

STORE = Path(__file__).parents[3] / "watcher" / "store"
_READS = re.compile(r"(?:\bFROM|\bJOIN|\{\}) products\b(?! =)")

# A list that people or programs are given as one of products: no group is in it.
NO_GROUPS = {
    "sql/browsing.py:Browsing.products",  # the page's search
    "sql/history.py:History.categories",
    "sql/history.py:History.named",
    "sql/history.py:History.some_products",  # whose ids the source is asked about
    "sql/groups.py:Groups.members",
    "sql/assortments.py:Assortments.found",
    "sql/assortments.py:Assortments.of",
    "sql/assortments.py:Assortments.parts",
    "sql/assortments.py:Assortments.places",
    "postgres/upkeep.py:",  # a group has no newest observation
    # Of a category and the one above it: a group is of one alone.
    "postgres/schema.py:",
    "sqlite/migrations.py:m024_category_names",
}
# Groups are what is asked for.
GROUPS = {
    "sql/browsing.py:Browsing.groups",
    "sql/groups.py:Groups.find",
}
# Alerts, and what holds them back: a group has these as a product has.
SUBJECTS = {
    "sql/alert_search.py:AlertSearch.products",
    "sql/alert_search.py:AlertSearch.subjects",
    "sql/alerts.py:Alerts.list",
    "sql/alerts.py:Alerts.shown",
    "sql/extracts.py:Extracts.alerts",
    "sql/extracts.py:Extracts.transitions",
    "sql/silences.py:Silences._without_product",
    "sql/silences.py:Silences.of_product",
}
# By a subject's key or id: whoever has one knows what it is of. Those of the API, of lists, of
# observations and of texts are of products alone.
BY_KEY = {
    "postgres/migrations.py:_view",
    "sql/asked.py:_marked",
    "sql/asked.py:count_asked",
    "sql/assortments.py:Assortments.numbers",
    "sql/baselines.py:_Walk._scans",
    "sql/baselines.py:product_rows",
    "sql/extracts.py:Observations._changed",
    "sql/extracts.py:Observations._stored",
    "sql/history.py:History._last_seen",
    "sql/absences.py:Absences._lasts",
    "sql/absences.py:Absences.absences",
    "sql/absences.py:Absences._begins",
    "sql/baselines.py:_seen_few",
    "sql/siblings.py:Categories.of_product",
    "sql/history.py:History.facts",
    "sql/history.py:History.find",
    "sql/history.py:History.find_all",
    "sql/history.py:History.keys_of",
    "sql/history.py:History.known_ids",
    "sql/history.py:History.known_texts",
    "sql/history.py:History.own_texts",
    "sql/recording.py:_look_up",
    "sql/scans.py:ScanHistory.had_values",
    "sql/scans.py:ScanHistory.last_change",
    "sql/text_history.py:_short_segments",
    "sqlite/migrations.py:prepare",
}
# Words of documentation strings, not statements.
_WORDS = {
    "sql/history.py:History.places",
    "sql/refreshes.py:Refreshes.keys",
}


@pytest.mark.sqlite
def test_every_statement_has_decided() -> None:
    """A new one says here whether groups of products are among its rows."""
    assert {*_statements()} - _WORDS == NO_GROUPS | GROUPS | SUBJECTS | BY_KEY


def _statements() -> Iterator[str]:
    for path in sorted(STORE.rglob("*.py")):
        for name, text in _texts(ast.parse(path.read_text("utf-8")), ""):
            if _READS.search(text):
                yield f"{path.relative_to(STORE).as_posix()}:{name}"


def _texts(node: ast.AST, name: str) -> Iterator[tuple[str, str]]:
    """The texts in a module, each with the name of the class or function around it."""
    if isinstance(node, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else "{}" for each in node.values)
        yield name, "".join(map(str, parts))
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield name, node.value
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        name = f"{name}.{node.name}".strip(".")
    for child in ast.iter_child_nodes(node):
        yield from _texts(child, name)


def test_lists_of_products_have_no_groups(store: Store) -> None:
    """Neither the search nor the categories, the figures nor what an endpoint is asked about; the
    newest row of all is a group's."""
    store.history.record(scan(START, {"1": 5.0, "2": 4.0}, names={"1": "Serum"}))
    keys = store.groups.keys("seller_id", [("US", "7495"), ("US", "8")], START)
    store.groups.keys("category_id", [("US", "601450")], START)
    assert [each.product_id for each in store.history.some_products(2)] == ["2", "1"]
    assert store.history.categories() == [(None, None, None)]
    assert store.history.named("7495", None, 9) == []
    assert store.browsing.products("seller_id=7495") == []
    assert store.browsing.products("7495") == []
    assert [each for each, *_ in store.browsing.products("serum")] == ["US"]
    assert store.upkeep.stats().products == 2
    assert store.browsing.groups("7495", ()) == [("US", "seller_id=7495")]
    assert store.browsing.groups("glow", ["8"]) == [("US", "seller_id=8")]
    assert [each.grouped_by for each in store.history.find("seller_id=8")] == ["seller_id"]
    observed = store.observations.changes(Choice(), ["total_sale_7d_cnt"])
    assert {texts[1] for part in observed.parts for texts in part.texts} == {"1", "2"}
    # Silences know them: by their own id, and by the seller or category that they are.
    for patterns in ({"product": "seller_id=7495"}, {"seller": "7495"}, {"product": "seller_id=*"}):
        made = store.silences.add(begins=START, ends=START + DAY, **patterns)
        assert store.silences.of_product(int(keys[0]), START) == [made], patterns
        assert store.silences.matching_nothing(["r"], START) == []
        store.silences.end(made.id, START)
    (made,) = [store.silences.add(begins=START, ends=START + DAY, product="seller_id=7495")]
    assert made.in_words({"7495": "GlowLab"}) == "product seller_id=7495 (GlowLab)"
