"""All rules that look at one product, read only: each with its verdict now, as ``explain`` has it
of one. What rules of a list have in common is read once: the scan, and the baselines that they ask
for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from watcher.alert import Alert, AlertState
from watcher.analysis.looking import Glance, Looked
from watcher.data_days import durations
from watcher.errors import WatcherError
from watcher.fields import SELLER
from watcher.model import Instant, ProductFacts, Verdict
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import ScanRow
from watcher.subjects import WATCH, subject_id

_MOST = 1_000  # live alerts of one product
_LATER = 1 << 61  # after all times: who is live then is live now


@dataclass(frozen=True, slots=True)
class RuleVerdict:
    """A rule on a product. ``looked`` are its reasons by the ``watch``: None where no scan has read
    the product for it yet, or where it can't be judged, which ``trouble`` says. ``scan`` is the
    newest of the watch, ``alert`` the live one; ``fires_at`` is when a pending one fires at the
    earliest."""

    rule: Rule
    watch: Watch
    alert: Alert | None = None
    scan: ScanRow | None = None
    looked: Looked | None = None
    trouble: str = ""
    fires_at: Instant | None = None

    @property
    def listed(self) -> bool:
        """Whether the newest scan is the one that was judged, and listed the product."""
        looked, scan = self.looked, self.scan
        if looked is None or scan is None:
            return False
        return looked.at == scan.at and not looked.fallen

    @property
    def verdict(self) -> Verdict:
        return self.looked.when.verdict if self.looked is not None else Verdict.NO_DATA


@dataclass(frozen=True, slots=True)
class Lookers:
    """The rules that look at a product, each with the list that it is judged on, and their live
    alerts: those that fire first, then those that are pending, then list by list. ``groups`` are
    those that judge it among others, each with the id of that group; ``elsewhere`` is the number of
    those whose lists have never had it. ``listed`` are the watches that ever had it, with the scans
    that saw it last."""

    product: ProductFacts
    rules: tuple[tuple[Rule, Watch], ...]
    alerts: Mapping[str, Alert]
    groups: tuple[tuple[Rule, str], ...]
    elsewhere: int
    listed: Mapping[str, int]

    def of_state(self, state: AlertState) -> int:
        """The number of live alerts of such a state."""
        known = (self.alerts.get(rule.name) for rule, _watch in self.rules)
        return sum(alert is not None and alert.state is state for alert in known)


def lookers_at(
    database: Store, book: Rulebook, product: ProductFacts, categories: Sequence[str] = ()
) -> Lookers:
    """Find every rule that looks at ``product``, whose ``categories`` are given from level 1."""
    listed = database.history.listed_by([product.product])[product.product]
    alerts = _live(database, product)
    followed = database.followed.get(product.product_id) is not None
    found, groups = list[tuple[Rule, Watch]](), list[tuple[Rule, str]]()
    elsewhere = 0
    for rule in book.rules:
        if rule.group is not None:
            groups += _group_of(rule, product, categories, listed)
            continue
        watch = _watch_of(rule, alerts.get(rule.name), listed, product, followed=followed)
        if watch is None:
            elsewhere += 1
        else:
            found.append((rule, watch))
    places = {watch: place for place, watch in enumerate(book.watches)}
    found.sort(
        key=lambda each: (not each[0].enabled, _rank(alerts.get(each[0].name)), places[each[1]])
    )
    return Lookers(product, tuple(found), alerts, tuple(groups), elsewhere, listed)


def _rank(alert: Alert | None) -> int:
    states = (AlertState.FIRING, AlertState.PENDING)
    return states.index(alert.state) if alert is not None else len(states)


def verdicts_of(
    database: Store, book: Rulebook, lookers: Lookers, some: slice = slice(None)
) -> list[RuleVerdict]:
    """Judge these rules, or ``some`` of them, in their order."""
    rules = lookers.rules[some]
    asked: dict[Watch, list[Rule]] = {}
    for rule, watch in rules:
        asked.setdefault(watch, []).append(rule)
    found = {
        each.rule.name: each
        for watch, of_list in asked.items()
        for each in _on_list(database, book, watch, of_list, lookers)
    }
    return [found[rule.name] for rule, _watch in rules]


def _live(database: Store, product: ProductFacts) -> Mapping[str, Alert]:
    """The live alerts of the product, by rule."""
    rows = database.alerts.list(product=product.product, since=_LATER, limit=_MOST)
    return {
        row.alert.rule: row.alert
        for row in reversed(rows)
        if row.alert.state is not AlertState.INACTIVE
    }


def _watch_of(
    rule: Rule, alert: Alert | None, listed: Mapping[str, int], product: ProductFacts,
    *, followed: bool,
) -> Watch | None:  # fmt: skip
    """The watch that opened the live alert, else the one that saw the product last, else one that
    asks for it by its id; None where none ever had it."""
    if alert is not None and rule.reads(alert.watch):
        return rule.watch_of(alert.watch)
    seen = [each for each in rule.watches if each.key in listed]
    if seen:
        return max(seen, key=lambda each: listed[each.key])
    by_id = (
        each
        for each in rule.watches
        if product.product_id in each.query.ids or (each.query.followed and followed)
    )
    return next(by_id, None)


def _group_of(
    rule: Rule, product: ProductFacts, categories: Sequence[str], listed: Mapping[str, int]
) -> Iterator[tuple[Rule, str]]:
    """Yield the rule with the id of the group that it judges the product in, if it does."""
    group = rule.group
    if group is None or not any(each.key in listed for each in group.watches):
        return
    levels = dict(
        zip(("category_id", "category_l2_id", "category_l3_id"), categories, strict=False)
    )
    value = product.seller_id if group.by == SELLER else levels.get(group.by)
    if group.by == WATCH:
        value = max(
            (each for each in group.watches if each.key in listed),
            key=lambda each: listed[each.key],
        ).key
    if value:
        yield rule, subject_id(group.by, value)


def _on_list(
    database: Store, book: Rulebook, watch: Watch, rules: Sequence[Rule], lookers: Lookers
) -> Iterator[RuleVerdict]:
    """Yield the verdicts of the rules of one list."""
    scan = database.history.newest_scan(watch.key)
    glance = Glance(database, watch, rules, lookers.product, scan) if scan is not None else None
    for rule in rules:
        looked, trouble = None, ""
        if glance is not None:
            try:
                looked = glance.look(rule, book.zone)
            except WatcherError as error:
                trouble = str(error)
        alert, fires_at = lookers.alerts.get(rule.name), None
        if alert is not None and alert.state is AlertState.PENDING:
            fires_at = durations(watch.schedule, database.history).over(rule.for_, alert.since)
        yield RuleVerdict(rule, watch, alert, scan, looked, trouble, fires_at)
