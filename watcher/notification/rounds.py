"""Rounds: watches that are due together are told of together. While a list is queued or read whose
rules tell a channel, what another list's rules owe to that channel waits (``Decision.ROUND``), for
ten minutes at most. Who waits is known in memory alone: after a crash the round is simply over, and
what it held, in ``held`` as all that is, is told by the next sweep."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from watcher.model import Instant
from watcher.notification.flush_deferred import sweep
from watcher.notification.policy import LONGEST, NotifyPolicy, OpenRound
from watcher.rules.rulebook import Rulebook
from watcher.store.past import Archive
from watcher.store.ports import Store


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A channel that waits since a time, and the watches that had their scan meanwhile."""

    since: Instant
    had: set[str] = field(default_factory=set)


@dataclass
class RoundKeeper:
    """Knows which channels wait for which watches. ``busy`` are the keys of the watches that are
    queued or being scanned."""

    busy: Collection[str] = ()
    _committed: set[str] = field(default_factory=set)  # of those that are busy
    _waiting: dict[str, _Waiting] = field(default_factory=dict)  # by channel
    _tellings: tuple[Rulebook, Mapping[str, frozenset[str]]] | None = None

    def at(self, book: Rulebook, watch: str, now: Instant) -> OpenRound:
        """The round, for the scan of ``watch`` that is committed, once ``repeated`` was told."""
        return OpenRound(book, self._until(book, now, besides=watch))

    def repeated(self, watch: str) -> frozenset[str]:
        """The channels that still wait with what the watch's last scan owes them. That is told
        before its next scan is judged: what began is not to be told as ended for a round's sake."""
        waiting = self._waiting.items()
        return frozenset(channel for channel, each in waiting if watch in each.had)

    def holds(
        self, book: Rulebook, now: Instant, besides: Collection[str] = ()
    ) -> dict[str, Instant]:
        """Until when each channel that waits goes on waiting, for a sweep; but for some."""
        if not self._waiting:
            return {}
        until = self._until(book, now)
        waiting = self._waiting.keys() - {*besides}
        return {name: until[name] for name in waiting if name in until}

    def is_over(self, book: Rulebook, now: Instant) -> bool:
        """Whether some channel waits for nothing more."""
        return len(self.holds(book, now)) < len(self._waiting)

    def committed(
        self, watch: str, waits: Iterable[str], told: Iterable[str], now: Instant
    ) -> None:
        """A scan is stored: the channels that something of it waits for, and those that were told
        what had waited."""
        self._committed.add(watch)
        self.told(told)
        for channel in waits:
            self._waiting.setdefault(channel, _Waiting(now))
        for each in self._waiting.values():
            each.had.add(watch)

    def told(self, channels: Iterable[str]) -> None:
        """These channels were told what had waited."""
        for channel in channels:
            self._waiting.pop(channel, None)

    def sweep(
        self, database: Store, book: Rulebook, policies: Mapping[str, NotifyPolicy], now: Instant,
        *, besides: Collection[str] = (), archive: Archive | None = None,
    ) -> list[int]:  # fmt: skip
        """Tell what nothing holds, nor a round, but for the channels ``besides``, which wait for
        none; the notifications written."""
        holds = self.holds(book, now, besides)
        rows = sweep(database, book, policies, now, archive=archive, rounds=holds)
        self.told([channel for channel in self._waiting if channel not in holds])
        return rows

    def ended(self, watch: str) -> None:
        """The watch is no longer busy."""
        self._committed.discard(watch)

    def anew(self) -> None:
        """Forget scans of before: all that ``busy`` names have yet to be read."""
        self._committed.clear()

    @property
    def waits(self) -> bool:
        """Whether some channel waits."""
        return bool(self._waiting)

    def _until(self, book: Rulebook, now: Instant, besides: str = "") -> dict[str, Instant]:
        # The set of whom is busy changes on another thread: a copy is taken at one go.
        others = {*self.busy} - self._committed - {besides}
        found: dict[str, Instant] = {}
        tellings = self._told_by(book) if others else {}
        for watch in others:
            for channel in tellings.get(watch, ()):
                waiting = self._waiting.get(channel)
                if waiting is not None and besides in waiting.had:
                    waiting = None  # told: it waits anew
                if waiting is not None and watch in waiting.had:
                    continue  # it is read once more already: its word of this round is known
                since = min(waiting.since, now) if waiting is not None else now
                if since + LONGEST > now:
                    found[channel] = since + LONGEST
        return found

    def _told_by(self, book: Rulebook) -> Mapping[str, frozenset[str]]:
        """The channels that the rules of each watch tell, by the watch's key."""
        if self._tellings is None or self._tellings[0] is not book:
            found: dict[str, set[str]] = {}
            for rule in book.enabled:
                for watch in rule.watches:
                    found.setdefault(watch.key, set()).update(rule.notify)
            self._tellings = book, {key: frozenset(names) for key, names in found.items()}
        return self._tellings[1]
