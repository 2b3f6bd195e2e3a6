"""Whether a scan proves that who is missing from it is not on the list.

Rows that can't be read, a gap and a page that is given again say that the list has more than what
was read of it. A list that is suddenly much shorter says so too: that is far more often a fault of
KeyAPI than the truth. Believed at once, such answers would end alerts, and the next good one would
fire them all anew. Believed never, the alerts of what is really gone would stay for ever: so a
length is believed at the second such scan in a row, and whatever is wrong when it goes on for
``DOUBTED``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import tzinfo

from watcher.language import gettext as _
from watcher.model import Doubt, Instant, Scan, ScanState
from watcher.store.records import ScanRow
from watcher.units import DAY, format_instant, plural

MANY = 10  # products: below that a list may well come to nothing in a day
LEFT = 2 / 3  # of its products: fewer are doubted
DOUBTED = 7 * DAY


@dataclass(frozen=True, slots=True)
class Before:
    """The scans of a watch before: its ``last`` complete one, the last that proved absence
    (``proof``), and when a scan was due after the latter."""

    last: ScanRow | None
    proof: ScanRow | None
    expected: Instant = 0

    @property
    def last_was_short(self) -> bool:
        return self.last is not None and bool(_shortness(self.last.products, self.proof))


def doubted(scan: Scan, before: Before) -> Scan:
    """``scan`` with what is doubted of it, how long that has gone on, and whether it is believed. A
    list of many products that is empty now counts as not read, so it is soon asked again."""
    if scan.state is not ScanState.COMPLETE:
        # It proves nothing anyway.
        return scan if scan.doubt is None else replace(scan, doubt=None)
    short = _shortness(len(scan), before.proof)
    if short and not len(scan):
        return _unread(scan, short, before.expected + DOUBTED)
    why = "; ".join(_whys(scan, short, before))
    return replace(scan, doubt=_doubt(why, before.last, scan.at) if why else None)


def said_of(doubt: Doubt, zone: tzinfo) -> str:
    """A doubt in words, its times in ``zone``."""
    if doubt.believed:
        since = format_instant(doubt.since, zone)
        return _("{why}; so since {since}, so who is missing counts as gone").format(
            why=doubt.why, since=since
        )
    until = format_instant(doubt.since + DOUBTED, zone)
    return _("{why}; who is missing may be on the list all the same (until {until})").format(
        why=doubt.why, until=until
    )


def _shortness(size: int, proof: ScanRow | None) -> str:
    if proof is None or proof.products < MANY or size >= LEFT * proof.products:
        return ""
    return f"the list has {size or 'no'} {plural(size, 'product')}, and had {proof.products:,}"


def _whys(scan: Scan, short: str, before: Before) -> Iterator[str]:
    """Yield what says that the list has more; that it is short, only at the first such scan, or
    beside another flaw."""
    if scan.doubt is not None:
        yield scan.doubt.why
    if short and (scan.doubt is not None or not before.last_was_short):
        yield short


def _doubt(why: str, last: ScanRow | None, at: Instant) -> Doubt:
    """The doubt of a scan of ``at``: a new one, or that of the ``last`` scan, which goes on."""
    run = last.doubt if last is not None else None
    if run is None:
        return Doubt(why, at)
    since = min(run.since, at)
    return Doubt(why, since, run.turn + 1, at - since >= DOUBTED)


def _unread(scan: Scan, short: str, until: Instant) -> Scan:
    if scan.at >= until:
        return scan
    error = (
        f"{short}: taken for a fault of KeyAPI, and for true if it lasts until "
        f"{format_instant(until)}"
    )
    return replace(scan, state=ScanState.FAILED, error=error)
