"""Rule files into a ``Rulebook``: every error of every file at once, or none."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path as FilePath

from watcher.categories import CategoryLookup
from watcher.errors import Problem, ProblemCode, RulesError
from watcher.page_text import PAGE_FILE, PageText
from watcher.rules.files.document import MAX_BYTES, MAX_PROBLEMS, Document, Unreadable, read
from watcher.rules.files.fact_files import FactFile, read_facts
from watcher.rules.files.page_file import PageFile, with_page
from watcher.rules.files.rule_file import Enough, RuleFile
from watcher.rules.files.side_files import PushedFolder, SideFiles
from watcher.rules.files.substitution import Substitution, Vault
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections.assembly import assemble

_FACTS = re.compile(r"facts\b")
_TESTS = re.compile(rb"^tests:", re.MULTILINE)
# Errors that a file which can't be read may cause in the others: what they miss stands in it.
_OF_OTHER_FILES = (
    ProblemCode.UNKNOWN_METRIC,
    ProblemCode.UNKNOWN_CHANNEL,
    ProblemCode.UNKNOWN_WATCH,
    ProblemCode.NO_RULES,
)


def load(
    paths: Sequence[FilePath],
    env: Mapping[str, str],
    kept: Mapping[str, bytes] | None = None,
    *,
    pushed: PushedFolder | None = None,
    facts: FactFile | None = None,
    categories: CategoryLookup | None = None,
    page: PageText | None = None,
    strict: bool = False,
) -> Rulebook:
    """Read files, and folders of ``*.yaml``, together; raises ``RulesError`` with all problems.
    ``env``, and the folder of credentials that it names, fill in ``${NAME}``. ``kept`` are copies
    of the files that these name, by absolute path: they stand in for those that can't be used.
    Those of ``pushed`` rules are read from their folder only. ``facts`` stand in for those of the
    file that the rules name. ``categories`` knows which ids names stand for. ``page`` are the rules
    of the page, of which nothing may be wrong where ``strict``."""
    lookup = categories if categories is not None else CategoryLookup()
    given = _Given(paths, env, kept or {}, pushed, facts, lookup)
    return with_page(given.load, page or PageText(), strict=strict)


@dataclass(frozen=True, slots=True)
class _Given:
    """The user's own files, and what they are read with."""

    paths: Sequence[FilePath]
    env: Mapping[str, str]
    kept: Mapping[str, bytes]
    pushed: PushedFolder | None
    facts: FactFile | None
    categories: CategoryLookup

    def load(self, page: PageFile) -> Rulebook:
        """The rules, with a kept copy of each file that these name and that can't be used."""
        beside = SideFiles(self.kept, pushed=self.pushed)
        beside.stand_ins[read_facts] = self.facts
        try:
            return self._load(beside, page)
        except RulesError as error:
            if not any(
                self.kept and self.kept.get(path, each.content) != each.content
                for path, each in beside.used.items()
            ):
                raise
            # A column may be gone that a rule needs: the file can be read, and not be used.
            reason = str(error.problems[0])
            instead = SideFiles(self.kept, instead=reason, pushed=self.pushed)
            try:
                return self._load(instead, page)
            except RulesError:
                raise error from None

    def _load(self, beside: SideFiles, page: PageFile) -> Rulebook:
        problems: list[Problem] = []
        warnings: list[Problem] = []
        documents: list[Document] = []
        for file in _files(self.paths, problems, warnings):
            try:
                documents.append(read(_bytes_of(file), _name_of(file)))
            except (OSError, ValueError) as error:
                problems.append(_of_file(file, _unreadable(error)))
            except Unreadable as error:
                problems.extend(error.problems)
        found = (problems, warnings)
        return _rulebook(documents, Vault(self.env), beside, found, self.categories, page)


def load_text(
    text: str,
    name: str = "rules.yaml",
    env: Mapping[str, str] | None = None,
    categories: CategoryLookup | None = None,
) -> Rulebook:
    """Read one text as if it were the file ``name``; raises ``RulesError``."""
    problems: list[Problem] = []
    documents: list[Document] = []
    try:
        documents.append(read(text, name))
    except Unreadable as error:
        problems.extend(error.problems)
    lookup = categories if categories is not None else CategoryLookup()
    return _rulebook(documents, Vault(env or {}), SideFiles(), (problems, []), lookup)


