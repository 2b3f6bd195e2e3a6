"""The rules of the page as a rule file among the user's own: what may stand in it, and what is left
of it where a part can't be used."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import TypeVar

from watcher.errors import Problem, ProblemCode, RulesError
from watcher.page_text import LARGEST, PAGE_FILE, PageText
from watcher.rules.files.document import (
    MAX_PROBLEMS,
    Document,
    Path,
    Spot,
    Unreadable,
    path_text,
    read,
)
from watcher.rules.files.rule_file import RuleFile
from watcher.rules.files.side_files import SideFiles
from watcher.rules.files.substitution import Vault
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections.models import SECTIONS
from watcher.words import kind, listing, printable, quoted

T = TypeVar("T")

ALLOWED = ("watches", "rules", "reports")
_MOST_TRIES = 8  # to leave out what can't be used: what names it can't be either
_SOMETHING = b"\nrules: []\n"  # without which YAML has nothing to say of comments
_MARK = re.compile(r"\$\$\{|\$\{")  # the first is a plain "${"
_FILLED_IN = (
    'nothing is filled in here: write "${...}" in your own rule file, whose values stay there; for '
    'a plain "${" write "$${"'
)
_NO_FILES = "page.yaml can name no file: write this in your own rule file"
_TOO_DEEP = "the rest of it is left out, too: too much of it names what can't be used"
_NOT_TOGETHER = "all of it is left out, for your own files can't be read with it"
# Errors of one's own files that come of what is missing in the page's.
_OF_THE_PAGE = (ProblemCode.UNKNOWN_WATCH, ProblemCode.INVALID)


class _NoFiles(SideFiles):
    """No file beside the page's text: who may write it need not own the machine."""

    def use(self, path: FilePath, parse: Callable[[bytes, str], T]) -> T:
        raise RulesError((Problem(PAGE_FILE, 0, 0, "", _NO_FILES),))


@dataclass(frozen=True, slots=True)
class PageFile:
    """The text as it was read: None of what is no YAML, or empty; and what is wrong with it by
    itself, without which the document is. ``left_out``: none of it can be used, so that the other
    files need have no rules either."""

    document: Document | None
    problems: tuple[Problem, ...] = ()
    left_out: bool = False

    def rule_file(self, problems: list[Problem], warnings: list[Problem]) -> RuleFile | None:
        """The file to be assembled with the others: nothing is filled in, and no file is read."""
        if self.document is None:
            return None
        return RuleFile(self.document, Vault({}), problems, warnings, _NoFiles())


def read_page(page: PageText) -> PageFile:
    """Read the page's text: with all that must not stand in it as problems."""
    content = page.text.encode("utf-8", "surrogatepass")
    if len(content) > LARGEST:
        what = f"the text is too large: it has {len(content):,} bytes, and may have {LARGEST:,}"
        return PageFile(None, (Problem(PAGE_FILE, 0, 0, "", what, ProblemCode.UNREADABLE),))
    nothing = page.is_blank
    try:
        document = read(content + _SOMETHING if nothing else content, PAGE_FILE)
    except Unreadable as error:
        return PageFile(None, error.problems)
    if nothing:
        return PageFile(None)
    if not isinstance(document.value, Mapping):
        what = f"the text must have sections ({listing(ALLOWED)}), not {kind(document.value)}"
        return PageFile(None, (document.problem((), what),))
    problems = [*_forbidden(document, document.value)][:MAX_PROBLEMS]
    return PageFile(without(document, problems) if problems else document, tuple(problems))


def _forbidden(document: Document, sections: Mapping[str, object]) -> Iterator[Problem]:
    allowed = listing(ALLOWED)
    for name in sections:
        if name in ALLOWED:
            continue
        what = f"{quoted(name)} can't stand in page.yaml, which has {allowed}"
        if name in SECTIONS:
            what += ": write it in your own rule file"
        yield document.problem((name,), what, at_key=True, code=ProblemCode.UNKNOWN_SECTION)
    yield from _unsafe(document, document.value, ())


def _unsafe(document: Document, value: object, path: Path) -> Iterator[Problem]:
    """Yield what would be filled in, or read from a file."""
    if isinstance(value, str):
        if _fills(value):
            yield document.problem(path, _FILLED_IN, code=ProblemCode.UNFILLED)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unsafe(document, inner, (*path, index))
    elif isinstance(value, dict):
        for key, inner in value.items():
            within = (*path, key)
            if _fills(key):
                yield document.problem(within, _FILLED_IN, at_key=True, code=ProblemCode.UNFILLED)
            if key == "file" and len(path) > 1:  # and no name of a watch or report
                yield document.problem(within, _NO_FILES, at_key=True)
            yield from _unsafe(document, inner, within)


def _fills(text: str) -> bool:
    return any(found[0] == "${" for found in _MARK.finditer(text))


