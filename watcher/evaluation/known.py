"""Alerts with what is so now: what their rules say of their subjects, on which list these are, and
the names that occur."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from watcher.evaluation.group_present import newest
from watcher.evaluation.names import grouped_ids, names_in, subject_name
from watcher.evidence import Evidence, LatestEvidence
from watcher.fields import IDS
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.text.evidence import ids_in, spelled


def with_known(database: Store, book: Rulebook, rows: Sequence[AlertRow]) -> list[AlertRow]:
    """The rows, each live alert with what its rule says of the product now, and all with the list
    that they are on, where that is one of several, and with the names of the ids that occur."""
    rules = {rule.name: rule for rule in book.rules}
    asked: dict[tuple[str, str], list[AlertRow]] = {}  # by watch, and by the kind of subjects
    for row in rows:
        rule = rules.get(row.alert.rule)
        if rule is not None and row.alert.resolved_at is None:
            by = rule.group.by if rule.group is not None else ""
            asked.setdefault((rule.watch_of(row.alert.watch).key, by), []).append(row)
    found: dict[int, LatestEvidence | None] = {}
    for (watch, _), live in asked.items():
        found |= _known_of(database, watch, rules, live)
    shown = [
        replace(row, known=found.get(row.alert.id), watch=_list_of(rules.get(row.alert.rule), row))
        for row in rows
    ]
    return with_names(database, book, shown)


def _list_of(rule: Rule | None, row: AlertRow) -> str:
    several = rule is not None and len(rule.watches) > 1 and rule.reads(row.alert.watch)
    return rule.watch_of(row.alert.watch).name if rule is not None and several else ""


def with_names(database: Store, book: Rulebook, rows: Sequence[AlertRow]) -> list[AlertRow]:
    """The rows with the names of the sellers and categories that occur in them."""
    everything = [each for row in rows for each in _evidence_of(row)]
    subjects = (each for row in rows for each in (row.seller_id, row.product_id))
    known = names_in(database.history, book.sellers, everything, *subjects)
    return [_named(row, known) for row in rows]


def _named(row: AlertRow, known: Mapping[str, str]) -> AlertRow:
    """The row with the names that occur in it; a group has that of what it is grouped by."""
    names = _names_of(row, known) if known else row.names
    return replace(row, names=names, name=subject_name(row.product_id, row.name, names))


def _names_of(row: AlertRow, known: Mapping[str, str]) -> Mapping[str, str]:
    grouped = grouped_ids([row.product_id], IDS)
    occurring = (row.seller_id or "", *grouped, *ids_in(_evidence_of(row), IDS))
    return {each: known[each] for each in occurring if each in known}


def _evidence_of(row: AlertRow) -> Iterator[Evidence]:
    yield from row.alert.evidence
    if row.known is not None:
        yield from row.known.evidence


def worded(row: AlertRow) -> AlertRow:
    """The row with all evidence in words, as programs are given it."""
    alert, known = row.alert, row.known
    if known is not None:
        known = dataclasses.replace(known, evidence=_spelled(known.evidence, row.names))
    alert = replace(alert, evidence=_spelled(alert.evidence, row.names))
    return replace(row, alert=alert, known=known)


def _spelled(evidence: Sequence[Evidence], names: Mapping[str, str]) -> tuple[Evidence, ...]:
    return tuple(spelled(each, names) for each in evidence)


def _known_of(
    database: Store, watch: str, rules: Mapping[str, Rule], live: Sequence[AlertRow]
) -> dict[int, LatestEvidence | None]:
    """Evidence of the rules of a watch on the products of these alerts now, by alert."""
    concerned = [rules[name] for name in dict.fromkeys(row.alert.rule for row in live)]
    present = newest(database, watch, concerned, [row.alert.product for row in live])
    if present is None:
        return {}
    return {row.alert.id: present.known(rules[row.alert.rule], row.alert.product) for row in live}
