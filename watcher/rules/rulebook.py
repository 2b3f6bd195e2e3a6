"""A rule file as the rest of the program sees it: typed, frozen, whole; durations in seconds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from functools import cached_property
from zoneinfo import ZoneInfo

from watcher.alert import Alert
from watcher.data_days import KnowsDays, durations, longest
from watcher.errors import Problem
from watcher.identity import BookMarks, RuleMark, WatchMark, digest
from watcher.model import Instant, Severity
from watcher.quiet import QuietHours
from watcher.rules.channel import Channel, Secret
from watcher.rules.conditions.base import Condition, Need
from watcher.rules.files.side_files import SideFile
from watcher.rules.groups import GroupCatalogue
from watcher.rules.metrics import Catalogue, Figure, Metric
from watcher.rules.report import PlannedReport
from watcher.rules.sections.ordering import Order
from watcher.schedule import Refresh, Schedule, least
from watcher.source.query import Query
from watcher.units import DAY, MINUTE

__all__ = [
    "DEFAULT_URL",
    "Api",
    "Channel",
    "Grade",
    "Group",
    "Keep",
    "Rule",
    "Rulebook",
    "Secret",
    "Watch",
    "muters_first",
    "with_muters",
]  # fmt: skip

DEFAULT_URL = "https://api.keyapi.ai"


@dataclass(frozen=True, slots=True)
class Api:
    """The access to KeyAPI: the key is None where neither file nor environment has one.
    ``gmv_currency`` is what the user says that GMV is in."""

    key: Secret | None = None
    url: str = DEFAULT_URL
    requests_per_second: float = 2.0
    concurrency: int = 2
    credits_per_day: int | None = None
    credits_per_month: int | None = None
    probes_per_day: int = 6
    settle: int = 15 * MINUTE
    gmv_currency: str | None = None
    category_names: int = 30 * DAY  # seconds after which names that rules use are read again; 0 off
    pictures: bool = True  # of products, where the probe found how they are had
    picture_hosts: tuple[str, ...] = ()  # beside the vendor's

    @property
    def credential(self) -> str:
        """A text that is the key's alone, and does not tell it; empty without a key."""
        if self.key is None:
            return ""
        hashed = hashlib.sha256(f"watcher credential\n{self.key.reveal()}".encode())
        return hashed.hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Watch:
    """A list to read on a schedule. ``key`` is its identity in the store, by its query alone but
    where the book reads that at two schedules. One that is ``unnamed`` is written out in a rule,
    and nobody else can name it: it is called as that rule is."""

    key: str
    name: str
    query: Query
    schedule: Schedule
    unnamed: bool = field(default=False, compare=False)

    @property
    def asks(self) -> str:
        """The digest of its query, whatever its schedule and the name of a rule that has it."""
        return digest(self._query)

    @property
    def _query(self) -> str:
        return self.query.nameless() if self.query.of_rule else self.query.canonical()

    def with_followed(self, ids: tuple[str, ...]) -> Watch:
        """The watch with these ids, where it reads what is followed."""
        query = self.query
        return replace(self, query=replace(query, ids=ids)) if query.followed else self

    @property
    def mark(self) -> WatchMark:
        rule = self.query.own if self.query.of_rule else ""
        return WatchMark(self.key, self.name, self._query, self.schedule.written, rule)

    def least(self, seconds: int) -> int:
        """The shortest time that counts as ``seconds`` in a rule of this watch."""
        return least(self.schedule, seconds)


@dataclass(frozen=True)
class Group:
    """The products of some watches, put together ``by`` what they share: each group of a region is
    a subject of rules. ``figures`` are the user's, with formulas over them; the size is always
    there. ``products`` is what can be said of one of those."""

    name: str
    watches: tuple[Watch, ...]
    by: str
    figures: tuple[Metric, ...] = ()
    products: Catalogue | None = field(default=None, compare=False, repr=False)

    @property
    def canonical(self) -> str:
        """The part of its rules' identity beside its watches and what they ask of it:
        another figure restarts nobody who does not name it."""
        return f"grouped by {self.by}"

    @cached_property
    def metrics(self) -> GroupCatalogue:
        """All that its rules can speak of."""
        return GroupCatalogue(self.name, self.by, self.figures, self.products)

    @property
    def sellers(self) -> Mapping[str, str]:
        """The user's names for sellers, by id."""
        return self.metrics.sellers

    @property
    def said(self) -> str:
        """``the sellers of bestsellers``."""
        return f"the {self.metrics.many} of {', '.join(watch.name for watch in self.watches)}"


