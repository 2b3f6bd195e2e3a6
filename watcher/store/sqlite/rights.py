"""Rights on the store's files: for their owner only, whatever the umask."""

from __future__ import annotations

import glob
import os
import stat
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o600
_OTHERS = stat.S_IRWXO
_GROUP = stat.S_IRWXG
_BESIDE = ("-wal", "-shm", "-journal", ".lock", ".damaged")


def make(path: Path, *, kin: Path | None = None) -> None:
    """An empty file for its owner only; nothing is done where something is there already. Made by
    root, it belongs to the owner of ``kin`` (or of its folder): to the service's user, who could
    not open it otherwise. Raises ``OSError``."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    except FileExistsError:
        return
    try:
        os.fchmod(handle, OWNER_ONLY)  # the umask may have taken even this
        if os.geteuid() == 0:
            owner = (kin if kin is not None else path.parent).stat()
            with suppress(OSError):  # a file system without owners
                os.fchown(handle, owner.st_uid, owner.st_gid)
    finally:
        os.close(handle)


def narrow(database: Path) -> None:
    """Take from others what an older version and the umask left them, of all the database's files.
    Rights of the group alone are somebody's choice (a umask would have left others some, too) and
    stay. What belongs to another user stays as it is."""
    real = database.resolve()
    files = [real, *(real.with_name(real.name + ending) for ending in _BESIDE)]
    with suppress(OSError):  # and copies before a migration
        files += real.parent.glob(f"{glob.escape(real.name)}.before-*")
    for path in files:
        with suppress(OSError):
            mode = stat.S_IMODE(path.stat().st_mode)
            if mode & _OTHERS:
                path.chmod(mode & ~(_OTHERS | _GROUP))


def wide(database: Path) -> str:
    """Others who may read the database: "everyone", "its group", or "" for nobody."""
    try:
        mode = database.stat().st_mode
    except OSError:
        return ""
    if mode & _OTHERS:
        return "everyone"
    return "its group" if mode & _GROUP else ""
