"""One product of a message in words: what became of its alert, why, and its facts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import tzinfo

from watcher.delivery.reasons import (
    SHORT,
    ReasonInWords,
    as_told,
    clauses,
    facts_of,
    metric_label,
    moved,
    moves,
    of_products,
    reasons_of,
    shown_value,
    with_condition,
    with_share,
)
from watcher.evidence import Evidence, Member
from watcher.identity import product_page
from watcher.language import gettext as _
from watcher.message import Also, Item, as_item
from watcher.model import Instant, Severity, Verdict
from watcher.text.evidence import (
    days_of,
    spelled,
    with_name,
)
from watcher.text.sanitize import neutralise, neutralise_name, unmarked_link
from watcher.text.titles import severity_said
from watcher.units import (
    NO_CURRENCIES,
    Currencies,
    Unit,
    at,
    counted,
    enumerated,
    format_day,
    format_number,
    format_time,
)
from watcher.words import MOST_LISTED, masked

REASONS = 5


@dataclass(frozen=True, slots=True)
class Product:
    """One product: ``notes`` say what became of its alert, ``why`` has a line a condition, ``also``
    one for each other rule that tells of it. ``seen`` says when it was seen last, where that was
    before the message's data; a note, too. ``rules`` are what its rules are called, its own first;
    ``heading`` is given of the first under a rule, in a message of several. ``beside`` are the ids
    of the other rules' alerts, ``key`` is the product's own. A group of products has no ``link``.
    ``picture`` names the attachment that shows it, if it has one; at ``act`` one may act on it.
    """

    number: int
    alert: str
    name: str
    link: str
    notes: tuple[str, ...]
    why: tuple[str, ...]
    facts: tuple[str, ...]
    seen: str = ""
    also: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    heading: Heading | None = None
    beside: tuple[str, ...] = ()
    key: str = ""
    picture: str = ""
    act: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    """A rule above its products: its ``name`` or label, ``called`` so with its severity, what it is
    about, and all that with its count in a line, where none of its products is shown."""

    name: str
    called: str
    text: str
    line: str


class ProductWords:
    """One product of a message that is told at ``told_at``, in words; times in ``zone``."""

    def __init__(self, item: Item, told_at: Instant, zone: tzinfo) -> None:
        self._item, self._told_at, self._zone = item, told_at, zone
        codes = (neutralise(each, 8) or None for each in (item.currency, item.gmv_currency))
        self._names = {each: neutralise_name(name, 60) for each, name in item.names.items()}
        self._currencies = Currencies(*codes)
        self._without_prices = self._currencies._replace(prices=None)

    def product(
        self, number: int, rules: tuple[str, ...], heading: Heading | None, *, known: bool
    ) -> Product:
        """``rules`` are what its rules are called; where the message has no line of its own about
        them (``known``), as those of earlier versions, the product names its rule."""
        item, reasons = self._item, reasons_of(self._item, self._names)
        shown = [each for each in reasons if each.met] or reasons
        seen = ""
        if item.seen is not None:
            seen = _("last seen {day}").format(day=self._day(item.seen))
        # Ids are digits; should one ever not be, it stays one harmless segment of the path.
        key = neutralise(item.product_id, 60)
        page = "" if item.grouped_by else product_page(key)
        return Product(
            number=number,
            alert=neutralise(item.alert, 20),
            name=neutralise_name(item.name) or _("(no name)"),
            link=unmarked_link(page),
            notes=tuple(filter(None, (self._rule(known), *self._notes(), seen))),
            why=tuple(
                filter(
                    None,
                    (
                        *self._again(),
                        *self._grade(),
                        *map(self._reason, shown[:REASONS]),
                        self._members(),
                    ),
                )
            ),
            facts=tuple(filter(None, self._facts())),
            seen=seen,
            also=tuple(self._others()),
            rules=rules,
            heading=heading,
            beside=tuple(neutralise(each.alert, 20) for each in item.also),
            key=key,
        )

    def _members(self) -> str:
        """``most of it: Lamp +1,200, Slippers +300``: the products of a group that did most."""
        told = self._item.now or self._item.why
        spoken = next((each for each in told if each.members), None)
        if spoken is None:
            return ""
        names = enumerated(self._member(each, spoken) for each in spoken.members)
        return _("most of it: {names}").format(names=names)

    def _member(self, member: Member, spoken: Evidence) -> str:
        name, did = neutralise_name(member.name, SHORT) or _("(no name)"), self._did(member, spoken)
        return f"{name} {did}" if did else name

    def _did(self, member: Member, spoken: Evidence) -> str:
        """``+1,200``: a product's part of a change, or of what adds up to the group's."""
        if member.value is None or not math.isfinite(member.value):
            return ""
        did = shown_value(member.value, spoken, NO_CURRENCIES, self._names)
        if spoken.compared is not None:
            return f"+{did}" if member.value > 0 else f"{did}"
        of_all = spoken.value if isinstance(spoken.value, int | float) else 0
        if sum(each.value or 0 for each in spoken.members) > of_all:
            return ""  # of a number of products, a median: not what each of them has
        return f"{did}"

    def _facts(self) -> Iterator[str]:
        yield from facts_of(self._item.facts, self._currencies)
        yield self._seller()
        if self._item.size is not None:
            yield counted("{count} product", "{count} products", self._item.size)

    def _rule(self, known: bool) -> str:
        if known or not self._item.rule:
            return ""
        return _("rule {name}").format(name=neutralise(self._item.rule))

    def _others(self) -> Iterator[str]:
        """Yield a line for each other rule that says something; those beyond are in one."""
        named = list[str]()
        for each in self._item.also:
            if each.why or each.now or each.again or each.kind == "resolved":
                yield self._other(each)
            else:
                named.append(neutralise(each.label or each.rule))
        if named:
            yield _("also {rules}").format(rules=_some(named))

    def _other(self, also: Also) -> str:
        """``also climbs: #17, was 34``: another rule's word on the product."""
        called = neutralise(also.label or also.rule)
        if also.watch and also.watch != self._item.watch:
            watch = neutralise(also.watch)
            called = _("{rule} (on the list {watch})").format(rule=called, watch=watch)
        if also.kind == "resolved":
            if not also.reason:
                return _("also {rule} ended").format(rule=called)
            return _("also {rule} ended: {reason}").format(
                rule=called, reason=neutralise(_(also.reason))
            )
        telling = ProductWords(as_item(also, self._item), self._told_at, self._zone)
        if said := _("; ").join(telling.brief()):
            return _("also {rule}: {said}").format(rule=called, said=said)
        return _("also {rules}").format(rules=called)

    def sentence(self, evidence: Evidence) -> str:
        """One condition's evidence, as it was."""
        return self._why(as_told(evidence, self._names))

    def brief(self) -> Iterator[str]:
        """Yield what became of the alert and its reasons, as short as they can be."""
        item, reasons = self._item, reasons_of(self._item, self._names)
        if item.kind == "reminder":
            yield _("still firing, since {day}").format(day=self._day(item.since))
        if raised := self._raised():
            yield raised
        if again := [*self._again()]:
            yield from again
            return
        shown = [each for each in reasons if each.met] or reasons
        yield from filter(None, (self._briefly(each) for each in shown[:REASONS]))

    def _briefly(self, reason: ReasonInWords) -> str:
        """``#17, was 34``; of what did not move as at length."""
        now = reason.now
        value, was = self._value(now), shown_value(now.baseline, now, NO_CURRENCIES, self._names)
        texts = isinstance(now.value, str) and isinstance(now.baseline, str)
        if reason.began is not None or not (moves(now) and value and was) or texts:
            return self._reason(reason)
        if now.unit == Unit.PLACE:  # "#17" says what it is
            before = was if isinstance(now.baseline, str | None) else format_number(now.baseline)
            return _("{value}, was {before}").format(value=value, before=before)
        told = _("{label} {value}, was {before}").format(
            label=metric_label(now), value=value, before=was
        )
        return with_share(told, now)

    def _seller(self) -> str:
        """``seller GlowLab (7495981769829615944)``, where the user named it."""
        seller = neutralise(self._item.seller, 60)
        if seller not in self._names:
            return ""
        return _("seller {name}").format(name=with_name(seller, self._names))

    def _notes(self) -> Iterator[str]:
        item = self._item
        if item.watch:
            yield _("on the list {watch}").format(watch=neutralise(item.watch))
        if raised := self._raised():
            yield raised
        elif item.severity not in (None, Severity.INFO):
            yield severity_said(item.severity or Severity.INFO)
        if item.kind == "resolved":
            yield self._ended(item.reason)
            yield _("fired {day}").format(day=self._on(item.since))
        elif item.kind == "reminder":
            yield _("still firing, since {day}").format(day=self._day(item.since))
        elif item.now:
            yield _("firing since {day}").format(day=self._day(item.since))

    def _ended(self, reason: str | None) -> str:
        """The end with its reason, whose English text is what is stored: its key in catalogues."""
        if not reason:
            return _("ended")
        return _("ended: {reason}").format(reason=neutralise(_(reason)))

    def _again(self) -> Iterator[str]:
        """Yield ``again: 18.90, told with 19.90 on 12 Nov`` of what moved since; with the metric's
        name where the conditions speak of others, too."""
        spoken = {each.metric for each in (*self._item.why, *self._item.again)}
        for each in (spelled(each, self._names) for each in self._item.again):
            value, before = (
                shown_value(one, each, self._currencies, self._names)
                for one in (each.value, each.baseline)
            )
            if each.verdict is Verdict.MET and value and before:
                if len(spoken) > 1:
                    value = _("{label} {value}").format(label=metric_label(each), value=value)
                if each.baseline_at is None:
                    yield _("again: {value}, told with {before}").format(value=value, before=before)
                else:
                    yield _("again: {value}, told with {before} {day}").format(
                        value=value, before=before, day=self._on(each.baseline_at)
                    )

    def _raised(self) -> str:
        """``now critical, told as warning``, of what is told again because of that."""
        item = self._item
        if item.told_as is None:
            return ""
        return _("now {severity}, told as {before}").format(
            severity=severity_said(item.severity or Severity.INFO),
            before=severity_said(item.told_as),
        )

    def _grade(self) -> Iterator[str]:
        """Yield ``critical: sales growth 336% (at least 300%)`` of what makes it so severe, unless
        its other reasons speak of the same and it is no news."""
        item, spoken = self._item, {each.metric for each in self._item.why}
        for each in item.grade:
            if item.told_as is not None or each.metric not in spoken:
                why = self._why(as_told(each, self._names))
                severity = severity_said(item.severity or Severity.INFO)
                yield _("{severity}: {why}").format(severity=severity, why=why)

    def _reason(self, reason: ReasonInWords) -> str:
        """``sales growth 336% when it began, 201% now (at least 50%)``; of one that was so all the
        time, ``_why``."""
        now, began = reason.now, reason.began
        if began is None:
            return self._why(now)
        if began.value is None:
            return _("{why} when it began").format(why=self._why(began))
        told = _("{label} {value} when it began").format(
            label=metric_label(began), value=self._said(began)
        )
        past = self._last_seen
        if not moves(now) and not moves(began):
            both = with_condition(self._then(told, self._said(now), past), now)
            return clauses(both, days_of(now))
        value = self._said(now)
        if now.label != began.label:  # that of a statistic or a score says more than the metric's
            value = _("{label} {value}").format(label=neutralise(now.label, 60), value=value)
        if moves(now) and past is None:
            value = self._since(value, now)
        return clauses(self._now(told, value, past), days_of(now))

    def _then(self, began: str, value: str, past: Instant | None) -> str:
        """The value that it began with, and that of now, or of when it was seen last."""
        if past is None:
            return _("{began}, {value} now").format(began=began, value=value)
        return _("{began}, {value} {day}").format(began=began, value=value, day=self._on(past))

    def _now(self, began: str, value: str, past: Instant | None) -> str:
        """Both values, of what moved from somewhere."""
        if past is None:
            return _("{began}, now {value}").format(began=began, value=value)
        return _("{began}, {day} {value}").format(began=began, day=self._on(past), value=value)

    @property
    def _last_seen(self) -> Instant | None:
        """The time of what is known now, where that is older than the message's data."""
        return None if self._item.seen == self._told_at else self._item.seen

    def _said(self, evidence: Evidence) -> str:
        """From where to where; or the value, where it did not move."""
        change = moved(evidence, self._without_prices, self._names) if moves(evidence) else ""
        return change or self._value(evidence) or _("no value")

    def _value(self, evidence: Evidence) -> str | None:
        return shown_value(evidence.value, evidence, self._currencies, self._names)

    def _why(self, evidence: Evidence) -> str:
        """``7-day GMV 1,200 → 4,830 (+303%) since 16 Nov``, or the value and what it was to be."""
        label = metric_label(evidence)
        value = self._value(evidence)
        if value is None:
            return self._without_value(label, evidence)
        change = moved(evidence, self._without_prices, self._names)
        if not change:
            said = _("{label} {value}").format(label=label, value=value)
            return clauses(with_condition(said, evidence), days_of(evidence))
        said = _("{label} {value}").format(label=label, value=change)
        gap = neutralise(evidence.gap, 60) if evidence.gap else ""
        return clauses(self._since(said, evidence), gap, of_products(evidence), days_of(evidence))

    def _without_value(self, label: str, evidence: Evidence) -> str:
        condition = neutralise(evidence.condition, 80)
        if not condition:
            return label
        if evidence.gap:
            gap = neutralise(evidence.gap, 60)
            condition = _("{condition} ({gap})").format(condition=condition, gap=gap)
        return _("{label}: {condition}").format(label=label, condition=condition)

    def _since(self, said: str, evidence: Evidence) -> str:
        if evidence.baseline_at is None:
            return said
        return _("{change} since {day}").format(change=said, day=self._day(evidence.baseline_at))

    def _day(self, instant: Instant) -> str:
        """``16 Nov``; with the hour on the day that is told of, with the year in another year."""
        when, told = at(instant, self._zone), at(self._told_at, self._zone)
        if when.date() == told.date():
            return format_time(when)
        return format_day(when, year=when.year != told.year)

    def _on(self, instant: Instant) -> str:
        """``on 16 Nov``, ``at 15:04``."""
        day = self._day(instant)
        return _("at {time}").format(time=day) if ":" in day else _("on {day}").format(day=day)


def _some(names: list[str]) -> str:
    """Names of rules; of many the first ones and how many more there are."""
    some = enumerated(map(masked, names[:MOST_LISTED]))
    if len(names) <= MOST_LISTED:
        return some
    more = format_number(len(names) - MOST_LISTED)
    return _("{some} and {count} more").format(some=some, count=more)


def reason_words(
    item: Item, evidence: Iterable[Evidence], told_at: Instant, zone: tzinfo
) -> list[str]:
    """A line about each condition of an item, in a message that is told at ``told_at``."""
    return [*map(ProductWords(item, told_at, zone).sentence, evidence)]
