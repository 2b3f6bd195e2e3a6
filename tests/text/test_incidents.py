"""Incidents in words, composed as they are read; those of earlier versions have theirs stored."""

from __future__ import annotations

import pytest

from watcher.incident import About, Incident, IncidentKind
from watcher.message import Message
from watcher.model import Severity
from watcher.text.incidents import incident_text
from watcher.text.messages import text_of, title_of
from watcher.text.titles import incident_title

ABOUT = {
    IncidentKind.TASK: About.PART,
    IncidentKind.DEAD_MESSAGE: About.TARGET,
    IncidentKind.SILENCE_ENDS: About.SILENCE,
    IncidentKind.JUMPED: About.REGION,
    IncidentKind.STANDS_STILL: About.REGION,
    **dict.fromkeys(
        (
            IncidentKind.BREAKS,
            IncidentKind.FAILS,
            IncidentKind.PROBLEMS,
            IncidentKind.UNSTORED,
            IncidentKind.INVALID_QUERY,
            IncidentKind.FIELDS_LOST,
        ),
        About.WATCH,
    ),
}


@pytest.mark.parametrize("kind", IncidentKind)
def test_each_kind_has_a_name_and_a_text(kind: IncidentKind) -> None:
    """The English name is the key under which the store has it; an old text is shown as it was."""
    about = ABOUT.get(kind, About.WATCHER)
    fields = ("price", "rank") if kind is IncidentKind.FIELDS_LOST else ()
    incident = Incident(kind, about, "it" if about else "", fields, {"text": "as it was"})
    assert incident_title(incident) == incident.cause
    assert incident_text(incident) == "as it was"


def test_values_and_not_words_are_kept() -> None:
    """One text for the begin, the end and the overview."""
    incident = Incident(IncidentKind.FAILS, About.WATCH, "top")
    incident = incident.with_details(failures=3, error="503")
    begun = Message("operator", "", Severity.WARNING, 1, incident=incident)
    over = Message("operator", "", Severity.INFO, 1, incident=incident, over=True)
    assert [title_of(each) for each in (begun, over)] == [
        "watcher: watch top: fails",
        "watcher: over: watch top: fails",
    ]
    text = 'the watch "top" failed 3 times in a row: 503'
    assert [text_of(begun), text_of(over)] == [text, f"This is over: {text}"]


def test_lost_fields_say_which_of_them_are_told() -> None:
    """Others may be told already; and some may be back while the rest goes on."""
    incident = Incident(IncidentKind.FIELDS_LOST, About.WATCH, "top", ("rank", "x")).with_details(
        told=["x"], mistyped={"x": "text"}, rules=["r"], some_back=True
    )
    message = Message("operator", "", Severity.WARNING, 1, incident=incident)
    assert title_of(message) == "watcher: field x lost"
    assert text_of(message) == (
        "Fields that KeyAPI no longer gives as before: x (x): now text. Rules that use them have "
        "no data and can't fire: r. (some are back)"
    )
