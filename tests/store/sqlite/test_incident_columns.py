"""What the operator was told by an earlier version stays on, and says what it is about."""

from __future__ import annotations

import pytest
from sqlite_utils import Database as Tables

from watcher.store.records import About, Incident
from watcher.store.sqlite.migrations import m011_incidents

CASES = (
    ("key refused", Incident("key refused")),
    ("credits: a scan did not fit", Incident("credits: a scan did not fit")),
    ("watch a: b: fails", Incident("fails", About.WATCH, "a: b")),
    ("watch x y: fields lost (price)", Incident("fields lost", About.WATCH, "x y", ("price",))),
    ("watch x: fields lost (a, b)", Incident("fields lost", About.WATCH, "x", ("a", "b"))),
    ("rule r: breaks", Incident("breaks", About.RULE, "r")),
    ("region US: data stands still", Incident("data stands still", About.REGION, "US")),
    ("dead message me/1", Incident("dead message", About.TARGET, "me/1")),
    ("task rule files", Incident("task", About.PART, "rule files")),
)


@pytest.mark.parametrize(("cause", "incident"), CASES)
def test_a_cause_of_before_is_an_incident(cause: str, incident: Incident) -> None:
    """Under the same name, so that it is neither told again nor forgotten."""
    db = Tables(memory=True)
    db.execute("CREATE TABLE causes (cause TEXT PRIMARY KEY, text TEXT, since INTEGER, ended)")
    db.execute("INSERT INTO causes VALUES (?, 'why', 1, NULL)", (cause,))
    m011_incidents(db)
    ((kind, about, subject, fields),) = db.execute(
        "SELECT kind, about, subject, (SELECT group_concat(value) FROM json_each(fields)) "
        "FROM causes"
    ).fetchall()
    names = tuple(fields.split(",")) if fields else ()
    assert Incident(kind, About(about), subject, names) == incident
    assert incident.cause == cause
