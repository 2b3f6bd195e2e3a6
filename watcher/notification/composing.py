"""A message of what is owed: the strongest products first, in full up to the limits; of several
rules the most severe first, each product once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from typing import Self, TypeAlias

import msgspec
import numpy as np

from watcher.alert import Alert, NotificationLogEntry
from watcher.message import Also, Item, Message, RuleCount
from watcher.model import Instant, Severity
from watcher.notification.holds import Decided
from watcher.notification.policy import Decision
from watcher.notification.products import Products
from watcher.rules.rulebook import Rule

Explained: TypeAlias = Callable[[Sequence[Alert]], Sequence[Alert]]

WHOLE = 200  # products in full for a program: many a server takes no more than 1 MB
MOST = 50  # products in full of several rules; a channel may have its limit, and a service has
WORDS = 10  # of other rules on one product; those beyond are only named
NAMED = 20  # names of the products beyond the limit; the others are only counted


@dataclass(frozen=True, slots=True)
class Owing:
    """One rule's alerts that a channel is owed, and their ``products`` by the data of ``at``."""

    rule: Rule
    owed: Sequence[Decided]
    products: Products
    at: Instant

    @property
    def severity(self) -> Severity:
        """The severity of the most severe alert."""
        rule = self.rule
        found = [rule.severity_of(each.alert) for each in self.owed] if rule.grades else ()
        return max(found, key=lambda each: each.rank, default=rule.severity)

    def entries(self, channel: str, rows: Sequence[int]) -> Iterator[NotificationLogEntry]:
        """The channel's log of it, once the notifications ``rows`` are written."""
        keys = [each.alert.product for each in self.owed]
        values = self.products.told_with(self.rule, keys, self.at)
        for each, told_with in zip(self.owed, values, strict=True):
            ended = each.decision.of_an_end
            yield NotificationLogEntry(
                self.rule.name,
                each.alert.product,
                channel,
                each.alert.id,
                self.at,
                resolved_told=ended,
                notification=rows[0] if rows else None,
                # The end of one is no step of the next: that goes on from what fired.
                told_with=each.before if ended else told_with,
                severity=_highest(self.rule, each, each.decision),
            )


def log_of_dropped(
    rule: Rule, channel: str, dropped: Decided, before: NotificationLogEntry | None, at: Instant
) -> NotificationLogEntry:
    """The log of what another rule muted: it counts as told. What was told ``before`` of the same
    alert stays what it was."""
    alert, owed = dropped.alert, dropped.dropped or dropped.decision
    own = before if before is not None and before.alert == alert.id else None
    return NotificationLogEntry(
        rule.name,
        alert.product,
        channel,
        alert.id,
        at,
        resolved_told=owed.of_an_end,
        notification=own.notification if own is not None else None,
        told_with=before.told_with if before is not None else None,
        severity=_highest(rule, dropped, owed),
        muted=own.muted if own is not None else dropped.muted_by,
    )


