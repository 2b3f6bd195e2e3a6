"""The rounds of a replay, by the times of its scans: who had begun when another ended was waited
for."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from watcher.model import Instant, Ints
from watcher.notification.holds import Holds
from watcher.notification.policy import NotifyPolicy, OpenRound
from watcher.notification.rounds import RoundKeeper
from watcher.pipeline import Sequel
from watcher.rules.rulebook import Rulebook
from watcher.store.memory.replaying import Recalled
from watcher.store.ports import Store


@dataclass
class PlayedRounds:
    """Rounds of the watches of a replay; where nothing is ``held`` each scan is one of its own."""

    database: Store
    past: Recalled
    book: Rulebook
    policies: Mapping[str, NotifyPolicy]
    held: bool
    _keeper: RoundKeeper = field(default_factory=RoundKeeper)
    _places: dict[str, Ints] = field(default_factory=dict)

    def __post_init__(self) -> None:
        watches = {watch.key for rule in self.book.rules for watch in rule.watches}
        if self.held and len(watches) > 1:
            self._places = {key: self.past.matrix.timeline.of_watch(key) for key in watches}

    def of(self, place: int, watch: str, now: Instant) -> OpenRound | None:
        """The round that the scan at a place is part of."""
        if not self.held:
            return None
        self._keeper.busy = self._begun(place, now)
        self._keeper.anew()
        return self._keeper.at(self.book, watch, now)

    def committed(self, watch: str, sequel: Sequel, now: Instant) -> None:
        """A scan is played."""
        if self.held:
            self._keeper.committed(watch, sequel.waits, sequel.told, now)

    def repeated(self, watch: str) -> Collection[str]:
        """The channels that wait with what the watch's last scan owes them."""
        return self._keeper.repeated(watch)

    def is_over(self, place: int, now: Instant) -> bool:
        """Whether a channel waits for nothing more: a scan came to nothing."""
        if not self._keeper.waits:
            return False
        self._keeper.busy = self._begun(place, now)
        return self._keeper.is_over(self.book, now)

    def sweep(self, now: Instant, besides: Collection[str] = ()) -> list[int]:
        """Tell what nothing holds; nor a round, for some channels."""
        return self._keeper.sweep(
            self.database, self.book, self.policies, now, besides=besides, archive=self.past
        )

    def next_opening(self, now: Instant) -> Instant | None:
        """The time at which the first hold is over by itself."""
        groups = self.database.held.groups()
        holds = Holds(self.database, now, groups, rounds=self._keeper.holds(self.book, now))
        channels = {group.channel for group in groups}
        found = (holds.on(self.policies[channel]) for channel in channels)
        return min((hold.until for hold in found if hold is not None), default=None)

    def _begun(self, place: int, now: Instant) -> frozenset[str]:
        """The watches of whom a scan after ``place`` had begun by ``now``: in earnest they were
        queued, or read."""
        at = self.past.matrix.timeline.at
        return frozenset(
            watch
            for watch, places in self._places.items()
            if (number := int(np.searchsorted(places, place, side="right"))) < len(places)
            and at[places[number]] <= now
        )
