"""Health and causes."""

from __future__ import annotations

from tests.store.making import START
from watcher.incident import Incident, IncidentKind
from watcher.model import Health
from watcher.store.sqlite.database import Database


def test_failing_since_the_first_failure(store: Database) -> None:
    """The count rises, the begin stays, the newest error is shown; then all is well again."""
    book = store.health
    assert book.get("watch", "w") == Health("watch", "w")
    book.ok("watch", "w", START)
    assert book.failing("watch", "w", "500", START + 1).failures == 1
    assert book.failing("watch", "w", "503", START + 2) == Health(
        "watch", "w", START + 1, 2, "503", START
    )
    book.ok("watch", "w", START + 3)
    assert book.get("watch", "w") == Health("watch", "w", last_ok=START + 3)


def test_list_and_forget(store: Database) -> None:
    """By kind or all; what is no more is forgotten."""
    store.health.ok("watch", "b", START)
    store.health.failing("rule", "a", "bad", START)
    assert [(h.kind, h.name) for h in store.health.list()] == [("rule", "a"), ("watch", "b")]
    store.health.forget("rule", "a")
    assert store.health.list("rule") == []
    assert [h.name for h in store.health.list("watch")] == ["b"]


def test_a_cause_is_told_once_and_once_at_its_end(store: Database) -> None:
    """Raised again it is no news; ended it is none either; then it may begin anew."""
    book = store.health
    assert book.raise_cause(Incident(IncidentKind.KEY_REFUSED).with_details(text="refused"), START)
    assert not book.raise_cause(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="refused again"), START + 1
    )
    assert book.incidents() == [_refused("refused", START)]
    assert book.clear_cause(Incident(IncidentKind.KEY_REFUSED), START + 2) == _refused(
        "refused", START
    )
    assert book.clear_cause(Incident(IncidentKind.KEY_REFUSED), START + 3) is None
    assert book.incidents() == []
    assert book.raise_cause(
        Incident(IncidentKind.KEY_REFUSED).with_details(text="refused anew"), START + 4
    )
    assert book.incidents() == [_refused("refused anew", START + 4)]
    assert book.clear_cause(Incident(IncidentKind.DISK), START) is None


def _refused(text: str, since: int) -> Incident:
    return Incident(IncidentKind.KEY_REFUSED, details={"text": text}, since=since)
