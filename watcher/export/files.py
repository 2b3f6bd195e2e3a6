"""Files that take the place of others as a whole, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from watcher.errors import WatcherError
from watcher.store.engine import OWNER_ONLY, is_ours

_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".restoring")


@contextmanager
def replaced(target: Path, database: Path) -> Iterator[BinaryIO]:
    """A file to write to; only at the end of the block it takes the place of what was there.

    Only its owner may read it, as the database. What is no ordinary file (a pipe, a device)
    is written to directly. Raises ``WatcherError`` where that can't be; a database of watcher is
    not replaced.
    """
    try:
        # By the name that was given: what /dev/stdout leads to, a pipe, has no other.
        if target.exists() and not target.is_file() and not target.is_dir():
            with target.open("wb") as file:
                yield file
            return
        target = target.resolve()
        _refuse(target, database)
        handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
        part = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.chmod(OWNER_ONLY)  # mkstemp's, but for an odd umask
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WatcherError(f"{target}: can't be written: {error.strerror or error}") from error


def _refuse(target: Path, database: Path) -> None:
    if target.is_dir():
        raise WatcherError(f"{target}: is a folder; name a file in it")
    if not target.parent.is_dir():
        raise WatcherError(f"{target}: the folder {target.parent} does not exist")
    beside = {f"{database.resolve()}{ending}" for ending in _BESIDE}
    # The database first, by its name: to open and close it would drop this process's locks on it.
    if target.exists() and (str(target) in beside or target.samefile(database) or is_ours(target)):
        raise WatcherError(f"{target}: is a database of watcher; name another file")
