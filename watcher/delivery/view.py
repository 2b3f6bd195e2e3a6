"""A message as harmless, readable texts, of no format: what the templates lay out.

Every text has gone through ``neutralise``, the rule file's own too: none works as markup.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import chain

import msgspec

from watcher import attributes
from watcher.evidence import Criterion, Evidence
from watcher.fields import unit_of
from watcher.identity import product_page
from watcher.message import Also, Item, Message, RuleCount
from watcher.model import Instant, Severity, Verdict
from watcher.text.evidence import (
    NO_NAMES,
    beyond,
    condition_of,
    days_of,
    flag_of,
    is_record,
    named,
    peers_of,
    spelled,
)
from watcher.text.messages import heading_of, lead_of, rule_line
from watcher.text.sanitize import TEXT_LENGTH, neutralise, neutralise_lines, neutralise_name
from watcher.units import (
    NO_CURRENCIES,
    Currencies,
    Unit,
    at,
    count_of,
    format_percent,
    format_value,
    plural,
)

TITLE_LENGTH = 200
NAMED = 10  # names of products beyond what is shown; the others are only counted
REASONS = 5
_TEXT = 60  # characters of a text
_LINE = 300  # of one about a rule


@dataclass(frozen=True, slots=True)
class Product:
    """One product: ``notes`` say what became of its alert, ``why`` has a line a condition, ``also``
    one for each other rule that tells of it. ``seen`` says when it was seen last, where that was
    before the message's data; a note, too. ``rules`` are what its rules are called, its own first;
    ``heading`` is given of the first under a rule, in a message of several. ``beside`` are the ids
    of the other rules' alerts."""

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


@dataclass(frozen=True, slots=True)
class Heading:
    """A rule above its products: what it is called, what it is about, and both with its count in a
    line, where none of its products is shown."""

    called: str
    text: str
    line: str


@dataclass(frozen=True, slots=True)
class View:
    """A whole message. ``rest`` are the products that are not shown, ``names`` some of them;
    ``rules`` are the headings of a message of several."""

    title: str
    text: str
    products: tuple[Product, ...]
    rest: int
    names: tuple[str, ...]
    data: str
    rules: tuple[Heading, ...] = ()

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
        return tuple(rule.line for rule in shown if rule.called not in named)

    @property
    def more(self) -> str:
        """``and 14 more: …``; empty where every product is shown."""
        if not self.rest:
            return ""
        begin = f"and {self.rest:,} more" if self.products else count_of(self.rest, "product")
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
    )


def _heading(part: RuleCount) -> Heading:
    text, line = neutralise_lines(part.description, TEXT_LENGTH), neutralise(rule_line(part), _LINE)
    return Heading(neutralise(heading_of(part)), text, line)


def _products(
    message: Message, rules: Mapping[str, Heading], told_at: Instant, zone: tzinfo
) -> Iterator[Product]:
    """Yield the products; the first under each rule with its heading."""
    above = message.rule
    for number, item in enumerate(message.items, start=1):
        product = _Telling(item, told_at, zone).product(number)
        heading = rules.get(item.rule)
        if heading is None and item.rule:  # an earlier version's
            product = replace(product, notes=(f"rule {neutralise(item.rule)}", *product.notes))
        called = [rules[each].called for each in (item.rule, *_beside(item)) if each in rules]
        own = neutralise(message.label or message.rule)
        yield replace(
            product,
            rules=tuple(called or filter(None, [own])),
            heading=heading if item.rule != above else None,
        )
        above = item.rule


def _beside(item: Item) -> list[str]:
    return [each.rule for each in item.also]


