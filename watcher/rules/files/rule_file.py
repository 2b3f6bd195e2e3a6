"""One rule file while it is being checked: values filled in, problems with their places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TypeVar

from watcher.errors import Problem, ProblemCode
from watcher.rules.conditions.values import FileValues
from watcher.rules.files.document import MAX_PROBLEMS, Document, Path
from watcher.rules.files.fact_files import FactFile, read_facts
from watcher.rules.files.side_files import SideFiles
from watcher.rules.files.substitution import Substitution, Vault
from watcher.rules.files.value_files import read_values
from watcher.rules.sections.models import Misfit, Section, shape
from watcher.words import listing, nearest, quoted

_Model = TypeVar("_Model", bound=Section)


class Enough(Exception):
    """There are ``MAX_PROBLEMS`` problems: nobody reads more, and finding them takes time."""


class RuleFile:
    """A document, and the lists that its problems and warnings go to."""

    def __init__(
        self,
        document: Document,
        vault: Vault,
        problems: list[Problem],
        warnings: list[Problem],
        beside: SideFiles | None = None,
    ) -> None:
        self.document = document
        self._beside = beside if beside is not None else SideFiles()
        self._problems = problems
        self._warnings = warnings
        self._substitution = Substitution(vault, self._complain)
        self.name = document.name
        self.value = self._substitution.fill(document.value)

    @property
    def problems(self) -> int:
        """The number of problems so far, those of other files, too."""
        return len(self._problems)

    def report(
        self,
        path: Path,
        message: str,
        *,
        at_key: bool = False,
        code: ProblemCode = ProblemCode.INVALID,
    ) -> None:
        """Note a problem, unless the value is missing anyhow; filled-in values are not shown.
        ``Enough`` is raised where there are so many that reading on is of no use."""
        if not self._substitution.hides(path):
            message = self._substitution.redact(path, message)
            self._note(self.document.problem(path, message, at_key=at_key, code=code))

    def warn(self, path: Path, message: str) -> None:
        if len(self._warnings) < MAX_PROBLEMS:
            message = self._substitution.redact(path, message)
            self._warnings.append(self.document.problem(path, message, code=ProblemCode.DOUBT))

    def filled(self, path: Path) -> bool:
        """Whether the value at ``path`` is there: not left out for want of a variable."""
        return not self._substitution.hides(path)

    def pass_on(self, doubts: Iterable[Problem]) -> None:
        """Note doubts of another file, which this one names."""
        for each in doubts:
            if len(self._warnings) < MAX_PROBLEMS:
                self._warnings.append(each)

    def facts(self, name: str) -> FactFile:
        """The table in a file beside this one; raises ``RulesError``."""
        return self._beside.use(self._path(name), read_facts)

    def values(self, name: str) -> FileValues:
        """The values in a file beside this one; raises ``RulesError``."""
        found = self._beside.use(self._path(name), read_values)
        return FileValues(found, name.strip(), found)

    def _path(self, name: str) -> FilePath:
        return FilePath(self.name).parent / name.strip()

    def section(self, name: str) -> Entry:
        value = self.value
        return Entry(self, (name,), value.get(name) if isinstance(value, Mapping) else None)

    def _complain(self, path: Path, message: str) -> None:
        self._note(self.document.problem(path, message, code=ProblemCode.UNFILLED))

    def _note(self, problem: Problem) -> None:
        self._problems.append(problem)
        if len(self._problems) >= MAX_PROBLEMS:
            raise Enough


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of a rule file, with its place."""

    file: RuleFile
    path: Path
    value: object

    @property
    def line(self) -> int:
        return self.place.line

    @property
    def place(self) -> Problem:
        """The place that the value begins at, for a problem that is found later."""
        return self.file.document.problem(self.path, "")

    @property
    def items(self) -> list[Entry]:
        """The values in a list; of another value itself."""
        if not isinstance(self.value, list):
            return [self]
        return [self[index] for index in range(len(self.value))]

    def __getitem__(self, step: str | int) -> Entry:
        """A value in this one, which is a mapping or list; None where it isn't there."""
        inner = self.value.get(step) if isinstance(self.value, Mapping) else None
        if isinstance(self.value, list) and isinstance(step, int):
            inner = self.value[step]
        return Entry(self.file, (*self.path, step), inner)

    def __contains__(self, step: str) -> bool:
        return isinstance(self.value, Mapping) and step in self.value

    def report(
        self, message: str, code: ProblemCode = ProblemCode.INVALID, *, at_key: bool = False
    ) -> None:
        """Note a problem of the value, or of its key."""
        self.file.report(self.path, message, at_key=at_key, code=code)

    def warn(self, message: str) -> None:
        self.file.warn(self.path, message)

    def shape(self, model: type[_Model]) -> _Model | None:
        """The value as a section; None where something about it was reported."""
        try:
            return shape(model, self.value)
        except Misfit as misfit:
            for one in misfit.mistakes:
                place = (*self.path, *one.path)
                self.file.report(place, one.message, at_key=one.at_key, code=one.code)
            return None

    def __str__(self) -> str:
        """``rules.yaml:12``: for a message about another place."""
        return f"{self.file.name}:{self.line}"


class Names:
    """Names that may be given once, in all files together."""

    def __init__(self) -> None:
        self._first: dict[str, Entry] = {}

    def take(self, name: str, entry: Entry, field: Entry | None = None) -> bool:
        """Whether the name of an entry (its key, or the value of a ``field`` in it) is new; that it
        isn't is reported."""
        first = self._first.setdefault(name, entry)
        if first is not entry:
            message = f"the name {quoted(name)} is already used at {first}"
            (field or entry).report(message, ProblemCode.NAME_TAKEN, at_key=field is None)
        return first is entry

    def __contains__(self, name: object) -> bool:
        return name in self._first

    def unknown(self, kind: str, entry: Entry, code: ProblemCode) -> None:
        """Report a name that is none of these, with those that it may stand for."""
        name, section = str(entry.value), "watches" if kind == "watch" else f"{kind}s"
        there = listing(self._first) or f"none: write them under {section}:"
        hint = nearest(name, self._first) or f": there are {there}"
        entry.report(f"unknown {kind} {quoted(name)}{hint}", code)
