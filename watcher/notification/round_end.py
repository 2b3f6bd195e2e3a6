"""A scan at the end of a round, or in the midst of it: who waits on, and who is told all that
waits."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from watcher.model import Instant
from watcher.notification.flush_deferred import sweep
from watcher.notification.holds import Holds, since_of
from watcher.notification.policy import NotifyPolicy, OpenRound
from watcher.store.past import Archive
from watcher.store.ports import Store
from watcher.store.sql.silences import HeldGroup


@dataclass(frozen=True, slots=True)
class RoundEnd:
    """The rounds of channels as one scan ends; without a ``round_`` it is one of its own."""

    database: Store
    archive: Archive
    policies: Mapping[str, NotifyPolicy]
    now: Instant
    round_: OpenRound | None = None

    def waits(self, groups: Iterable[HeldGroup]) -> dict[str, Instant]:
        """Until when each channel waits for other lists; until ``now`` those for which something
        waits that is due: what the scan owes them goes into one message with it. ``groups`` are
        what is held already."""
        if self.round_ is None:
            return {}
        until = self.round_.until.items()
        rounds = {name: each for name, each in until if self.policies[name].joins}
        waiting = [each for each in groups if each.channel not in rounds]
        holds = Holds(self.database, self.now, waiting, past=self.archive.history)
        for name in since_of(waiting):
            policy = self.policies.get(name)
            if policy is not None and policy.joins and holds.on(policy) is None:
                rounds[name] = self.now
        return rounds

    def holds(self, rounds: Mapping[str, Instant]) -> Holds:
        """The holds on what the scan is to tell, while channels wait so."""
        return Holds(self.database, self.now, past=self.archive.history, rounds=rounds)

    def over(self, rounds: Mapping[str, Instant], urgent: Collection[str]) -> frozenset[str]:
        """The channels that wait no longer; the ``urgent`` ones for nothing."""
        return frozenset(
            name for name, until in rounds.items() if until <= self.now or name in urgent
        )

    def tell(self, rounds: Mapping[str, Instant], over: Collection[str]) -> list[int]:
        """Tell those that wait no longer all that waits for them; the notifications written."""
        if self.round_ is None or not over:
            return []
        others = {name: until for name, until in rounds.items() if name not in over}
        return sweep(
            self.database, self.round_.book, self.policies, self.now,
            archive=self.archive, rounds=others,
        )  # fmt: skip
