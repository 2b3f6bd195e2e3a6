"""The simple values of a rule test: a metric's series, scans by number or time, and times."""

from __future__ import annotations

from datetime import UTC, datetime

from watcher.analysis.ruletests.series import LONGEST, Series, parse_series
from watcher.model import Instant
from watcher.rules.metrics import RANK, Metric
from watcher.rules.sections.validators import duration, whole
from watcher.units import DAY, format_duration
from watcher.words import Wrong, kind, quoted

INTERVAL = DAY  # between two scans, where a test says nothing


def read_series(metric: Metric, value: object) -> Series:
    """The values of a metric, scan by scan."""
    if not isinstance(value, str):
        raise Wrong(f"takes values as 100x3 120 _ 90, not {kind(value)}")
    series = parse_series(value, metric.unit, dict(metric.names))
    # NaN is neither: a product may stand in a list without a place.
    if metric.name == RANK and any(
        each is not None and (each < 1 or each % 1 > 0) for each in series
    ):
        raise Wrong("a rank is a whole number from 1")
    return series


def read_scan(value: object) -> int:
    """A scan by its number, from 0."""
    scan = whole(value)
    if not 0 <= scan < LONGEST:
        raise Wrong(f"takes a number from 0, the first scan, below {LONGEST:,}")
    return scan


def read_scan_at(interval: int, value: object) -> int:
    """A scan by its time, of scans so many seconds apart."""
    scan, beside = divmod(read_seconds(value), interval)
    if beside or scan >= LONGEST:
        every = format_duration(interval)
        raise Wrong(f"no scan is at that time: there is one at 0s, {every} and so on")
    return scan


def read_seconds(value: object) -> int:
    """A duration; all values of the file are texts, and a bare 0 needs no unit."""
    return 0 if value == "0" else duration(value)


def read_interval(value: object) -> int:
    """The seconds between two scans."""
    seconds = read_seconds(value)
    if seconds < 1:
        raise Wrong("must be at least 1 second")
    return seconds


def read_start(value: object) -> Instant:
    """``2026-01-01`` or ``2026-01-01T09:00``, of UTC."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise Wrong(
            f"{quoted(str(value))} is no time: write 2026-01-01 or 2026-01-01T09:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    instant = int(moment.timestamp())
    if instant <= 0:
        raise Wrong("must be after 1970")
    return instant
