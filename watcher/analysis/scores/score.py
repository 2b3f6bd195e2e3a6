"""The score of each rule, by what was told and what became of it, and the noisiest products."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from watcher.analysis.scores.assessing import Assessors
from watcher.analysis.scores.claims import Measure, claim_of
from watcher.analysis.scores.fates import Fate, FateKind, Telling
from watcher.evaluation.names import names_in, subject_name
from watcher.model import Instant
from watcher.notification.policy import Decision
from watcher.rules.rulebook import Rule, Rulebook
from watcher.store.ports import Store
from watcher.store.records import Delivered, FiredAlert
from watcher.units import DAY, WEEK

BEGINS = (Decision.FIRES.value, Decision.MISSED.value)  # that an alert fires, for the first time
_ONCE_MORE = (Decision.REMINDER.value, Decision.AGAIN.value, Decision.RAISED.value)

_T = TypeVar("_T")


@dataclass(slots=True)
class ToldOf:
    """A rule's alerts with the time of the data that told each first, and messages by channel."""

    alerts: dict[int, tuple[FiredAlert, Instant]] = field(default_factory=dict)
    messages: Counter[str] = field(default_factory=Counter)
    first: Instant | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """Tellings by rule, and the messages by channel, one of several rules counted once."""

    by_rule: Mapping[str, ToldOf]
    messages: Counter[str]


def told_since(database: Store, rules: Sequence[str], since: Instant, until: Instant) -> Told:
    """Read what targets took of these rules' messages, each alert once, whatever channels,
    reminders and digests told of it: a clock that was set back has messages of after ``until``."""
    messages = database.tellings.delivered(rules, since, until)
    ids = {one for message in messages for _, one in _each_alert(message)}
    alerts = database.tellings.told_alerts(sorted(ids))
    by_rule = {name: ToldOf() for name in rules}
    channels = Counter[str]()
    for message in messages:
        names = _take(message, alerts, by_rule, since)
        channels[message.channel] += bool(names)
        for name in names:
            by_rule[name].messages[message.channel] += 1
    return Told(by_rule, channels)


def _take(
    message: Delivered,
    alerts: Mapping[int, FiredAlert],
    by_rule: Mapping[str, ToldOf],
    since: Instant,
) -> set[str]:
    """Note what a message tells; the rules that it tells of."""
    names = set()
    for decision, one in _each_alert(message):
        alert = alerts.get(one)
        name = message.rule or (alert.rule if alert is not None else "")
        if alert is None or name not in by_rule:
            continue
        names.add(name)
        told = by_rule[name]
        if told.first is None:
            told.first = message.about
        if _begins(decision, alert, since):
            told.alerts.setdefault(one, (alert, message.about))
    return names


def _each_alert(message: Delivered) -> Iterator[tuple[str, int]]:
    return ((decision, one) for decision, ids in message.alerts.items() for one in ids)


def _begins(decision: str, alert: FiredAlert, since: Instant) -> bool:
    """Whether that may be the first word on an alert. A reminder is, where the message before it
    never arrived; of an alert that fired before the time that is looked at, that message is not
    known."""
    return decision in BEGINS or (decision in _ONCE_MORE and alert.fired_at >= since)


NOISIEST = 10
DEFAULT_DAYS = 90


@dataclass(frozen=True, slots=True)
class Tally:
    """The number of alerts told, and of each outcome."""

    told: int = 0
    went_on: int = 0
    fell_back: int = 0
    too_young: int = 0
    unknown: int = 0

    @property
    def judged(self) -> int:
        return self.went_on + self.fell_back

    @property
    def share(self) -> float | None:
        """The part that went on, of those of which it is known."""
        return self.went_on / self.judged if self.judged else None

    @property
    def at_least(self) -> float | None:
        """The share if nothing of what is not known went on. Who leaves a list sells less than who
        stays: the truth is nearer to this."""
        old = self.judged + self.unknown
        return self.went_on / old if self.judged else None


@dataclass(frozen=True, slots=True)
class Heard:
    """The messages that a channel got; ``a_week`` is None of less than a day."""

    channel: str
    messages: int
    a_week: float | None


@dataclass(frozen=True, slots=True)
class ProductScore:
    """A product, how often it was told and what became of that."""

    region: str
    product_id: str
    name: str
    tally: Tally


@dataclass(frozen=True, slots=True)
class RuleScore:
    """The tellings of a rule from ``since`` on, and what became of them. ``times`` is the median of
    the level after over that before and the market's move. ``early`` counts states that were undone
    within 4 days, ``of_early`` those of which that is known. ``why_unknown`` counts by reason. With
    ``of_groups`` they are of groups of products."""

    rule: str
    watch: str
    measure: Measure
    condition: str
    since: Instant
    until: Instant
    tally: Tally
    share: float | None
    share_at_least: float | None
    products: int
    heard: tuple[Heard, ...]
    a_week: float | None
    times: float | None
    early: int
    of_early: int
    why_unknown: Mapping[str, int]
    noisiest: tuple[ProductScore, ...] = ()
    of_groups: bool = False


