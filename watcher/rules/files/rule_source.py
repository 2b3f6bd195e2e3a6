"""One rule file while it is being checked: values filled in, problems with their places."""

from __future__ import annotations

from typing import TypeVar

from watcher.errors import Problem, ProblemCode
from watcher.rules.files.document import MAX_PROBLEMS, Document, Path
from watcher.rules.files.substitution import Substitution, Vault
from watcher.rules.sections.models import Misfit, Section, shape

_Model = TypeVar("_Model", bound=Section)


class Enough(Exception):
    """There are ``MAX_PROBLEMS`` problems: nobody reads more, and finding them takes time."""


class Source:
    """A document, and the lists that its problems and warnings go to."""

    def __init__(
        self,
        document: Document,
        vault: Vault,
        problems: list[Problem],
        warnings: list[Problem],
    ) -> None:
        self._document = document
        self._problems = problems
        self._warnings = warnings
        self._substitution = Substitution(vault, self._complain)
        self.name = document.name
        self.value = self._substitution.fill(document.value)

    def report(
        self,
        path: Path,
        message: str,
        *,
        at_key: bool = False,
        code: ProblemCode = ProblemCode.INVALID,
    ) -> None:
        """Note a problem, unless the value is missing anyhow; filled-in values are not shown.

        Raises ``Enough`` where there are so many that reading on is of no use.
        """
        if not self._substitution.hides(path):
            message = self._substitution.redact(path, message)
            self._note(self._document.problem(path, message, at_key=at_key, code=code))

    def warn(self, path: Path, message: str) -> None:
        """Note what is allowed but perhaps not meant."""
        if len(self._warnings) < MAX_PROBLEMS:
            message = self._substitution.redact(path, message)
            problem = self._document.problem(path, message, code=ProblemCode.DOUBT)
            self._warnings.append(problem)

    def shape(self, model: type[_Model], value: object, path: Path) -> _Model | None:
        """The value as a section; None where something about it was reported."""
        try:
            return shape(model, value)
        except Misfit as misfit:
            for fault in misfit.faults:
                place = (*path, *fault.path)
                self.report(place, fault.message, at_key=fault.at_key, code=fault.code)
            return None

    def filled(self, path: Path) -> bool:
        """Whether the value at ``path`` is there: not left out for want of a variable."""
        return not self._substitution.hides(path)

    def origin(self, path: Path) -> Problem:
        """Where a value is written, as a problem without a message."""
        return self._document.problem(path, "")

    def line(self, path: Path) -> int:
        """The line of a value."""
        return self.origin(path).line

    def excerpt(self, path: Path) -> str:
        """A value as it is written, nothing filled in."""
        return self._document.excerpt(path)

    def place(self, path: Path) -> str:
        """``rules.yaml:12``: for a message about another place."""
        return f"{self.name}:{self.line(path)}"

    def _complain(self, path: Path, message: str) -> None:
        self._note(self._document.problem(path, message, code=ProblemCode.UNFILLED))

    def _note(self, problem: Problem) -> None:
        self._problems.append(problem)
        if len(self._problems) >= MAX_PROBLEMS:
            raise Enough
