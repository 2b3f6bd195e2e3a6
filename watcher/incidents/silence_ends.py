"""The ends of silences, announced a day before to who is going to hear of what they cover."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from watcher.evaluation.names import grouped_ids
from watcher.fields import CATEGORIES
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.operator import Operator
from watcher.model import Instant
from watcher.notification.policy import NotifyPolicy
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.sql.silences import Silence
from watcher.units import format_instant


def announce_ends(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant
) -> list[int]:
    """Announce those that end within a day, once each; the notifications written."""
    ending = database.silences.ending(now)
    if not ending:
        return []
    rows = list[int]()
    with database.atomic():
        for silence in ending:
            names = _owners(database, book, policies, silence)
            told = [policies[name] for name in names if name in policies]
            rows += Operator(database, told, now).tell(_incident(database, book, silence))
            database.silences.announced(silence.id, now)
    return rows


def _incident(database: Store, book: Rulebook, silence: Silence) -> Incident:
    categories = [silence.category, *grouped_ids([silence.product], CATEGORIES)]
    names = {**database.categories.names(categories), **book.sellers}
    return Incident(IncidentKind.SILENCE_ENDS, About.SILENCE, str(silence.id)).with_details(
        what=silence.in_words(names),
        ends=format_instant(silence.ends, book.zone),
        why=silence.comment,
    )


def _owners(
    database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], silence: Silence
) -> Sequence[str]:
    """The channels of the rules that it covers, which have alerts of what else it is of; where
    there are none, those of the operator."""
    rules = [rule for rule in book.enabled if silence.covers_rule(rule.name)]
    if silence.patterns.keys() != {"rule"}:
        rules = [*_with_alerts(database, rules, silence)]
    channels = dict.fromkeys(
        name for rule in rules for name in rule.notify if policies[name].hears(rule.most_severe)
    )
    return [*channels] or book.operator


def _with_alerts(database: Store, rules: Sequence[Rule], silence: Silence) -> Iterator[Rule]:
    """The rules of which something is live, or held, that it covers."""
    found: dict[str, set[int]] = {}
    for alert in database.alerts.live([rule.name for rule in rules]):
        found.setdefault(alert.rule, set()).add(alert.product)
    held = {group.rule for group in database.held.groups() if group.silence == silence.id}
    for rule in rules:
        if rule.name in held or database.silences.covered(silence, found.get(rule.name, ())):
            yield rule