def with_page(
    load: Callable[[PageFile], Rulebook], page: PageText, *, strict: bool = False
) -> Rulebook:
    """The user's own files together with the page's text, by a function that reads both. What can't
    be used of the page is left out and told (``page_trouble``): it never keeps the own files from
    being read. ``strict``: it is an error, for a text that is about to be saved."""
    given = read_page(page)
    if strict:
        return replace(_whole(load, given), page_number=page.number)
    found = [*given.problems]
    rules = _usable(load, given.document, found)
    return replace(rules, page_number=page.number, page_trouble=tuple(dict.fromkeys(found)))


def _whole(load: Callable[[PageFile], Rulebook], given: PageFile) -> Rulebook:
    try:
        rules = load(PageFile(given.document))
    except RulesError as error:
        raise RulesError(_in_order((*error.problems, *given.problems))) from None
    if given.problems:
        raise RulesError(_in_order(given.problems))
    return rules


def _usable(
    load: Callable[[PageFile], Rulebook], document: Document | None, found: list[Problem]
) -> Rulebook:
    """The rules with what can be used of ``document``; what is wrong with it is added to
    ``found``."""
    clash = ""
    for _ in range(_MOST_TRIES):
        if document is None:
            break
        try:
            return load(PageFile(document))
        except RulesError as error:
            clash = str(error.problems[0])
            broken = [each for each in error.problems if each.file == PAGE_FILE]
            found += broken
            document = without(document, broken) if broken else None
    rules = _own(load, found)
    if document is not None:
        found.append(Problem(PAGE_FILE, 0, 0, "", _TOO_DEEP))
    elif clash and not found:  # never without a word
        found.append(Problem(PAGE_FILE, 0, 0, "", f"{_NOT_TOGETHER}: {clash}"))
    return rules


def _own(load: Callable[[PageFile], Rulebook], found: Sequence[Problem]) -> Rulebook:
    """The rules of the user's own files alone, for want of what was ``found`` in the page's."""
    try:
        return load(PageFile(None, left_out=bool(found)))
    except RulesError as error:
        # Rules of one's own that speak of the page's lists: the reason lies there.
        if found and all(each.code in _OF_THE_PAGE for each in error.problems):
            raise RulesError((*error.problems, *dict.fromkeys(found))) from None
        raise


def _in_order(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """One's own files first, then the page's lines."""
    own = [each for each in problems if each.file != PAGE_FILE]
    ours = {each for each in problems if each.file == PAGE_FILE}
    return (*own, *sorted(ours, key=lambda each: (each.line, each.column, each.message)))


# ------------------------------------------------------------------ what is left of it


def without(document: Document, problems: Sequence[Problem]) -> Document | None:
    """The document without the watches, rules and reports in which these problems lie; None where
    nothing is left."""
    assert isinstance(document.value, Mapping)  # noqa: S101  told by read_page
    starts = sorted(_starts(document))
    named = {printable(path_text(path)): path for _, path in starts if len(path) > 1}
    gone = {_owner(starts, named, each) for each in problems}
    value: dict[str, object] = {}
    spots: dict[str | int, Spot] = {}
    for name, section in document.value.items():
        if (name,) in gone or () in gone:
            continue
        value[name], spots[name] = _left(name, section, document.spot.children[name], gone)
    if not any(value.values()):
        return None
    return replace(document, value=value, spot=replace(document.spot, children=spots))


def _starts(document: Document) -> Iterator[tuple[tuple[int, int], Path]]:
    """Yield where each section begins, and each thing in it."""
    for name, section in document.spot.children.items():
        yield section.key or (section.line, section.column), (name,)
        for inner, spot in section.children.items():
            yield spot.key or (spot.line, spot.column), (name, inner)


def _owner(
    starts: Sequence[tuple[tuple[int, int], Path]], named: Mapping[str, Path], problem: Problem
) -> Path:
    """The thing that a problem is of: by its path, for what an alias stands for is written in
    another one; else the last that begins before its place."""
    text = problem.path
    while text:
        if text in named:
            return named[text]
        text = text[: max(text.rfind("."), text.rfind("["), 0)]
    place = (problem.line, problem.column)
    return max((each for each in starts if each[0] <= place), default=((0, 0), ()))[1]


def _left(name: str, section: object, spot: Spot, gone: set[Path]) -> tuple[object, Spot]:
    """A section and its spot, without what is gone of it."""
    if isinstance(section, dict):
        kept = [key for key in section if (name, key) not in gone]
        return {key: section[key] for key in kept}, replace(
            spot, children={key: spot.children[key] for key in kept}
        )
    if isinstance(section, list):
        places = [place for place in range(len(section)) if (name, place) not in gone]
        return [section[place] for place in places], replace(
            spot, children={new: spot.children[old] for new, old in enumerate(places)}
        )
    return section, spot
