"""When a watch is due, from its schedule and the scans in the database."""

from __future__ import annotations

from watcher.model import ScanState
from watcher.plan import AT_ONCE, due, due_without_timers
from watcher.schedule import Every, parse_cron
from watcher.store.records import ScanRow
from watcher.units import DAY, HOUR, MINUTE

DAILY = Every(DAY, phase=6 * HOUR)
NOON = 1_000 * DAY + 12 * HOUR
NOW = 1_001 * DAY + 7 * HOUR  # shortly after the scans: how far off it is matters


def past(at: int, state: ScanState = ScanState.COMPLETE, *, interrupted: bool = False) -> ScanRow:
    """A stored scan."""
    return ScanRow(1, "w", "US", at, at, at, state, 1, 1, 0, 0, None, interrupted)


def test_a_watch_never_scanned_is_due_at_once() -> None:
    """A new rule shows its first results now, not tomorrow."""
    assert due(DAILY, [], NOW) == AT_ONCE


def test_the_grid_follows_a_first_scan_off_it() -> None:
    """The grid's next point counts unless it is closer than half an interval."""
    assert due(DAILY, [past(NOON)], NOON + HOUR) == 1_001 * DAY + 6 * HOUR
    assert due(DAILY, [past(1_000 * DAY + 23 * HOUR)], NOW) == 1_002 * DAY + 6 * HOUR


def test_on_the_grid_the_next_is_one_interval_later() -> None:
    """No drift: a scan on time is followed by one on time."""
    slot = 1_000 * DAY + 6 * HOUR
    assert due(DAILY, [past(slot)], NOW) == slot + DAY


def test_a_job_of_each_day_reads_each_watch_each_day() -> None:
    """Whatever its phase, and though one reads it some minutes later than another."""
    for hour in range(24):
        schedule = Every(DAY, phase=hour * HOUR)
        last = past(NOON + 5 * MINUTE)
        assert due_without_timers(schedule, [last], NOON + DAY) <= NOON + DAY
        assert due_without_timers(schedule, [last], NOON + HOUR) > NOON + HOUR
    assert due(Every(DAY, phase=18 * HOUR), [past(NOON)], NOON + DAY) > NOON + DAY


def test_without_timers_what_failed_and_cron_lines_are_due_as_ever() -> None:
    """Only of an interval it matters how long the newest scan is ago."""
    failed = [past(NOON, ScanState.FAILED), past(NOON - DAY)]
    assert due_without_timers(DAILY, failed, NOON) == due(DAILY, failed, NOON)
    assert due_without_timers(DAILY, [], NOW) == AT_ONCE
    cut = [past(NOON, interrupted=True), past(NOON - HOUR)]
    late = Every(DAY, phase=20 * HOUR)
    assert due_without_timers(late, cut, NOON) == NOON - HOUR + DAY - DAY // 10
    noon = parse_cron("0 12 * * *")
    assert due_without_timers(noon, [past(NOON)], NOON + HOUR) == NOON + DAY


def test_a_partial_scan_is_done() -> None:
    """What a partial scan read is not bought again before the next time."""
    slot = 1_000 * DAY + 6 * HOUR
    assert due(DAILY, [past(slot, ScanState.PARTIAL)], NOW) == slot + DAY


def test_a_scan_cut_off_by_a_stop_is_due_at_once() -> None:
    """The stop is ours; the scan before it decides."""
    slot = 1_000 * DAY + 6 * HOUR
    cut = past(slot, ScanState.PARTIAL, interrupted=True)
    assert due(DAILY, [cut], NOW) == AT_ONCE
    assert due(DAILY, [cut, past(slot - DAY)], NOW) == slot


def test_failed_scans_are_tried_again_ever_later() -> None:
    """15 minutes, 30, 60 ... but never later than the next time."""
    good = past(1_000 * DAY + 6 * HOUR)
    first = past(good.at + DAY, ScanState.FAILED)
    second = past(first.at + 15 * MINUTE, ScanState.FAILED)
    assert due(DAILY, [first, good], NOW) == first.at + 15 * MINUTE
    assert due(DAILY, [second, first, good], NOW) == second.at + 30 * MINUTE
    frequent = Every(MINUTE)
    assert due(frequent, [past(first.at, ScanState.FAILED)], NOW) == first.at + MINUTE


def test_a_failed_scan_before_its_time_brings_no_other_forward() -> None:
    """One that was asked for by hand: the list is read at its next time, as it would have been."""
    good = past(1_000 * DAY + 6 * HOUR)
    by_hand = past(good.at + HOUR, ScanState.FAILED)
    assert due(DAILY, [by_hand, good], NOW) == good.at + DAY


def test_a_failing_new_watch_is_not_asked_at_once() -> None:
    """Without any good scan the retries still wait."""
    failed = past(NOON, ScanState.FAILED)
    assert due(DAILY, [failed], NOW) == NOON + 15 * MINUTE


def test_cron_lines() -> None:
    """A cron line is due at its next time after the last scan, also where that is past."""
    cron = parse_cron("0 9 * * mon-fri")
    friday = 1_791_536_400  # 2026-10-09 09:00 UTC
    assert due(cron, [past(friday)], friday + HOUR) == friday + 3 * DAY
    assert due(cron, [past(friday)], friday + 90 * DAY) == friday + 3 * DAY


def test_a_clock_set_back() -> None:
    """A scan some hours ahead counts as made now; one far ahead was never made."""
    ahead = past(NOON + 3 * HOUR)
    assert due(DAILY, [ahead], NOON) == due(DAILY, [past(NOON)], NOON)
    assert due(DAILY, [past(NOON + 3_650 * DAY)], NOON) == AT_ONCE
    good = past(NOON - HOUR)
    assert due(DAILY, [past(NOON + 3_650 * DAY), good], NOON) == due(DAILY, [good], NOON)
