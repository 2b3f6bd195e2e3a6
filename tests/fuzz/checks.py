"""What must hold for every input; an ``AssertionError`` says what does not."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import numpy as np

from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import run_suite
from watcher.errors import RulesError, SourceError
from watcher.rules.conditions.text import compile_pattern
from watcher.rules.files.loading import load
from watcher.rules.rulebook import Rulebook
from watcher.rules.sections import expressions
from watcher.rules.sections.expressions import MAX_LENGTH, parse_expression
from watcher.rules.sections.template_engine import MOST as MOST_WRITTEN
from watcher.rules.sections.templates import SAMPLE, parse_template
from watcher.source.decoding import Page, decoder_of, failure
from watcher.source.endpoints import PRODUCT_LIST
from watcher.words import quoted

KEY, TOKEN, CHANNEL = (
    "canaryKEYq7",
    "canaryTOKENq8",
    "json://canaryUSERq9:canaryPASSq1@h/canaryPATHq2",
)
FROM_FILE = "canaryFILEq3"
CANARIES = (KEY, TOKEN, "canaryUSERq9", "canaryPASSq1", "canaryPATHq2", FROM_FILE)
ENVIRONMENT = {"KEYAPI_KEY": KEY, "TOKEN": TOKEN, "CHANNEL_URL": CHANNEL}
SECONDS = 2.0  # of this thread's own time: other programs may take the machine's
LONGEST_LINE = 1_500  # characters of one problem
MOST = 202


# ------------------------------------------------------------------ the source


def check_answer(body: bytes) -> Page | None:
    """Read, or refused by one of our errors; the two ways of reading agree."""
    fast = decoder_of(PRODUCT_LIST).decode_fast(body)
    try:
        tolerant = decoder_of(PRODUCT_LIST).decode_tolerantly(body)
    except SourceError as error:
        _check_line(str(error), 1_000)
        if fast is None or "too many values" in str(error):  # that counts texts' brackets too
            return fast
        raise AssertionError("the fast way reads what the other refuses") from error
    for problem in tolerant.problems:
        _check_line(problem, 1_000)
    if fast is not None:
        assert not tolerant.problems, tolerant.problems
        assert fast.rows == tolerant.rows
        assert fast.positions == tolerant.positions
        for one, other in zip(fast.products, tolerant.products, strict=True):
            assert one.texts() == other.texts()
            assert _equal(one.numbers(), other.numbers())
            assert one.long_texts() == other.long_texts()
    page = decoder_of(PRODUCT_LIST).decode(body)
    for product in page.products:
        for text in (*product.texts(), *astuple(product.long_texts())):
            (text or "").encode()  # can be stored and sent
    return page


def _equal(one: tuple[float | None, ...], other: tuple[float | None, ...]) -> bool:
    return one == other and all(value is None or np.isfinite(value) for value in (*one, *other))


def check_failure(status: int, headers: dict[str, str], body: bytes) -> None:
    """An error of another status: ours, on a printable line, with a wait that is a number."""
    error = failure(status, headers, body, now=1_000.0, asked="region=US")
    assert isinstance(error, SourceError)
    _check_line(str(error), 1_000)
    pause = getattr(error, "retry_after", None)
    assert pause is None or 0 <= pause < 1e12


# ------------------------------------------------------------------ what the user writes


class Watchdog:
    """Notes what the interpreter opens or runs while it is on: no rule file may cause any."""

    _FORBIDDEN = ("exec", "compile", "os.system", "subprocess.Popen", "os.exec", "socket.connect")

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.allowed: tuple[str, ...] = ()
        self._on: int | None = None
        sys.addaudithook(self._hear)

    @contextmanager
    def watching(self, *allowed: Path) -> Iterator[None]:
        self.seen.clear()
        self.allowed = tuple(str(path) for path in allowed)
        self._on = threading.get_ident()
        try:
            yield
        finally:
            self._on = None
        assert not self.seen, f"it ran or opened: {self.seen}"

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._on != threading.get_ident():
            return
        if event in self._FORBIDDEN and not _is_template(arguments) and not _is_parsed(arguments):
            self.seen.append(f"{event} {arguments!r:.200}")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            path = arguments[0] if isinstance(arguments[0], str) else arguments[0].decode()
            if not (path.startswith(self.allowed) or "zoneinfo" in path):
                self.seen.append(f"open {path}")


def _is_parsed(arguments: tuple[Any, ...]) -> bool:
    """A formula becomes a tree of syntax, by the same event as code; the tree is never run."""
    return bool(arguments[-1] == expressions.FILE)


def _is_template(arguments: tuple[Any, ...]) -> bool:
    """Jinja2 compiles a template, which was checked before, to Python."""
    code, *rest = arguments
    name = getattr(code, "co_filename", rest[0] if rest else "")
    return name in ("<template>", b"<template>")


_watchdog: Watchdog | None = None


def watchdog() -> Watchdog:
    """The one of this process: a hook can't be taken off again."""
    global _watchdog  # noqa: PLW0603
    if _watchdog is None:
        _watchdog = Watchdog()
    return _watchdog


