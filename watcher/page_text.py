"""The rules that were written in the page: a text that is kept in the database, and read as one
more rule file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

PAGE_FILE = "page.yaml"
LARGEST = 64 << 10  # bytes, as UTF-8


@dataclass(frozen=True, slots=True)
class PageText:
    """A version of the text; 0 is that of before anybody wrote any."""

    text: str = ""
    number: int = 0

    @property
    def is_blank(self) -> bool:
        """Whether nothing stands in it but comments."""
        lines = (line.strip() for line in self.text.removeprefix("\ufeff").splitlines())
        return not any(line and not line.startswith("#") for line in lines)


def as_kept(text: str) -> str:
    """A text as it is kept, however a browser or an editor sent it: lines that end with \\n, the
    last one, too, no mark of its encoding, and no blanks after its end."""
    text = text.encode("utf-8", "replace").decode()
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    kept = plain.rstrip(" \t\n")
    return f"{kept}\n" if kept else ""


_SECTION = re.compile(r"(\w+):[ \t]*(?:\[[ \t]*\]|\{[ \t]*\})?[ \t]*(?:#.*)?")

_EMPTY = re.compile(r"^\w+:[ \t]*[\[{]")


def added(text: str, more: str) -> str:
    """A text with more rules at its end: each section of them goes on with the one of that name,
    where there is one that is written in lines."""
    lines = as_kept(text).split("\n")[:-1]
    for name, block in _sections(as_kept(more).split("\n")[:-1]):
        begin = next((at for at, line in enumerate(lines) if _named(line) == name), None)
        if not name or begin is None:
            lines += [*([""] if lines else []), *([f"{name}:"] if name else []), *block]
            continue
        if _EMPTY.search(lines[begin]):
            lines[begin] = f"{name}:"
        own = _block(lines[begin + 1 :])
        end = begin + 1 + len(own)
        lines[end:end] = _indented(block, own)
    return as_kept("\n".join(lines))


def _named(line: str) -> str:
    """The name of the section that begins with a line."""
    found = _SECTION.fullmatch(line.rstrip())
    return found[1] if found else ""


def _sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The sections of a text with their lines; what stands before them, or is none, has no
    name."""
    while lines:
        name = _named(lines[0])
        rest = lines[1:] if name else lines
        block = _block(rest) if name else [lines[0], *_block(lines[1:])]
        if any(line.strip() for line in block):
            yield name, block
        lines = rest[len(block) :]
        while lines and not lines[0].strip():
            lines = lines[1:]


def _block(lines: list[str]) -> list[str]:
    """The lines up to the next section, without blank ones at the end."""
    end = next((at for at, line in enumerate(lines) if _begins(line)), len(lines))
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _begins(line: str) -> bool:
    """Whether something new begins at the left edge: a list's dashes may stand there."""
    return bool(line) and line[0] not in " \t-#"


def _indented(block: list[str], own: list[str]) -> list[str]:
    """A section's lines as far to the right as those that it has already."""
    have, want = _indent(block), _indent(own or block)
    return [" " * max(0, want + _width(line) - have) + line.lstrip() for line in block]


def _indent(lines: list[str]) -> int:
    """The least of all but comments, which may stand anywhere."""
    written = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return min(map(_width, written), default=0)


def _width(line: str) -> int:
    return len(line) - len(line.lstrip())
