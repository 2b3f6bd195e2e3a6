"""The products of a group, as its page has them beside the figures."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.analysis.assortments import on_lists
from watcher.analysis.groups import GroupHistory
from watcher.fields import SELLER
from watcher.model import Instant, ProductFacts
from watcher.rules.rulebook import Rulebook
from watcher.store.ports import Store
from watcher.subjects import WATCH, subject_parts
from watcher.web.pages.assortment_table import heads
from watcher.web.pages.assortment_view import AssortmentView, ShownSubject, view_of

__all__ = ["AssortmentView", "heads", "kind_of", "products_of"]


def kind_of(by: str) -> str:
    """``seller`` or ``category``, which have pages of their own; empty of a list as a whole."""
    return "" if by == WATCH else "seller" if by == SELLER else "category"


def products_of(
    database: Store, book: Rulebook, now: Instant, query: Mapping[str, str], facts: ProductFacts,
    past: GroupHistory,
) -> AssortmentView:  # fmt: skip
    """Read them: those on the lists that the rules on it read, or on all where none speaks of it
    now."""
    by, value = subject_parts(facts.product_id) or ("", "")
    watches = {watch.key: watch for group in past.groups for watch in group.watches}
    if by == WATCH:
        watches = {key: watch for key, watch in watches.items() if watch.name == value}
        listed = on_lists(database, watches.values(), now).products
        assortment, wanted = database.assortments.among(facts.region, listed), ""
    else:
        assortment = database.assortments.of(facts.region, by, value)
        wanted = f"{kind_of(by)}={value}"
    meant = [*watches.values()] if watches or by == WATCH else None
    subject = ShownSubject(facts.region, assortment, wanted, facts.product, meant)
    return view_of(database, book, now, query, subject)
