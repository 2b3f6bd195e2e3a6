"""A message as harmless, readable texts: what the templates lay out.

Nothing here knows a format. Every text has gone through ``neutralise``, the rule file's own
too: a rule's name is shown as it is meant, and never works as markup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo

from watcher.fields import unit_of
from watcher.identity import product_page
from watcher.model import Evidence, Instant, Item, Message, Verdict
from watcher.text.evidence import flag_of, spelled
from watcher.text.messages import text_of
from watcher.text.sanitize import (
    TEXT_LENGTH,
    neutralise,
    neutralise_lines,
    neutralise_name,
    shorten,
)
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


@dataclass(frozen=True, slots=True)
class Product:
    """One product: ``notes`` say what became of its alert, ``why`` is a line a condition.

    ``seen`` says when it was seen last, where that was before the message's data; a note, too.
    """

    number: int
    alert: str
    name: str
    link: str
    notes: tuple[str, ...]
    why: tuple[str, ...]
    facts: tuple[str, ...]
    seen: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """A whole message. ``rest`` are the products that are not shown, ``names`` some of them."""

    title: str
    text: str
    products: tuple[Product, ...]
    rest: int
    names: tuple[str, ...]
    data: str

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
        ids = ", ".join(product.alert for product in self.products if product.alert)
        alerts = f"{plural(len(self.products), 'alert')} {ids}" if ids else ""
        return " · ".join(part for part in (self.data, alerts) if part)


def view_of(message: Message, title: str, zone: tzinfo) -> View:
    """The message in words; times in ``zone``."""
    told_at = message.data_at or message.created
    text = message.description if message.kind == "alerts" else text_of(message)
    return View(
        title=title,
        text=neutralise_lines(text, TEXT_LENGTH),
        products=tuple(
            _product(number, item, told_at, zone)
            for number, item in enumerate(message.items, start=1)
        ),
        rest=max(message.rest, len(message.more)),
        names=tuple(_short(name) for name in message.more[:NAMED]),
        data=f"Data of {_moment(message.data_at, zone)}" if message.data_at else "",
    )


def cut_to(view: View, shown: int, *, named: bool = True) -> View:
    """The first ``shown`` products; the others join those that are only named or counted."""
    cut = view.products[shown:]
    names = (*(_short(product.name) for product in cut), *view.names)[:NAMED] if named else ()
    return replace(view, products=view.products[:shown], rest=view.rest + len(cut), names=names)


def cut_text(view: View, longest: int) -> View:
    """The view with a shorter text."""
    return replace(view, text=shorten(view.text, longest))


def _short(name: str) -> str:
    return neutralise_name(name, 40) or "(no name)"


def _product(number: int, item: Item, told_at: Instant, zone: tzinfo) -> Product:
    currencies = Currencies(_code(item.currency), _code(item.gmv_currency))
    reasons = _reasons(item)
    shown = [each for each in reasons if each.met] or reasons
    seen = item.seen or told_at
    lines = (_reason(each, currencies, (seen, told_at), zone) for each in shown[:REASONS])
    return Product(
        number=number,
        alert=neutralise(item.alert, 20),
        name=neutralise_name(item.name) or "(no name)",
        link=_link(item.product_id),
        notes=_notes(item, told_at, zone),
        why=tuple(line for line in lines if line),
        facts=tuple(_facts(item.facts, currencies)),
        seen="".join(_seen(item, told_at, zone)),
    )


def _code(currency: str | None) -> str | None:
    return neutralise(currency, 8) or None


def _link(product_id: str) -> str:
    """Ids are digits; should one ever not be, it stays one harmless segment of the path."""
    return product_page(neutralise(product_id, 60)).replace("_", "%5F").replace("~", "%7E")


def _notes(item: Item, told_at: Instant, zone: tzinfo) -> tuple[str, ...]:
    since = _day(item.since, told_at, zone)
    reason = neutralise(item.reason)
    rule = (f"rule {neutralise(item.rule)}",) if item.rule else ()
    seen = _seen(item, told_at, zone)
    match item.kind:
        case "resolved":
            return (
                *rule,
                f"ended: {reason}" if reason else "ended",
                f"fired {_on(item.since, told_at, zone)}",
                *seen,
            )
        case "reminder":
            return (*rule, f"still firing, since {since}", *seen)
        case _:
            return (*rule, *((f"firing since {since}",) if item.now else ()), *seen)


@dataclass(frozen=True, slots=True)
class _Reason:
    """One condition's evidence now, and as the alert fired, if that was otherwise."""

    now: Evidence
    began: Evidence | None = None

    @property
    def met(self) -> bool:
        both = (self.now, self.began)
        return any(each is not None and each.verdict is Verdict.MET for each in both)


