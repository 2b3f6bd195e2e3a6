"""The operator hears of rules of the page that are left out, and of their end."""

from __future__ import annotations

from dataclasses import replace

from tests.store.making import START
from watcher.errors import Problem
from watcher.incident import IncidentKind
from watcher.incidents.own_files import adopt_files
from watcher.page_text import PAGE_FILE
from watcher.rules.files.loading import load_text
from watcher.store.sqlite.database import Database
from watcher.text.messages import text_of

RULES = """
channels:
  ops: {url: "json://localhost/"}
operator: [ops]
defaults: {region: US, notify: ops}
rules:
  - {name: a, watch: {top: 10}, when: {total_sale_7d_cnt: {above: 1}}}
"""


def told(store: Database, at: int, *troubles: str) -> list[str]:
    """The operator's messages, once rules are in force of which this is left out."""
    problems = tuple(Problem(PAGE_FILE, 3, 1, "rules[0]", each) for each in troubles)
    adopt_files(store, replace(load_text(RULES), page_trouble=problems), at)
    return [text_of(each.message) for each in reversed(store.outbox.list())]


def begun(store: Database) -> list[str]:
    """What is said to be left out now."""
    found = store.health.incidents()
    assert {each.kind for each in found} <= {IncidentKind.PAGE_RULES}
    return [str(each.details["error"]) for each in found]


def test_it_is_told_once_until_it_is_another_thing(store: Database) -> None:
    """And that all are in force again, once they are."""
    assert told(store, START) == []
    (first,) = told(store, START + 1, "unknown channel")
    assert "unknown channel" in first
    assert told(store, START + 2, "unknown channel") == [first]
    _, second = told(store, START + 3, "unknown watch")
    assert "unknown watch" in second
    assert "unknown channel" not in second
    assert begun(store) == [f"{PAGE_FILE}:3:1: rules[0]: unknown watch"]
    *_, last = told(store, START + 4)
    assert "All rules of the page are in force again." in last
    assert begun(store) == []
    assert len(told(store, START + 5)) == 3