def _highest(rule: Rule, told: Decided, decision: Decision) -> Severity | None:
    """The highest severity that was told of an alert once this is; of a new one, its own."""
    if not rule.grades:
        return None
    own, before = rule.severity_of(told.alert), told.told_as
    if before is None or decision in (Decision.FIRES, Decision.MISSED):
        return own
    return max(own, before, key=lambda each: each.rank)


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that one channel is told at once, in the order of the rule file. ``limit`` is the most
    products in full, whatever the rules allow (of several rules ``MOST``, if it is left out);
    ``kind`` is that of a message of several. A joined one names the rule also where it is one
    alone, as does one that is ``named``. A ``whole`` one is for a program: limits of rules, which
    spare a reader, bound nothing."""

    owing: Sequence[Owing]
    limit: int | None = None
    kind: str = "alerts"
    named: bool = False
    whole: bool = False

    def room(self, rule: Rule) -> int:
        """The most products of a rule in full."""
        most = WHOLE if self.whole else rule.limit
        return min(most, self.limit or most)

    def most(self, rules: Iterable[Rule]) -> int:
        """The most products of these rules in full."""
        return self.limit or max(MOST, *map(self.room, rules))

    @property
    def names_rules(self) -> bool:
        return len(self.owing) > 1 or self.kind == "joined" or self.named


def compose(bundle: Bundle, now: Instant, explained: Explained) -> Message:
    """One message; see ``compose_each``."""
    return compose_each([bundle], now, explained)[0]


def compose_each(bundles: Sequence[Bundle], now: Instant, explained: Explained) -> list[Message]:
    """A message of each, written ``now``: the most severe rule first, each product once, in full
    under the first rule that has room for it, with the words of the others beside it. ``explained``
    gives the evidence of the alerts that are shown, of all messages at once."""
    layouts = [_Layout.of(bundle) for bundle in bundles]
    shown = {each.alert.id: each.alert for layout in layouts for _, each in layout.shown()}
    _load(layouts)
    whole = {alert.id: alert for alert in explained([*shown.values()])}
    return [
        _written(layout, bundle, now, whole)
        for layout, bundle in zip(layouts, bundles, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Layout:
    """The places of a message's products. ``parts`` are in their order, the strongest of each
    first; ``standing`` are the products in full under each; ``also`` what other parts say of these,
    by product; ``rest`` counts the others, ``named`` are the first of them, each with a part that
    tells it."""

    parts: Sequence[Owing]
    standing: Sequence[Sequence[Decided]]
    also: Mapping[int, Sequence[tuple[Owing, Decided]]]
    named: Sequence[tuple[Owing, int]]
    rest: int

    @classmethod
    def of(cls, bundle: Bundle) -> Self:
        parts = [
            replace(each, owed=_strongest_first(each.rule, each.owed, each.products))
            for each in sorted(bundle.owing, key=lambda each: -each.severity.rank)
        ]
        if len(parts) == 1:
            (part,) = parts
            room = bundle.room(part.rule)
            named = [(part, each.alert.product) for each in part.owed[room : room + NAMED]]
            return cls(parts, [part.owed[:room]], {}, named, max(len(part.owed) - room, 0))
        standing = _standing(parts, bundle)
        homes = {each.alert.product: each for under in standing for each in under}
        also: dict[int, list[tuple[Owing, Decided]]] = {}
        hidden: dict[int, Owing] = {}
        for part in parts:
            for each in part.owed:
                product = each.alert.product
                if (home := homes.get(product)) is None:
                    hidden.setdefault(product, part)
                elif home is not each:
                    also.setdefault(product, []).append((part, each))
        named = [(part, product) for product, part in islice(hidden.items(), NAMED)]
        return cls(parts, standing, also, named, len(hidden))

    def shown(self) -> Iterator[tuple[Owing, Decided]]:
        """Yield all that is told in full or beside that."""
        for part, standing in zip(self.parts, self.standing, strict=True):
            yield from ((part, each) for each in standing)
        for words in self.also.values():
            yield from words[:WORDS]


def _standing(parts: Sequence[Owing], bundle: Bundle) -> list[list[Decided]]:
    """The products in full under each part, of which its rule's limit bounds its own. What ended by
    one rule and fires by another stands under that."""
    most = bundle.most(each.rule for each in parts)
    fires = {
        each.alert.product for part in parts for each in part.owed if not each.decision.of_an_end
    }
    taken = set[int]()
    found: list[list[Decided]] = []
    for part in parts:
        room, standing = min(bundle.room(part.rule), most - len(taken)), list[Decided]()
        for each in part.owed:
            product = each.alert.product
            if len(standing) >= room:
                break
            if product not in taken and not (each.decision.of_an_end and product in fires):
                taken.add(product)
                standing.append(each)
        found.append(standing)
    return found


def _load(layouts: Sequence[_Layout]) -> None:
    """Read at once what the messages say of their products."""
    asked: dict[int, tuple[Products, list[int]]] = {}
    for layout in layouts:
        shown = ((part, each.alert.product) for part, each in layout.shown())
        for part, product in chain(shown, layout.named):
            asked.setdefault(id(part.products), (part.products, []))[1].append(product)
    for products, keys in asked.values():
        products.load(keys)


def _written(layout: _Layout, bundle: Bundle, now: Instant, whole: Mapping[int, Alert]) -> Message:
    """``whole`` are the alerts that are shown, by id, with their evidence."""
    parts, several = layout.parts, bundle.names_rules
    only = None if several else parts[0].rule
    everything = [each for part in parts for each in part.owed]
    items = [
        [_standing_item(layout, part, each, whole) for each in standing]
        for part, standing in zip(parts, layout.standing, strict=True)
    ]
    if several:
        items = [_with_rule(own, part.rule) for own, part in zip(items, parts, strict=True)]
    told, ended = _counted(everything)
    return Message(
        kind=bundle.kind if several else "alerts",
        title="",
        severity=parts[0].severity,
        created=now,
        rule=only.name if only is not None else "",
        label=only.label if only is not None else "",
        description=only.description if only is not None else "",
        region=_regions(parts, items),
        data_at=max(part.at for part in parts),
        items=tuple(chain.from_iterable(items)),
        more=tuple(part.products.name(product) for part, product in layout.named),
        rest=layout.rest,
        alerts=_ids(everything),
        told=told,
        ended=ended,
        parts=tuple(map(_count, parts)) if several else (),
    )


def _count(part: Owing) -> RuleCount:
    rule = part.rule
    by = rule.group.by if rule.group is not None else ""
    counts = _counted(part.owed)
    return RuleCount(rule.name, *counts, rule.description, rule.label, part.severity, by)


def _standing_item(layout: _Layout, part: Owing, owed: Decided, whole: Mapping[int, Alert]) -> Item:
    """A product in full, with the words of the other rules."""
    item = _item(part, owed, whole)
    words = layout.also.get(owed.alert.product)
    if words is None:
        return item
    also = [_also(other, word, whole) for other, word in words[:WORDS]]
    also += [_name(other, word) for other, word in words[WORDS:]]
    return msgspec.structs.replace(item, also=tuple(also))


def _with_rule(items: Sequence[Item], rule: Rule) -> list[Item]:
    return [msgspec.structs.replace(item, rule=rule.name, label=rule.label) for item in items]


def _item(part: Owing, owed: Decided, whole: Mapping[int, Alert]) -> Item:
    alert, ended = whole[owed.alert.id], owed.decision.of_an_end
    reason = alert.reason if ended else None
    item = part.products.item(part.rule, alert, owed.kind, reason, owed.before)
    if not part.rule.grades or ended:
        return item
    raised = owed.decision is Decision.RAISED
    return msgspec.structs.replace(
        item,
        severity=part.rule.severity_of(alert),
        told_as=owed.told_as if raised else None,
        grade=part.products.grade(part.rule, alert),
    )


def _also(part: Owing, owed: Decided, whole: Mapping[int, Alert]) -> Also:
    """Another rule's word on a product: what an item says of its alert, without its facts."""
    item = _item(part, owed, whole)
    said = {name: getattr(item, name) for name in _OF_AN_ALERT}
    return Also(part.rule.name, label=part.rule.label, **said)


