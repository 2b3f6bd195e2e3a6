"""A counter that is nulled or shifted: the sales of a whole list jump from one scan to the next.

Real stops move 7-day sales by 5 to 23% a day. Where the median product moves far more, a rule that
compares would tell dozens of products of a fault. So rules that compare with earlier scans wait
for the next scan, and it is compared with the scan before the jump: a jump that was true is told
a scan late, and one that is mended is not told at all. Such a scan is *doubted* in the store: it is
no baseline before the next one has shown that it was right.

Only 7-day sales are judged, for only of them it is known how they move.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from watcher.evaluation.freshness import is_late
from watcher.evaluation.list_facts import with_facts
from watcher.evaluation.refreshed import HALF_NEW, note_data_day
from watcher.evaluation.table import ScanTable
from watcher.language import gettext_noop as N_
from watcher.model import Floats, Instant, Ints, Listed, Scan, ScanState
from watcher.rules.conditions.base import Last, Need
from watcher.rules.metrics import Catalogue
from watcher.schedule import Schedule
from watcher.store.past import Archive
from watcher.store.ports import Store
from watcher.store.records import Baseline, Jumped, Recorded
from watcher.units import DAY, HOUR

LEAST = 10  # products of which a median is taken
FALL, RISE = -0.4, 1.0
APART = 48 * HOUR  # of scans further apart nothing is said: much may have happened
LONGEST = 7 * DAY  # after that what is given is taken for true
_SLACK = 1e-9
_ENOUGH = 2 / 3  # of a doubted scan's products, in the scan that shows that it was right
WAITS = N_("the list's 7-day sales jumped at this scan: what compares waits for the next one")
_SALES = Catalogue()["total_sale_7d_cnt"]
SALES_BEFORE = Need(_SALES, Last())


@dataclass(frozen=True, slots=True)
class Jump:
    """A jump at a scan: rules that compare wait for the next one, or it is over. ``change`` is the
    median product's since the scan ``before``."""

    waits: bool
    change: float
    before: Instant


def needed(archive: Archive, scan: Listed, recorded: Recorded) -> tuple[Need, ...]:
    """The needs of the judgement of a recorded scan: none where most of the products that sell have
    the very numbers that they had at the scan before."""
    if scan.state is ScanState.FAILED or not len(scan) or archive.jumps.is_half(recorded.scan_id):
        return ()
    sell = int(np.count_nonzero(sales_of(scan) > 0))
    if sell > 2 * recorded.changed and archive.jumps.is_calm(scan.watch, recorded.scan_id):
        return ()
    return (SALES_BEFORE,)


def judge_jump(archive: Archive, scan: Listed, recorded: Recorded, table: ScanTable) -> Jump | None:
    """Whether the recorded ``scan`` jumps away from the scan before, or ends a jump; None where
    nothing is special. ``table`` has what is ``needed``. What follows is noted in the store."""
    doubted = archive.jumps.before(scan.watch, recorded.scan_id)
    now = table.number(_SALES)[: table.listed]
    values, instants = table.before(SALES_BEFORE)
    before, at = values[: table.listed], instants[: table.listed]
    near = at >= scan.at - APART if not doubted else at > 0
    change = median_change(now[near], before[near])
    newest = int(at.max(initial=0))
    if not doubted and (change is None or _is_usual(change)):
        return None
    waits = not doubted or _goes_on(archive, scan, recorded, doubted, change)
    if waits:
        archive.jumps.doubt(recorded.scan_id)
    return Jump(waits, 0.0 if change is None else change, newest)


def _goes_on(
    archive: Archive,
    scan: Listed,
    recorded: Recorded,
    doubted: Sequence[Jumped],
    change: float | None,
) -> bool:
    """Whether after doubted scans this one is neither as before them (the jump is mended) nor as
    the last of them (it was true, and is believed then). ``change`` is that since the scan before
    them. One that lists few of the last one's products (it was cut off, or has flaws) says nothing
    of the others: would it be believed, they were compared with the jump, and never told of it."""
    if change is not None and _is_usual(change):
        return False
    if is_late(archive, scan):
        return True  # the same answer once more says nothing new
    found = archive.history.last(
        scan.watch, recorded.scan_id, recorded.products, [_SALES.name], doubted=True
    )
    lasts = scan.at - doubted[-1].at >= LONGEST
    if not lasts and not _bears_out(scan, found, doubted):
        return True
    for each in doubted:
        if np.count_nonzero(found.at == each.at) >= LEAST:
            archive.jumps.believe(each.scan_id, recorded.scan_id)
    return False


def _bears_out(scan: Listed, found: Baseline, doubted: Sequence[Jumped]) -> bool:
    """Whether a scan has enough of the products that the doubted ones ``found``, as they were."""
    seen = found.at >= doubted[-1].at
    since = median_change(sales_of(scan)[seen], found.values[seen, 0])
    enough = np.count_nonzero(seen) >= _ENOUGH * doubted[0].size
    return bool(enough) and since is not None and _is_usual(since)


def median_change(now: Floats, before: Floats) -> float | None:
    """The median move of products that were listed both times, with sales before: no sales now is
    -100%. Where hardly any had sales: infinite if most have some now, else 0. None of fewer than
    ten."""
    if len(now) < LEAST:
        return None
    now, before = np.nan_to_num(now), np.nan_to_num(before)
    sold = before > 0
    if np.count_nonzero(sold) >= LEAST:
        return float(np.median(now[sold] / before[sold])) - 1
    sells = np.count_nonzero(now > 0)
    return float("inf") if sells >= LEAST and sells > len(now) / 2 else 0.0


def stored_table(
    archive: Archive,
    scan: Listed,
    recorded: Recorded,
    needs: Iterable[Need],
    schedule: Schedule | None,
    *,
    wanted: Ints | None = None,
) -> ScanTable:
    """A stored scan as the rules of its watch saw it when it was made; of those that fell off the
    list only such as are ``wanted``, where that is given."""
    table = ScanTable(scan, recorded, archive.history, needs, schedule, wanted=wanted)
    if archive.jumps.is_half(recorded.scan_id):
        table.waits = HALF_NEW
    elif archive.jumps.is_doubted(recorded.scan_id):
        table.waits = WAITS
    return table


def remember(database: Store, scan: Scan, schedule: Schedule | None = None) -> Recorded:
    """Record ``scan`` as the past of later ones; no rule judges it."""
    with database.atomic():
        recorded = database.history.record(with_facts(database, scan))
        note_data_day(database, schedule, scan, recorded)
        if asked := needed(database, scan, recorded):
            table = ScanTable(scan, recorded, database.history, asked, schedule)
            judge_jump(database, scan, recorded, table)
    return recorded


def _is_usual(change: float) -> bool:
    return FALL - _SLACK <= change <= RISE + _SLACK


def sales_of(scan: Listed) -> Floats:
    """The 7-day sales of the listed products, (n,); NaN is no value."""
    return _SALES.compute({_SALES.name: scan.column(_SALES.name)}, scan.at)
