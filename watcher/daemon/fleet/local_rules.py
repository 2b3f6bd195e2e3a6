"""Rule files on this machine's disk, for a book on a server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from watcher.daemon.fleet.stored_rules import Draft, Reload
from watcher.daemon.supervision.liveness import Limits
from watcher.daemon.supervision.rule_watcher import RuleFiles, RuleWatcher, Settling
from watcher.delivery.courier import pause_until
from watcher.errors import WatcherError
from watcher.rules.rulebook import Rulebook

_LOOK = 5.0  # seconds between two looks at broken files, while nothing is in force


@dataclass(slots=True)
class LocalRules:
    """A rule file, or a folder of them; which ``read`` reads."""

    path: Path
    read: Callable[[], Rulebook]
    limits: Limits = field(default_factory=Limits)
    broken: str | None = None
    draft: Draft | None = None
    _watcher: RuleWatcher | None = None
    _digest: str = ""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def load(self) -> Rulebook:
        return self.read()

    async def begin(self) -> Rulebook:
        # Before they are read: what is saved meanwhile differs.
        self._digest = await asyncio.to_thread(RuleFiles(self.path).digest)
        return await asyncio.to_thread(self.load)

    async def follow(self, reload: Reload, moved: Callable[[], None]) -> None:
        files = RuleFiles(self.path)
        if self._watcher is None:
            settling = Settling(files.digest, self._is_good)
            self._watcher = RuleWatcher(
                files, reload, self._digest, moved, self.limits.look, settling=settling
            )
        await self._watcher.run()

    async def wait(self) -> None:
        await pause_until(self._news, _LOOK)
        self._news.clear()

    def wake(self, *, anew: bool = False) -> None:
        self._news.set()
        if self._watcher is not None:
            if anew:
                self._watcher.known = ""
            self._watcher.ear.news.set()

    def _is_good(self) -> bool:
        try:
            return self.load().intact
        except WatcherError:
            return False
