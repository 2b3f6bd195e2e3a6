"""The rule files on disk: their contents now, and reloads where they change."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import time
from asyncio import wait
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import structlog
from watchfiles import Change, awatch

from watcher.daemon.supervision.liveness import Limits
from watcher.delivery.courier import pause_until
from watcher.delivery.daemon_thread import DaemonThread
from watcher.rules.files.document import MAX_BYTES
from watcher.rules.files.loading import named_files, rule_files
from watcher.rules.files.side_files import content_of

_SUFFIXES = (".yaml", ".yml")

Aside: TypeAlias = Callable[[Callable[[], Any]], Awaitable[Any]]


_Stamp: TypeAlias = tuple[int, ...]  # what tells a file from itself after a change


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """A rule file, or a folder of ``*.yaml`` files, and the files that these name."""

    path: Path
    # By rule file: a hash of what it held, and what it named.
    _named: dict[Path, tuple[str, list[Path]]] = field(default_factory=dict, compare=False)
    _hashes: dict[Path, tuple[_Stamp, bytes]] = field(default_factory=dict, compare=False)

    def digest(self) -> str:
        """A hash of names and contents: what has not changed need not be read again."""
        hashed = hashlib.sha256()
        files = rule_files(self.path)
        for file in files:
            hashed.update(str(file).encode())
            try:
                content = _contents(file)
            except OSError:
                content = b"unreadable"
            hashed.update(content)
            self._look_for_names(file, content)
        for gone in self._named.keys() - set(files):
            del self._named[gone]
        for beside in self.beside():
            hashed.update(str(beside).encode())
            hashed.update(self._hash(beside))
        return hashed.hexdigest()

    def beside(self) -> list[Path]:
        """The files that the rule files named when they were looked at last."""
        return sorted({path for _, paths in self._named.values() for path in paths})

    def _look_for_names(self, file: Path, content: bytes) -> None:
        known = hashlib.sha256(content).hexdigest()
        if self._named.get(file, ("", []))[0] != known:
            named = named_files(content, file, os.environ) if b"file" in content else []
            self._named[file] = known, named

    def _hash(self, file: Path) -> bytes:
        """A hash of what a file holds; it may be large, and is read where its stamp is new."""
        try:
            found = file.stat()
            stamp = (
                found.st_dev,
                found.st_ino,
                found.st_size,
                found.st_mtime_ns,
                found.st_ctime_ns,
            )
            if self._hashes.get(file, ((), b""))[0] != stamp:
                self._hashes[file] = stamp, hashlib.sha256(content_of(file)).digest()
            return self._hashes[file][1]
        except (OSError, ValueError):
            return b"unreadable"

    def places(self) -> dict[Path, tuple[int, int]]:
        """The folders to watch (editors replace files, and links lead elsewhere), and what tells
        each from one that is put in its place."""
        both = {self.path.absolute().parent, self.path.resolve().parent}
        folders = {self.path} if self.path.is_dir() else both
        for each in self.beside():
            own = {each.absolute().parent, each.resolve().parent}
            folders |= {folder for folder in own if folder.is_dir()}  # else nothing would be heard
        return {folder: _place(folder) for folder in sorted(folders)}

    def concerns(self, change: Change, path: str) -> bool:
        """Whether a change of ``path`` may be one of the rules."""
        # A database in the same folder changes all the time; a swapped link may have any name.
        touched = Path(path)
        if touched.suffix in _SUFFIXES or touched.is_symlink():
            return True
        return touched.name in {self.path.name, *(each.name for each in self.beside())}


def _place(folder: Path) -> tuple[int, int]:
    """Its device and inode."""
    try:
        found = folder.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _contents(file: Path) -> bytes:
    """Read a file at leisure; not a pipe, which would wait for a writer, or give its text once."""
    if not file.is_file():
        raise OSError(errno.EINVAL, "no file")
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)  # a larger one is refused


_QUIET = 1.0  # seconds without a change after which a good file is taken for whole
BROKEN_QUIET = 5.0  # and a broken one
_LONGEST = 30.0
_STEP = 0.25


@dataclass(frozen=True, slots=True)
class Settling:
    """Waits until files are written whole, for half a file is often a good one with fewer rules,
    whose alerts would end: ``digest`` is that of what they hold, ``good`` whether it can be read.
    """

    digest: Callable[[], str]
    good: Callable[[], bool]
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def wait(self, digest: str, moved: Callable[[], None], aside: Aside) -> str:
        """The digest of what is to be read, after a change to ``digest``; looks run ``aside``, off
        the loop."""
        begin = since = self.clock()
        good: bool | None = None  # not known yet
        while self.clock() - begin < _LONGEST:
            await self.sleep(_STEP)
            moved()
            now = await aside(self.digest)
            if now != digest:
                digest, since, good = now, self.clock(), None
            quiet = self.clock() - since
            if good is None and quiet >= _QUIET:
                good = await aside(self.good)
            if quiet >= (_QUIET if good else BROKEN_QUIET):
                break
        return digest


LONGEST_RELOAD = 300.0  # after that it stands still
DEAF = "the folder of the rule files can't be watched: they are looked at every second"
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
                await self._hear(folders)
            except Exception as error:  # noqa: BLE001 - the library has a kind of its own
                limit, reason = _limit(str(error)), str(error)
                if (limit or reason) not in self._complaints:
                    self._complaints.add(limit or reason)
                    log.warning(DEAF, used_up=limit, reason=reason)
            finally:
                self.open = False
            await asyncio.sleep(self.again)

    async def _hear(self, folders: list[Path]) -> None:
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


@dataclass(slots=True)
class RuleWatcher:
    """Calls ``changed`` when the contents of ``files`` differ from ``known``, the digest of what is
    in force; ``moved`` at each look, as a sign of life. ``settling`` waits until they are written
    whole. It looks by its own clock: how much else changes in the folder makes that no rarer."""

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
        """Look for ever, until cancelled; the next ``run`` goes on with what this one knew."""
        heard: dict[Path, tuple[int, int]] = {}
        try:
            while True:
                self.moved()
                digest, places = await self._aside(self._see)
                if digest != self.known:
                    await self._follow(digest)
                if places != heard:  # also where a folder was put in the place of another
                    await self.ear.turn_to(list(places))
                    heard = places
                self.moved()
                await pause_until(self.ear.news, self.look if self.ear.open else self.poll)
                self.ear.news.clear()
        finally:
            await self.ear.close()

    async def _follow(self, digest: str) -> None:
        """Have what changed read anew once it is whole, if it still differs then."""
        if self.settling is not None:
            digest = await self.settling.wait(digest, self.moved, self._aside)
        if digest != self.known:
            await self._tell(digest)

    async def _tell(self, digest: str) -> None:
        """Have them read anew. That waits behind a long scan that is being stored: it is heard of
        meanwhile, but not for ever."""
        before, self.known = self.known, digest  # who wants it anew meanwhile forgets this
        telling = asyncio.ensure_future(self.changed())
        try:
            for _ in range(int(LONGEST_RELOAD / self.look)):
                if (await wait({telling}, timeout=self.look))[0]:
                    break
                self.moved()
            await telling
        except BaseException:
            self.known = before
            raise
        finally:
            telling.cancel()

    async def _aside(self, look: Callable[[], _T]) -> _T:
        return await asyncio.wrap_future(self._hand.run(look))

    def _see(self) -> tuple[str, dict[Path, tuple[int, int]]]:
        return self.files.digest(), self.files.places()


def _limit(reason: str) -> str | None:
    """The system's limit that is used up, with its value; None where it is none."""
    if "os error 24" in reason:  # of the user's watchers, or of the process's files
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            return "RLIMIT_NOFILE (LimitNOFILE= of a unit, ulimit -n of a shell)"
        limit = "max_user_instances"
    elif "watch limit" in reason:
        limit = "max_user_watches"
    else:
        return None
    with suppress(OSError):
        return f"fs.inotify.{limit} ({(_LIMITS / limit).read_text(encoding='ascii').strip()})"
    return f"fs.inotify.{limit}"
