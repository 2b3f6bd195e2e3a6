"""A folder of rule files as it is pushed, compared and written, and what it has seen of a book."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Self

import msgspec

from watcher.errors import WatcherError
from watcher.rules.files.loading import named_files
from watcher.store.control import MOST_BYTES, MOST_FILES

KINDS = (".yaml", ".csv", ".txt")
# What the book had when this folder was pushed or written last: hidden, so that it is never pushed.
_NOTE = ".watcher-seen.json"
_MOST_LINES = 50_000  # of a file that is compared line by line: more takes minutes


class RuleFolder:
    """A folder, or one file, with the rules of a book."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def existing(cls, path: Path) -> Self:
        """Raises ``WatcherError`` where there is none."""
        if not path.exists():
            raise WatcherError(f"{path}: there is no such folder of rules, nor such a file")
        return cls(path)

    @property
    def name(self) -> str:
        """The begin of the words about problems of the files."""
        return str(self._folder)

    @property
    def _folder(self) -> Path:
        return self.path if self.path.is_dir() else self.path.parent

    @property
    def _note(self) -> Path:
        return self._folder / _NOTE

    def read(self) -> dict[str, bytes]:
        """The rule files, and the CSV and text files beside them; raises ``WatcherError``."""
        found: dict[str, bytes] = {}
        size = 0
        for file in self._files():
            try:
                with file.open("rb") as opened:
                    content = opened.read(MOST_BYTES + 1)
            except (OSError, ValueError) as error:
                raise WatcherError(f"{file}: can't be read: {error}") from error
            found[file.name] = content
            size += len(content)
            if size > MOST_BYTES or len(found) > MOST_FILES:
                return found  # who takes them says that it is too much
        if not any(name.endswith(".yaml") for name in found):
            raise WatcherError(f"{self.path}: there is no *.yaml file in it")
        return found

    def write(self, files: Mapping[str, bytes], *, force: bool = False) -> None:
        """Have exactly these files; raises ``WatcherError`` where others would be lost."""
        self.path.mkdir(parents=True, exist_ok=True)
        there = {file.name: file for file in self._files()}
        lost = [
            name for name, file in there.items()
            if name not in files or file.read_bytes() != files[name]
        ]  # fmt: skip
        if lost and not force:
            raise WatcherError(
                f"{self.path}: {', '.join(lost[:5])}{' ...' if len(lost) > 5 else ''} would be "
                "lost there; give another folder, or --force"
            )
        for name in lost:
            there[name].unlink()
        for name, content in files.items():
            (self.path / name).write_bytes(content)

    def seen(self, book: str) -> str | None:
        """The digest of what the book had when this folder was pushed or written last."""
        return self._noted().get(book)

    def note(self, book: str, digest: str) -> None:
        """Keep that this folder knows these rules; in a folder that can't be written nothing is."""
        with suppress(OSError):
            self._note.write_bytes(msgspec.json.encode(self._noted() | {book: digest}) + b"\n")

    def _noted(self) -> dict[str, str]:
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=dict[str, str])
        except (OSError, ValueError):
            return {}

    def _named(self) -> list[Path]:
        """The files beside a single rule file that it names."""
        named = named_files(_content_if_any(self.path), self.path, os.environ)
        return sorted({path for path in named if path.parent == self._folder and path.is_file()})

    def _files(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path, *self._named()]
        entries = sorted(self.path.iterdir())
        return [each for each in entries if each.suffix in KINDS and _is_pushed(each)]


def _content_if_any(path: Path) -> bytes:
    """A file's content; nothing of one that can't be read, of which others tell."""
    with suppress(OSError, ValueError):
        if path.is_file():
            return path.read_bytes()
    return b""


def _is_pushed(entry: Path) -> bool:
    return not entry.name.startswith(".") and (entry.is_file() or not entry.exists())


class FileChange(msgspec.Struct, frozen=True):
    """A file that changed, with the lines that are new and that are gone; None where it is no
    text."""

    file: str
    state: str  # added, removed, changed
    added: int | None = None
    removed: int | None = None


def changes(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[FileChange]:
    """Each file that is not the same, by name."""
    return [_change(name, old.get(name), new.get(name)) for name in _unlike(old, new)]


def _change(name: str, old: bytes | None, new: bytes | None) -> FileChange:
    state = "added" if old is None else "removed" if new is None else "changed"
    before, after = _lines(old), _lines(new)
    if before is None or after is None:
        return FileChange(name, state)
    lines = [line[:1] for line in islice(unified_diff(before, after, n=0), 2, None)]
    return FileChange(name, state, lines.count("+"), lines.count("-"))


def compared(
    old: Mapping[str, bytes], new: Mapping[str, bytes], before: str, after: str
) -> Iterator[str]:
    """The lines of a unified diff of all files; ``before`` and ``after`` name the two states."""
    for name in _unlike(old, new):
        left, right = _lines(old.get(name)), _lines(new.get(name))
        if left is None or right is None:
            yield f"{name}: {_change(name, old.get(name), new.get(name)).state}, not shown"
            continue
        for line in unified_diff(left, right, f"{before}/{name}", f"{after}/{name}", lineterm=""):
            yield line.rstrip("\r\n")


def _unlike(old: Mapping[str, bytes], new: Mapping[str, bytes]) -> list[str]:
    return [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]


def _lines(content: bytes | None) -> list[str] | None:
    """The lines of a text; None of what is none, or too long."""
    if content is None:
        return []
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        return None
    return lines if len(lines) <= _MOST_LINES else None
