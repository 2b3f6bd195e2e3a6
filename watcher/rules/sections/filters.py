"""Conditions that stand alone, in no rule file: what picks products of a list that is shown. They
are compiled as a rule's are; one that was typed and needs more than the list itself is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from watcher.errors import Problem, ProblemCode
from watcher.rules.conditions.base import Ago, Condition, From, Last
from watcher.rules.conditions.compiling import Compiler, Path
from watcher.rules.conditions.logic import leaves
from watcher.rules.conditions.text import Matches
from watcher.rules.files.document import Document, Spot, Unreadable, read, resolve
from watcher.rules.metrics import Catalogue
from watcher.rules.rulebook import Watch
from watcher.rules.sections.sorting import Sorted
from watcher.schedule import longest_gap
from watcher.units import DAY

LONGEST = 1_500  # characters of a condition that is typed
# Simple conditions in it, and expressions among these: each is looked for in every name of a list
# while others wait.
_MOST, _MOST_PATTERNS = 40, 5
_NAME = "condition"  # in place of a file's
_RARE = DAY * 3 // 2  # seconds between two scans, from which on a list has no value of a day ago
_TOO_LONG = f"the condition is longer than {LONGEST:,} characters"
_FILLED_IN = 'nothing is filled in here: "${" can\'t stand in a filter'
_TOO_MANY = f"a filter has {_MOST} conditions at most"
_TOO_MANY_PATTERNS = f"a filter has {_MOST_PATTERNS} expressions (matches) at most"
_LOOKS_BACK = (
    "compares with the past, and a list is filtered by what it says of its products now: make a "
    "rule of it, or show the column of that change"
)
_OF_GONE = "speaks of products that are gone, and a list has those that are there"


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition, None where a problem was found, and the plain values that it was ``written``
    as. Problems of a text that was typed have their places in it."""

    written: object
    condition: Condition | None
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()


def typed(text: str, catalogue: Catalogue, watch: Watch) -> Filter:
    """A condition on products of the watch's list as somebody typed it, in YAML."""
    if len(text) > LONGEST:
        return _refused(_TOO_LONG)
    try:
        document = read(text, _NAME)
    except Unreadable as error:
        return Filter(None, None, tuple(_of_text(each, text) for each in error.problems))
    return _compiled(document, catalogue, watch, looks_back=False)


def _of_text(problem: Problem, text: str) -> Problem:
    """A problem of what was typed, which is no file; what ends too early does so where its last
    line ends, and not in one after it."""
    problem = replace(problem, message=problem.message.replace("the file", "the text"))
    lines = text.rstrip().splitlines() or [""]
    if problem.line <= len(lines):
        return problem
    return replace(problem, line=len(lines), column=len(lines[-1]) + 1)


def given(written: object, catalogue: Catalogue, watch: Watch) -> Filter:
    """A condition of plain values, which may compare with the past; problems have paths alone."""
    return _compiled(Document(_NAME, written, Spot(0, 0)), catalogue, watch, looks_back=True)


def value_of(text: str) -> object:
    """A text as the value that it would be in a rule file: ``20`` is a number."""
    return resolve(text.strip())


def baseline_of(watch: Watch) -> From:
    """The baseline of changes on a list: a day ago; of a list that is read less often the scan
    before."""
    return Last() if longest_gap(watch.schedule) > _RARE else Ago(DAY)


def _compiled(
    document: Document, catalogue: Catalogue, watch: Watch, *, looks_back: bool
) -> Filter:
    problems, doubts = list[Problem](), list[Problem]()
    if "${" in "\0".join(_texts_in(document.value)):
        return _refused(_FILLED_IN)

    def report(
        path: Path, message: str, *, at_key: bool = False, code: ProblemCode = ProblemCode.INVALID
    ) -> None:
        problems.append(document.problem(path, message, at_key=at_key, code=code))

    def warn(path: Path, message: str) -> None:
        doubts.append(document.problem(path, message, code=ProblemCode.DOUBT))

    own = Sorted.of([watch])
    compiler = Compiler(catalogue, report, own.all, own.how, unsorted=own.not_these, warn=warn)
    condition = compiler.condition(document.value, ())
    if condition is not None and not looks_back:
        _refuse_pasts(condition, compiler)
        _refuse_many(condition, compiler)
    good = None if problems else condition
    return Filter(
        document.value, good, tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(doubts))
    )


def _refuse_pasts(condition: Condition, compiler: Compiler) -> None:
    """Report each simple condition that needs a baseline, or products that are not there."""
    for leaf in leaves(condition):
        why = _OF_GONE if leaf.of_gone else _LOOKS_BACK if leaf.needs or leaf.follows else ""
        if why:
            path = compiler.places[id(leaf)][1] if id(leaf) in compiler.places else ()
            compiler.report(path, why, at_key=True)


def _refuse_many(condition: Condition, compiler: Compiler) -> None:
    """Report a condition that takes too long to judge while a page waits."""
    parts = [*leaves(condition)]
    if len(parts) > _MOST:
        compiler.report((), _TOO_MANY)
    elif sum(isinstance(each, Matches) for each in parts) > _MOST_PATTERNS:
        compiler.report((), _TOO_MANY_PATTERNS)


def _refused(why: str) -> Filter:
    return Filter(None, None, (Problem(_NAME, 1, 1, "", why),))


def _texts_in(value: object) -> Iterator[str]:
    """Yield all texts in what is written."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts_in(inner)
    elif isinstance(value, list):
        for each in value:
            yield from _texts_in(each)
    elif isinstance(value, str):
        yield value
