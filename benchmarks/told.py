"""Whom the rules of a file tell of, by the program itself, were a file of sales the shop's list.

Each morning becomes a scan of a real database. It has what the sales say: the counters of units and
GMV by window, the price, the day of the first sale and the place. Nobody films what the file
sells: there are no videos. All other fields are absent, as what creators earn and buyers think.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.sales import View
from watcher.analysis.readings import Reading
from watcher.analysis.replay import Replay
from watcher.evaluation.jumps import remember
from watcher.fields import NUMERIC_INDEX, TEXTS, WINDOWS
from watcher.model import Bools, Floats, Instant, Ints, Scan, ScanState
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.source.endpoints import PRODUCT_LIST
from watcher.store.sqlite.database import Database
from watcher.units import DAY, HOUR, day_number

REGION = "GB"
_HOUR = 6  # of a morning, UTC
_UNITS, _GMV, _VIDEOS = "total_sale_{}cnt", "total_sale_gmv_{}amt", "total_video_{}cnt"


def told(view: View, book: Rulebook, rules: Sequence[Rule]) -> dict[str, Bools]:
    """By the rule's name, whom it tells of (m, T + 1): that it fires, anew or by a reminder.

    The rules are judged on this one list, whatever theirs are, and to a channel that hears all.
    """
    watch, morning_of = list_of(view), dict[Instant, int]()
    here = [replace(rule, watches=(watch,), notify=()) for rule in rules]
    found = {rule.name: np.zeros(view.listed.shape, np.bool_) for rule in rules}
    row_of = dict[int, int]()  # by the store's key
    with Database.in_memory() as database:
        for morning, scan in scans(view, watch):
            keys = remember(database, scan, watch.schedule).products
            row_of |= dict(zip(keys.tolist(), listed(view, morning).tolist(), strict=True))
            morning_of[scan.at] = morning
        reading = Reading(database, here, (min(morning_of), max(morning_of)))
        with Replay(reading, book, here, held=False) as replay:
            for played in replay.run():
                for each in played.told:
                    if not each.decision.of_an_end:
                        found[each.rule][row_of[each.product], morning_of[played.at]] = True
    return found


def list_of(view: View) -> Watch:
    """The watch of the view's list."""
    book = load_text(
        "api: {key: none}\n"
        f"watches: {{sales: {{region: {REGION}, sort: total_sale_7d_cnt desc, top: {view.top}, "
        "every: 24h}}\nrules: [{name: any, watch: sales, when: {rank: {at_least: 1}}}]\n"
    )
    return book.watches[0]


def scans(view: View, watch: Watch) -> Iterator[tuple[int, Scan]]:
    """Each morning's scan, with the morning's number; those on which something is listed."""
    names = np.array(_names(view), object)
    columns = _columns(view)
    for morning in range(1, view.mornings):
        order = listed(view, morning)
        if not len(order):
            continue
        numbers = np.full((len(order), len(NUMERIC_INDEX)), np.nan)
        for name, values in columns.items():
            numbers[:, NUMERIC_INDEX[name]] = values[order, morning]
        ids = tuple(names[order].tolist())
        nothing: tuple[str | None, ...] = (None,) * len(ids)
        texts = {field.name: nothing for field in TEXTS}
        texts |= {"product_id": ids, "product_name": ids, "region": (REGION,) * len(ids)}
        at, pages = instant(view, morning), -(-len(ids) // PRODUCT_LIST.page_size)
        yield morning, Scan(
            watch.key, REGION, at, at, at, ScanState.COMPLETE, pages, pages, ids,
            np.arange(1, len(ids) + 1), numbers, texts,
        )  # fmt: skip


def listed(view: View, morning: int) -> Ints:
    """The view's rows of those on a morning's list, in its order."""
    order = np.argsort(view.rank[:, morning], kind="stable")
    return np.asarray(order[: int(view.listed[:, morning].sum())])


def instant(view: View, morning: int) -> Instant:
    """When a morning's list is read."""
    midnight = datetime.combine(view.sales.start, datetime.min.time(), UTC)
    return int(midnight.timestamp()) + morning * DAY + _HOUR * HOUR


def _columns(view: View) -> dict[str, Floats]:
    """The fields that sales say something of, (m, T + 1) each."""
    sales = view.sales
    first = [day_number(sales.start + timedelta(days=day)) for day in sales.first_sold.tolist()]
    never = np.zeros(view.listed.shape)
    found = {
        "spu_avg_price": view.price,
        "first_crawl_dt": never + np.array(first, np.float64)[view.rows, np.newaxis],
        _UNITS.format(""): view.total,
        _GMV.format(""): view.total_amount,
        _VIDEOS.format(""): never,
    }
    for days in WINDOWS:
        found[_UNITS.format(f"{days}d_")] = view.units[days]
        found[_GMV.format(f"{days}d_")] = np.round(view.amount[days], 2)
        found[_VIDEOS.format(f"{days}d_")] = never
    return found


def _names(view: View) -> list[str]:
    return [view.sales.products[row] for row in view.rows.tolist()]