def cut_to(view: View, shown: int, *, named: bool = True) -> View:
    """The first ``shown`` products; the others join those that are only named or counted."""
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

    def product(self, number: int) -> Product:
        item, reasons = self._item, _reasons(self._item, self._names)
        shown = [each for each in reasons if each.met] or reasons
        seen = f"last seen {self._day(item.seen)}" if item.seen is not None else ""
        # Ids are digits; should one ever not be, it stays one harmless segment of the path.
        page = product_page(neutralise(item.product_id, 60))
        return Product(
            number=number,
            alert=neutralise(item.alert, 20),
            name=neutralise_name(item.name) or "(no name)",
            link=page.replace("_", "%5F").replace("~", "%7E"),
            notes=tuple(filter(None, (*self._notes(), seen))),
            why=tuple(
                filter(None, (*self._again(), *self._grade(), *map(self._reason, shown[:REASONS])))
            ),
            facts=tuple(filter(None, (*_facts(item.facts, self._currencies), self._seller()))),
            seen=seen,
            also=tuple(map(self._other, item.also)),
            beside=tuple(neutralise(each.alert, 20) for each in item.also),
        )

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
        item, reasons = self._item, _reasons(self._item, self._names)
        if item.kind == "reminder":
            yield f"still firing, since {self._day(item.since)}"
        if raised := self._raised():
            yield raised
        if again := [*self._again()]:
            yield from again
            return
        shown = [each for each in reasons if each.met] or reasons
        yield from filter(None, (self._briefly(each) for each in shown[:REASONS]))

    def _briefly(self, reason: _Reason) -> str:
        """``#17, was 34``; of what did not move as at length."""
        now = reason.now
        texts = isinstance(now.value, str) and isinstance(now.baseline, str)
        if reason.began is not None or not _moves(now) or texts:
            return self._reason(reason)
        value, was = self._value(now), _value(now.baseline, now, NO_CURRENCIES, self._names)
        if now.unit == Unit.PLACE:  # "#17" says what it is
            return f"{value}, was {(was or '').removeprefix('#')}"
        return f"{_label(now)} {value}, was {was}{_share(now)}"

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
                _value(one, each, self._currencies, self._names)
                for one in (each.value, each.baseline)
            )
            if each.verdict is Verdict.MET and value and before:
                label = f"{_label(each)} " if len(spoken) > 1 else ""
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
                yield f"{item.severity}: {self._why(_told(each, self._names))}"

    def _reason(self, reason: _Reason) -> str:
        """``sales growth 336% when it began, 201% now (at least 50%)``; of one that was so all the
        time, ``_why``."""
        now, began = reason.now, reason.began
        if began is None:
            return self._why(now)
        if began.value is None:
            return f"{self._why(began)} when it began"
        known = _days_known(now)
        told = f"{_label(began)} {self._said(began)} when it began"
        past = self._last_seen
        when = "now" if past is None else self._on(past)
        if not _moves(now) and not _moves(began):
            return f"{told}, {self._said(now)} {when}{_in_brackets(now)}{known}"
        # That of a statistic or a score says more than the metric's name.
        more = "" if now.label == began.label else f"{neutralise(now.label, 60)} "
        since = self._since(now) if _moves(now) and past is None else ""
        return f"{told}, {when} {more}{self._said(now)}{since}{known}"

    @property
    def _last_seen(self) -> Instant | None:
        """The time of what is known now, where that is older than the message's data."""
        return None if self._item.seen == self._told_at else self._item.seen

    def _said(self, evidence: Evidence) -> str:
        """From where to where; or the value, where it did not move."""
        change = moved(evidence, self._without_prices, self._names) if _moves(evidence) else ""
        return change or self._value(evidence) or "no value"

    def _value(self, evidence: Evidence) -> str | None:
        return _value(evidence.value, evidence, self._currencies, self._names)

    def _why(self, evidence: Evidence) -> str:
        """``7-day GMV 1,200 → 4,830 (+303%) since 16 Nov``, or the value and what it was to be."""
        label = _label(evidence)
        value = self._value(evidence)
        if value is None:
            condition = neutralise(evidence.condition, 80)
            gap = f" ({neutralise(evidence.gap, 60)})" if evidence.gap else ""
            return f"{label}: {condition}{gap}" if condition else label
        change = moved(evidence, self._without_prices, self._names)
        if not change:
            return f"{label} {value}{_in_brackets(evidence)}{_days_known(evidence)}"
        gap = f", {neutralise(evidence.gap, 60)}" if evidence.gap else ""
        return f"{label} {change}{self._since(evidence)}{gap}{_days_known(evidence)}"

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


@dataclass(frozen=True, slots=True)
class _Reason:
    """One condition's evidence now, and as the alert fired, if that was otherwise."""

    now: Evidence
    began: Evidence | None = None

    @property
    def met(self) -> bool:
        return Verdict.MET in (self.now.verdict, self.began and self.began.verdict)


def _as_item(also: Also, item: Item) -> Item:
    """Another rule's word as an item of its own, of the product that it stands beside."""
    said = {name: getattr(also, name) for name in Also.__struct_fields__}
    return msgspec.structs.replace(item, **said, also=(), size=None)


def _reasons(item: Item, names: Mapping[str, str]) -> list[_Reason]:
    if not item.now:
        return [_Reason(_told(each, names)) for each in item.why]
    return [_Reason(_told(now, names), _began(now, item.why, names)) for now in item.now]


def _told(evidence: Evidence, names: Mapping[str, str]) -> Evidence:
    """Evidence in words, as a message says them; what a record beat is no place that the value came
    from."""
    condition = peers_of(evidence) or beyond(evidence)
    told = spelled(evidence, names)
    if is_record(evidence):
        told = msgspec.structs.replace(told, baseline=None)
    return msgspec.structs.replace(told, condition=condition) if condition else told


def _asked(evidence: Evidence) -> str:
    """The condition without what another metric, which stands for a limit, was then."""
    asked = evidence.condition
    if isinstance(asked, Criterion) and asked.measures:
        measures = [each and msgspec.structs.replace(each, value=None) for each in asked.measures]
        asked = msgspec.structs.replace(asked, measures=tuple(measures))
        evidence = msgspec.structs.replace(evidence, condition=asked)
    return condition_of(evidence)