@dataclass(frozen=True, slots=True)
class Scored:
    """A rule's score, and the fate of each product that it told; that of each alert, by its id."""

    score: RuleScore
    fates: tuple[tuple[int, Fate], ...] = field(repr=False)
    by_alert: Mapping[int, Fate] = field(repr=False, default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of rules, the noisiest first, and the noisiest products over them all. ``since``
    is where what is kept of messages begins, if that is later than what was asked for."""

    since: Instant
    until: Instant
    tally: Tally
    share: float | None
    share_at_least: float | None
    heard: tuple[Heard, ...]
    rules: tuple[RuleScore, ...]
    products: tuple[ProductScore, ...]


class Scorer:
    """Scores rules one after the other, from one look at what was told."""

    def __init__(self, book: Rulebook, rules: Sequence[Rule], days: int, now: Instant) -> None:
        self.rules = tuple(rules)
        self.since = now - min(days * DAY, book.keep.notifications)
        self._sellers = book.sellers
        self._now = now
        self._told: Told | None = None
        self._assessors: Assessors | None = None
        self._database: Store | None = None

    def read(self, database: Store) -> Told:
        """Read once what was told of all the rules."""
        if self._told is None:
            names = [rule.name for rule in self.rules]
            self._told = told_since(database, names, self.since, self._now)
        return self._told

    def scored(self, database: Store, rule: Rule) -> Scored:
        told = self.read(database).by_rule[rule.name]
        fates = self._fates(database, rule, told)
        known = min(
            _known(database.tellings.known_from(rule.name, each.key) for each in rule.watches),
            default=None,
        )
        since = max(self.since, min(filter(None, (known, told.first)), default=self.since))
        heard = _heard(told.messages, since, self._now)
        claim = claim_of(rule)
        times = _known(fate.times for _, fate in fates)
        early = _known(fate.early for _, fate in fates)
        tally = tally_of(fate for _, fate in fates)
        score = RuleScore(
            rule=rule.name,
            watch=rule.watched,
            measure=claim.measure,
            condition=claim.said,
            since=since,
            until=self._now,
            tally=tally,
            share=tally.share,
            share_at_least=tally.at_least,
            products=len({product for product, _ in fates}),
            heard=heard,
            a_week=max(_known(each.a_week for each in heard), default=None),
            times=float(np.median(times)) if times else None,
            early=sum(early),
            of_early=len(early),
            why_unknown=Counter(filter(None, (fate.why for _, fate in fates))),
            noisiest=tuple(_noisiest(database, self._sellers, fates)),
            of_groups=rule.group is not None,
        )
        by_alert = {one: fate for one, (_, fate) in zip(told.alerts, fates, strict=True)}
        return Scored(score, tuple(fates), by_alert)

    def summed(self, database: Store, scored: Sequence[Scored]) -> Scores:
        fates = [each for one in scored for each in one.fates]
        rules = sorted(  # first who interrupted most for nothing, told and not gone on
            (one.score for one in scored),
            key=lambda each: (-each.tally.fell_back, -each.tally.told, each.rule),
        )
        tally = tally_of(fate for _, fate in fates)
        since = max(self.since, min((rule.since for rule in rules), default=self.since))
        return Scores(
            since=since,
            until=self._now,
            tally=tally,
            share=tally.share,
            share_at_least=tally.at_least,
            heard=_heard(self.read(database).messages, since, self._now),
            rules=tuple(rules),
            products=tuple(_noisiest(database, self._sellers, fates)),
        )

    def _fates(self, database: Store, rule: Rule, told: ToldOf) -> list[tuple[int, Fate]]:
        why = {}
        if claim_of(rule).measure is Measure.STATE:
            why = database.tellings.evidence_of(list(told.alerts))
        tellings = [
            Telling(alert.product, at, why.get(alert.id, ()), alert.watch)
            for alert, at in told.alerts.values()
        ]
        fates = self._assessors_of(database).fates(rule, tellings)
        return [(each.product, fate) for each, fate in zip(tellings, fates, strict=True)]

    def _assessors_of(self, database: Store) -> Assessors:
        """Kept as long as the database is the same: they hold what was read of it."""
        if self._assessors is None or self._database is not database:
            self._database = database
            self._assessors = Assessors(database, self.since, self._now)
        return self._assessors


def score(
    database: Store, book: Rulebook, rules: Sequence[Rule], days: int, now: Instant
) -> Scores:
    """Score these rules by the last ``days``, as far as messages are kept."""
    scorer = Scorer(book, rules, days, now)
    with database.snapshot():
        return scorer.summed(database, [scorer.scored(database, rule) for rule in rules])


def tally_of(fates: Iterable[Fate]) -> Tally:
    """The number of each outcome."""
    counts = Counter(fate.outcome for fate in fates)
    return Tally(counts.total(), *(counts[kind] for kind in FateKind))


def _heard(messages: Mapping[str, int], since: Instant, until: Instant) -> tuple[Heard, ...]:
    span = until - since
    return tuple(
        Heard(channel, count, count * WEEK / span if span >= DAY else None)
        for channel, count in sorted(messages.items(), key=lambda pair: (-pair[1], pair[0]))
        if count
    )


def _noisiest(
    database: Store, sellers: Mapping[str, str], fates: Sequence[tuple[int, Fate]]
) -> Iterator[ProductScore]:
    """The products that were told most often in vain; those told once are no noise."""
    tallies = _tallies(fates)
    if any(tally.judged for tally in tallies.values()):
        tallies = {product: tally for product, tally in tallies.items() if tally.fell_back}
    worst = sorted(tallies, key=lambda key: (-tallies[key].fell_back, -tallies[key].told, key))
    facts = database.history.facts(worst[:NOISIEST])
    names = names_in(database.history, sellers, (), *(each.product_id for each in facts.values()))
    for product in worst[:NOISIEST]:
        known = facts[product]
        name = subject_name(known.product_id, known.name, names)
        yield ProductScore(known.region, known.product_id, name, tallies[product])


def _tallies(fates: Sequence[tuple[int, Fate]]) -> dict[int, Tally]:
    by_product: dict[int, list[Fate]] = {}
    for product, fate in fates:
        by_product.setdefault(product, []).append(fate)
    return {product: tally_of(found) for product, found in by_product.items() if len(found) > 1}


def _known(values: Iterable[_T | None]) -> list[_T]:
    return [value for value in values if value is not None]
