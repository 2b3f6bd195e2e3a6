"""YAML text into plain values that remember where they stood.

Read by YAML 1.2's meaning: ``NO``, ``on``, ``012`` and ``22:22`` are text. The parser's events are
put together without recursion, so that a hostile file is stopped while it is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal, TypeAlias

import yaml
from yaml.error import MarkedYAMLError
from yaml.scanner import ScannerError

from watcher.errors import Problem, ProblemCode
from watcher.words import masked, printable, quoted

_NULL = dict.fromkeys(["", "~", "null", "Null", "NULL"])
_TRUE = dict.fromkeys(["true", "True", "TRUE"], True)
_WORDS: dict[str, object] = _NULL | _TRUE | dict.fromkeys(["false", "False", "FALSE"], False)
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,29})", re.ASCII)
_RADIX = re.compile(r"0o[0-7]{1,30}|0x[0-9a-fA-F]{1,30}", re.ASCII)
_FLOAT = re.compile(
    r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII
)


def resolve(text: str) -> object:
    """A plain scalar by the core schema of YAML 1.2; a number with a leading 0 is text."""
    first = text[:1]
    if first.isdecimal() or first in ("-", "+", "."):
        if _INTEGER.fullmatch(text):
            return int(text)
        if _RADIX.fullmatch(text):
            return int(text, 0)
        return float(text) if _FLOAT.fullmatch(text) and not text.lstrip("+-").isdecimal() else text
    return _WORDS.get(text, text)


Path: TypeAlias = tuple[str | int, ...]

MAX_NODES = 50_000
MAX_DEPTH = 50
MAX_BYTES = 4 << 20
MAX_PROBLEMS = 200
_SECRETS = frozenset(("key", "url", "heartbeat"))
_LONGEST_PATH, _LONGEST_MESSAGE = 200, 600

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# ${NAME} is ours, not YAML's, which would end a text in [...] at its brace: while YAML reads, two
# letters that nobody writes stand for the braces, so that every column stays what it was.
_BRACED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}", re.ASCII)
_HIDDEN = re.compile("\\$\ue000([A-Za-z_][A-Za-z0-9_]*)\ue001", re.ASCII)
# A text in YAML can't begin with "- ": there stands a third letter for that dash.
_DASH = re.compile(r"(:[ \t]+)-(?=[ \t\r\n,}]|\Z)")
_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # as YAML counts lines
_STANDARD = "tag:yaml.org,2002:"
# What the parser was at: a token, a token that began earlier (a key, a text), or the items of a
# mapping or list in lines ("block") or in brackets ("flow"), or neither ("top").
Parsing: TypeAlias = Literal["token", "long token", "block", "flow", "top"]


@dataclass(slots=True)
class Spot:
    """The place of a value and of its key, counted from 1; with the spots of what is in it."""

    line: int
    column: int
    key: tuple[int, int] | None = None
    children: dict[str | int, Spot] = field(default_factory=dict)


@dataclass(slots=True)
class Document:
    """One file's values: dict, list, str, int, float, bool, None; and their places."""

    name: str
    value: object
    spot: Spot
    lines: tuple[str, ...] = field(default=("",), repr=False)

    def problem(
        self,
        path: Path,
        message: str,
        *,
        at_key: bool = False,
        code: ProblemCode = ProblemCode.INVALID,
    ) -> Problem:
        """A problem of the value at ``path``, or of its key: then it belongs to the parent."""
        spot = self._at(path)
        place = spot.key if at_key and spot.key is not None else (spot.line, spot.column)
        return _problem(self.name, place, path[:-1] if at_key else path, message, code)

    def excerpt(self, path: Path) -> str:
        """The lines in which the value at ``path`` is written, without the indent they share, and
        with ``${NAME}``, never what is filled in."""
        spot = self._at(path)
        indent = spot.column - 1
        lines = [self.lines[spot.line - 1][indent:].rstrip()]
        for line in islice(self.lines, spot.line, None):
            # A comment may stand anywhere; those after the last line of the value are cut below.
            if line[:indent].strip() and not line.lstrip().startswith("#"):
                break
            lines.append(line[min(indent, len(line) - len(line.lstrip())) :].rstrip())
        while len(lines) > 1 and (not lines[-1] or lines[-1].lstrip().startswith("#")):
            lines.pop()
        return "\n".join(lines)

    def _at(self, path: Path) -> Spot:
        """The spot of a path, or of the nearest value around it where it has none."""
        spot = self.spot
        for step in path:
            child = spot.children.get(step)
            if child is None:
                break
            spot = child
        return spot


