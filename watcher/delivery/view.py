"""A message as harmless, readable texts, of no format: what the templates lay out.

Every text has gone through ``neutralise``, the rule file's own too: none works as markup.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import chain

import msgspec

from watcher.delivery.reasons import (
    SHORT,
    ReasonInWords,
    as_told,
    days_known,
    facts_of,
    in_brackets,
    metric_label,
    moved,
    moves,
    of_products,
    reasons_of,
    share_moved,
    shown_value,
)
from watcher.evidence import Evidence, Member
from watcher.identity import product_page
from watcher.message import Also, Item, Message, RuleCount
from watcher.model import Instant, Severity, Verdict
from watcher.text.evidence import (
    spelled,
)
from watcher.text.messages import heading_of, lead_of, rule_line, subject_of
from watcher.text.sanitize import TEXT_LENGTH, neutralise, neutralise_lines, neutralise_name
from watcher.units import (
    NO_CURRENCIES,
    Currencies,
    Unit,
    at,
    count_of,
    plural,
)
from watcher.words import listing

TITLE_LENGTH = 200
NAMED = 10  # names of products beyond what is shown; the others are only counted
REASONS = 5
_LINE = 300  # of one about a rule


@dataclass(frozen=True, slots=True)
class Product:
    """One product: ``notes`` say what became of its alert, ``why`` has a line a condition, ``also``
    one for each other rule that tells of it. ``seen`` says when it was seen last, where that was
    before the message's data; a note, too. ``rules`` are what its rules are called, its own first;
    ``heading`` is given of the first under a rule, in a message of several. ``beside`` are the ids
    of the other rules' alerts, ``key`` is the product's own. A group of products has no ``link``.
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


@dataclass(frozen=True, slots=True)
class Heading:
    """A rule above its products: its ``name`` or label, ``called`` so with its severity, what it is
    about, and all that with its count in a line, where none of its products is shown."""

    name: str
    called: str
    text: str
    line: str


@dataclass(frozen=True, slots=True)
class View:
    """A whole message. ``rest`` are the products that are not shown, ``names`` some of them;
    ``rules`` are the headings of a message of several. ``subject`` has the words for one of these
    and for several. ``parted``: they stand in parts, each with numbers of its own: all of these are
    cut alike, and who is not shown is only counted."""

    title: str
    text: str
    products: tuple[Product, ...]
    rest: int
    names: tuple[str, ...]
    data: str
    rules: tuple[Heading, ...] = ()
    subject: tuple[str, str] = ("product", "products")
    parted: bool = False

    @property
    def lead(self) -> str:
        """The text above the products; where none is shown a line about each rule, too."""
        lines = () if self.products else (rule.line for rule in self.rules)
        return "\n".join(filter(None, (self.text, *lines)))

    @property
    def others(self) -> tuple[str, ...]:
        """A line about each rule that no product which is shown names."""
        named = {rule for product in self.products for rule in product.rules}
        shown = self.rules if self.products else ()
        return tuple(rule.line for rule in shown if rule.name not in named)

    @property
    def more(self) -> str:
        """``and 14 more: …``; empty where every product is shown."""
        if not self.rest:
            return ""
        begin = f"and {self.rest:,} more" if self.products else count_of(self.rest, *self.subject)
        if not self.names:
            return begin
        hidden = ", …" if self.rest > len(self.names) else ""
        return f"{begin}: {', '.join(self.names)}{hidden}"

    @property
    def footer(self) -> str:
        """The data's time and the ids of the alerts shown."""
        told = ((product.alert, *product.beside) for product in self.products)
        ids = [*filter(None, chain.from_iterable(told))]
        alerts = f"{plural(len(ids), 'alert')} {', '.join(ids)}" if ids else ""
        return " · ".join(part for part in (self.data, alerts) if part)


def view_of(message: Message, title: str, zone: tzinfo) -> View:
    """The message in words; times in ``zone``."""
    told_at = message.data_at or message.created
    text = message.description if message.kind == "alerts" and not message.parts else ""
    when = at(told_at, zone)
    rules = {part.rule: _heading(part) for part in message.parts}
    return View(
        title=title,
        text=neutralise_lines(text or lead_of(message), TEXT_LENGTH),
        products=tuple(_products(message, rules, told_at, zone)),
        rest=max(message.rest, len(message.more)),
        names=tuple(_short(name) for name in message.more[:NAMED]),
        data=f"Data of {when.day} {when:%b %Y, %H:%M} {zone}" if message.data_at else "",
        rules=tuple(rules.values()),
        subject=subject_of(message),
    )


def _heading(part: RuleCount) -> Heading:
    text, line = neutralise_lines(part.description, TEXT_LENGTH), neutralise(rule_line(part), _LINE)
    return Heading(neutralise(part.called), neutralise(heading_of(part)), text, line)


