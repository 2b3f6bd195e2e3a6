"""Files beside the rules that can't be used any more, while their last good copies are in force."""

from __future__ import annotations

from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.operator import Operator, operator_of
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def adopt_files(database: Store, book: Rulebook, now: Instant) -> None:
    """Keep copies of the files beside the rules, and tell of those that can't be used any more."""
    with database.atomic():
        database.rules.keep_files({each.path: each.content for each in book.beside}, now)
        note_files(operator_of(database, book, now), book)


def note_files(operator: Operator, book: Rulebook) -> None:
    """Tell of each such file of ``book`` once, and of its end."""
    troubles = {each.path: each.trouble for each in book.beside if each.trouble}
    for incident in operator.on(IncidentKind.OWN_FILE):
        if incident.subject not in troubles:
            operator.end(incident)
    for path, trouble in troubles.items():
        begun = Incident(IncidentKind.OWN_FILE, About.FILE, path)
        operator.begin(begun.with_details(error=trouble))
