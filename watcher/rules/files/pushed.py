"""Rule files that were pushed to a book: read as files are, from a private folder that is gone
afterwards. Problems name them ``shops/rules.yaml``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from watcher.categories import CategoryLookup
from watcher.errors import Problem, ProblemCode, RulesError
from watcher.page_text import PAGE_FILE, PageText
from watcher.rules.files.loading import load
from watcher.rules.files.side_files import PushedFolder
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


def load_pushed(
    book: str,
    files: Mapping[str, bytes],
    env: Mapping[str, str],
    categories: Callable[[], CategoryLookup] = CategoryLookup,
    page: PageText | None = None,
    *,
    strict: bool = False,
) -> Rulebook:
    """The rules of these files; raises ``RulesError`` with all problems. ``categories`` gives what
    knows which ids names stand for; ``page`` and ``strict`` are as for ``load``."""
    with TemporaryDirectory(prefix="watcher-rules-") as folder:
        place = PushedFolder(Path(folder), book)
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        try:
            rules = load(
                [place.path], env, pushed=place, categories=categories(), page=page, strict=strict
            )
        except RulesError as error:
            raise RulesError(_named(error.problems, place)) from None
        warnings = _named(rules.warnings, place)
        channels = {
            name: replace(each, origins=_named(each.origins, place))
            for name, each in rules.channels.items()
        }
        own = tuple(replace(each, file=place.shown(each.file)) for each in rules.rules)
        # What was pushed can't vanish: no copies of it are kept.
        return replace(
            rules, rules=own, channels=channels, warnings=warnings, beside=(),
            page_trouble=_named(rules.page_trouble, place),
        )  # fmt: skip


def load_to_read(
    book: str,
    files: Mapping[str, bytes],
    env: Mapping[str, str],
    categories: Callable[[], CategoryLookup] = CategoryLookup,
    page: PageText | None = None,
    *,
    strict: bool = False,
) -> Rulebook:
    """The rules as far as they say what is watched and told: secrets need not be set here."""
    read = partial(load_pushed, book, files, categories=categories, page=page, strict=strict)
    try:
        return read(env)
    except RulesError as error:
        unfilled = [each for each in error.problems if each.file != PAGE_FILE]
        if not unfilled or any(each.code is not ProblemCode.UNFILLED for each in unfilled):
            raise
    known = {**env, **stand_ins(missing(unfilled))}
    try:
        return read(known)
    except RulesError as error:  # a whole URL, whose name does not say so
        wrong = {(each.file, each.path) for each in error.problems}
        urls = missing(each for each in unfilled if (each.file, each.path) in wrong)
        known |= dict.fromkeys(urls, _UNSET_URL)
        return read(known)


def _named(problems: Iterable[Problem], place: PushedFolder) -> tuple[Problem, ...]:
    return tuple(
        replace(each, file=place.shown(each.file), message=place.shown(each.message))
        for each in problems
    )