@dataclass(frozen=True, slots=True)
class Grade:
    """A severity that an alert has while ``when`` is met, and no higher one is."""

    severity: Severity
    when: Condition


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition over the products of some watches, or over their ``group``, and how to tell
    of it.

    ``fingerprint`` changes where the rule begins anew: what the watches ask for, ``when``,
    ``until``, ``for``; with the name, of which a change does the same, it is kept beside the rule's
    alerts. ``text`` is how it is written, nothing filled in. Of higher ``priority`` is what is read
    first. One that is not ``enabled`` is not judged. What fires is told once more when ``again`` is
    met against the values that it was last told with. Where the data decide how severe an alert is,
    ``grades`` say when it is more than ``severity``, the highest first. Where this rule was told of
    a product, the word of those that it ``mutes`` on that product is dropped; ``muted_by`` are the
    enabled rules that do so to this one. ``label`` stands in titles in
    place of the name.
    """

    name: str
    watches: tuple[Watch, ...]
    when: Condition
    order_by: Order
    fingerprint: str
    description: str = ""
    until: Condition | None = None
    for_: int = 0
    keep_firing_for: int = 0
    severity: Severity = Severity.INFO
    notify: tuple[str, ...] = ()
    cooldown: int = 0
    remind: int | None = None
    resolved: bool = False
    limit: int = 10
    priority: int = 0
    enabled: bool = True
    quiet: QuietHours | None = None
    again: Condition | None = None
    grades: tuple[Grade, ...] = ()
    mutes: tuple[str, ...] = ()
    muted_by: tuple[str, ...] = ()
    group: Group | None = None
    label: str = ""
    file: str = ""
    line: int = 0
    text: str = field(default="", compare=False, repr=False)

    @property
    def watch(self) -> Watch:
        """The first of the watches."""
        return self.watches[0]

    @property
    def watched(self) -> str:
        """The names of the watches."""
        return ", ".join(watch.name for watch in self.watches)

    @property
    def regions(self) -> str:
        """The regions that the watches are of, as far as they are of any."""
        return ", ".join(dict.fromkeys(filter(None, (each.query.region for each in self.watches))))

    @property
    def spoken(self) -> tuple[Condition, ...]:
        """All conditions that are judged at each scan."""
        until = () if self.until is None else (self.until,)
        return (self.when, *until, *(grade.when for grade in self.grades))

    @property
    def needs(self) -> tuple[Need, ...]:
        """The baselines that they, and the order, declare."""
        own = (need for condition in self.spoken for need in condition.needs)
        return (*self.order_by.needs, *own)

    @property
    def most_severe(self) -> Severity:
        """The highest severity that an alert may have."""
        return self.grades[0].severity if self.grades else self.severity

    @property
    def possible_severities(self) -> tuple[Severity, ...]:
        """The severities that an alert may have, the least first."""
        found = {self.severity, *(grade.severity for grade in self.grades)}
        return tuple(sorted(found, key=lambda each: each.rank))

    @property
    def severities(self) -> str:
        """``warning``; where the data decide, ``info to critical``."""
        return f"{self.severity} to {self.most_severe}" if self.grades else self.severity.value

    def severity_of(self, alert: Alert) -> Severity:
        """The severity of an alert of this rule."""
        by_data = alert.severity if self.grades else None
        return by_data or self.severity

    @property
    def remembers(self) -> bool:
        """Whether more of what a channel was told counts than when that was."""
        return self.again is not None or bool(self.grades or self.muted_by)

    @property
    def conditions(self) -> tuple[object, ...]:
        """The parts of the fingerprint beside the watches."""
        until = self.until.key if self.until is not None else None
        grouped = () if self.group is None else (self.group.canonical,)
        return (self.when.key, until, self.for_, *grouped)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The figures of many products that it asks for, those inside formulas, too."""
        asked = (metric for each in (*self.spoken, self.again) if each for metric in each.metrics)
        metrics = (*asked, *self.order_by.metrics)
        found = (part.figure for metric in metrics for part in metric.figures)
        return tuple({each.canonical: each for each in found if each is not None}.values())

    @property
    def mark(self) -> RuleMark:
        keys = tuple(watch.key for watch in self.watches)
        return RuleMark(self.name, self.fingerprint, keys, self.conditions, self.enabled)

    def reads(self, watch: str) -> bool:
        """Whether the watch of that key is one of its own."""
        return any(each.key == watch for each in self.watches)

    def watch_of(self, key: str) -> Watch:
        """The watch of that key; the first, where that is none of its own."""
        return next((each for each in self.watches if each.key == key), self.watches[0])

    def least(self, seconds: int, past: KnowsDays, now: Instant, watch: str = "") -> int:
        """The shortest time up to ``now`` that counts as ``seconds`` of an alert of the watch of
        that key."""
        return longest(self.schedules(watch), past, seconds, now)

    def over(self, seconds: int, past: KnowsDays, since: Instant, watch: str = "") -> Instant:
        """The earliest end of a time that began at ``since``, for such an alert."""
        return max(durations(each, past).over(seconds, since) for each in self.schedules(watch))

    def schedules(self, watch: str) -> Sequence[Schedule]:
        """The schedules by which times of an alert of the watch count: its own where that has data
        days, for another region has other ones; else those of all without, whichever looks."""
        own = self.watch_of(watch).schedule
        if isinstance(own, Refresh):
            return (own,)
        every = (each.schedule for each in self.watches)
        return [each for each in every if not isinstance(each, Refresh)]


