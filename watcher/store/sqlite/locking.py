"""One daemon a database: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from watcher.errors import DatabaseHeld, StoreError
from watcher.store.sqlite import rights
from watcher.store.sqlite.swapping import beside, finish, opened

# Bytes of the database, locked and never written: one far beyond any page for its owner, and
# those that SQLite locks, of which whoever has it open locks some (PENDING_BYTE in its sources).
_OWNER = (1 << 62, 1)
_SQLITE = (0x40000000, 512)


def lock_path(path: Path) -> Path:
    """The lock's file stands beside the database itself, whatever link leads there."""
    return beside(path.resolve(), ".lock")


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Owns the database for the time of the block; raises ``DatabaseHeld`` if another does. The
    lock's file stays, for to remove it would race with the next owner. A restore that was cut off
    is gone on with. Without a database an empty one is made, to be locked under all its names."""
    lock = lock_path(path)
    try:
        rights.make(lock, kin=path if path.exists() else None)
        handle = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        raise StoreError(f"{lock}: can't be written: {error.strerror}", path) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(path, handle) from error
        finish(path)
        with _held_by_every_name(path):
            _write(handle, f"{os.getpid()}\n")
            yield
            _write(handle, "")
    finally:
        os.close(handle)


@contextmanager
def nobody_else(path: Path) -> Iterator[None]:
    """Nobody has the database open, nor can open it, for the time of the block. Raises
    ``StoreError`` where somebody has. Only where this process has it not open itself."""
    with ExitStack() as stack:
        with suppress(OSError):  # not there, or no file
            if not _lock(stack.enter_context(opened(path, os.O_RDWR)), _SQLITE):
                raise _in_use(path)
        yield


def refuse_used(path: Path) -> None:
    """Raise ``StoreError`` where some process has the database open; it need not be writable."""
    if _is_locked(path, _SQLITE):
        raise _in_use(path)


def refuse_other_name(path: Path) -> None:
    """Raise ``DatabaseHeld`` where a daemon has the file under another name, a hard link. SQLite
    finds the log of a database by its name, so who came by this one would read what is old, and
    write past the daemon. To be asked before this process opens the database."""
    try:
        status = path.stat()
    except OSError:
        return
    if status.st_nlink < 2 or _is_owned(path) or _is_open_here(status):
        return
    with suppress(OSError):  # SQLite will say it in its own words
        if _is_locked(path, _OWNER):
            raise _held_by_another_name(path)


def _is_locked(path: Path, part: tuple[int, int]) -> bool:
    """Whether some process has locked that part of the file."""
    with opened(path, os.O_RDONLY) as handle:
        try:
            asked = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _packed(part))
        except OSError:  # a file system without locks: nobody has one
            return False
    return bool(struct.unpack_from("h", asked)[0] != fcntl.F_UNLCK)


def _is_owned(path: Path) -> bool:
    """Whether a process, perhaps this one, owns the database by this name."""
    try:
        with opened(lock_path(path), os.O_RDONLY) as handle:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    return False


def _is_open_here(status: os.stat_result) -> bool:
    """Whether this process has the file open: to open and close it would drop SQLite's locks."""
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            if os.path.samestat(each.stat(), status):
                return True
    return False


@contextmanager
def _held_by_every_name(path: Path) -> Iterator[None]:
    """The file itself: a hard link has a lock's file of its own. It is closed last, for to close it
    drops SQLite's locks of this process."""
    real = path.resolve()
    with ExitStack() as stack:
        with suppress(OSError):  # whoever opens the database says why
            rights.make(real)
            handle = stack.enter_context(opened(real, os.O_RDWR)) if real.is_file() else None
            if handle is not None and not _lock(handle, _OWNER):
                raise _held_by_another_name(path)
        yield


def _lock(handle: int, part: tuple[int, int]) -> bool:
    """Lock a part of a file for as long as it is open; False where another has it. Such a lock
    belongs to the handle and not to the process: SQLite's own don't end it."""
    try:
        fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _packed(part))
    except OSError as error:  # any other: a file system without locks
        return not isinstance(error, (BlockingIOError, PermissionError))
    return True


def _packed(part: tuple[int, int]) -> bytes:
    """The C library's ``struct flock``: to write, from the begin, start and length, no process."""
    return struct.pack("hhqqi", fcntl.F_WRLCK, os.SEEK_SET, *part, 0)


def _write(handle: int, text: str) -> None:
    """Note who holds it, for people; the lock holds on a full disk, too."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)


def _in_use(path: Path) -> StoreError:
    return StoreError(f"{path}: in use by another program; end that program first", path)


def _held_by_another_name(path: Path) -> DatabaseHeld:
    return DatabaseHeld(
        f"{path}: in use by another watcher, under another name of the same file (a hard link); "
        "stop it first, or use another database (--db)",
        path,
        None,
    )


def _held(path: Path, handle: int) -> DatabaseHeld:
    text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    pid = int(text) if text.isdecimal() else None
    who = f"the watcher with process id {pid}" if pid else "another watcher"
    return DatabaseHeld(
        f"{path}: in use by {who}; stop it first, or use another database (--db)", path, pid
    )
