"""Small pictures of products on disk: what was used last stays, up to 200 MB.

A file has a digest before its picture, so one that was cut or changed is seen; it is put in its
place whole or not at all. Several processes may use one folder. Nothing here raises: without a
folder, or with a full disk, a picture is merely not there. (``diskcache`` would bring a database of
its own and unpickles what it finds; its last release is of 2023.)
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import structlog

from watcher.store.places import Place, Server

LIMIT = 200 * 2**20  # bytes
KEEP_FREE = 100 * 2**20  # bytes that are left to the database, however few pictures there are
_LARGEST = 2**20  # bytes of one
_LEAVE = 0.9  # of the limit, after some had to go
_LOOK_AGAIN = 100  # put in, before all are counted anew: other processes put some in, too
_STALE = 3_600.0  # seconds after which what nobody finished is thrown away
_DIGEST = 32  # bytes
_NAME, _FOLDER = re.compile(r"[0-9a-f]{32}\.picture"), re.compile(r"[0-9a-f]{2}")
_BEGUN = ".begun-"

log = structlog.get_logger("watcher.daemon")


def picture_key(cover: str) -> str:
    """The identity of a picture by the source's address of it: without the query, which has tokens
    that change by the day."""
    return sha256(cover.partition("?")[0].encode()).hexdigest()[:32]


def cache_folder(place: Place, environment: Mapping[str, str]) -> Path | None:
    """The folder for pictures: the one that systemd made, else beside the database file, else the
    user's own. None where there is none of these."""
    given = environment.get("CACHE_DIRECTORY", "").partition(":")[0]
    if given:
        return Path(given) / "pictures"
    if not isinstance(place, Server):
        database = place.resolve()
        return database.with_name(f"{database.name}-pictures")
    own = environment.get("XDG_CACHE_HOME", "")
    if not Path(own).is_absolute():
        home = environment.get("HOME", "")
        own = str(Path(home) / ".cache") if Path(home).is_absolute() else ""
    return Path(own) / "watcher" / "pictures" if own else None


class PictureCache:
    """Pictures by key. Its questions read files: not for the loop."""

    def __init__(self, folder: Path | None, limit: int = LIMIT, keep_free: int = KEEP_FREE) -> None:
        self._folder, self._limit, self._keep_free = folder, limit, keep_free
        self._size = 0
        self._until_look = 0

    def get(self, key: str) -> bytes | None:
        """The picture, which is then the one used last."""
        path = self._path(key)
        if path is None:
            return None
        try:
            with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
                content = file.read(_LARGEST + 1)
        except OSError:
            return None
        digest, picture = content[:_DIGEST], content[_DIGEST:]
        if sha256(picture).digest() != digest:
            with suppress(OSError):
                path.unlink()
            return None
        with suppress(OSError):
            os.utime(path)
        return picture

    def put(self, key: str, picture: bytes) -> None:
        """Keep it, in place of those that nobody asked for longest."""
        path, content = self._path(key), sha256(picture).digest() + picture
        if path is None or len(content) > _LARGEST:
            return
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if shutil.disk_usage(path.parent).free < self._keep_free + len(content):
                return
            _write(path, content)
        except OSError as error:
            log.debug("a picture could not be kept", error=error.strerror)
            return
        self._size += len(content)
        self._until_look -= 1
        if self._size > self._limit or self._until_look < 0:
            self._make_room()

    def size(self) -> int:
        """The bytes that all of them take."""
        return sum(size for _, size, _ in self._files())

    def _path(self, key: str) -> Path | None:
        name = f"{key}.picture"
        if self._folder is None or not _NAME.fullmatch(name):
            return None
        return self._folder / key[:2] / name

    def _make_room(self) -> None:
        files = sorted(self._files())
        self._size = sum(size for _, size, _ in files)
        self._until_look = _LOOK_AGAIN
        if self._size <= self._limit:
            return
        for _, size, path in files:
            if self._size <= self._limit * _LEAVE:
                break
            with suppress(OSError):
                Path(path).unlink()
                self._size -= size

    def _files(self) -> Iterator[tuple[int, int, str]]:
        """Yield when each was used, its size and path; what is not ours is left alone."""
        for folder in _entries(self._folder):
            if not _FOLDER.fullmatch(folder.name):
                continue
            for each in _entries(folder.path):
                with suppress(OSError):
                    if not each.is_file(follow_symlinks=False):
                        continue
                    stat = each.stat(follow_symlinks=False)
                    if _NAME.fullmatch(each.name):
                        yield stat.st_mtime_ns, stat.st_size, each.path
                    elif each.name.startswith(_BEGUN) and stat.st_mtime < time.time() - _STALE:
                        Path(each.path).unlink()


def _entries(folder: Path | str | None) -> list[os.DirEntry[str]]:
    if folder is None:
        return []
    try:
        with os.scandir(folder) as entries:
            return [*entries]
    except OSError:
        return []


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all. It is not forced to the disk: a digest tells what a power cut left."""
    number, begun = tempfile.mkstemp(prefix=_BEGUN, dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
        Path(begun).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(begun).unlink()
        raise
