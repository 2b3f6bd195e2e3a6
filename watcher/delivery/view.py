"""A message as harmless, readable texts: what the templates lay out.

Nothing here knows a format. Every text has gone through ``neutralise``, the rule file's own
too: a rule's name is shown as it is meant, and never works as markup.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from urllib.parse import quote

from watcher.delivery.neutral import (
    TEXT_LENGTH,
    neutralise,
    neutralise_lines,
    neutralise_name,
    shorten,
)
from watcher.keyapi.fields import BY_NAME
from watcher.model import Evidence, Instant, Item, Message, Verdict
from watcher.units import Unit, at, format_number, format_percent, format_value

PRODUCT_PAGE = "https://www.tiktok.com/shop/pdp/"
TITLE_LENGTH = 200
NAMED = 10  # names of products beyond what is shown; the others are only counted
REASONS = 5


@dataclass(frozen=True, slots=True)
class Product:
    """One product: ``notes`` say what became of its alert, ``why`` is a line a condition."""

    number: int
    alert: str
    name: str
    link: str
    notes: tuple[str, ...]
    why: tuple[str, ...]
    facts: tuple[str, ...]


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
        count = format_number(self.rest)
        if not self.products:
            count += " product" if self.rest == 1 else " products"
        begin = f"and {count} more" if self.products else count
        if not self.names:
            return begin
        hidden = ", …" if self.rest > len(self.names) else ""
        return f"{begin}: {', '.join(self.names)}{hidden}"

    @property
    def footer(self) -> str:
        """The data's time and the ids of the alerts shown."""
        ids = ", ".join(product.alert for product in self.products if product.alert)
        word = "alert" if len(self.products) == 1 else "alerts"
        return " · ".join(part for part in (self.data, f"{word} {ids}" if ids else "") if part)


def view_of(message: Message, title: str, zone: tzinfo) -> View:
    """The message in words; times in ``zone``."""
    told_at = message.data_at or message.created
    text = message.description if message.kind == "alerts" else message.text
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
    """The same with a shorter text."""
    return replace(view, text=shorten(view.text, longest))


def _short(name: str) -> str:
    return neutralise_name(name, 40) or "(no name)"


def _product(number: int, item: Item, told_at: Instant, zone: tzinfo) -> Product:
    currency = neutralise(item.currency, 8) or None
    shown = [each for each in item.why if each.verdict is Verdict.MET] or list(item.why)
    lines = (_why(each, currency, told_at, zone) for each in shown[:REASONS])
    return Product(
        number=number,
        alert=neutralise(item.alert, 20),
        name=neutralise_name(item.name) or "(no name)",
        link=PRODUCT_PAGE + _path(item.product_id),
        notes=_notes(item, told_at, zone),
        why=tuple(line for line in lines if line),
        facts=tuple(_facts(item.facts, currency)),
    )


def _path(product_id: str) -> str:
    """Ids are digits; should one ever not be, it stays one harmless segment of the path."""
    kept = neutralise(product_id, 60)
    return quote(kept, safe="").replace("_", "%5F").replace("~", "%7E")


def _notes(item: Item, told_at: Instant, zone: tzinfo) -> tuple[str, ...]:
    since = _day(item.since, told_at, zone)
    reason = neutralise(item.reason)
    rule = (f"rule {neutralise(item.rule)}",) if item.rule else ()
    match item.kind:
        case "resolved":
            return (*rule, f"ended: {reason}" if reason else "ended", f"fired on {since}")
        case "reminder":
            return (*rule, f"still firing, since {since}")
        case _:
            return rule


