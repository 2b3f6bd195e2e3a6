"""Reads for the page of a product: the product and those beside it, their past, and the rules that
look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from watcher.analysis.verdicts import Lookers, RuleVerdict, lookers_at, verdicts_of
from watcher.evaluation.series import Track
from watcher.language import gettext as _
from watcher.model import Instant, LongTexts, ProductFacts
from watcher.rules.metrics import RANK
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.silences import Silence
from watcher.web.pages.common import ALERTS, shown
from watcher.web.pages.followed import Beside, beside
from watcher.web.pages.product_compared import ComparedProduct, compared_of
from watcher.web.pages.product_texts import TextChanged, reworded
from watcher.web.pages.product_view import METRICS, ProductView, Query, firsts, view_of
from watcher.web.ranges import range_of

RULES = 20  # at once
FOUND = 8  # products that a search for one to compare offers


@dataclass(frozen=True, slots=True)
class ProductPast:
    """A product as the store has it, with what its ``view`` asks for; ``compared`` are those in the
    plot, itself the first. ``cards`` are the tracks of the usual metrics that have values,
    ``marked`` the alerts that fired in the time, those that began last first."""

    facts: ProductFacts
    view: ProductView
    compared: Sequence[ComparedProduct]
    cards: Sequence[Track]
    alerts: Sequence[AlertRow]
    marked: Sequence[AlertRow]
    silences: Sequence[Silence]
    texts: LongTexts | None
    reworded: Sequence[TextChanged]
    categories: Sequence[str]  # from level 1 on
    names: Mapping[str, str]  # of its seller and categories, as far as they are known
    beside: Beside
    lookers: Lookers
    verdicts: Sequence[RuleVerdict]  # of the page of rules that the view asks for
    found: Sequence[tuple[str, str, str]] = ()  # by a search: region, id and name

    @property
    def within(self) -> tuple[Instant, Instant]:
        return self.view.time.begin, self.view.time.end


def past_of(
    database: Store, book: Rulebook, now: Instant, subject: tuple[str, str], query: Query
) -> ProductPast | None:
    """Read the page of a product; None of one that no scan has seen."""
    key = database.history.keys_of([subject]).get(subject)
    if key is None:
        return None
    time = range_of(firsts(query), book.zone, now, _first_answer(database, key, now))
    view = view_of(query, subject, book.metrics, time)
    products, view = _products(database, key, view)
    facts = products[0]
    categories = database.categories.of_product(key)
    newest = database.browsing.alerts_of_product(key, ALERTS)
    marked = database.browsing.fired_on(key, time.begin, time.end, ALERTS)
    every = dict.fromkeys([*newest, *marked])
    rows = {row.alert.id: row for row in shown(database, [*every], book, now)}
    alerts = [rows[each] for each in newest if each in rows]
    lookers = lookers_at(database, book, facts, categories)
    usual = [*filter(None, map(book.metrics.get, METRICS))]
    ranked = any(RANK in metric.needs for metric in view.metrics)
    watches = _watch_of(book, facts, alerts, lookers) if ranked else []
    compared = compared_of(database, view, products, usual, watches, lookers.listed)
    view = replace(view, rules=min(view.rules, pages_of(len(lookers.rules), RULES)))
    some = slice((view.rules - 1) * RULES, view.rules * RULES)
    return ProductPast(
        facts,
        view,
        compared,
        [
            track
            for metric in dict.fromkeys([*usual, *view.metrics])
            if (track := compared[0].tracks.get(metric)) is not None and not track.empty
        ],
        alerts,
        [rows[each] for each in marked if each in rows],
        database.silences.of_product(key, now),
        database.history.long_texts(key),
        reworded(database.history.text_changes(key, view.time.begin)),
        categories,
        {**database.categories.names(categories), **book.sellers},
        beside(database, book, facts),
        lookers,
        verdicts_of(database, book, lookers, some),
        _found(database, view),
    )


def pages_of(count: int, size: int) -> int:
    """The number of pages of so many things, at least one."""
    return max(-(-count // size), 1)


def _first_answer(database: Store, key: int, now: Instant) -> Instant:
    first = database.history.first_numbers(key, ())
    return first[0] if first is not None else now


def _products(
    database: Store, key: int, view: ProductView
) -> tuple[list[ProductFacts], ProductView]:
    """The products of the view, and the view without those that no scan has seen."""
    keys = database.history.keys_of(view.others) if view.others else {}
    facts = database.history.facts([key, *keys.values()])
    there = [each for each in view.others if keys.get(each) in facts]
    missing = [each for each in view.others if each not in there]
    if missing:
        text = _("No scan has seen {ids}.")
        ids = _(", ").join(map(view.written, missing))
        view = replace(view.beside(there), refused=(*view.refused, text.format(ids=ids)))
    return [facts[key], *(facts[keys[each]] for each in there)], view


def _watch_of(
    book: Rulebook, facts: ProductFacts, alerts: Sequence[AlertRow], lookers: Lookers
) -> list[Watch]:
    """The list whose places are shown: of the newest alert's rule, else one that a rule judges the
    product on, or else the region's first."""
    rules = {rule.name: rule for rule in book.rules}
    of_alerts = (
        rules[row.alert.rule].watch_of(row.alert.watch) for row in alerts if row.alert.rule in rules
    )
    judged = (watch for _rule, watch in lookers.rules if watch.key in lookers.listed)
    here = book.watches_in(facts.region)
    ranked = (each for each in chain(of_alerts, judged, here) if each.query.sort)
    return [*islice(chain(ranked, here), 1)]


def _found(database: Store, view: ProductView) -> list[tuple[str, str, str]]:
    """Products by the search for one to compare; none that is compared already."""
    if not view.find:
        return []
    found = database.browsing.products(view.find)
    return [each for each in found if each[:2] not in view.subjects][:FOUND]
