"""A file of rule tests while it is being checked: its values, and the problems found so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from watcher.errors import Problem, RulesError
from watcher.rules.files.document import MAX_PROBLEMS, Document, Path
from watcher.words import kind, nearest, quoted


class TestSource:
    """A document and the list of what is wrong with it."""

    __test__ = False  # pytest: no tests are in here

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[Problem] = []
        self.value = document.value

    @property
    def count(self) -> int:
        """How many problems were reported."""
        return len(self._problems)

    def report(self, path: Path, message: str, *, at_key: bool = False) -> None:
        """Note a problem of the value at ``path``, or of its key.

        Raises ``RulesError`` where there are so many that reading on is of no use.
        """
        self._problems.append(self._document.problem(path, message, at_key=at_key))
        if len(self._problems) >= MAX_PROBLEMS:
            self.raise_problems()

    def raise_problems(self) -> None:
        """Raises ``RulesError`` where any were reported, in the order of the file."""
        if self._problems:
            found = dict.fromkeys(self._problems)
            raise RulesError(tuple(sorted(found, key=lambda one: (one.line, one.column))))

    def line(self, path: Path) -> int:
        """The line of a value."""
        return self._document.problem(path, "").line

    def mapping(
        self, value: object, path: Path, keys: Sequence[str] | None = None
    ) -> Mapping[str, object]:
        """The value as a mapping of ``keys`` (any, if None); what it is not is reported."""
        if not isinstance(value, dict):
            self.report(path, f"must be a mapping, not {kind(value)}")
            return {}
        for key in value:
            if keys is not None and key not in keys:
                hint = nearest(key, keys, 1) or f": there are {', '.join(keys)}"
                self.report((*path, key), f"unknown field {quoted(key)}{hint}", at_key=True)
        return value


def listed(value: object) -> list[object]:
    """A single value as a list of it; nothing as an empty one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