def _why(evidence: Evidence, currency: str | None, told_at: Instant, zone: tzinfo) -> str:
    """``7-day GMV 1,200 → 4,830 (+303%) since 16 Nov``, or the value and what it was to be."""
    label = neutralise(evidence.label or evidence.metric, 60)
    condition = neutralise(evidence.condition, 80)
    moves = evidence.baseline is not None
    value = _value(evidence.value, evidence, None if moves else currency)
    if value is None:
        return f"{label}: {condition}" if condition else label
    change = moved(evidence)
    if not change:
        return f"{label} {value} ({condition})" if condition else f"{label} {value}"
    since = evidence.baseline_at
    when = f" since {_day(since, told_at, zone)}" if since is not None else ""
    return f"{label} {change}{when}"


def moved(evidence: Evidence) -> str:
    """``1,200 → 4,830 (+303%)``; empty of what does not move."""
    value, baseline = (_value(each, evidence, None) for each in (evidence.value, evidence.baseline))
    if value is None or baseline is None:
        return ""
    share = _moved(evidence)
    return f"{baseline} → {value}{f' ({share})' if share else ''}"


def _value(value: float | str | None, evidence: Evidence, currency: str | None) -> str | None:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, str):
        return f'"{neutralise_name(value, 60)}"'
    named = _flag(evidence.metric, value)
    if named is not None:
        return named
    unit = evidence.unit if evidence.unit in set(Unit) else Unit.SCORE
    return format_value(value, unit, currency)


def _flag(metric: str, value: float) -> str | None:
    """The name of a flag's value: ``rising`` of ``sales_trend_flag`` 1."""
    field = BY_NAME.get(metric)
    if field is None or field.unit is not Unit.FLAG:
        return None
    names = {number: name for name, number in field.names} or {0: "no", 1: "yes"}
    return names.get(int(value))


def _moved(evidence: Evidence) -> str:
    """By how much, relative to the baseline; empty where a ratio says nothing."""
    value, baseline = evidence.value, evidence.baseline
    if isinstance(value, str) or isinstance(baseline, str) or value is None or not baseline:
        return ""
    if evidence.unit in (Unit.PLACE, Unit.FLAG, Unit.DAY, Unit.TEXT) or baseline < 0:
        return ""
    return format_percent(value / baseline - 1, signed=True)


def _facts(facts: Mapping[str, float | None], currency: str | None) -> list[str]:
    """What there is of price, sales, trend, rank, creators and commission, in this order."""
    known = {
        name: value for name, value in facts.items() if value is not None and math.isfinite(value)
    }

    def told(name: str, unit: Unit, pattern: str) -> str:
        if name not in known:
            return ""
        # The price says the currency once for all amounts of the line.
        money = currency if name == "spu_avg_price" or "spu_avg_price" not in known else None
        return pattern.format(format_value(known[name], unit, money))

    sales = (
        told("total_sale_7d_cnt", Unit.COUNT, "{} sold"),
        told("total_sale_gmv_7d_amt", Unit.MONEY, "GMV {}"),
    )
    week = ", ".join(part for part in sales if part)
    trend = (
        _flag("sales_trend_flag", known["sales_trend_flag"])
        if ("sales_trend_flag" in known)
        else ""
    )
    parts = (
        told("spu_avg_price", Unit.MONEY, "{}"),
        f"7 days: {week}" if week else "",
        trend or "",
        told("rank", Unit.PLACE, "{}") if known.get("rank") else "",
        told("creators_7d", Unit.COUNT, "{} creators"),
        told("commission", Unit.FRACTION, "{} commission"),
    )
    return [part for part in parts if part]


def _day(instant: Instant, told_at: Instant, zone: tzinfo) -> str:
    """``16 Nov``; with the hour on the day that is told of, with the year in another year."""
    when, told = at(instant, zone), at(told_at, zone)
    if when.date() == told.date():
        return f"{when:%H:%M}"
    return f"{when.day} {when:%b}" if when.year == told.year else f"{when.day} {when:%b %Y}"


def _moment(instant: Instant, zone: tzinfo) -> str:
    when = at(instant, zone)
    return f"{when.day} {when:%b %Y, %H:%M} {zone}"
