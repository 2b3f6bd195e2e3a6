"""Files that rule files name: the user's own numbers and lists. Each is read once; where one can't
be used any more, the copy of it that was in force last stands in."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from watcher.errors import Problem, ProblemCode, RulesError

MOST_BYTES = 64 << 20

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SideFile:
    """A file as it is in force: its absolute ``path``, what it held, and the ``trouble`` for which
    that is not what it holds now."""

    path: str
    content: bytes
    trouble: str = ""

    @property
    def digest(self) -> str:
        return digest_of(self.content)


def digest_of(content: bytes) -> str:
    """A hash of what a file holds."""
    return hashlib.sha256(content).hexdigest()


class SideFiles:
    """The files of one reading of the rules; ``used`` are those that were read. ``kept`` are copies
    by absolute path; with ``instead``, the reason, they are taken in place of files that differ.
    ``within`` a folder no other file can be read: who pushes rules is not who owns the machine."""

    def __init__(
        self,
        kept: Mapping[str, bytes] | None = None,
        *,
        instead: str = "",
        within: Path | None = None,
    ) -> None:
        self._kept = kept or {}
        self._instead = instead
        self._within = within
        self._parsed: dict[tuple[str, object], object] = {}
        self.used: dict[str, SideFile] = {}
        self.stand_ins: dict[object, object] = {}  # by what they would be parsed with

    def use(self, path: Path, parse: Callable[[bytes, str], T]) -> T:
        """Read a file with ``parse``, which is given its content and its name for people. Raises
        ``RulesError`` where neither it nor a kept copy can be used."""
        key = os.path.abspath(path)  # noqa: PTH100 - its links stay: they may be swapped
        known = self.stand_ins.get(parse) or self._parsed.get((key, parse))
        if known is not None:
            return cast("T", known)
        try:
            content = self._read(path)
            parsed = parse(content, str(path))
            trouble = ""
        except RulesError as error:
            if key not in self._kept:
                raise
            content, trouble = self._kept[key], str(error)
            parsed = parse(content, str(path))
        if not trouble and self._instead and self._kept.get(key, content) != content:
            content, trouble = self._kept[key], self._instead
            parsed = parse(content, str(path))
        if trouble or key not in self.used:
            self.used[key] = SideFile(key, content, trouble)
        self._parsed[key, parse] = parsed
        return parsed

    def _read(self, path: Path) -> bytes:
        try:
            self._refuse_outside(path)
            return content_of(path)
        except (OSError, ValueError) as error:
            raise RulesError((_of_file(path, _unreadable(error)),)) from error

    def _refuse_outside(self, path: Path) -> None:
        folder = self._within
        if folder is not None and not path.resolve().is_relative_to(folder.resolve()):
            raise OSError(errno.EPERM, "pushed rules can name only files that are pushed with them")


def content_of(path: Path) -> bytes:
    """The bytes of a file. A pipe would wait for a writer, and a device may never end: ``OSError``
    of what is no file, and of what is too large."""
    if path.exists() and not path.is_file():
        what = "it is a folder" if path.is_dir() else "it is no plain file"
        raise OSError(errno.EINVAL, what)
    with path.open("rb") as opened:
        content = opened.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise OSError(errno.EFBIG, f"it has more than {MOST_BYTES >> 20} MiB")
    return content


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "there can be no file of this name"
    if isinstance(error, FileNotFoundError):
        return "there is no such file; it is looked for beside the rule file that names it"
    return f"the file can't be read: {error.strerror or error}"


def _of_file(path: Path, message: str) -> Problem:
    return Problem(str(path), 0, 0, "", message, ProblemCode.UNREADABLE)
