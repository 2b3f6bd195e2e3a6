"""The text of the page's rules as it is shown: what is wrong with its lines, and what changed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from watcher.errors import Problem
from watcher.page_text import PAGE_FILE

_BREAK = re.compile("[\n\x85\u2028\u2029]")  # as YAML counts lines
_WORD = re.compile(r"[^\s,:{}\[\]]+|.")
_AROUND = 80  # characters of a line on each side of what is marked
MOST_LINES = 400  # of a difference


@dataclass(frozen=True, slots=True)
class Quoted:
    """A problem with the line that it is in: what stands ``before`` and ``after`` the ``marked``
    word. Of another file than the page's nothing is quoted: it may hold secrets."""

    where: str
    message: str
    before: str = ""
    marked: str = ""
    after: str = ""


def quoted(problems: Iterable[Problem], text: str) -> list[Quoted]:
    """The problems of a text, and of the files that are read with it."""
    lines = _BREAK.split(text)
    return [_quoted(each, lines) for each in problems]


def _quoted(problem: Problem, lines: list[str]) -> Quoted:
    where = problem.file
    if problem.line:
        where += f":{problem.line}:{problem.column}"
    message = ": ".join(filter(None, (problem.path, problem.message)))
    if problem.file != PAGE_FILE or not 0 < problem.line <= len(lines):
        return Quoted(where, message)
    line, begin = lines[problem.line - 1], problem.column - 1
    found = _WORD.match(line, begin)
    end = found.end() if found is not None else begin
    before, after = line[:begin], line[end:]
    return Quoted(
        where, message,
        f"…{before[-_AROUND:]}" if len(before) > _AROUND else before,
        line[begin:end][:_AROUND],
        f"{after[:_AROUND]}…" if len(after) > _AROUND else after,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rewriting:
    """Lines from one text to another, each with ``+``, ``-``, ``@`` or a blank: ``more`` of them
    are not shown."""

    lines: tuple[tuple[str, str], ...]
    more: int = 0
    added: int = 0
    removed: int = 0


def difference(old: str, new: str) -> Rewriting:
    """A unified diff, without its head."""
    found = [*_changes(old, new)]
    signs = [sign for sign, _ in found]
    return Rewriting(
        tuple(found[:MOST_LINES]), max(0, len(found) - MOST_LINES), signs.count("+"),
        signs.count("-"),
    )  # fmt: skip


def _changes(old: str, new: str) -> Iterator[tuple[str, str]]:
    pairs = difflib.unified_diff(old.split("\n")[:-1], new.split("\n")[:-1], lineterm="")
    for number, line in enumerate(pairs):
        if number >= 2:  # the head names no file
            yield line[:1], line[1:]
