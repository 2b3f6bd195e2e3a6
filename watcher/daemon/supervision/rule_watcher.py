"""The rule files on disk: what they hold now, and where a change of them shows."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from watchfiles import Change

from watcher.rules.files.document import MAX_BYTES
from watcher.rules.files.loading import rule_files

_SUFFIXES = (".yaml", ".yml")


class Place(NamedTuple):
    """A folder, and what tells it from one that is put in its place (0: it is gone)."""

    path: Path
    device: int
    inode: int


@dataclass(frozen=True, slots=True)
class RuleFiles:
    """A rule file, or a folder of ``*.yaml`` files."""

    path: Path

    def digest(self) -> str:
        """A hash of names and contents: what has not changed need not be read again."""
        hashed = hashlib.sha256()
        for file in rule_files(self.path):
            hashed.update(str(file).encode())
            try:
                hashed.update(_contents(file))
            except OSError:
                hashed.update(b"unreadable")
        return hashed.hexdigest()

    def places(self) -> list[Place]:
        """The folders to watch: editors replace files, and links lead elsewhere."""
        if self.path.is_dir():
            return [_place(self.path)]
        return [
            _place(folder)
            for folder in sorted({self.path.absolute().parent, self.path.resolve().parent})
        ]

    def concerns(self, change: Change, path: str) -> bool:
        """Whether a change of ``path`` may be one of the rules."""
        # A database in the same folder changes all the time; a swapped link may have any name.
        touched = Path(path)
        return touched.suffix in _SUFFIXES or touched.name == self.path.name or touched.is_symlink()


def _place(folder: Path) -> Place:
    try:
        found = folder.stat()
    except OSError:
        return Place(folder, 0, 0)
    return Place(folder, found.st_dev, found.st_ino)


def _contents(file: Path) -> bytes:
    """What can be read at leisure: a pipe would wait for a writer, or give its text only once."""
    if not file.is_file():
        raise OSError(errno.EINVAL, "no file")
    with file.open("rb") as opened:
        return opened.read(MAX_BYTES + 1)  # a larger one is refused