def _reasons(item: Item) -> list[_Reason]:
    why = [spelled(each) for each in item.why]
    if not item.now:
        return [_Reason(each) for each in why]
    reasons = []
    for now in map(spelled, item.now):
        began = _began(now, why)
        same = began is not None and _what_is_so(began) == _what_is_so(now)
        reasons.append(_Reason(now, None if same else began))
    return reasons


def _what_is_so(evidence: Evidence) -> tuple[object, ...]:
    """Value and baseline; of an event, which has no value, whether it is met."""
    value = evidence.verdict if evidence.value is None else evidence.value
    return value, evidence.baseline


def _began(now: Evidence, why: Sequence[Evidence]) -> Evidence | None:
    """Evidence of the condition as the alert fired; or the metric's only one, if it was edited."""
    same = [each for each in why if (each.metric, each.condition) == (now.metric, now.condition)]
    others = [each for each in why if each.metric == now.metric]
    return same[0] if same else others[0] if len(others) == 1 else None


def _reason(
    reason: _Reason, currencies: Currencies, times: tuple[Instant, Instant], zone: tzinfo
) -> str:
    """``sales growth 336% when it began, 201% now (at least 50%)``; of one that was so all the
    time, ``_why``. ``times`` are when the product was seen, and when it is told."""
    now, began, (seen, told_at) = reason.now, reason.began, times
    if began is None:
        return _why(now, currencies, told_at, zone)
    if began.value is None:
        return f"{_why(began, currencies, told_at, zone)} when it began"
    when = "now" if seen == told_at else _on(seen, told_at, zone)
    old, new = _said(began, currencies), _said(now, currencies)
    label, condition = _label(began), neutralise(now.condition, 80)
    if not (_moves(now) or _moves(began)):
        return f"{label} {old} when it began, {new} {when}{f' ({condition})' if condition else ''}"
    # That of a statistic or a score says more than the metric's name.
    more = "" if now.label == began.label else f"{neutralise(now.label, 60)} "
    since = now.baseline_at if _moves(now) and seen == told_at else None
    end = f" since {_day(since, told_at, zone)}" if since is not None else ""
    return f"{label} {old} when it began, {when} {more}{new}{end}"


def _label(evidence: Evidence) -> str:
    """The metric's name, with the form of its formula where it has two."""
    form = f" ({neutralise(evidence.form, 20)} form)" if evidence.form else ""
    return f"{neutralise(evidence.label or evidence.metric, 60)}{form}"


def _said(evidence: Evidence, currencies: Currencies) -> str:
    """From where to where; or the value, where it did not move."""
    change = moved(evidence, currencies._replace(prices=None)) if _moves(evidence) else ""
    return change or _value(evidence.value, evidence, currencies) or "no value"


def _moves(evidence: Evidence) -> bool:
    return evidence.baseline is not None and evidence.value not in (None, evidence.baseline)


def _seen(item: Item, told_at: Instant, zone: tzinfo) -> tuple[str, ...]:
    return (f"last seen {_day(item.seen, told_at, zone)}",) if item.seen is not None else ()


