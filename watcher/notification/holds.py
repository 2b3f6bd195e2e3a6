"""What holds a message back at one instant though it is owed: silences, quiet hours, digests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from watcher.model import Instant
from watcher.notification.audiences import Audience
from watcher.notification.decision import Decision
from watcher.store.ports import Store
from watcher.store.sql.silences import Silence


@dataclass(frozen=True, slots=True)
class Hold:
    """Why something is held, and until when; ``silence`` where that is one."""

    decision: Decision
    until: Instant
    silence: Silence | None = None


class Gates:
    """The gates as they stand at ``now``, by the clock.

    ``waiting`` gives for a channel the time since which something waits for its digest: the
    digest is due once one of its times has come after that.
    """

    def __init__(
        self, database: Store, now: Instant, waiting: Mapping[str, Instant] | None = None
    ) -> None:
        self._database = database
        self._now = now
        self._waiting = waiting or {}

    def silenced(self, rule: str, products: Sequence[int]) -> dict[int, Silence]:
        """The silences that hold these products (store keys) of the rule."""
        return self._database.silences.covering(rule, products, self._now) if products else {}

    def closed(self, audience: Audience) -> Hold | None:
        """Why the channel as a whole is not told anything now; None where it is."""
        until = audience.quiet_until(self._now)
        if until is not None:
            return Hold(Decision.QUIET, until)
        if audience.digest is not None:
            since = self._waiting.get(audience.channel, self._now)
            due = audience.digest.next(min(since, self._now))  # of a clock that was set back
            if due > self._now:
                return Hold(Decision.DIGEST, due)
        return None

    def of(self, rule: str, product: int, audience: Audience) -> Hold | None:
        """What holds back a message of this product of the rule to the channel, if anything."""
        silence = self.silenced(rule, [product]).get(product)
        if silence is not None:
            return Hold(Decision.SILENCED, silence.ends, silence)
        return self.closed(audience)