def path_text(path: Path) -> str:
    """``rules[0].watch.region``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{masked(step)}" for step in path)
    return text.removeprefix(".")


def _problem(
    name: str, place: tuple[int, int], path: Path, message: str, code: ProblemCode
) -> Problem:
    """A problem on one printable line of bounded length."""
    where = _cut(printable(path_text(path)), _LONGEST_PATH)
    return Problem(name, *place, where, _cut(printable(message), _LONGEST_MESSAGE), code)


def _cut(text: str, longest: int) -> str:
    """Its beginning and its end, where it is too long."""
    half = longest // 2
    return text if len(text) <= longest else f"{text[:half]}...{text[-half:]}"


class Unreadable(Exception):
    """The text is no YAML that can be used; ``problems`` says why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def read(data: bytes | str, name: str, *, texts: bool = False) -> Document:
    """The one document in ``data``; raises ``Unreadable`` with all that is wrong with it. With
    ``texts``, ``0x300`` and ``1e3`` are texts, and so is ``- 5``, behind a key."""
    text = _decode(data, name) if isinstance(data, bytes) else data.removeprefix("\ufeff")
    control = _CONTROL.search(text)
    if control is not None:
        what = f"a control character (U+{ord(control[0]):04X}) can't stand in a rule file"
        place = _place_in(text[: control.start()])
        raise Unreadable((Problem(name, *place, "", what, ProblemCode.SYNTAX),))
    builder = _Builder(name, text, (lambda plain: _NULL.get(plain, plain)) if texts else resolve)
    marked = _BRACED.sub("$\ue000\\1\ue001", text)
    if texts:
        marked = _DASH.sub("\\1\ue002", marked)
    try:
        for event in yaml.parse(marked, Loader=_LOADER):
            builder.take(event)
    except yaml.YAMLError as error:
        raise Unreadable((*builder.problems, builder.explain(error, text))) from None
    return builder.document()


