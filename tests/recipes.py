"""A shipped rule file and its rule tests: what is proved of each of its rules, also by mutation."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from watcher.analysis.ruletests.cases import Case, Suite
from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import run_case
from watcher.errors import RulesError
from watcher.rules.conditions.registry import NUMBER_BY_NAME, OPTIONS
from watcher.rules.files.document import read
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook

ENV = {"SLACK_URL": "json://localhost"}
# What a rule can lose without becoming another one.
_NOT_JUDGED = ("over",)  # written out where it is the default
_JUDGED = ("when", "until", "for", "keep_firing_for", "resolved", "again")


@dataclass(frozen=True)
class Recipes:
    """A rule file and the file of its tests; what the rules read of their own lies beside them."""

    rules: Path
    tests: Path

    @cached_property
    def suite(self) -> Suite:
        return read_suite(self.tests, ENV)

    @cached_property
    def written(self) -> Mapping[str, Any]:
        """The rule file as plain values."""
        values: Mapping[str, Any] = json.loads(
            json.dumps(read(self.rules.read_bytes(), self.rules.name).value, default=dict)
        )
        return values

    @property
    def names(self) -> list[str]:
        return [rule["name"] for rule in self.written["rules"]]

    @property
    def judged(self) -> list[str]:
        """The rules that are not paused."""
        return [each["name"] for each in self.written["rules"] if each.get("enabled", True)]

    def cases(self, rule: str) -> list[Case]:
        return [case for case in self.suite.cases if [one.name for one in case.rules] == [rule]]

    def failures(self) -> list[str]:
        """What differs from the tests, and where."""
        found = (run_case(case, self.suite.book) for case in self.suite.cases)
        return [str(result) for result in found if not result.passed]

    def not_shown(self) -> list[str]:
        """The rules without a test in which they fire and are told, or without a whole one of
        products they say nothing of."""
        found = []
        for rule in self.judged:
            expected = [case.expectations for case in self.cases(rule)]
            told = any(one.told for each in expected for one in each)
            silent = any(not any(one.firing for one in each) for each in expected)
            found += [] if told and silent else [rule]
        return found

    def unnoticed(self, name: str) -> list[str]:
        """The conditions, options and terms of a rule that may be left out, and all its tests still
        pass."""
        whole = next(one for one in self.written["rules"] if one["name"] == name)
        cases = self.cases(name)
        found = []
        with self._beside() as folder:
            for what, mutant in _mutants(whole):
                book = self._book(folder, mutant)
                if book is not None and all(
                    run_case(replace(case, rules=book.rules), book).passed for case in cases
                ):
                    found.append(what)
        return found

    @contextmanager
    def _beside(self) -> Iterator[Path]:
        """A folder with the lists and numbers that the rules read."""
        with TemporaryDirectory() as name:
            for file in self.rules.parent.iterdir():
                if file.suffix in (".csv", ".txt"):
                    shutil.copy(file, name)
            yield Path(name)

    def _book(self, folder: Path, rule: Mapping[str, Any]) -> Rulebook | None:
        """The file with this rule alone; None where that is none."""
        path = folder / self.rules.name
        path.write_text(json.dumps({**self.written, "rules": [rule]}), "utf-8")
        try:
            return load([path], ENV)
        except RulesError:
            return None


def _mutants(rule: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The rule without one of its parts, for each of them that may be left out."""
    for path in _paths(rule):
        if path[0] in _JUDGED and path != ("when",) and path[-1] not in _NOT_JUDGED:
            mutant: Any = deepcopy(rule)
            inner = mutant
            for step in path[:-1]:
                inner = inner[step]
            del inner[path[-1]]
            if isinstance(inner, dict):
                _drop_strays(inner)
            # What is written in a list is a part of it in groups only: "in" and "between" are one.
            if inner and (isinstance(inner, dict) or path[-2] in ("all", "any")):
                yield ".".join(map(str, path)), mutant


def _drop_strays(metric: dict[str, Any]) -> None:
    """Take out the options whose operator is gone."""
    operators = [NUMBER_BY_NAME[name] for name in metric if name in NUMBER_BY_NAME]
    for option in set(metric) & set(OPTIONS):
        if not any(option in operator.options for operator in operators):
            del metric[option]


def _paths(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield (*above, key)
        yield from _paths(inner, (*above, key))