class Desk:
    """A folder with a rule file, and credentials beside."""

    def __init__(self, folder: Path) -> None:
        self.rules = folder / "rules.yaml"
        self.suite = folder / "rules.test.yaml"
        self.credentials = folder / "credentials"
        self.credentials.mkdir(exist_ok=True)
        (self.credentials / "FROM_FILE").write_text(FROM_FILE + "\n")
        self.slowest = 0.0

    def check_rules(self, data: bytes) -> Rulebook | None:
        """Read, or refused with places in the file; nothing leaks, hangs or runs."""
        self.rules.write_bytes(data)
        started = time.thread_time()
        book = None
        try:
            with watchdog().watching(self.rules, self.credentials):
                book = load(
                    [self.rules], {**ENVIRONMENT, "CREDENTIALS_DIRECTORY": str(self.credentials)}
                )
        except RulesError as error:
            self._check_problems(error, data, self.rules)
        else:
            for warning in book.warnings:
                _check_text(str(warning))
            assert not any(canary in repr(book) for canary in CANARIES)
        self._check_time(started)
        return book

    def check_suite(self, data: bytes) -> None:
        """The same of a file of rule tests, which is run where it can be read."""
        self.suite.write_bytes(data)
        started = time.thread_time()
        try:
            suite = read_suite(self.suite, ENVIRONMENT)
        except RulesError as error:
            self._check_problems(error, data, self.suite)
            suite = None
        self._check_time(started)
        if suite is not None and sum(case.size for case in suite.cases) < 50:
            for result in run_suite(suite):
                for difference in result.differences:
                    assert "\n".join(difference.lines())

    def _check_problems(self, error: RulesError, data: bytes, file: Path) -> None:
        assert error.problems
        assert len(error.problems) <= MOST, len(error.problems)
        lines = data.decode("utf-8", "replace").splitlines() or [""]
        for problem in error.problems:
            _check_text(str(replace(problem, file="")))  # a file's name is printed plain later
            assert len(str(problem)) - len(problem.file) < LONGEST_LINE
            if problem.file == str(file) and problem.line:
                # libyaml counts \r, NEL, LS and PS as line ends, as splitlines does.
                assert 1 <= problem.line <= len(lines) + 2, problem
                assert problem.column >= 1, problem

    def _check_time(self, started: float) -> None:
        took = time.thread_time() - started
        self.slowest = max(self.slowest, took)
        assert took < SECONDS, f"{took:.1f} s"


def _check_line(text: str, longest: int) -> None:
    assert text.isprintable(), f"control characters in {text!r}"
    assert len(text) < longest, f"{len(text)} characters"


def _check_text(text: str) -> None:
    assert text.isprintable(), f"control characters in {text!r}"
    for canary in CANARIES:
        assert canary not in text, f"{canary} in {text!r}"


@contextmanager
def desk() -> Iterator[Desk]:
    """A desk in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        yield Desk(Path(folder))


_COLUMN = np.array([0.0, 1.0, -1.0, np.nan, 1e300, -1e300, 0.5, 1e15])


def check_formula(text: str) -> None:
    """Refused with words, or computed in no time, and never to anything but a number or NaN."""
    started = time.thread_time()
    try:
        expression = parse_expression(text)
    except ValueError as error:
        _check_line(str(error), 300)
        return
    assert len(text) <= MAX_LENGTH
    values = expression(dict.fromkeys(expression.names, _COLUMN))
    assert np.shape(values) in ((8,), ())
    assert not np.isinf(values).any()
    assert time.thread_time() - started < SECONDS


def check_template(source: str) -> None:
    """Refused with words, or written in no time."""
    started = time.thread_time()
    try:
        template = parse_template(source)
    except ValueError as error:
        _check_line(quoted(str(error)), 1_500)
    else:
        assert len(template.write(SAMPLE, str)) <= MOST_WRITTEN
    assert time.thread_time() - started < SECONDS


def check_pattern(pattern: str, texts: Callable[[], tuple[str, ...]]) -> None:
    """Refused with words, or searched in no time."""
    started = time.thread_time()
    try:
        compiled = compile_pattern(pattern)
    except ValueError as error:
        _check_line(quoted(str(error)), 1_500)
    else:
        for text in texts():
            compiled.search(text)
    took = time.thread_time() - started
    assert took < SECONDS, f"{took:.1f} s"
