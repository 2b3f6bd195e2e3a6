"""A new database in the place of the old one, in steps of which the last undoes no first.

No file system moves a database's several files at once. So the new one gets a name beside the old
one first, ``watcher.db.restoring``: from then on nobody opens the database, until ``finish`` has
moved the old files away and the new one there. The next owner goes on with what was cut off."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from watcher.errors import StoreError
from watcher.model import Instant
from watcher.units import at

# What SQLite would read together with the database, and apply to a new one of that name.
ENDINGS = ("", "-wal", "-shm", "-journal")


def place(database: Path, ready: Path, now: Instant) -> tuple[Path, ...]:
    """Put ``ready``, whole and on the disk, in the place of ``database``; only for its owner. Where
    the old files are now. Raises ``StoreError``: the next owner does what is not done."""
    real = database.resolve()
    while any(_kept(real, now, ending).exists() for ending in ENDINGS):
        now += 1
    try:
        os.utime(ready, (now, now))  # names the old files, also for who goes on with it
        ready.rename(_waiting(real))
        flush(real.parent)
    except OSError as error:
        raise StoreError(f"{database}: not replaced: {error.strerror}", database) from error
    return finish(database)


def finish(database: Path) -> tuple[Path, ...]:
    """Go on with what was cut off, if anything; only for the owner. Where the old files are now."""
    real = database.resolve()
    waiting = _waiting(real)
    try:
        if not waiting.exists():
            return ()
        kept = _move_away(real, int(waiting.stat().st_mtime))
        flush(real.parent)
        waiting.rename(real)
        flush(real.parent)
    except OSError as error:
        raise StoreError(
            f"{database}: can't be replaced by {waiting}: {error.strerror}; mend that, and start "
            "watcher anew",
            database,
        ) from error
    return kept


def refuse_unfinished(database: Path) -> None:
    """Raise ``StoreError`` where the old files lie there still, or some of them."""
    if _waiting(database.resolve()).exists():
        raise StoreError(
            f"{database}: is being restored, or that was cut off; `watcher run` goes on with it, "
            "and so does `watcher db restore FILE`",
            database,
        )


def _move_away(real: Path, when: Instant) -> tuple[Path, ...]:
    kept = []
    for ending in ENDINGS:
        old, away = beside(real, ending), _kept(real, when, ending)
        if old.exists():
            if not old.stat().st_size:  # nothing is in it: made by who asked for the lock
                old.unlink()
                continue
            if away.exists():
                raise StoreError(f"{old}: in the way of a restore; move it elsewhere", real)
            old.rename(away)
        if away.exists():
            kept.append(away)
    beside(real, ".damaged").unlink(missing_ok=True)  # said of the old one
    return tuple(kept)


def beside(path: Path, ending: str) -> Path:
    """The file whose name is that of ``path`` with an ending more."""
    return path.with_name(path.name + ending)


def flush(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    with opened(path, os.O_RDONLY) as handle:
        os.fsync(handle)


@contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor for the time of the block. Raises ``OSError``."""
    handle = os.open(path, flags | os.O_CLOEXEC)
    try:
        yield handle
    finally:
        os.close(handle)


def _waiting(real: Path) -> Path:
    return beside(real, ".restoring")


def _kept(real: Path, when: Instant, ending: str) -> Path:
    return beside(real, f".replaced-{at(when):%Y%m%d-%H%M%S}{ending}")
