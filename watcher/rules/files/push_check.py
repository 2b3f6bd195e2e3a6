"""Whether rule files may be pushed: all that a daemon would find wrong with them, but secrets that
are not set here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from watcher.categories import CategoryLookup
from watcher.errors import Problem, ProblemCode, RulesError
from watcher.page_text import PageText
from watcher.rules.files.pushed import load_pushed, missing, stand_ins
from watcher.rules.rulebook import Rulebook


def refuse_broken(
    name: str,
    files: Mapping[str, bytes],
    env: Mapping[str, str],
    categories: Callable[[], CategoryLookup] = CategoryLookup,
    page: PageText | None = None,
) -> tuple[tuple[Problem, ...], tuple[str, ...]]:
    """The rules' warnings, and the names ``${NAME}`` that have no value here. Raises ``RulesError``
    with all problems, whose files are called ``name/file.yaml``. What of the ``page``'s rules they
    break is a warning: these never stand in the way of files."""
    try:
        return _doubts(load_pushed(name, files, env, categories, page)), ()
    except RulesError as error:
        unfilled = [each for each in error.problems if each.code is ProblemCode.UNFILLED]
        if len(unfilled) < len(error.problems):
            others = [each for each in error.problems if each.code is not ProblemCode.UNFILLED]
            raise RulesError(tuple(others)) from None
    # Only values are missing: with any in their place nothing else may be wrong.
    places = {(each.file, each.path) for each in unfilled}
    unset = missing(unfilled)
    try:
        known = {**env, **stand_ins(unset)}
        return _doubts(load_pushed(name, files, known, categories, page)), unset
    except RulesError as error:
        wrong = [
            each for each in error.problems
            if each.code is ProblemCode.UNFILLED or (each.file, each.path) not in places
        ]  # fmt: skip
        if wrong:
            raise RulesError(tuple(wrong)) from None
    return (), unset


def _doubts(rules: Rulebook) -> tuple[Problem, ...]:
    of_page = (replace(each, code=ProblemCode.DOUBT) for each in rules.page_trouble)
    return (*rules.warnings, *of_page)
