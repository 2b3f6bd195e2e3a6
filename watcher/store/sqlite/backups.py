"""A backup's file: written beside its name, looked through, and put there in one step."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from watcher.errors import StoreError
from watcher.store.sqlite.connection import connect, explained
from watcher.store.sqlite.early_migrations import APPLICATION_ID
from watcher.store.sqlite.rights import OWNER_ONLY
from watcher.store.sqlite.swapping import beside, flush

_APPLICATION = slice(68, 72)  # where a database file's header has its application's mark


@contextmanager
def written(target: Path, database: Path | None = None) -> Iterator[Path]:
    """An empty file, to become the backup ``target`` at the end of the block, if it is sound; only
    for its owner. An older backup of that name is replaced. Raises ``StoreError``, with nothing
    left behind, where anything else has that name, as the ``database`` itself."""
    _refuse_to_replace(target, database)
    part: Path | None = None
    try:
        handle, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
        os.close(handle)
        part = Path(name)
        yield part
        _refuse_damaged(part, target)
        part.chmod(OWNER_ONLY)  # mkstemp's, but for an odd umask
        flush(part)
        part.replace(target)
        flush(target.parent)
    except OSError as error:
        raise StoreError(f"{target}: can't be written: {error.strerror}", target) from error
    finally:
        if part is not None:
            for ending in ("", "-wal", "-shm"):
                beside(part, ending).unlink(missing_ok=True)


def is_ours(path: Path) -> bool:
    """Whether the file is a database that watcher made; by its header, so as to touch nothing."""
    try:
        with path.open("rb") as file:
            header = file.read(_APPLICATION.stop)
    except OSError:
        return False
    mark = int.from_bytes(header[_APPLICATION], "big")
    return header.startswith(b"SQLite format 3\x00") and mark == APPLICATION_ID


def size_of(path: Path) -> int:
    """The file's bytes; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _refuse_to_replace(target: Path, database: Path | None) -> None:
    """Anything that is no older backup."""
    if not target.exists():
        if not target.parent.is_dir():
            raise StoreError(f"{target}: the folder {target.parent} does not exist", target)
        return
    if database is not None and target.samefile(database):
        raise StoreError(f"{target}: is the database itself; name another file", target)
    if not is_ours(target):
        raise StoreError(f"{target}: exists and is no database of watcher; not replaced", target)
    if size_of(beside(target, "-wal")):
        raise StoreError(f"{target}: is a database in use, no backup; not replaced", target)


def _refuse_damaged(copy: Path, target: Path) -> None:
    """A copy that can't be read back is none: so says SQLite's own check of all of it."""
    with explained(target), closing(connect(copy, readonly=True)) as conn:
        found = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise StoreError(
            f"{target}: not written: the database is damaged ({' '.join(str(found).split())})",
            target,
        )