def _name(part: Owing, owed: Decided) -> Also:
    """One rule more that speaks of a product: not what it says."""
    alert = owed.alert
    since = alert.fired_at or alert.since
    return Also(part.rule.name, alert.short_id, owed.kind, since, label=part.rule.label)


_OF_AN_ALERT = tuple(name for name in Also.__struct_fields__ if name not in ("rule", "label"))


def _regions(parts: Sequence[Owing], items: Sequence[Sequence[Item]]) -> str:
    """The regions of all parts, each once."""
    found = (_of_part(part, own) for part, own in zip(parts, items, strict=True))
    return ", ".join(dict.fromkeys(filter(None, chain.from_iterable(found))))


def _of_part(part: Owing, items: Sequence[Item]) -> list[str]:
    """The regions of the lists that the products were found by; of shops and lookups those of the
    products that are shown."""
    rule = part.rule
    keys = {each.alert.watch: None for each in part.owed}
    watches = [rule.watch_of(key) for key in keys] or rule.watches
    regions = [watch.query.region for watch in watches if watch.query.of_market]
    return regions + [item.region for item in items] if len(regions) < len(watches) else regions


def _counted(owed: Sequence[Decided]) -> tuple[int, int]:
    """Products that are told of, and those whose end is; one of two rules counts once."""
    ended = len({each.alert.product for each in owed if each.decision.of_an_end})
    told = len({each.alert.product for each in owed if not each.decision.of_an_end})
    return told, ended


def _ids(owed: Sequence[Decided]) -> dict[str, tuple[int, ...]]:
    """The ids of the alerts, by why they are told."""
    found: dict[str, list[int]] = {}
    for each in owed:
        found.setdefault(each.decision.value, []).append(each.alert.id)
    return {why: tuple(ids) for why, ids in found.items()}


def _strongest_first(rule: Rule, owed: Sequence[Decided], products: Products) -> list[Decided]:
    """Order what fires before what ended; of each, where the data decide that, what is more severe
    first; then what the scan lists before what it does not. Within these by the rule's order,
    without a value last; of equals the alert that is older, and of those of one scan the product
    that is higher on the list."""
    keys, here = products.strength(rule, [each.alert.product for each in owed])
    ended = np.array([each.decision.of_an_end for each in owed])
    ids = np.array([each.alert.id for each in owed])
    absent = np.isnan(keys)  # an infinite strength's opposite is no lack of one
    weakness = np.where(absent, np.inf, -keys)
    by_key = np.stack((absent, weakness), axis=1).reshape(2 * len(keys), len(owed))
    milder = np.zeros_like(ids)
    if rule.grades:
        milder = -np.array([rule.severity_of(each.alert).rank for each in owed])
    order = np.lexsort((ids, *by_key[::-1], ~here, milder, ended))
    return [owed[index] for index in order]
