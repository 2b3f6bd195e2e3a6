"""Rule files that were pushed to a book: read as files are, from a private folder that is gone
afterwards. Problems name them ``shops/rules.yaml``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from watcher.errors import Problem, ProblemCode, RulesError
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook

_MARK = re.compile(r"\$\{(\w+)\}")
# What stands for a secret that is not set where only the rest matters: nothing is sent to it.
_UNSET = "unset-here-0000"
_UNSET_URL = "json://unset.invalid/"


def missing(problems: Iterable[Problem]) -> tuple[str, ...]:
    """The names of ``${NAME}`` that could not be filled in."""
    found = (_MARK.findall(str(each)) for each in problems if each.code is ProblemCode.UNFILLED)
    return tuple(dict.fromkeys(name for names in found for name in names))


def stand_ins(names: Iterable[str]) -> dict[str, str]:
    """Values for names that have none here: URLs where a name says that it is one."""
    return {name: _UNSET_URL if "URL" in name.upper() else _UNSET for name in names}


def load_pushed(book: str, files: Mapping[str, bytes], env: Mapping[str, str]) -> Rulebook:
    """The rules of these files; raises ``RulesError`` with all problems."""
    with TemporaryDirectory(prefix="watcher-rules-") as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            rules = load([Path(folder)], env, within=Path(folder))
        except RulesError as error:
            named = tuple(_named(each, folder, book) for each in error.problems)
            raise RulesError(named) from None
        warnings = tuple(_named(each, folder, book) for each in rules.warnings)
        channels = {
            name: replace(each, origins=tuple(_named(one, folder, book) for one in each.origins))
            for name, each in rules.channels.items()
        }
        own = tuple(replace(r, file=_without(r.file, folder, book)) for r in rules.rules)
        # What was pushed can't vanish: no copies of it are kept.
        return replace(rules, rules=own, channels=channels, warnings=warnings, beside=())


def load_to_read(book: str, files: Mapping[str, bytes], env: Mapping[str, str]) -> Rulebook:
    """The rules as far as they say what is watched and told: secrets need not be set here."""
    try:
        return load_pushed(book, files, env)
    except RulesError as error:
        if any(each.code is not ProblemCode.UNFILLED for each in error.problems):
            raise
        unfilled = error.problems
    known = {**env, **stand_ins(missing(unfilled))}
    try:
        return load_pushed(book, files, known)
    except RulesError as error:  # a whole URL, whose name does not say so
        wrong = {(each.file, each.path) for each in error.problems}
        urls = missing(each for each in unfilled if (each.file, each.path) in wrong)
        known |= dict.fromkeys(urls, _UNSET_URL)
        return load_pushed(book, files, known)


def _named(problem: Problem, folder: str, book: str) -> Problem:
    file = _without(problem.file, folder, book)
    return replace(problem, file=file, message=_without(problem.message, folder, book))


def _without(text: str, folder: str, book: str) -> str:
    return text.replace(f"{folder}{os.sep}", f"{book}/").replace(folder, book)
