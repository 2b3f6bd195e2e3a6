"""The sections of all rule files, as they are read: each section may stand in several of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from watcher.errors import ProblemCode
from watcher.rules.files.rule_file import Entry, RuleFile
from watcher.rules.sections.models import SECTIONS, Section
from watcher.words import kind, nearest, quoted

_Model = TypeVar("_Model", bound=Section)


def has_sections(file: RuleFile) -> bool:
    """Whether the file is a mapping; its unknown sections are reported."""
    if not isinstance(file.value, Mapping):
        sections = ", ".join(SECTIONS)
        file.report((), f"the file must have sections ({sections}), not {kind(file.value)}")
        return False
    for key in file.value:
        if key not in SECTIONS:
            hint = nearest(key, SECTIONS, 1) or f": there are {', '.join(SECTIONS)}"
            what = f"unknown section {quoted(key)}{hint}"
            file.section(key).report(what, ProblemCode.UNKNOWN_SECTION, at_key=True)
    return True


def rules_in(entry: Entry) -> list[Entry]:
    """Return the rules that stand in a section; what is no list of them is reported."""
    if isinstance(entry.value, list):
        return entry.items
    entry.report(f"takes a list of rules, each after a dash, not {kind(entry.value)}")
    return []


class Sections:
    """The sections of some files by name; what has not the shape of one is reported."""

    def __init__(self, files: Sequence[RuleFile]) -> None:
        self._files = files

    def sections(self, name: str) -> Iterator[Entry]:
        """The section of that name of each file that has it."""
        entries = (file.section(name) for file in self._files)
        return (entry for entry in entries if entry.value is not None)

    def mapping(self, name: str) -> Entry | None:
        """The first that is a mapping."""
        entries = self.sections(name)
        return next((entry for entry in entries if isinstance(entry.value, Mapping)), None)

    def only(self, name: str) -> Entry | None:
        """A section that may stand in one of the files only; more are reported."""
        entries = [*self.sections(name)]
        for entry in entries[1:]:
            message = f"{name} is written already at {entries[0]}: write it in one file"
            entry.report(message, ProblemCode.NAME_TAKEN, at_key=True)
        return entries[0] if entries else None

    def shaped(self, name: str, model: type[_Model]) -> _Model | None:
        """The only one of that name, in its shape."""
        entry = self.only(name)
        return entry.shape(model) if entry is not None else None

    def entries(self, name: str) -> Iterator[tuple[str, Entry]]:
        """All that stands in sections of that name, by name."""
        for section in self.sections(name):
            if isinstance(section.value, Mapping):
                yield from ((key, section[key]) for key in section.value)
            else:
                section.report(f"must be a mapping of names, not {kind(section.value)}")