@dataclass(frozen=True, slots=True)
class Keep:
    """Times that the past is kept for, in seconds."""

    observations: int = 400 * DAY
    notifications: int = 90 * DAY


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All of a user's rule files, checked. ``watches`` has each distinct watch once, those that no
    rule uses, too. ``timezone`` is that of all times that are shown; a channel may have its own.
    ``page_number`` is the version of the page's rules that it was read with, ``page_trouble`` why
    some of those are left out."""

    api: Api
    channels: Mapping[str, Channel]
    operator: tuple[str, ...]
    rules: tuple[Rule, ...]
    watches: tuple[Watch, ...]
    metrics: Catalogue
    keep: Keep = Keep()
    heartbeat: Secret | None = None
    timezone: str = "UTC"
    warnings: tuple[Problem, ...] = ()
    groups: tuple[Group, ...] = ()
    reports: tuple[PlannedReport, ...] = ()
    beside: tuple[SideFile, ...] = field(default=(), compare=False, repr=False)
    page_number: int = field(default=0, compare=False)
    page_trouble: tuple[Problem, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether each file beside the rules, and each rule of the page, is in force as it is."""
        return not any(each.trouble for each in self.beside) and not self.page_trouble

    @property
    def zone(self) -> tzinfo:
        return ZoneInfo(self.timezone)

    @property
    def sellers(self) -> Mapping[str, str]:
        """The user's names for sellers, by id."""
        return self.metrics.sellers

    @property
    def named_categories(self) -> Mapping[str, str]:
        """The ids of the categories that the rules name, by the names as they are written."""
        found = self.metrics.categories.named
        return {name: each.category_id for name, each in found.items()}

    @property
    def used_watches(self) -> tuple[Watch, ...]:
        """The watches that some enabled rule or a report uses: those to scan."""
        users: tuple[Rule | PlannedReport, ...] = (*self.enabled, *self.reports)
        used = {watch.key for each in users for watch in each.watches}
        return tuple(watch for watch in self.watches if watch.key in used)

    def watches_in(self, region: str) -> tuple[Watch, ...]:
        """The used watches of a region."""
        return tuple(watch for watch in self.used_watches if watch.query.region == region)

    @property
    def marks(self) -> BookMarks:
        """Each rule and watch as the store needs it to see a change."""
        return BookMarks(
            tuple(rule.mark for rule in self.rules), tuple(watch.mark for watch in self.watches)
        )

    @property
    def enabled(self) -> tuple[Rule, ...]:
        """The rules that are judged."""
        return tuple(rule for rule in self.rules if rule.enabled)

    def priority(self, watch: Watch) -> int:
        """The highest of the rules that use ``watch``; 0 where none does."""
        return max((rule.priority for rule in self.rules_of(watch)), default=0)

    @property
    def tellings(self) -> list[tuple[str, str]]:
        """The name of each enabled rule with each of the channels that it tells."""
        return [(rule.name, channel) for rule in self.enabled for channel in rule.notify]

    def with_followed(self, ids: tuple[str, ...]) -> Rulebook:
        """The book whose watches of what is followed have these ids: for what they cost."""
        return replace(self, watches=tuple(each.with_followed(ids) for each in self.watches))

    def current(self, watch: Watch) -> Watch:
        """The watch as the book has it now: its key changes where a second schedule of its query
        comes or goes. One that the book has no more is what it was."""
        same = [each for each in self.watches if each.query == watch.query]
        found = [each for each in same if each.key == watch.key]
        found += [each for each in same if each.schedule == watch.schedule]
        return next(iter([*found, *same]), watch)

    def rules_of(self, watch: Watch) -> tuple[Rule, ...]:
        """The enabled rules that name the watch."""
        return tuple(rule for rule in self.enabled if rule.reads(watch.key))


def with_muters(rules: Sequence[Rule], book: Rulebook) -> list[Rule]:
    """The rules, and those of the book by whom they are muted, however far."""
    known = {rule.name: rule for rule in book.rules}
    found = {rule.name: rule for rule in rules}
    todo = [*rules]
    while todo:
        for name in todo.pop().muted_by:
            if name not in found and name in known:
                found[name] = known[name]
                todo.append(known[name])
    return [*found.values()]


def muters_first(rules: Sequence[Rule]) -> Sequence[Rule]:
    """The rules in their order, but that one which another mutes comes after it. Those that are
    muted only by rules that are not among these stay where they are."""
    if not any(rule.muted_by for rule in rules):
        return rules
    by_name = {rule.name: rule for rule in rules}
    found: dict[str, Rule] = {}

    def take(rule: Rule) -> None:
        if rule.name not in found:
            for name in rule.muted_by:
                if name in by_name:
                    take(by_name[name])
            found[rule.name] = rule

    for rule in rules:
        take(rule)
    return tuple(found.values())
