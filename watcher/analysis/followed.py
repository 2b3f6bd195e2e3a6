"""The products of the list ``followed`` for people, with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watcher.model import Instant, ProductFacts
from watcher.store.ports import Store
from watcher.store.sql.followed import Follow

SHOWN = ("spu_avg_price", "total_sale_7d_cnt", "total_sale_gmv_7d_amt")


@dataclass(frozen=True, slots=True)
class FollowedProduct:
    """One that is followed: ``facts`` in the region that saw it last (None: no scan or lookup
    has), ``others`` are further regions that know it. ``asked``: it was, and is not indexed."""

    follow: Follow
    facts: ProductFacts | None = None
    others: tuple[str, ...] = ()
    asked: bool = False

    @property
    def name(self) -> str:
        return self.facts.name if self.facts is not None else ""

    @property
    def state(self) -> str:
        """In a word where there are no values: ``not read yet``, ``not indexed``."""
        if self.facts is not None:
            return ""
        return "not indexed" if self.asked else "not read yet"

    @property
    def seen(self) -> Instant | None:
        return self.facts.observed_at if self.facts is not None else None

    @property
    def values(self) -> Mapping[str, float | None]:
        """The newest values that are shown of it."""
        numbers = self.facts.numbers if self.facts is not None else {}
        return {name: numbers.get(name) for name in SHOWN}


def followed(
    database: Store, watches: Sequence[str] = (), part: slice = slice(None)
) -> list[FollowedProduct]:
    """All that are followed, or a ``part`` of them, the newest first; ``watches`` are the keys of
    those that read them."""
    found = database.followed.list()[part]
    known: dict[str, list[ProductFacts]] = {}
    for facts in database.history.find_all([each.product_id for each in found]):
        known.setdefault(facts.product_id, []).append(facts)
    asked = {product for watch in watches for product in database.lookups.asked(watch)}
    return [
        _product(each, known.get(each.product_id, ()), asked=each.product_id in asked)
        for each in found
    ]


def _product(follow: Follow, known: Sequence[ProductFacts], *, asked: bool) -> FollowedProduct:
    newest = sorted(known, key=lambda each: each.observed_at or 0, reverse=True)
    facts = newest[0] if newest else None
    return FollowedProduct(follow, facts, tuple(each.region for each in newest[1:]), asked)
