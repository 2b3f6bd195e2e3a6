"""The columns of a report: all products of its lists now, and of both times, each product once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.analysis.reports.lists import Pair
from watcher.model import Bools, Floats, Ints
from watcher.rules.metrics import RANK, Metric
from watcher.store.packing import positions
from watcher.store.ports import Store
from watcher.store.records import OwnScan

_NO_KEYS = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class ReadList:
    """All that one scan listed: the store's keys (n,), and (n,) each metric by name."""

    keys: Ints
    values: Mapping[str, Floats]

    @classmethod
    def read(
        cls, database: Store, watch: str, scan: OwnScan | None, metrics: Sequence[Metric]
    ) -> ReadList:
        """A scan's listing; an empty one of no scan."""
        if scan is None:
            return cls(_NO_KEYS, {each.name: np.zeros(0) for each in metrics})
        listed, recorded = database.history.everyone(watch, scan.id)
        needed = {need for metric in metrics for need in metric.needs} - {RANK}
        columns = listed.columns(sorted(needed))
        columns[RANK] = np.where(listed.ranks > 0, listed.ranks, np.nan).astype(np.float64)
        if any(metric.facts for metric in metrics):
            ids = listed.texts["product_id"]
            for metric in metrics:
                columns |= metric.owned(ids)
        values = {each.name: each.compute(columns, scan.at) for each in metrics}
        return cls(recorded.products, values)


@dataclass(frozen=True, slots=True)
class JoinedLists:
    """Products (n,) with the place of the list that each is on, their values by metric, and those
    of ``before`` where they are of both times."""

    keys: Ints
    lists: Ints
    values: Mapping[str, Floats]
    before: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class ReportColumns:
    """All products of ``now``, those of ``both`` times, and the keys of who ``entered`` and
    ``left``, None where no list knows that; by list the number of products now and of both times.
    """

    now: JoinedLists
    both: JoinedLists
    entered: JoinedLists | None
    left: JoinedLists | None
    sizes: Sequence[tuple[int, int]]

    @classmethod
    def read(
        cls, database: Store, pairs: Sequence[Pair], metrics: Sequence[Metric]
    ) -> ReportColumns:
        """Read the scans of all lists."""
        news = [ReadList.read(database, each.watch.key, each.now, metrics) for each in pairs]
        olds = [ReadList.read(database, each.watch.key, each.then, metrics) for each in pairs]
        here = _joined(news, [np.ones(len(each.keys), np.bool_) for each in news])
        held = [np.isin(new.keys, old.keys) for new, old in zip(news, olds, strict=True)]
        both = _joined(news, held, olds)
        sizes = [(len(new.keys), int(mask.sum())) for new, mask in zip(news, held, strict=True)]
        entered = left = None
        if any(each.proves for each in pairs):
            entered = _joined(news, _only_here(database, pairs, news, olds, lambda pair: pair.then))
            left = _joined(olds, _only_here(database, pairs, olds, news, lambda pair: pair.now))
        return cls(here, both, entered, left, sizes)


def _joined(
    listings: Sequence[ReadList], masks: Sequence[Bools], olds: Sequence[ReadList] = ()
) -> JoinedLists:
    """The products that the masks mark, each once: on the first list that has it."""
    kept = [each.keys[mask] for each, mask in zip(listings, masks, strict=True)]
    keys = np.concatenate([_NO_KEYS, *kept])
    lists = np.repeat(np.arange(len(kept)), [len(each) for each in kept])
    _, first = np.unique(keys, return_index=True)
    first = np.sort(first)
    names = list(listings[0].values) if listings else []
    values = {
        name: np.concatenate(
            [each.values[name][mask] for each, mask in zip(listings, masks, strict=True)]
        )[first]
        for name in names
    }
    before = {
        name: np.concatenate(
            [
                np.append(old.values[name], np.nan)[positions(old.keys, own)]
                for old, own in zip(olds, kept, strict=True)
            ]
        )[first]
        for name in names
        if olds
    }
    return JoinedLists(keys[first], lists[first], values, before)


def _only_here(
    database: Store,
    pairs: Sequence[Pair],
    here: Sequence[ReadList],
    there: Sequence[ReadList],
    scan_there: Callable[[Pair], OwnScan | None],
) -> list[Bools]:
    """Masks of those that are on a list ``here`` and on none ``there``: now and then, of who came;
    the other way round, of who left. An id of the user's own list did neither: it was put in, or
    taken out."""
    known = np.concatenate([_NO_KEYS, *(each.keys for each in there)])
    masks = list[Bools]()
    for pair, each in zip(pairs, here, strict=True):
        mask = ~np.isin(each.keys, known) & pair.proves
        scan = scan_there(pair)
        if scan is not None and mask.any():
            mask[mask] = ~database.history.taken_out(pair.watch.key, scan.id, each.keys[mask])
        masks.append(mask)
    return masks
