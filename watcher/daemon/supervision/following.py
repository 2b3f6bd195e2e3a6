"""The part "rule files": it notices that the rule files changed, and has them read anew.

The system tells of changes in their folder, and every few seconds the part looks for itself: what
was saved before the folder was watched, or lies on a disk that tells nothing, is found, too. Where
the system can't tell (its limits are used up, the folder is gone), it looks every second.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import wait
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import structlog
from watchfiles import Change, awatch

from watcher.daemon.supervision.liveness import Limits
from watcher.daemon.supervision.rule_watcher import Place, RuleFiles
from watcher.daemon.supervision.settling import Settling
from watcher.delivery.courier import pause_until
from watcher.delivery.daemon_thread import DaemonThread

LONGEST_RELOAD = 300.0  # after that it stands still
POLL_SECONDS = 1.0  # where nobody tells of changes
AGAIN_SECONDS = 60.0  # before the next try to be told
_DEBOUNCE_MS = 200
_STEP_MS = 200  # its thread asks in steps for what changed, and whether to stop
_LIMITS = Path("/proc/sys/fs/inotify")

log = structlog.get_logger("watcher.daemon")

_T = TypeVar("_T")


@dataclass(slots=True)
class Ear:
    """Sets ``news`` when the system tells that files changed which ``concerns``; ``open`` while it
    would. Another program's changes in the same folder wake nobody."""

    concerns: Callable[[Change, str], bool]
    again: float = AGAIN_SECONDS
    news: asyncio.Event = field(default_factory=asyncio.Event)
    open: bool = False
    _complaints: set[str] = field(default_factory=set)
    _listening: asyncio.Task[None] | None = field(default=None)

    async def turn_to(self, folders: list[Path]) -> None:
        """Listen to these folders, and no more to those before."""
        await self.close()
        self._listening = asyncio.create_task(self._listen(folders), name="listen")

    async def close(self) -> None:
        """Listen no more."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    async def _listen(self, folders: list[Path]) -> None:
        while True:
            try:
                # What stops its thread is its own: it is set when this task is cancelled.
                changes = awatch(
                    *folders,
                    watch_filter=self.concerns,
                    debounce=_DEBOUNCE_MS,
                    step=_STEP_MS,
                    recursive=False,
                    stop_event=asyncio.Event(),
                )
                self.open = True
                async for _ in changes:
                    self.news.set()
            except Exception as error:  # noqa: BLE001 - the library has a kind of its own
                self._complain(str(error))
            finally:
                self.open = False
            await asyncio.sleep(self.again)

    def _complain(self, reason: str) -> None:
        limit = _limit(reason)
        if (limit or reason) not in self._complaints:
            self._complaints.add(limit or reason)
            log.warning(
                "the folder of the rule files can't be watched: they are looked at every second",
                used_up=limit,
                reason=reason,
            )


@dataclass(slots=True)
class Follower:
    """Calls ``changed`` when the contents of ``files`` differ from ``known``, the digest of what is
    in force; ``moved`` at each look, as a sign of life. ``settling`` waits until they are written
    whole.

    It looks by its own clock: how much else changes in the folder makes that no rarer.
    """

    files: RuleFiles
    changed: Callable[[], Awaitable[object]]
    known: str
    moved: Callable[[], None] = lambda: None
    look: float = Limits().look
    poll: float = POLL_SECONDS
    settling: Settling | None = None
    ear: Ear = field(init=False)
    # A network's disk may never answer: then this thread hangs, and none that others need.
    _hand: DaemonThread = field(default_factory=lambda: DaemonThread("rule-files"))

    def __post_init__(self) -> None:
        self.ear = Ear(self.files.concerns)

    async def run(self) -> None:
        """For ever, until cancelled; the next ``run`` goes on with what this one knew."""
        heard: list[Place] = []
        try:
            while True:
                self.moved()
                digest, places = await asyncio.wrap_future(self._hand.run(self._see))
                if digest != self.known and self.settling is not None:
                    settling = replace(self.settling, aside=self._aside)
                    digest = await settling.wait(digest, self.moved)
                if digest != self.known:
                    await self._tell()
                    self.known = digest
                if places != heard:  # also where a folder was put in the place of another
                    await self.ear.turn_to([place.path for place in places])
                    heard = places
                self.moved()
                await pause_until(self.ear.news, self.look if self.ear.open else self.poll)
                self.ear.news.clear()
        finally:
            await self.ear.close()

    async def _tell(self) -> None:
        """Have them read anew. That waits behind a long scan that is being stored: it is heard of
        meanwhile, but not for ever."""
        telling = asyncio.ensure_future(self.changed())
        try:
            for _ in range(int(LONGEST_RELOAD / self.look)):
                if (await wait({telling}, timeout=self.look))[0]:
                    break
                self.moved()
            await telling
        finally:
            telling.cancel()

    async def _aside(self, look: Callable[[], _T]) -> _T:
        return await asyncio.wrap_future(self._hand.run(look))

    def _see(self) -> tuple[str, list[Place]]:
        return self.files.digest(), self.files.places()


def _limit(reason: str) -> str | None:
    """The system's limit that is used up, with its value; None where it is none."""
    if "os error 24" in reason:  # of the user's watchers, or of the process's files
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return "RLIMIT_NOFILE (LimitNOFILE= of a unit, ulimit -n of a shell)"
        return _named("max_user_instances")
    return _named("max_user_watches") if "watch limit" in reason else None


def _named(limit: str) -> str:
    try:
        value = (_LIMITS / limit).read_text(encoding="ascii").strip()
    except OSError:
        return f"fs.inotify.{limit}"
    return f"fs.inotify.{limit} ({value})"
