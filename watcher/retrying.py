"""The wait before another try: as the other side asks, else the longer the more have failed."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_LONGEST = 366 * 86_400.0  # seconds: nobody means more


def backoff(failures: int, first: float, longest: float, luck: float = 1.0) -> float:
    """Seconds to wait after so many failures before this one: doubling, up to ``longest``.

    ``luck`` in [0, 1) spreads those that failed together (full jitter).
    """
    return luck * min(first * 2.0 ** min(failures, 64), longest)


def retry_after(value: str | None, now: float, *, negative: float | None = None) -> float | None:
    """Seconds to wait by a ``Retry-After`` header (seconds or an HTTP date), at most a year; None
    if unreadable. A number below 0 is ``negative``."""
    try:
        seconds = float((value or "").strip())
    except ValueError:
        date = parse_http_date(value)
        return max(0.0, date.timestamp() - now) if date is not None else None
    if not math.isfinite(seconds):
        return None
    return min(seconds, _LONGEST) if seconds >= 0 else negative


def parse_http_date(text: str | None) -> datetime | None:
    """The time of an HTTP header as an aware datetime; None where it is none. A date whose zone is
    written -0000 comes without one; it is UTC all the same."""
    try:
        when = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
