"""Files beside the rules that can't be used any more, while their last good copies are in force;
and rules of the page that can't be used."""

from __future__ import annotations

from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.operator import Operator, operator_of
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store


def adopt_files(database: Store, book: Rulebook, now: Instant) -> None:
    """Keep copies of the files beside the rules, and tell of those that can't be used any more, and
    of what is left out of the page's rules."""
    with database.atomic():
        database.rules.keep_files({each.path: each.content for each in book.beside}, now)
        operator = operator_of(database, book, now)
        note_files(operator, book)
        note_page(operator, book)


def note_files(operator: Operator, book: Rulebook) -> None:
    """Tell of each such file of ``book`` once, and of its end."""
    troubles = {each.path: each.trouble for each in book.beside if each.trouble}
    for incident in operator.on(IncidentKind.OWN_FILE):
        if incident.subject not in troubles:
            operator.end(incident)
    for path, trouble in troubles.items():
        begun = Incident(IncidentKind.OWN_FILE, About.FILE, path)
        operator.begin(begun.with_details(error=trouble))


def note_page(operator: Operator, book: Rulebook) -> None:
    """Tell what of the page's rules is left out: once, until that is another thing."""
    error = "\n".join(map(str, book.page_trouble))
    for incident in operator.on(IncidentKind.PAGE_RULES):
        if error and incident.details.get("error") != error:
            operator.database.health.clear_cause(incident, operator.now)
        elif not error:
            operator.end(incident)
    if error:
        operator.begin(Incident(IncidentKind.PAGE_RULES).with_details(error=error))
