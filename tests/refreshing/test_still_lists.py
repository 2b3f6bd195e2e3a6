"""Lists of which hardly a product moves in a day: another is looked at, or it is said."""

from __future__ import annotations

import pytest

from tests.store.making import START, scan
from watcher.analysis.overview import overview
from watcher.analysis.watch_doubts import too_still
from watcher.daemon.scheduling.look_records import note_plan
from watcher.daemon.scheduling.scan_records import ScanRecords
from watcher.data_days import DataDay, LookResult, RefreshLook
from watcher.evaluation.refreshed import too_still as share_of
from watcher.region_plan import region_plan
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook
from watcher.store.engine import Engine
from watcher.store.ports import Store
from watcher.store.sql.refreshes import ScanDay, Share
from watcher.units import DAY, HOUR

RULES = """
api: {key: k}
channels: {me: {url: "json://localhost"}}
defaults: {region: US, notify: [me], every: refresh}
watches:
  still: {sort: spu_avg_price desc, top: 100}
  lively: {sort: total_sale_7d_cnt desc, top: 20}
  grid: {sort: total_sale_30d_cnt desc, top: 20, every: 24h}
rules:
  - {name: r, watch: [WATCHES], when: {review_count: {at_least: 1}}}
"""
FIRST = START // DAY


def book_of(watches: str) -> Rulebook:
    """The used ones."""
    return load_text(RULES.replace("WATCHES", watches))


def lived(database: Store, book: Rulebook, moved: dict[str, int], every: int = 1) -> None:
    """Five scans of each watch, so many data days apart, at which so many of page 1's ten products
    moved."""
    for day in range(0, 5 * every, every):
        at = START + day * DAY
        database.refreshes.begin_day("US", DataDay(FIRST + day, at, at - HOUR, at))
        for watch in book.used_watches:
            if watch.name not in moved:
                continue
            recorded = database.history.record(scan(at, {"1": day + 1}, watch=watch.key))
            share = Share(10, moved[watch.name]) if day else Share()
            since = FIRST + day - every if day else None
            database.refreshes.note_scan(
                ScanDay(recorded.scan_id, watch.key, "US", FIRST + day, since, share, share)
            )


@pytest.mark.parametrize(
    ("moved", "every", "looked_at"),
    [
        ({"still": 1, "lively": 6}, 1, "lively"),
        ({"still": 2, "lively": 6}, 2, "lively"),  # what moved in two days is two days' share
        ({"still": 2, "lively": 6}, 1, "still"),  # the largest, where it can tell
        ({"still": 1, "lively": 1}, 1, "still"),
    ],
)
def test_a_list_that_tells_is_looked_at(moved: dict[str, int], every: int, looked_at: str) -> None:
    """The largest of those; that fewer moved than a look needs is learned from several scans."""
    book = book_of("still, lively")
    with Engine.in_memory() as database:
        lived(database, book, moved, every)
        found = region_plan(database, book, "US", START + 5 * every * DAY)
        assert found.at_watch is not None
        assert found.at_watch.name == looked_at
        said = [watch.name for watch, _ in too_still(database, book)]
        assert said == (["still"] if moved["lively"] == 1 else [])


@pytest.mark.parametrize(
    ("watches", "remedy"),
    [("still", "have a livelier list"), ("still, grid", 'give "grid" every: refresh')],
)
def test_a_region_without_one_is_said(watches: str, remedy: str) -> None:
    """With what to do, wherever the watch is shown."""
    book = book_of(watches)
    with Engine.in_memory() as database:
        assert not [*too_still(database, book)]
        lived(database, book, {"still": 1})
        ((_, text),) = too_still(database, book)
        state = overview(database, book, START + 5 * DAY)
    assert "about 10% of its first products" in text
    assert remedy in text
    assert {watch.name: watch.doubt for watch in state.watches if watch.doubt} == {"still": text}


def test_one_that_was_scanned_twice_is_not_known() -> None:
    """Of few products one alone is enough."""
    days = [ScanDay(n, "w", "US", n, n - 1, Share(), Share(10, 1)) for n in (3, 2, 1)]
    assert share_of(days) == 0.1
    assert share_of(days[:2]) is None
    few = [ScanDay(n, "w", "US", n, n - 1, Share(), Share(4, 1)) for n in (3, 2, 1)]
    assert share_of(few) is None


@pytest.mark.parametrize(("moved", "words"), [(1, 0), (6, 1)])
def test_nobody_is_told_of_a_day_that_no_look_could_see(moved: int, words: int) -> None:
    """That nothing moved on such a page is no sign of a day that was left out."""
    book = book_of("still")
    with Engine.in_memory() as database:
        lived(database, book, {"still": moved})
        now = START + 4 * DAY + 37 * HOUR
        (watch,) = book.used_watches
        look = RefreshLook(now, watch.key, LookResult.QUIET, 10, 0)
        database.refreshes.note_look("US", look)
        note_plan(database, ScanRecords(book, lambda: now), "US")
        assert len(database.health.incidents()) == words
        (shown,) = overview(database, book, now).refreshes
        assert shown.missed == words