def _rulebook(
    documents: Sequence[Document],
    vault: Vault,
    beside: SideFiles,
    found_so_far: tuple[list[Problem], list[Problem]],
    categories: CategoryLookup,
    page: PageFile = PageFile(None),  # noqa: B008 - it is frozen
) -> Rulebook:
    problems, warnings = found_so_far
    broken = bool(problems)
    rulebook = None
    with suppress(Enough):
        files = [RuleFile(each, vault, problems, warnings, beside) for each in documents]
        own = page.rule_file(problems, warnings)
        files += [own] if own is not None else []
        rulebook = assemble(files, vault, categories) if files else None
    if page.left_out:
        problems[:] = [one for one in problems if one.code is not ProblemCode.NO_RULES]
    if broken:
        problems[:] = [one for one in problems if one.code not in _OF_OTHER_FILES]
    elif any(_FACTS.match(one.path) for one in problems):
        # Which columns there would be nobody knows.
        problems[:] = [one for one in problems if one.code is not ProblemCode.UNKNOWN_METRIC]
    if problems or rulebook is None:
        order = {document.name: index for index, document in enumerate(documents)}
        order[PAGE_FILE] = len(documents)
        found = _sorted(problems, order)[:MAX_PROBLEMS]
        if len(found) == MAX_PROBLEMS:
            what = f"there may be more: mend these {MAX_PROBLEMS} first"
            more = replace(found[-1], path="", message=what, code=ProblemCode.TOO_MANY)
            found = (*found, more)
        raise RulesError(found)
    found = _sorted(warnings, {})
    return replace(rulebook, warnings=found, beside=tuple(beside.used.values()))


def _sorted(problems: Sequence[Problem], order: Mapping[str, int]) -> tuple[Problem, ...]:
    def place(problem: Problem) -> tuple[int, str, int, int]:
        return order.get(problem.file, -1), problem.file, problem.line, problem.column

    return tuple(sorted(dict.fromkeys(problems), key=place))


def _files(
    paths: Sequence[FilePath], problems: list[Problem], warnings: list[Problem]
) -> list[FilePath]:
    found: dict[FilePath, None] = {}
    for path in paths:
        if not _is_folder(path):
            found[path] = None
            continue
        try:
            entries = sorted(path.iterdir())
        except OSError as error:
            problems.append(_of_file(path, _unreadable(error)))
            continue
        inside = [entry for entry in entries if _is_rules(entry)]
        found.update(dict.fromkeys(inside))
        if not inside:
            problems.append(_of_file(path, "the folder has no *.yaml file"))
        for entry in entries:
            if entry.suffix == ".yml" and not entry.name.startswith("."):
                what = "is not read: only *.yaml is; rename it"
                warnings.append(_of_file(entry, what, ProblemCode.DOUBT))
    return list(found)


def _of_file(file: FilePath, message: str, code: ProblemCode = ProblemCode.UNREADABLE) -> Problem:
    return Problem(_name_of(file), 0, 0, "", message, code)


def _name_of(file: FilePath) -> str:
    """The file for people: never as the page's text is called."""
    return f"./{file}" if str(file) == PAGE_FILE else str(file)


def _is_folder(path: FilePath) -> bool:
    try:
        return path.is_dir()
    except OSError:  # a name too long to be one: opening it says so
        return False


def rule_files(path: FilePath) -> list[FilePath]:
    """The files that ``path`` stands for: itself, or the rule files in the folder."""
    return _files([path], [], [])


def named_files(content: bytes, file: FilePath, env: Mapping[str, str]) -> list[FilePath]:
    """The files that a rule file names, whether they are there or not."""
    try:
        document = read(content, str(file))
    except Unreadable:
        return []
    value = Substitution(Vault(env), lambda _path, _message: None).fill(document.value)
    return [file.parent / name.strip() for name in _named_in(value) if "\0" not in name]


def _named_in(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "file" and isinstance(inner, str) and inner.strip():
                yield inner
            else:
                yield from _named_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _named_in(inner)


def _is_rules(entry: FilePath) -> bool:
    # Editors keep their own files beside, with a dot in front.
    if entry.suffix != ".yaml" or entry.name.startswith(".") or _is_tests(entry):
        return False
    return entry.is_file() or not entry.exists()  # a link to nowhere is reported, not passed over


def _is_tests(entry: FilePath) -> bool:
    """Whether a file is what `watcher init` writes beside the rules: by its name, and by what it
    has, for rules might go by such a name."""
    if not entry.name.endswith(".test.yaml"):
        return False
    try:
        return entry.is_file() and _TESTS.search(entry.read_bytes()) is not None
    except OSError:
        return False


def _bytes_of(file: FilePath) -> bytes:
    # Nobody may ever write into a pipe with a name. One without (the shell's <(...)) has a writer,
    # and leads to no path.
    if file.is_fifo() and file.resolve().exists():
        raise OSError(errno.EINVAL, "it is a pipe and no file")
    with file.open("rb") as opened:
        # One byte more shows that it is too large; what never ends is not read whole.
        return opened.read(MAX_BYTES + 1)


def _unreadable(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "there can be no file of this name"
    if isinstance(error, FileNotFoundError):
        return "there is no such file: watcher init writes one to begin with"
    return f"the file can't be read: {error.strerror or error}"
