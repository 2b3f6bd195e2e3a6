"""A message as harmless, readable texts, of no format: what the templates lay out.

Every text has gone through ``neutralise``, the rule file's own too: none works as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo
from itertools import chain

from watcher.delivery.product_words import Heading, Product, ProductWords
from watcher.language import Language, language, ngettext
from watcher.language import gettext as _
from watcher.message import Item, Message, RuleCount
from watcher.model import Instant
from watcher.text.messages import heading_of, lead_of, rule_line
from watcher.text.sanitize import TEXT_LENGTH, neutralise, neutralise_lines, neutralise_name
from watcher.text.titles import counted_of, kind_of
from watcher.units import (
    at,
    enumerated,
    format_day,
    format_number,
    format_time,
)

__all__ = ["NAMED", "TITLE_LENGTH", "Heading", "Product", "View", "cut_to", "view_of"]
TITLE_LENGTH = 200
NAMED = 10  # names of products beyond what is shown; the others are only counted
_LINE = 300  # of one about a rule


@dataclass(frozen=True, slots=True)
class View:
    """A whole message. ``rest`` are the products that are not shown, ``names`` some of them;
    ``rules`` are the headings of a message of several. ``kind`` is what all are grouped by, as
    ``counted_of`` takes it; ``language`` is the one that it is in. At ``link`` one may act on all
    that it tells of. ``parted``: they stand in parts, each with numbers of its own: all of these
    are cut alike, and who is not shown is only counted."""

    title: str
    text: str
    products: tuple[Product, ...]
    rest: int
    names: tuple[str, ...]
    data: str
    rules: tuple[Heading, ...] = ()
    kind: str = ""
    language: Language = Language.ENGLISH
    link: str = ""
    parted: bool = False

    @property
    def previews(self) -> tuple[str, ...]:
        """A line about each of the first products: for the list of mails."""
        return tuple(
            _("{name}: {said}").format(name=each.name, said="".join((each.notes + each.why)[:1]))
            for each in self.products[:3]
        )

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
    def act(self) -> str:
        """The one link of the message, where no product that is shown has one of its own."""
        return "" if any(product.act for product in self.products) else self.link

    @property
    def more(self) -> str:
        """``and 14 more: …``; empty where every product is shown."""
        if not self.rest:
            return ""
        count = format_number(self.rest)
        if self.products:
            begin = _("and {count} more").format(count=count)
        else:
            begin = counted_of(self.kind, self.rest, count)
        if not self.names:
            return begin
        hidden = ("…",) if self.rest > len(self.names) else ()
        names = enumerated((*self.names, *hidden))
        return _("{more}: {names}").format(more=begin, names=names)

    @property
    def footer(self) -> str:
        """The data's time and the ids of the alerts shown."""
        told = ((product.alert, *product.beside) for product in self.products)
        ids = [*filter(None, chain.from_iterable(told))]
        alerts = ""
        if ids:
            alerts = ngettext("alert {ids}", "alerts {ids}", len(ids)).format(ids=enumerated(ids))
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
        data=_("Data of {day}, {time} {zone}").format(
            day=format_day(when, year=True), time=format_time(when), zone=zone
        )
        if message.data_at
        else "",
        rules=tuple(rules.values()),
        kind=kind_of(message),
        language=language(),
    )


def linked(view: View, link: str, *, each: bool) -> View:
    """The message with the ``link`` at which one may act on it, or one of its own for ``each``
    product; one of which no product is told has none."""
    if not view.products:
        return view
    products = view.products
    if each:
        products = tuple(replace(one, act=f"{link}/{one.number}") for one in products)
    return replace(view, link=link, products=products)


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
        yield ProductWords(item, told_at, zone).product(number, called, heading, known=bool(spoken))
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
    return neutralise_name(name, 40) or _("(no name)")
