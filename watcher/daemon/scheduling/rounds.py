"""Rounds of scans, at whose ends the heartbeat is told."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field


@dataclass(slots=True)
class Rounds:
    """A round is over once each watch that is queued or running had its scan in it.

    Not once nothing is queued: where lists are long and read often, some watch always is.
    """

    _good: dict[str, bool] = field(default_factory=dict)  # by watch: was each of its scans good

    def ended(self, watch: str, busy: AbstractSet[str], *, good: bool) -> bool | None:
        """After a scan, while the watches of ``busy`` are queued or running: None, or at the end of
        a round whether all of it was good."""
        self._good[watch] = good and self._good.get(watch, True)
        if not busy <= self._good.keys():
            return None
        all_good = all(self._good.values())
        self._good.clear()
        return all_good
