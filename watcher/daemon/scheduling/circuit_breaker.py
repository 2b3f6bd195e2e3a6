"""Whether the source may be asked at all.

A refused key or an account without credits shuts the breaker for all watches, a query that the
server calls invalid for its own. It opens at a reload. By itself it opens after a while, too, for
what is mended at the vendor's gives no other sign: then one scan alone tries, page by page, so
that an attempt in vain costs one request.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from watcher.errors import BudgetSpent, CreditsUsedUp, InvalidQuery, KeyRefused, SourceUnavailable
from watcher.incident import About, Incident, IncidentKind
from watcher.incidents.failing import CAP
from watcher.incidents.operator import Operator
from watcher.model import Instant, ScanState
from watcher.rules.rulebook import Watch
from watcher.source.scan import ScanResult
from watcher.units import DAY, MINUTE, next_midnight

KEY, CREDITS = Incident(IncidentKind.KEY_REFUSED), Incident(IncidentKind.CREDITS_USED_UP)
TRY_AGAIN = DAY  # after a refused key or query


@dataclass(slots=True)
class CircuitBreaker:
    """``since`` is when it was shut and ``until`` when one scan may try; ``refused`` has the same
    end for each watch of an invalid query. A clock that is set back opens it.
    """

    since: Instant = 0
    until: Instant = 0
    reason: str = ""
    refused: dict[str, tuple[Instant, Instant]] = field(default_factory=dict)
    _trying: bool = False

    def why_shut(self, watch: str, now: Instant) -> str | None:
        """The reason that ``watch`` must not be scanned now; None where it may."""
        if self._refused_until(watch, now):
            return "its query is invalid"
        if self._is_shut(now):
            return self.reason
        return "another scan tries whether KeyAPI answers again" if self._trying else None

    def opens(self, watch: str, now: Instant) -> Instant:
        """The instant from which ``watch`` may be scanned again; past where it may now."""
        refused = self._refused_until(watch, now)
        if self._is_shut(now):
            return max(refused, self.until)
        return max(refused, now + MINUTE) if self._trying else refused

    def _refused_until(self, watch: str, now: Instant) -> Instant:
        begin, end = self.refused.get(watch, (0, 0))
        return end if begin <= now < end else 0

    def _is_shut(self, now: Instant) -> bool:
        return bool(self.reason) and self.since <= now < self.until

    @contextmanager
    def passing(self) -> Iterator[bool]:
        """For the time of a scan; true if it is the one that tries a breaker that was shut."""
        trying = bool(self.reason)
        self._trying |= trying
        try:
            yield trying
        finally:
            self._trying &= not trying

    def shut(self, reason: str, now: Instant, until: Instant) -> None:
        """For all watches."""
        self.reason, self.since, self.until = reason, now, until

    def refuse(self, watch: str, now: Instant) -> None:
        """For a watch whose query the server calls invalid."""
        self.refused[watch] = now, now + TRY_AGAIN

    def answered(self, watch: str, started: Instant) -> bool:
        """Open it after a scan that was answered; false if it tells nothing, for it ``started``
        before the breaker was shut."""
        self.refused.pop(watch, None)
        if self.reason and started <= self.since:
            return False
        self.reason = ""
        return True


def note_source(
    operator: Operator, breaker: CircuitBreaker, watch: Watch, result: ScanResult
) -> None:
    """Shut the breaker for failures that asking again can't mend; open it once answered."""
    now, error = operator.now, str(result.failure)
    invalid = Incident(IncidentKind.INVALID_QUERY, About.WATCH, watch.name)
    match result.failure:
        case KeyRefused():
            breaker.shut(error, now, now + TRY_AGAIN)
            operator.begin(KEY.with_details(error=error))
        case CreditsUsedUp():
            breaker.shut(error, now, next_midnight(now))
            operator.begin(CREDITS.with_details(error=error))
        case BudgetSpent():
            operator.begin(CAP.with_details(watch=watch.name, error=str(result.scan.error)))
        case InvalidQuery():
            breaker.refuse(watch.key, now)
            query = watch.query.describe()
            operator.begin(invalid.with_details(query=query, error=error))
    if _was_taken(result) and breaker.answered(watch.key, result.scan.started):
        for incident in (invalid, KEY, CREDITS):
            operator.end(incident)


def _was_taken(result: ScanResult) -> bool:
    """Whether key and query were: it gave a page, and refused none after it."""
    gave = result.scan.pages > 0 or result.scan.state is ScanState.COMPLETE
    return gave and isinstance(result.failure, SourceUnavailable | BudgetSpent | None)
