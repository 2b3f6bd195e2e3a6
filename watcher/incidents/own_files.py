"""Files beside the rules that can't be used any more, while their last good copies are in force."""

from __future__ import annotations

from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.rules.rulebook import Rulebook


def note_files(operator: Operator, book: Rulebook) -> None:
    """Tell of each such file of ``book`` once, and of its end."""
    troubles = {each.path: each.trouble for each in book.beside if each.trouble}
    for incident in operator.on(IncidentKind.OWN_FILE):
        if incident.subject not in troubles:
            operator.end(incident)
    for path, trouble in troubles.items():
        begun = Incident(IncidentKind.OWN_FILE, About.FILE, path)
        operator.begin(begun.with_details(error=trouble))