def _products(
    message: Message, rules: Mapping[str, Heading], told_at: Instant, zone: tzinfo
) -> Iterator[Product]:
    """Yield the products; the first under each rule with its heading."""
    above, own = message.rule, neutralise(message.label or message.rule)
    for number, item in enumerate(message.items, start=1):
        spoken = [rules[each] for each in (item.rule, *_beside(item)) if each in rules]
        called = tuple(rule.name for rule in spoken) or ((own,) if own else ())
        heading = rules.get(item.rule) if item.rule != above else None
        yield _Telling(item, told_at, zone).product(number, called, heading, known=bool(spoken))
        above = item.rule


def _beside(item: Item) -> list[str]:
    return [each.rule for each in item.also]


def cut_to(view: View, shown: int, *, named: bool = True) -> View:
    """The first ``shown`` products; the others join those that are only named or counted."""
    if view.parted:
        strongest = sorted(enumerate(view.products), key=lambda each: each[1].number)[:shown]
        kept = tuple(view.products[place] for place in sorted(place for place, _ in strongest))
        return replace(view, products=kept, rest=view.rest + len(view.products) - len(kept))
    cut = view.products[shown:]
    names = (*(_short(product.name) for product in cut), *view.names)[:NAMED] if named else ()
    return replace(view, products=view.products[:shown], rest=view.rest + len(cut), names=names)


def _short(name: str) -> str:
    return neutralise_name(name, 40) or "(no name)"


