"""What the operator was told by an earlier version stays on, and says what it is about."""

from __future__ import annotations

import json

import pytest
from sqlite_utils import Database as Tables

from watcher.incident import About, Incident, IncidentKind
from watcher.store.sqlite.early_migrations import m011_incidents, m012_incident_details
from watcher.text.incidents import incident_text

CASES = (
    ("key refused", Incident(IncidentKind.KEY_REFUSED)),
    ("credits: a scan did not fit", Incident(IncidentKind.DID_NOT_FIT)),
    ("watch a: b: fails", Incident(IncidentKind.FAILS, About.WATCH, "a: b")),
    (
        "watch x y: fields lost (price)",
        Incident(IncidentKind.FIELDS_LOST, About.WATCH, "x y", ("price",)),
    ),
    (
        "watch x: fields lost (a, b)",
        Incident(IncidentKind.FIELDS_LOST, About.WATCH, "x", ("a", "b")),
    ),
    ("rule r: breaks", Incident(IncidentKind.BREAKS, About.RULE, "r")),
    ("region US: data stands still", Incident(IncidentKind.STANDS_STILL, About.REGION, "US")),
    ("dead message me/1", Incident(IncidentKind.DEAD_MESSAGE, About.TARGET, "me/1")),
    ("task rule files", Incident(IncidentKind.TASK, About.PART, "rule files")),
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


def test_a_text_of_before_is_still_shown() -> None:
    """It goes on as it was told; that some of its fields are back is no part of the sentence."""
    db = Tables(memory=True)
    db.execute("CREATE TABLE causes (cause TEXT PRIMARY KEY, text TEXT, since INTEGER, ended)")
    db.execute("CREATE TABLE messages (id INTEGER, body TEXT)")
    db.execute("CREATE TABLE notifications (message INTEGER, state TEXT)")
    cause = "watch x: fields lost (a)"
    db.execute("INSERT INTO causes VALUES (?, 'Gone. (some are back)', 1, NULL)", (cause,))
    db.execute("INSERT INTO notifications VALUES (1, 'waiting')")
    body = {"kind": "operator", "title": f"watcher: {cause}", "cause": cause}
    db.execute("INSERT INTO messages VALUES (1, ?)", (json.dumps(body),))
    m011_incidents(db)
    m012_incident_details(db)
    ((details,),) = db.execute("SELECT details FROM causes").fetchall()
    incident = Incident(IncidentKind.FIELDS_LOST, About.WATCH, "x", ("a",), json.loads(details))
    assert incident_text(incident) == "Gone. (some are back)"
    assert incident_text(incident.with_details(some_back=True)) == "Gone. (some are back)"
    ((body,),) = db.execute("SELECT body FROM messages").fetchall()
    assert json.loads(body)["incident"] == {
        "kind": "fields lost", "about": "watch", "subject": "x", "fields": ["a"],
    }  # fmt: skip
