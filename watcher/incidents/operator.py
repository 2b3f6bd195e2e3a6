"""The operator: hears of the watcher's own incidents, once when one begins and once at its end.

The store remembers which are on, so a restart does not tell again. And whoever hears of what a
silence covers hears of its end a day before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.evaluation.names import grouped_ids
from watcher.fields import CATEGORIES
from watcher.incident import About, Incident, IncidentKind, moment
from watcher.message import Message
from watcher.model import Instant, Severity
from watcher.notification.policy import NotifyPolicy, policies_of
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.sql.silences import Silence


@dataclass(frozen=True, slots=True)
class Operator:
    """Channels by whose ``policies`` incidents are told, as of ``now``."""

    database: Store
    policies: Sequence[NotifyPolicy]
    now: Instant

    def on(self, kind: IncidentKind) -> list[Incident]:
        """The incidents of that kind that are on."""
        return [each for each in self.database.health.incidents() if each.kind is kind]

    def begin(self, incident: Incident) -> bool:
        """Tell that ``incident`` began, unless it is on already; True if told now."""
        with self.database.atomic():
            if not self.database.health.raise_cause(incident, self.now):
                return False
            self.tell(incident)
        return True

    def end(self, incident: Incident, **outcome: Any) -> bool:
        """Tell that ``incident`` is over, if it was on, and its outcome; True if told now."""
        return self.ended(incident, **outcome) is not None

    def ended(self, incident: Incident, **outcome: Any) -> Incident | None:
        """``end`` it; the incident as it began, if it was on."""
        with self.database.atomic():
            begun = self.database.health.clear_cause(incident, self.now)
            if begun is not None:
                self.tell(begun.with_details(**outcome), over=True)
        return begun

    def note(self, incident: Incident, *, on: bool) -> bool:
        """``begin`` or ``end`` it."""
        return self.begin(incident) if on else self.end(incident)

    def tell(self, incident: Incident, *, over: bool = False) -> list[int]:
        """Queue a message, whatever is on; the notifications written."""
        told = over or incident.kind is IncidentKind.SILENCE_ENDS
        severity = Severity.INFO if told else Severity.WARNING
        rows = list[int]()
        message = Message(
            "operator", "", severity, self.now, cause=incident.cause, over=over, incident=incident
        )
        for policy in self.policies:
            hold = policy.urgent_hold(self.now)
            quiet = hold.until if hold is not None else None
            rows += self.database.outbox.add(
                policy.channel, policy.targets, message, self.now, not_before=quiet
            )
        return rows


def operator_of(
    database: Store, book: Rulebook, now: Instant, but: Collection[str | None] = ()
) -> Operator:
    """The operator that ``book`` names, without some of its targets."""
    policies = policies_of(book.channels)
    return Operator(database, [policies[name].without(but) for name in book.operator], now)


def targets_named(book: Rulebook) -> set[str]:
    """The masked names of all the channels' targets."""
    return {target for channel in book.channels.values() for target in channel.targets}


def _regions(database: Store, book: Rulebook) -> set[str]:
    """The regions of the lists, and of what was read of shops and products of one's own."""
    queries = [(watch.key, watch.query) for watch in book.used_watches]
    lists = {query.region for _, query in queries if query.of_market}
    others = (database.history.last_scan(key) for key, query in queries if not query.of_market)
    return lists | {scan.region for scan in others if scan is not None}


def forget_orphans(database: Store, book: Rulebook, now: Instant) -> None:
    """End, untold, the incidents of watches, rules, regions and targets that are no more."""
    known = {
        About.WATCH: {watch.name for watch in book.used_watches},
        About.RULE: {rule.name for rule in book.enabled},
        About.REGION: _regions(database, book),
        About.TARGET: targets_named(book),
    }
    for incident in database.health.incidents():
        if incident.subject not in known.get(incident.about, {incident.subject}):
            database.health.clear_cause(incident, now)


# ------------------------------------------------------------------ silences about to end


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
        what=silence.covers_named(names),
        ends=moment(silence.ends, book.zone),
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
        name for rule in rules for name in rule.notify if policies[name].hears_of(rule)
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