def _decode(data: bytes, name: str) -> str:
    if len(data) > MAX_BYTES:
        what = f"the file is too large: a rule file may have {MAX_BYTES:,} bytes"
        raise Unreadable((Problem(name, 0, 0, "", what, ProblemCode.UNREADABLE),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = "the file is not UTF-8 text: save it as UTF-8"
        place = _place_in(data[: error.start].decode("latin-1"))
        raise Unreadable((Problem(name, *place, "", what, ProblemCode.UNREADABLE),)) from None


def _place_in(before: str) -> tuple[int, int]:
    """The line and column of what comes after a text, or after bytes as Latin letters."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")


@dataclass(slots=True)
class _Open:
    """A list or mapping whose end has not come yet; ``key`` waits for its value."""

    value: dict[str, object] | list[object]
    spot: Spot
    anchor: str | None
    nodes: int
    depth: int = 1
    flow: bool = False
    key: str | None = None
    key_place: tuple[int, int] = (0, 0)
    key_end: int = 0
    skip: bool = False


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: object
    spot: Spot
    nodes: int
    depth: int


class _Builder:
    """Puts the parser's events together; notes what is wrong and reads on where it can."""

    def __init__(self, name: str, text: str, resolve: Callable[[str], object]) -> None:
        self.problems: list[Problem] = []
        self._name = name
        self._resolve = resolve
        self._lines = tuple(_BREAK.split(text))
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchored | None] = {}
        self._nodes = 0
        self._documents = 0
        self._root: tuple[object, Spot] | None = None

    def document(self) -> Document:
        """The values that were read; raises ``Unreadable`` where problems were noted."""
        if self._root is None:
            self.problems.append(self._problem((0, 0), "the file is empty"))
        if self.problems or self._root is None:
            raise Unreadable(tuple(self.problems))
        return Document(self._name, *self._root, self._lines)

    def explain(self, error: yaml.YAMLError, text: str) -> Problem:
        """A syntax error, after what was read, in words."""
        if not isinstance(error, MarkedYAMLError) or error.problem_mark is None:
            return self._problem((0, 0), "the file has a character that YAML can't read")
        mark, begin = error.problem_mark, error.context_mark
        begun = begin.line + 1 if begin is not None and begin.line < mark.line else None
        if isinstance(error, ScannerError):
            parsing: Parsing = "token" if begin is None else "long token"
        elif not self._stack:
            parsing = "top"
        else:
            parsing = "flow" if self._stack[-1].flow else "block"
        words = explain(str(error.problem or ""), text, mark.line, mark.column, begun, parsing)
        return self._problem((mark.line + 1, mark.column + 1), words)

    def take(self, event: Any) -> None:
        match event:
            case yaml.ScalarEvent():
                self._scalar(event)
            case yaml.MappingStartEvent():
                self._open({}, event)
            case yaml.SequenceStartEvent():
                self._open([], event)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.AliasEvent():
                self._alias(event)
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents == 2:
                    self._stop(event, 'a second document ("---") begins here: use one a file')

    def _scalar(self, event: Any) -> None:
        place = _place(event)
        self._check_tag(event)
        self._count(1, event)
        text = event.value
        if "\ue000" in text:
            text = _HIDDEN.sub(r"${\1}", text)
        text = text.replace("\ue002", "-")
        if self._wants_key():
            self._key(text, place, plain=not event.style)
            self._stack[-1].key_end = event.end_mark.index
            return
        if not text and self._stack:
            self._check_comma(self._stack[-1], event)
        plain = event.implicit[0] and event.tag is None
        value = self._resolve(text) if plain else text
        spot = Spot(*place)
        if event.anchor:
            self._anchors[event.anchor] = _Anchored(value, spot, 1, 0)
        self._put(value, spot)

    def _open(self, value: dict[str, object] | list[object], event: Any) -> None:
        self._check_tag(event)
        self._count(1, event)
        if self._wants_key():
            self._stop(event, "a key must be a single word or text, not a list or mapping")
        if len(self._stack) >= MAX_DEPTH:
            self._stop(event, f"lists and mappings stand more than {MAX_DEPTH} deep here")
        if event.anchor:
            self._anchors[event.anchor] = None  # an alias to it from inside has no end
        self._stack.append(
            _Open(value, Spot(*_place(event)), event.anchor, self._nodes - 1, flow=event.flow_style)
        )

    def _close(self) -> None:
        done = self._stack.pop()
        if done.anchor:
            nodes = self._nodes - done.nodes
            self._anchors[done.anchor] = _Anchored(done.value, done.spot, nodes, done.depth)
        self._put(done.value, done.spot, done.depth)

    def _alias(self, event: Any) -> None:
        if self._wants_key():
            self._stop(event, "an alias can't be a key")
        if event.anchor not in self._anchors:
            what = f'the alias "*{event.anchor}" has no anchor "&{event.anchor}" above'
            unsaid = "this is an alias without an anchor: put a text that begins with * in quotes"
            self._note(event, what, unsaid)
            self._put(None, Spot(*_place(event)))
            return
        anchored = self._anchors[event.anchor]
        if anchored is None:
            self._stop(event, f'the alias "*{event.anchor}" contains itself')
            return
        self._count(anchored.nodes, event)
        if len(self._stack) + anchored.depth > MAX_DEPTH:
            self._stop(event, f"lists and mappings stand more than {MAX_DEPTH} deep here")
        spot = Spot(*_place(event), children=anchored.spot.children)
        self._put(anchored.value, spot, anchored.depth)

    def _wants_key(self) -> bool:
        if not self._stack:
            return False
        top = self._stack[-1]
        return isinstance(top.value, dict) and top.key is None

    def _key(self, key: str, place: tuple[int, int], *, plain: bool) -> None:
        top = self._stack[-1]
        assert isinstance(top.value, dict)  # noqa: S101  told by _wants_key
        if key == "<<" and plain:
            self._note_at(place, 'merge keys ("<<") can\'t be used: write the fields out')
            top.skip = True
        elif key in top.value:
            first = top.spot.children[key].key or place
            what = f"{quoted(key)} is written twice: the first one is in line {first[0]}"
            self._note_at(place, what)
            top.skip = True
        top.key, top.key_place = key, place

    def _check_comma(self, top: _Open, event: Any) -> None:
        """In ``{at_least: 1,000}`` the 000 is a key with nothing after it, not even a colon."""
        if top.flow and top.key and not event.style and top.key_end == event.start_mark.index:
            # After a "url" it may be the rest of one: a recipient, a password.
            secret = not _SECRETS.isdisjoint(top.value)
            cut = "this" if secret else quoted(top.key)
            message = f"{cut} has no value: is it a text or number cut at its comma?"
            if not secret and isinstance(top.value, dict):
                message += _whole(top.value, top.key)
            key, top.key = top.key, None  # the problem is the mapping's
            self._note_at(top.key_place, message)
            top.key, top.skip = key, True

    def _put(self, value: object, spot: Spot, depth: int = 0) -> None:
        if not self._stack:
            self._root = (value, spot)
            return
        top = self._stack[-1]
        top.depth = max(top.depth, depth + 1)
        if isinstance(top.value, list):
            top.spot.children[len(top.value)] = spot
            top.value.append(value)
            return
        key, top.key = top.key, None
        if key is None or top.skip:
            top.skip = False
            return
        spot.key = top.key_place
        top.spot.children[key] = spot
        top.value[key] = value

    def _check_tag(self, event: Any) -> None:
        tag = event.tag
        if tag not in (None, "!", f"{_STANDARD}str", f"{_STANDARD}map", f"{_STANDARD}seq"):
            unsaid = "this is a tag: put a text that begins with ! in quotes"
            self._note(event, f"the tag {quoted(tag)} can't be used here", unsaid)

    def _count(self, nodes: int, event: Any) -> None:
        self._nodes += nodes
        if self._nodes > MAX_NODES:
            self._stop(event, f"the file has more than {MAX_NODES:,} values: split it into several")

    def _note(self, event: Any, message: str, of_a_secret: str = "") -> None:
        secret = of_a_secret and any(level.key in _SECRETS for level in self._stack)
        self._note_at(_place(event), of_a_secret if secret else message)

    def _note_at(self, place: tuple[int, int], message: str) -> None:
        self.problems.append(self._problem(place, message, tuple(self._path())))
        if len(self.problems) >= MAX_PROBLEMS:
            raise Unreadable(tuple(self.problems))

    def _problem(self, place: tuple[int, int], message: str, path: Path = ()) -> Problem:
        return _problem(self._name, place, path, message, ProblemCode.SYNTAX)

    def _stop(self, event: Any, message: str) -> None:
        self._note(event, message)
        raise Unreadable(tuple(self.problems))

    def _path(self) -> Iterator[str | int]:
        for level in self._stack:
            if isinstance(level.value, list):
                yield len(level.value)
            elif level.key is not None:
                yield level.key


def _place(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def explain(
    what: str, text: str, line: int, column: int, begin: int | None, parsing: Parsing = "token"
) -> str:
    """The meaning of a syntax error at a place of ``text`` (counted from 0), told by what stands
    there; ``what`` the parser says only of errors that are not known here. ``begin`` is the line
    (from 1) of what it was reading, where it says so."""
    lines = text.splitlines()
    if not "\n".join(lines[line:])[column:].strip():
        where = f" (it begins in line {begin})" if begin is not None else ""
        return f"the file ends inside something: a quote, bracket or brace is not closed{where}"
    here, before = lines[line], "\n".join([*lines[:line], lines[line][:column]]).rstrip()
    indent = here[: len(here) - len(here.lstrip())]
    if "\t" in indent or here[column : column + 1] == "\t":
        return "a tab can't indent YAML: use spaces"
    if parsing in ("token", "long token"):
        hint = _of_token(here, column, begin if parsing == "long token" else 0)
    else:
        hint = _of_items(before[-1:], here[column : column + 1], parsing)
    return hint or f"this is no YAML: {what}"


def _of_token(line: str, column: int, begin: int | None) -> str:
    """``begin`` is the line in which a long token began, if not in this; 0 of a short one."""
    letter, before = line[column : column + 1], line[:column]
    if before.rstrip("= ").endswith((">", "|")):
        return 'a text that begins with > or | needs quotes; "more than 5" is {above: 5}'
    if letter and letter in "%@`>|":
        return f"a text can't begin with {letter}: put it in quotes"
    if begin:
        return 'a ":" is missing: write "name: value", and put a text over several lines in quotes'
    if letter != ":":
        return ""
    if begin is None:
        return 'after a ":" comes a space and then a value'
    return (
        'a ":" is not possible here: is the line indented as the one above, '
        "or does a text with a colon need quotes?"
    )


def _of_items(before: str, letter: str, parsing: Parsing) -> str:
    if parsing == "flow":
        if before in "[{,:":
            return "a value is missing here"
        return "a comma, or the closing bracket or brace, is missing before this"
    if letter in ",]}" and (not before or (before in ":-" and parsing == "block")):
        return "a value is missing here"
    if parsing == "block":
        return "this does not fit what stands before it: check the indentation and the quotes"
    return ""


def _whole(written: Mapping[str, object], rest: str) -> str:
    """Say how to write the text whose ``rest`` is cut off, where that stands behind a text."""
    key, begin = next(reversed([*written.items()]), ("", None))
    if not isinstance(begin, str):
        return ""
    whole = quoted(f"{begin}, {rest}")
    return f" Put the whole of it in quotes, as {printable(key)}: {whole}"