class _Telling:
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
        seen = f"last seen {self._day(item.seen)}" if item.seen is not None else ""
        # Ids are digits; should one ever not be, it stays one harmless segment of the path.
        key = neutralise(item.product_id, 60)
        page = "" if item.grouped_by else product_page(key)
        return Product(
            number=number,
            alert=neutralise(item.alert, 20),
            name=neutralise_name(item.name) or "(no name)",
            link=page.replace("_", "%5F").replace("~", "%7E"),
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
        names = (
            f"{neutralise_name(each.name, SHORT) or '(no name)'}{self._did(each, spoken)}"
            for each in spoken.members
        )
        return f"most of it: {', '.join(names)}"

    def _did(self, member: Member, spoken: Evidence) -> str:
        """`` +1,200``: a product's part of a change, or of what adds up to the group's."""
        if member.value is None or not math.isfinite(member.value):
            return ""
        if spoken.compared is not None:
            sign = "+" if member.value > 0 else ""
            return f" {sign}{shown_value(member.value, spoken, NO_CURRENCIES, self._names)}"
        of_all = spoken.value if isinstance(spoken.value, int | float) else 0
        if sum(each.value or 0 for each in spoken.members) > of_all:
            return ""  # of a number of products, a median: not what each of them has
        return f" {shown_value(member.value, spoken, NO_CURRENCIES, self._names)}"

    def _facts(self) -> Iterator[str]:
        yield from facts_of(self._item.facts, self._currencies)
        yield self._seller()
        if self._item.size is not None:
            yield count_of(self._item.size, "product")

    def _rule(self, known: bool) -> str:
        return "" if known or not self._item.rule else f"rule {neutralise(self._item.rule)}"

    def _others(self) -> Iterator[str]:
        """Yield a line for each other rule that says something; those beyond are in one."""
        named = list[str]()
        for each in self._item.also:
            if each.why or each.now or each.again or each.kind == "resolved":
                yield self._other(each)
            else:
                named.append(neutralise(each.label or each.rule))
        if named:
            yield f"also {listing(named)}"

    def _other(self, also: Also) -> str:
        """``also climbs: #17, was 34``: another rule's word on the product."""
        called = neutralise(also.label or also.rule)
        if also.watch and also.watch != self._item.watch:
            called = f"{called} (on the list {neutralise(also.watch)})"
        if also.kind == "resolved":
            reason = neutralise(also.reason)
            return f"also {called} ended: {reason}" if reason else f"also {called} ended"
        said = "; ".join(_Telling(_as_item(also, self._item), self._told_at, self._zone).brief())
        return f"also {called}: {said}" if said else f"also {called}"

    def brief(self) -> Iterator[str]:
        """Yield what became of the alert and its reasons, as short as they can be."""
        item, reasons = self._item, reasons_of(self._item, self._names)
        if item.kind == "reminder":
            yield f"still firing, since {self._day(item.since)}"
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
        texts = isinstance(now.value, str) and isinstance(now.baseline, str)
        if reason.began is not None or not moves(now) or texts:
            return self._reason(reason)
        value, was = self._value(now), shown_value(now.baseline, now, NO_CURRENCIES, self._names)
        if now.unit == Unit.PLACE:  # "#17" says what it is
            return f"{value}, was {(was or '').removeprefix('#')}"
        return f"{metric_label(now)} {value}, was {was}{share_moved(now)}"

    def _seller(self) -> str:
        """``seller GlowLab (7495981769829615944)``, where the user named it."""
        seller = neutralise(self._item.seller, 60)
        return f"seller {self._names[seller]} ({seller})" if seller in self._names else ""

    def _notes(self) -> Iterator[str]:
        item = self._item
        if item.watch:
            yield f"on the list {neutralise(item.watch)}"
        if raised := self._raised():
            yield raised
        elif item.severity not in (None, Severity.INFO):
            yield str(item.severity)
        if item.kind == "resolved":
            reason = neutralise(item.reason)
            yield f"ended: {reason}" if reason else "ended"
            yield f"fired {self._on(item.since)}"
        elif item.kind == "reminder":
            yield f"still firing, since {self._day(item.since)}"
        elif item.now:
            yield f"firing since {self._day(item.since)}"

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
                label = f"{metric_label(each)} " if len(spoken) > 1 else ""
                when = f" {self._on(each.baseline_at)}" if each.baseline_at is not None else ""
                yield f"again: {label}{value}, told with {before}{when}"

    def _raised(self) -> str:
        """``now critical, told as warning``, of what is told again because of that."""
        item = self._item
        return f"now {item.severity}, told as {item.told_as}" if item.told_as is not None else ""

    def _grade(self) -> Iterator[str]:
        """Yield ``critical: sales growth 336% (at least 300%)`` of what makes it so severe, unless
        its other reasons speak of the same and it is no news."""
        item, spoken = self._item, {each.metric for each in self._item.why}
        for each in item.grade:
            if item.told_as is not None or each.metric not in spoken:
                yield f"{item.severity}: {self._why(as_told(each, self._names))}"

    def _reason(self, reason: ReasonInWords) -> str:
        """``sales growth 336% when it began, 201% now (at least 50%)``; of one that was so all the
        time, ``_why``."""
        now, began = reason.now, reason.began
        if began is None:
            return self._why(now)
        if began.value is None:
            return f"{self._why(began)} when it began"
        known = days_known(now)
        told = f"{metric_label(began)} {self._said(began)} when it began"
        past = self._last_seen
        when = "now" if past is None else self._on(past)
        if not moves(now) and not moves(began):
            return f"{told}, {self._said(now)} {when}{in_brackets(now)}{known}"
        # That of a statistic or a score says more than the metric's name.
        more = "" if now.label == began.label else f"{neutralise(now.label, 60)} "
        since = self._since(now) if moves(now) and past is None else ""
        return f"{told}, {when} {more}{self._said(now)}{since}{known}"

    @property
    def _last_seen(self) -> Instant | None:
        """The time of what is known now, where that is older than the message's data."""
        return None if self._item.seen == self._told_at else self._item.seen

    def _said(self, evidence: Evidence) -> str:
        """From where to where; or the value, where it did not move."""
        change = moved(evidence, self._without_prices, self._names) if moves(evidence) else ""
        return change or self._value(evidence) or "no value"

    def _value(self, evidence: Evidence) -> str | None:
        return shown_value(evidence.value, evidence, self._currencies, self._names)

    def _why(self, evidence: Evidence) -> str:
        """``7-day GMV 1,200 → 4,830 (+303%) since 16 Nov``, or the value and what it was to be."""
        label = metric_label(evidence)
        value = self._value(evidence)
        if value is None:
            condition = neutralise(evidence.condition, 80)
            gap = f" ({neutralise(evidence.gap, 60)})" if evidence.gap else ""
            return f"{label}: {condition}{gap}" if condition else label
        change = moved(evidence, self._without_prices, self._names)
        if not change:
            return f"{label} {value}{in_brackets(evidence)}{days_known(evidence)}"
        gap = f", {neutralise(evidence.gap, 60)}" if evidence.gap else ""
        known = f"{of_products(evidence)}{days_known(evidence)}"
        return f"{label} {change}{self._since(evidence)}{gap}{known}"

    def _since(self, evidence: Evidence) -> str:
        since = evidence.baseline_at
        return f" since {self._day(since)}" if since is not None else ""

    def _day(self, instant: Instant) -> str:
        """``16 Nov``; with the hour on the day that is told of, with the year in another year."""
        when, told = at(instant, self._zone), at(self._told_at, self._zone)
        if when.date() == told.date():
            return f"{when:%H:%M}"
        return f"{when.day} {when:%b}" if when.year == told.year else f"{when.day} {when:%b %Y}"

    def _on(self, instant: Instant) -> str:
        """``on 16 Nov``, ``at 15:04``."""
        day = self._day(instant)
        return f"at {day}" if ":" in day else f"on {day}"


def _as_item(also: Also, item: Item) -> Item:
    """Another rule's word as an item of its own, of the product that it stands beside."""
    said = {name: getattr(also, name) for name in Also.__struct_fields__}
    return msgspec.structs.replace(item, **said, also=(), size=None)
