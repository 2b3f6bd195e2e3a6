"""Files that rule files name: the user's own numbers and lists. Each is read once; where one can't
be used any more, the copy of it that was in force last stands in."""

from __future__ import annotations

import errno
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


@dataclass(frozen=True, slots=True)
class PushedFolder:
    """The place of a pushed book's files while they are read. They can name no file beside these:
    who pushes rules is not who owns the machine. People know it as ``name``."""

    path: Path
    name: str

    def shown(self, text: str) -> str:
        """A text in which the folder may stand, as people know it."""
        folder = str(self.path)
        return text.replace(f"{folder}{os.sep}", f"{self.name}/").replace(folder, self.name)

    def refuse_others(self, path: Path) -> None:
        """Raise ``OSError`` of a file that is not in it."""
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise OSError(errno.EPERM, "pushed rules can name only files that are pushed with them")


class SideFiles:
    """The files of one reading of the rules; ``used`` are those that were read. ``kept`` are copies
    by absolute path; with ``instead``, the reason, they are taken in place of files that differ.
    Of ``pushed`` rules no other file can be read."""

    def __init__(
        self,
        kept: Mapping[str, bytes] | None = None,
        *,
        instead: str = "",
        pushed: PushedFolder | None = None,
    ) -> None:
        self._kept = kept or {}
        self._instead = instead
        self._pushed = pushed
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
        name = str(path) if self._pushed is None else self._pushed.shown(str(path))
        try:
            content = self._read(path)
            parsed = parse(content, name)
            trouble = ""
        except RulesError as error:
            if key not in self._kept:
                raise
            content, trouble = self._kept[key], str(error)
            parsed = parse(content, name)
        if not trouble and self._instead and self._kept.get(key, content) != content:
            content, trouble = self._kept[key], self._instead
            parsed = parse(content, name)
        if trouble or key not in self.used:
            self.used[key] = SideFile(key, content, trouble)
        self._parsed[key, parse] = parsed
        return parsed

    def _read(self, path: Path) -> bytes:
        try:
            if self._pushed is not None:
                self._pushed.refuse_others(path)
            return content_of(path)
        except (OSError, ValueError) as error:
            raise RulesError((_of_file(path, _unreadable(error)),)) from error


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
