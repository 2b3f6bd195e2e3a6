"""The daemon's clock: the one edge at which the time is read."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import msgspec

from watcher.model import Instant
from watcher.store.control import Control


class Clock(Protocol):
    """``now`` is the daemon's time; ``seconds_until`` the real seconds until an instant. ``offset``
    changes only when the clock is set: seconds from a clock that never jumps."""

    def now(self) -> Instant: ...

    def seconds_until(self, instant: Instant) -> float: ...

    def offset(self) -> float: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> Instant:
        return int(time.time())

    def seconds_until(self, instant: Instant) -> float:
        return instant - time.time()

    def offset(self) -> float:
        return time.time() - time.monotonic()


@dataclass(slots=True)
class FastClock:
    """A clock that begins at ``start`` and runs ``speed`` times as fast as the real one."""

    start: float
    speed: float
    _began: float = field(default_factory=time.monotonic)

    def now(self) -> Instant:
        return int(self.exact())

    def seconds_until(self, instant: Instant) -> float:
        return (instant - self.exact()) / self.speed

    def offset(self) -> float:
        return 0.0

    def exact(self) -> float:
        """``now`` with its fraction."""
        return self.start + (time.monotonic() - self._began) * self.speed


class _Kept(msgspec.Struct):
    """A fast clock as other processes read it: it showed ``shown`` at ``at`` of the machine's."""

    shown: float
    at: float
    speed: float


def keep_clock(database: Path, clock: Clock) -> None:
    """Note beside the database in which time its daemon lives, where that is not the machine's:
    the commands beside it live in it too. ``OSError`` where nothing can be written."""
    path = _beside(database)
    if not isinstance(clock, FastClock):
        path.unlink(missing_ok=True)
        return
    partial = path.with_name(f"{path.name}-new")
    partial.write_bytes(msgspec.json.encode(_Kept(clock.exact(), time.time(), clock.speed)))
    partial.replace(path)


def file_clock(database: Path) -> Clock:
    """The clock that the database's daemon lives by, or lived by last."""
    with suppress(OSError, msgspec.DecodeError):
        return _as_kept(_beside(database).read_bytes(), time.time())
    return SystemClock()


def keep_book_clock(control: Control, book: str, clock: Clock) -> None:
    """Note by which clock the book's daemon lives; by the server's time."""
    kept = None
    if isinstance(clock, FastClock):
        kept = msgspec.json.encode(_Kept(clock.exact(), control.now(), clock.speed))
    control.books.keep_clock(book, kept)


def book_clock(control: Control, book: str) -> Clock:
    """The clock that the book's daemon lives by, or lived by last."""
    kept = control.books.clock(book)
    with suppress(msgspec.DecodeError):
        return SystemClock() if kept is None else _as_kept(kept, control.now())
    return SystemClock()


def _as_kept(text: bytes, now: float) -> FastClock:
    kept = msgspec.json.decode(text, type=_Kept)
    return FastClock(kept.shown + (now - kept.at) * kept.speed, kept.speed)


def _beside(database: Path) -> Path:
    return database.with_name(f"{database.name}-clock")
