"""An assortment as the pages of sellers, categories and groups read it: products, sums, alerts,
and the lists that have some of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import numpy as np

from watcher.analysis.assortment_tallies import AssortmentTally, sums_of
from watcher.analysis.assortments import OnLists, SumsPast, on_lists, past_of
from watcher.model import Instant
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.store.records import AlertRow
from watcher.store.sql.assortments import Assortment
from watcher.store.sql.silences import Silence
from watcher.units import DAY
from watcher.web.pages.assortment_table import ProductTable, TableQuery, asked_of, table_of
from watcher.web.pages.common import ALERTS, days_of, shown
from watcher.web.rendering import with_query


@dataclass(frozen=True, slots=True)
class ListShare:
    """Some products on a list: how many it has of them now, and its page with those alone."""

    watch: str
    products: int
    at: Instant
    path: str


@dataclass(frozen=True, slots=True)
class AssortmentView:
    """The state of an assortment as its page shows it. ``now`` are sums of what the newest lists
    have; ``within`` is the time of ``past``, and so many alerts are ``firing``."""

    asked: TableQuery
    days: int
    within: tuple[Instant, Instant]
    table: ProductTable
    now: AssortmentTally
    past: SumsPast
    alerts: Sequence[AlertRow]
    firing: int
    lists: Sequence[ListShare]


@dataclass(frozen=True, slots=True)
class ShownSubject:
    """Products that are shown together: ``wanted`` is the filter of a list's page that leaves them,
    as ``seller=7495``. ``group`` is the key of the group that they are to rules, whose alerts stand
    with the products'; ``watches`` are those that are meant, where it is not all."""

    region: str
    assortment: Assortment
    wanted: str
    group: int | None = None
    watches: Sequence[Watch] | None = None


def view_of(
    database: Store, book: Rulebook, now: Instant, query: Mapping[str, str], subject: ShownSubject
) -> AssortmentView:
    """Read it."""
    assortment, watches = subject.assortment, subject.watches
    if book.metrics.gmv_currency is not None:
        assortment = assortment.of_one_currency()
    days, asked = days_of(query), asked_of(query)
    begin = now - days * DAY
    lists = on_lists(database, book.watches if watches is None else watches, now)
    keys = None if watches is None else [watch.key for watch in watches]
    ids, firing, all_firing = _alerts(database, assortment, subject.group)
    places = lists.places(assortment.products)
    listed = np.flatnonzero(places >= 0)
    return AssortmentView(
        asked=asked,
        days=days,
        within=(begin, now),
        table=table_of(database, assortment, lists, firing, asked),
        now=sums_of(lists, places[listed], assortment.only(listed).currencies),
        past=past_of(database, subject.region, assortment, (begin, now), keys),
        alerts=shown(database, ids, book, now),
        firing=all_firing,
        lists=_shares(lists, assortment, subject.wanted),
    )


def covering(database: Store, product: Sequence[str | None], now: Instant) -> list[Silence]:
    """The silences of sellers and categories that cover whatever has these texts, as
    ``Silence.covers`` takes them. Those that name a rule alone cover everybody's."""
    named = (each for each in database.silences.active(now) if each.seller or each.category)
    return [each for each in named if each.covers(product)]


def _alerts(
    database: Store, assortment: Assortment, group: int | None
) -> tuple[list[int], dict[int, int], int]:
    """The newest alerts, live ones first; how many fire, by product and together."""
    own = assortment.products if group is None else np.append(assortment.products, group)
    live = database.assortments.live_alerts()
    mine = np.isin(live.products, own)
    fires, waits = (np.flatnonzero(mine & (live.firing == state)) for state in (True, False))
    ids: list[int] = live.ids[np.concatenate([fires, waits])[:ALERTS]].tolist()
    if len(ids) < ALERTS:
        ids += database.assortments.past_alerts(ALERTS - len(ids), own)
    products, counts = np.unique(live.products[fires], return_counts=True)
    return ids, dict(zip(products.tolist(), counts.tolist(), strict=True)), len(fires)


def _shares(lists: OnLists, assortment: Assortment, wanted: str) -> list[ListShare]:
    name, _equals, value = wanted.partition("=")
    found = [
        ListShare(
            watch,
            int(np.isin(products, assortment.products).sum()),
            lists.at[watch],
            with_query(f"/watches/{quote(watch, safe='')}", **{name: value}),
        )
        for watch, products in lists.members.items()
    ]
    found.sort(key=lambda each: (-each.products, each.watch))
    return [each for each in found if each.products]