def _began(now: Evidence, why: Sequence[Evidence], names: Mapping[str, str]) -> Evidence | None:
    """Evidence of the condition as the alert fired, or the metric's only one, if it was edited;
    None of what is as it was."""
    others = [each for each in why if each.metric == now.metric]
    same = [each for each in others if _asked(each) == _asked(now)]
    if not same and len(others) != 1:
        return None
    began = _told((same or others)[0], names)
    return began if _is_otherwise(_told(now, names), began) else None


def _is_otherwise(now: Evidence, began: Evidence) -> bool:
    if began.baseline != now.baseline or began.value != now.value:
        return True
    # An event has no value: it is met or not.
    return now.value is None and began.verdict != now.verdict


def _days_known(evidence: Evidence) -> str:
    """``, 41 days known``, of what is said of a time."""
    known = days_of(evidence)
    return f", {known}" if known else ""


def _in_brackets(evidence: Evidence) -> str:
    """`` (at least 50%)``: what the condition asks for."""
    condition = neutralise(evidence.condition, 80)
    if evidence.peers is not None:
        return f": {condition}"
    if condition.endswith(")") and not condition.startswith(("matches ", "not: matches ")):
        return f", {condition}"  # a metric with its value: two brackets in one are hard to read
    return f" ({condition})" if condition else ""


def _label(evidence: Evidence) -> str:
    """The metric's name, with the form of its formula where it has two."""
    form = f" ({neutralise(evidence.form, 20)} form)" if evidence.form else ""
    return f"{neutralise(evidence.label or evidence.metric, 60)}{form}"


def _moves(evidence: Evidence) -> bool:
    return evidence.baseline is not None and evidence.value not in (None, evidence.baseline)


def moved(
    evidence: Evidence, currencies: Currencies = NO_CURRENCIES,
    names: Mapping[str, str] = NO_NAMES,
) -> str:  # fmt: skip
    """``1,200 → 4,830 (+303%)``; empty of what does not move."""
    if isinstance(evidence.baseline, str) and isinstance(evidence.value, str):
        return _reworded(evidence.metric, evidence.baseline, evidence.value, names)
    baseline = _value(evidence.baseline, evidence, NO_CURRENCIES, names)
    value = _value(evidence.value, evidence, currencies, names)
    if value is None or baseline is None:
        return ""
    return f"{baseline} → {value}{_share(evidence)}"


def _reworded(name: str, was: str, now: str, names: Mapping[str, str]) -> str:
    """Two texts, of long ones the part where they differ."""
    parts = attributes.excerpts(attributes.shown(name, was), attributes.shown(name, now), _TEXT)
    return " \u2192 ".join(named(name, neutralise_name(each, _TEXT), names) for each in parts)


def _value(
    value: float | str | None, evidence: Evidence, currencies: Currencies, names: Mapping[str, str]
) -> str | None:
    if isinstance(value, str):
        return named(
            evidence.metric, neutralise_name(attributes.shown(evidence.metric, value), _TEXT), names
        )
    if value is None or not math.isfinite(value):
        return None
    flag = flag_of(evidence.metric, value)
    if flag is not None:
        return flag
    unit = unit_of(evidence.metric, evidence.unit)
    return format_value(value, unit if unit in set(Unit) else Unit.SCORE, currencies)


def _share(evidence: Evidence) -> str:
    """A move in percent, relative to the baseline; empty where a ratio says nothing."""
    value, baseline = evidence.value, evidence.baseline
    if not isinstance(value, int | float) or not isinstance(baseline, int | float):
        return ""
    if baseline <= 0 or evidence.unit in (Unit.PLACE, Unit.FLAG, Unit.DAY, Unit.TEXT):
        return ""
    return f" ({format_percent(value / baseline - 1, signed=True)})"


def _facts(facts: Mapping[str, float | None], currencies: Currencies) -> Iterator[str]:
    """Price, sales, trend, rank, creators and commission, in this order, as far as known."""

    def told(name: str, unit: Unit, pattern: str = "{}") -> str:
        value = facts.get(name)
        if value is None or not math.isfinite(value):
            return ""
        named = flag_of(name, value) if unit is Unit.FLAG else format_value(value, unit, currencies)
        return pattern.format(named) if named else ""

    sold = told("total_sale_7d_cnt", Unit.COUNT, "{} sold")
    week = ", ".join(filter(None, (sold, told("total_sale_gmv_7d_amt", Unit.GMV, "GMV {}"))))
    creators = told("total_ifl_cnt", Unit.COUNT, "{} creators in all")
    this_week = told("creators_7d", Unit.COUNT, f"{{}}{'' if creators else ' creators'} this week")
    yield told("spu_avg_price", Unit.MONEY)
    yield f"7 days: {week}" if week else ""
    yield told("sales_trend_flag", Unit.FLAG)
    yield told("rank", Unit.PLACE) if facts.get("rank") else ""
    yield ", ".join(filter(None, (creators, this_week)))
    yield told("commission", Unit.FRACTION, "{} commission")
