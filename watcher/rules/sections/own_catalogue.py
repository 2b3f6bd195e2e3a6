"""All that rules can speak of, with what is the user's own: metrics, facts, names of sellers."""

from __future__ import annotations

from watcher.errors import RulesError
from watcher.rules.files.fact_files import without
from watcher.rules.files.rule_file import Names
from watcher.rules.metrics import Catalogue, CategoryLookup
from watcher.rules.own_facts import FactTable
from watcher.rules.sections.models import FactsSection
from watcher.rules.sections.own_metrics import OwnMetrics, later_columns, taken_columns
from watcher.rules.sections.reading import Sections
from watcher.rules.sections.sellers import Sellers


def own_catalogue(
    sections: Sections, gmv_currency: str | None, categories: CategoryLookup
) -> Catalogue:
    """The metrics and texts of products; what is wrong with the user's own is reported."""
    own = OwnMetrics(_facts(sections))
    names = Names()
    for name, entry in sections.entries("metrics"):
        if names.take(name, entry) and entry.file.filled(entry.path):
            own.add(name, entry)
    sellers = Sellers()
    for seller_id, entry in sections.entries("sellers"):
        if entry.file.filled(entry.path):
            sellers.add(seller_id, entry)
    return own.catalogue(gmv_currency, sellers.names, categories)


def _facts(sections: Sections) -> FactTable | None:
    """The table of the user's own, without the columns whose names are taken."""
    section, entry = sections.shaped("facts", FactsSection), sections.mapping("facts")
    if section is None or entry is None or not entry.file.filled(entry["file"].path):
        return None
    try:
        found = entry.file.facts(section.file)
    except RulesError as error:
        for each in error.problems:
            entry["file"].report(str(each), each.code)
        return None
    taken = dict(taken_columns(found.table, [name for name, _ in sections.entries("metrics")]))
    table = without(found.table, taken)
    entry.file.pass_on((*found.doubts, *taken.values(), *later_columns(table)))
    return table
