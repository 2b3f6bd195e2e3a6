"""The store's half of a look whether a region's data is new: what is due, and what was found."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from watcher import plan
from watcher.analysis.forecast import requests_of
from watcher.daemon.scheduling.scan_records import ScanRecords
from watcher.data_days import DataDay, LookResult, RefreshLook
from watcher.evaluation.refreshed import (
    LEARNED_FROM,
    is_fresh,
    is_next,
    is_partly,
    quiet_until,
    usual,
)
from watcher.incident import About, Incident, IncidentKind, moment
from watcher.model import Instant, Scan
from watcher.refreshing import READ_AGAIN, RegionState, left_out, next_day
from watcher.region_plan import RegionPlan, refresh_watches, region_plan, stillness
from watcher.rules.rulebook import Rulebook, Watch
from watcher.source.query import Query
from watcher.store.ports import Store
from watcher.store.records import AFTER_ALL
from watcher.store.sql.refreshes import Reference, Share

_KNOWN = 3  # products of a page that must be known, else those that are new speak for it


def note_plan(database: Store, records: ScanRecords, region: str) -> RegionPlan:
    """Plan what is due of the region; what that shows is noted, and told."""
    found = region_plan(database, records.book, region, records.now())
    if found.found is not None:
        database.refreshes.begin_day(region, found.found)
    last = found.state.days.last
    if last is not None and found.missed:
        _tell_missed(database, records, no_refresh(region), last, found.missed)
    elif last is not None:
        _end_missed(database, records, region, last)
    return found


def note_found(database: Store, records: ScanRecords, region: str, look: RefreshLook) -> None:
    """Note that a look found new data. It may have come just when a day would have counted as left
    out: then the word for that is owed all the same."""
    if look.result is not LookResult.FRESH:
        return
    days = database.refreshes.data_days(region)
    count = left_out(days)
    if count and stillness(database, look.watch) is None:
        new = moment(days.rows[-1].began, records.book.zone)
        incident = no_refresh(region).with_details(new=new)
        _tell_missed(database, records, incident, days.rows[-2], count)
    _end_missed(database, records, region, days.rows[-1])


def _end_missed(database: Store, records: ScanRecords, region: str, last: DataDay) -> None:
    """End the word for days left out, of which nobody is told; the next is a word of its own."""
    told = _told(database, records, region)
    if told is not None and told.since <= last.fresh:
        database.health.clear_cause(told, records.now())


def _told(database: Store, records: ScanRecords, region: str) -> Incident | None:
    on = records.operator(database).on(IncidentKind.NO_REFRESH)
    return next((each for each in on if each.subject == region), None)


def _tell_missed(
    database: Store, records: ScanRecords, incident: Incident, last: DataDay, count: int
) -> None:
    """One word for each day that was left out."""
    operator, told = records.operator(database), _told(database, records, incident.subject)
    if told is not None and told.details.get("missed", 0) >= count:
        return
    with database.atomic():
        database.health.clear_cause(incident, operator.now)
        began = moment(last.began, records.book.zone)
        operator.begin(incident.with_details(began=began, missed=count))


def note_look(database: Store, region: str, watch: Watch, scan: Scan, now: Instant) -> RefreshLook:
    """Hold a page 1 that was just read against the watch's last scan, and note what that says; new
    data begins a data day."""
    refreshes = database.refreshes
    days = refreshes.data_days(region)
    against, last = refreshes.reference(watch.key, AFTER_ALL, halves=True), days.last
    failed = RefreshLook(
        now, watch.key, LookResult.FAILED, requests=scan.requests, error=scan.error
    )
    if not len(scan) or against is None or last is None or not is_next(last, against, now):
        refreshes.note_look(region, failed)
        return failed
    share = _share(database, against, scan)
    usually = usual(refreshes.days_of(watch.key, LEARNED_FROM), first=True)
    partly = RegionState(days, refreshes.looks(region, last.began)).first_partly
    if is_fresh(share, usually):
        result = LookResult.FRESH
    elif is_partly(share, usually):
        lasts = partly is not None and now - partly >= READ_AGAIN
        result = LookResult.FRESH if lasts else LookResult.PARTLY
    else:
        result = LookResult.QUIET
    if result is LookResult.FRESH:
        began = partly if partly is not None else now
        quiet = quiet_until(database, region, last, began)
        refreshes.begin_day(region, DataDay(next_day(days, quiet, began), began, quiet, now))
    look = RefreshLook(now, watch.key, result, share.known, share.moved, scan.requests)
    refreshes.note_look(region, look)
    return look


def _share(database: Store, against: Reference, scan: Scan) -> Share:
    keys = np.zeros(len(scan), np.int64)
    regions = scan.regions or (scan.region,) * len(scan)
    for region in set(regions):
        rows = [row for row, each in enumerate(regions) if each == region]
        keys[rows] = database.refreshes.keys(region, [scan.product_ids[row] for row in rows])
    share = database.refreshes.share(against, keys, scan.numbers)
    new = len(scan) - share.known
    # Where nearly all of a page are new on the list, that is the news.
    return Share(len(scan), share.moved + new) if share.known < min(_KNOWN, len(scan)) else share


def kept_for_scan(database: Store, book: Rulebook, region: str) -> int:
    """Credits that a look must leave: new data that nobody can read is of no use. Those of the
    watch that is read first, as far as the caps ever leave them."""
    watch = plan.with_followed(database, refresh_watches(book, region)[0])
    cost = requests_of(watch, database.history.expected_pages(watch.key))
    caps = (book.api.credits_per_day, book.api.credits_per_month)
    return cost if all(cap is None or cost < cap for cap in caps) else 0


def page_one(query: Query) -> Query:
    """The query of page 1 alone; of products of one's own, of the first ten."""
    if query.of_ids:
        return replace(query, ids=query.batch(1))
    return replace(query, top=min(query.top, query.endpoint.page_size))


def no_refresh(region: str) -> Incident:
    """The region's data was not renewed on a day."""
    return Incident(IncidentKind.NO_REFRESH, About.REGION, region)


def region_key(region: str) -> str:
    """The name by which a region's looks are queued, timed and put off."""
    return f"refresh {region}"
