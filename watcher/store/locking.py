"""One daemon a database: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watcher.errors import DatabaseHeld, StoreError


def lock_path(path: Path) -> Path:
    """The lock's file stands beside the database itself, whatever link leads there."""
    real = path.resolve()
    return real.with_name(real.name + ".lock")


@contextmanager
def hold(path: Path) -> Iterator[None]:
    """Owns the database for the time of the block; raises ``DatabaseHeld`` if another does.

    The file stays behind (to remove it would race with the next owner); the lock does not.
    """
    lock = lock_path(path)
    try:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(f"{lock}: can't be written: {error.strerror}", path) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _held(path, handle) from error
        _write(handle, f"{os.getpid()}\n")
        yield
        _write(handle, "")
    finally:
        os.close(handle)


def _write(handle: int, text: str) -> None:
    """Who holds it, for people; the lock holds on a full disk, too."""
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, text.encode(), 0)


def _held(path: Path, handle: int) -> DatabaseHeld:
    text = os.pread(handle, 32, 0).decode("ascii", "replace").strip()
    pid = int(text) if text.isdecimal() else None
    who = f"the watcher with process id {pid}" if pid else "another watcher"
    return DatabaseHeld(
        f"{path}: in use by {who}; stop it first, or use another database (--db)", path, pid
    )
