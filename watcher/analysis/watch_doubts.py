"""Doubts of watches by what their scans showed: shops that are longer than what is read of them,
and lists read with the refresh of which no look can tell whether the data is new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from watcher import plan
from watcher.analysis.depth import MORE, longer_shops
from watcher.region_plan import by_size, refresh_watches, regions_of, stillness
from watcher.rules.rulebook import Rulebook, Watch
from watcher.store.ports import Store
from watcher.units import format_percent

_STILL = (
    "about {share} of its first products have other numbers on the next day, too few for a probe "
    "to tell whether {of_region} has new data, so it is found a day or more late, and nobody is "
    "told of days without any: {remedy}"
)
_OTHER = "give {other} every: refresh, too, if more of that moves"
_NONE = "have a livelier list (such as by total_sale_7d_cnt) of the region read with the refresh"


def watch_doubts(database: Store, book: Rulebook) -> Iterator[tuple[Watch, str]]:
    """The watches with what is doubtful, the weightiest of each last."""
    for watch in longer_shops(database, book.used_watches):
        yield watch, MORE.format(watch.query.top)
    yield from too_still(database, book)


def too_still(database: Store, book: Rulebook) -> Iterator[tuple[Watch, str]]:
    """The watch that is looked at of each region of which no page can tell, and what to do."""
    for region in regions_of(book):
        watches = [plan.with_followed(database, each) for each in refresh_watches(book, region)]
        sizes = by_size(watches)
        shares = [stillness(database, each.key) for each in sizes]
        if not sizes or None in shares:
            continue
        yield (
            sizes[0],
            _STILL.format(
                share=format_percent(shares[0] or 0.0),
                of_region=f"region {region}" if region else "lists without a region",
                remedy=_remedy(book, region, watches),
            ),
        )


def _remedy(book: Rulebook, region: str, watches: Sequence[Watch]) -> str:
    keys = {each.key for each in watches}
    others = (each for each in book.watches_in(region) if each.key not in keys)
    other = next(iter(by_size(others)), None)
    named = _OTHER.format(other=f'"{other.name}"') if other is not None else _NONE
    return f"{named}, or read this one with every: 24h"