def _why(evidence: Evidence, currencies: Currencies, told_at: Instant, zone: tzinfo) -> str:
    """``7-day GMV 1,200 → 4,830 (+303%) since 16 Nov``, or the value and what it was to be."""
    label = _label(evidence)
    condition = neutralise(evidence.condition, 80)
    value = _value(evidence.value, evidence, currencies)
    if value is None:
        return f"{label}: {condition}" if condition else label
    change = moved(evidence, currencies._replace(prices=None))
    if not change:
        return f"{label} {value} ({condition})" if condition else f"{label} {value}"
    since = evidence.baseline_at
    when = f" since {_day(since, told_at, zone)}" if since is not None else ""
    gap = f", {neutralise(evidence.gap, 60)}" if evidence.gap else ""
    return f"{label} {change}{when}{gap}"


def moved(evidence: Evidence, currencies: Currencies = NO_CURRENCIES) -> str:
    """``1,200 → 4,830 (+303%)``; empty of what does not move."""
    baseline = _value(evidence.baseline, evidence, NO_CURRENCIES)
    value = _value(evidence.value, evidence, currencies)
    if value is None or baseline is None:
        return ""
    share = _moved(evidence)
    return f"{baseline} → {value}{f' ({share})' if share else ''}"


def _value(value: float | str | None, evidence: Evidence, currencies: Currencies) -> str | None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, str):
        return f'"{neutralise_name(value, 60)}"'
    named = flag_of(evidence.metric, value)
    if named is not None:
        return named
    unit = unit_of(evidence.metric, evidence.unit)
    return format_value(value, unit if unit in set(Unit) else Unit.SCORE, currencies)


def _moved(evidence: Evidence) -> str:
    """A move in percent, relative to the baseline; empty where a ratio says nothing."""
    value, baseline = evidence.value, evidence.baseline
    if isinstance(value, str) or isinstance(baseline, str) or value is None or not baseline:
        return ""
    if evidence.unit in (Unit.PLACE, Unit.FLAG, Unit.DAY, Unit.TEXT) or baseline < 0:
        return ""
    return format_percent(value / baseline - 1, signed=True)


def _facts(facts: Mapping[str, float | None], currencies: Currencies) -> list[str]:
    """Price, sales, trend, rank, creators and commission, in this order, as far as known."""
    known = {
        name: value for name, value in facts.items() if value is not None and math.isfinite(value)
    }

    def told(name: str, unit: Unit, pattern: str) -> str:
        return pattern.format(format_value(known[name], unit, currencies)) if name in known else ""

    sales = (
        told("total_sale_7d_cnt", Unit.COUNT, "{} sold"),
        told("total_sale_gmv_7d_amt", Unit.GMV, "GMV {}"),
    )
    week = ", ".join(part for part in sales if part)
    creators = (
        told("total_ifl_cnt", Unit.COUNT, "{} creators in all"),
        told(
            "creators_7d",
            Unit.COUNT,
            "{} this week" if "total_ifl_cnt" in known else "{} creators this week",
        ),
    )
    trend = (
        flag_of("sales_trend_flag", known["sales_trend_flag"])
        if "sales_trend_flag" in known
        else ""
    )
    parts = (
        told("spu_avg_price", Unit.MONEY, "{}"),
        f"7 days: {week}" if week else "",
        trend or "",
        told("rank", Unit.PLACE, "{}") if known.get("rank") else "",
        ", ".join(part for part in creators if part),
        told("commission", Unit.FRACTION, "{} commission"),
    )
    return [part for part in parts if part]


def _day(instant: Instant, told_at: Instant, zone: tzinfo) -> str:
    """``16 Nov``; with the hour on the day that is told of, with the year in another year."""
    when, told = at(instant, zone), at(told_at, zone)
    if when.date() == told.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%b}" if when.year == told.year else f"{when.day} {when:%b %Y}"


def _on(instant: Instant, told_at: Instant, zone: tzinfo) -> str:
    """``on 16 Nov``, ``at 15:04``."""
    day = _day(instant, told_at, zone)
    return f"at {day}" if ":" in day else f"on {day}"


def _moment(instant: Instant, zone: tzinfo) -> str:
    when = at(instant, zone)
    return f"{when.day} {when:%b %Y, %H:%M} {zone}"
