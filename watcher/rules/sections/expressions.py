"""The user's arithmetic: ``spu_avg_price * commission``, over whole columns.

There is no value (NaN) where a part has none, or where the result is not finite; of ``a if b else
c`` only the part that is chosen must have one. A reader refuses, from left to right, what is not of
this language, so that an error stands where it is made; of the rest Python's parser knows what
binds stronger.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial, reduce
from typing import TypeAlias

import numpy as np

from watcher.model import Bools, Floats
from watcher.units import parse_number
from watcher.words import Wrong, either, nearest, quoted

MAX_LENGTH = 1_000
MAX_DEPTH = 30
FILE = "<formula>"  # as Python calls what it parses

Columns: TypeAlias = Mapping[str, Floats]
Node: TypeAlias = Callable[[Columns], Floats]
_Token: TypeAlias = tuple[str, str]  # its kind and its text

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?[kKmM]?(?![\w.]))"
    r"|(?P<sign>(?:if|else)\b|\*\*|<=|>=|==|!=|[-+*/()<>,])"
    r"|(?P<call>[A-Za-z_]\w*)\s*\(|(?P<name>[A-Za-z_]\w*)|(?P<end>$))",
    re.ASCII,
)
_OF_OTHERS = {
    "%": "write 0.1 for 10%",
    "^": 'a power is written "**"',
    "=": 'equal is written "=="',
}
_SIGNS = ("+", "-", "*", "/")
# What may end a part in each that is open: the formula itself, parentheses, a call.
_ENDS = {"": ("",), "(": (")",), "call": (")", ",")}
_COMPARING = ("<", "<=", ">", ">=", "==", "!=")
_ONE_PART: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "ln": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "round": np.round,
}
_SOME_PARTS: dict[str, Callable[[Floats, Floats], Floats]] = {"min": np.minimum, "max": np.maximum}
FUNCTIONS = (*_SOME_PARTS, *_ONE_PART)


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: the names in it, in order of appearance, and what it computes."""

    text: str
    names: tuple[str, ...]
    node: Node

    def __call__(self, columns: Columns) -> Floats:
        """The column (n,) of the expression; NaN is no value."""
        with np.errstate(all="ignore"):
            return self.node(columns)


def parse_expression(text: str) -> Expression:
    """Read an expression; ``Wrong`` says what is wrong with it."""
    if len(text) > MAX_LENGTH:
        raise Wrong(f"the formula is longer than {MAX_LENGTH:,} characters")
    if not text.strip():
        raise Wrong("the formula is empty")
    reader = _Reader()
    for token in list(_tokens(text)):
        reader.take(token)
    node = _node(ast.parse(" ".join(reader.python), FILE, mode="eval").body)
    if not reader.names:
        raise Wrong("the formula names no metric, so it is the same for every product")
    return Expression(" ".join(text.split()), tuple(reader.names), node)


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise Wrong(_no_token(text[position:].strip()))
        kind = str(match.lastgroup)
        yield kind, match[kind]
        if kind == "end":
            return
        position = match.end()


def _no_token(rest: str) -> str:
    if better := _OF_OTHERS.get(rest[0]):
        return f'a formula takes no "{rest[0]}": {better}'
    return f"the formula can't be read from {quoted(rest[:20])} on"


class _Reader:
    """Takes one token after another and says it in Python; refuses the first that can't follow.
    ``_open`` is what waits for its end: the formula itself (""), ``(``, a ``call``, a ``sign`` or
    power, ``if``, which becomes ``test`` with its comparison, and ``else``."""

    def __init__(self) -> None:
        self.names: dict[str, None] = {}
        self.python: list[str] = []
        self._open = [""]
        self._wants_part = True

    def take(self, token: _Token) -> None:
        self._wants_part = self._part(token) if self._wants_part else self._joint(token)

    def _part(self, token: _Token) -> bool:
        """Take what a part begins with; whether more of it must follow."""
        match token:
            case "number", text:
                self.python.append(repr(_number(text)))
                return False
            case "name", name:
                self._metric(name)
                return False
            case "call", name:
                self._deeper("call", f"{_function(name)} (")
            case _, "(":
                self._deeper("(", "(")
            case _, "+" | "-" as sign:
                self._deeper("sign", sign)
            case _:
                raise _misplaced(token)
        return True

    def _metric(self, name: str) -> None:
        if name in FUNCTIONS:
            raise Wrong(f"{name} needs its parts in parentheses: {name}(...)")
        self.names[name] = None
        self.python.append(f"_{name}")  # so that it is no word of Python's

    def _joint(self, token: _Token) -> bool:
        """Take what follows a part; whether another part must come."""
        _, text = token
        if text == "**":
            self._deeper("sign", text)
            return True
        self._end("sign")
        match self._open[-1]:
            case _ if text in _SIGNS:
                self.python.append(text)
            case "if":
                self._comparison(text)
            case "test":
                self._otherwise(token)
            case _ if text == "if":
                self._open.append(text)
                self.python.append(text)
            case _:
                return self._close(token)
        return True

    def _comparison(self, text: str) -> None:
        if text not in _COMPARING:
            raise Wrong('between "if" and "else" stands a comparison, as a > 0')
        self._open[-1] = "test"
        self.python.append(text)

    def _otherwise(self, token: _Token) -> None:
        if token[1] != "else":
            raise _misplaced(token, "else")
        self._open.pop()
        self._deeper("else", "else")

    def _close(self, token: _Token) -> bool:
        """Take the end of what is open, or a comma in a call: then another part must come."""
        _, text = token
        self._end("else")
        inner = self._open[-1]
        if text not in _ENDS[inner]:
            raise _misplaced(token, ")" if inner else "")
        if text == ")":
            self._open.pop()
        self.python.append(text)
        return text == ","

    def _deeper(self, opened: str, python: str) -> None:
        self._open.append(opened)
        if len(self._open) - self._open.count("if") - self._open.count("test") > MAX_DEPTH:
            raise Wrong(f"the formula is nested more than {MAX_DEPTH} deep")
        self.python.append(python)

    def _end(self, opened: str) -> None:
        while self._open[-1] == opened:
            self._open.pop()


def _function(name: str) -> str:
    """The name, where there is such a function."""
    if name not in FUNCTIONS:
        hint = nearest(name, FUNCTIONS) or f": there are {either(FUNCTIONS)}"
        raise Wrong(f"unknown function {quoted(name)}{hint}")
    return name


def _misplaced(token: _Token, wanted: str = "") -> Wrong:
    kind, text = token
    where = f"before {quoted(text)}" if kind != "end" else "at its end"
    if text in _COMPARING:
        return Wrong(f'a comparison stands only between "if" and "else": {text}')
    if wanted:
        return Wrong(f'the formula needs a "{wanted}" {where}')
    return Wrong(f"the formula is broken {where}")


def _node(tree: ast.expr) -> Node:
    """The computation of a part of the formula; only these few nodes are ever run."""
    match tree:
        case ast.Constant(value=float(value)):
            whole = np.float64(value)
            return lambda _columns: whole  # type: ignore[return-value]  # stands for a column
        case ast.Name(id=name):
            return lambda columns: columns[name[1:]]
        case ast.UnaryOp(op=sign, operand=part):
            return _applied(_SIGNED[type(sign)], _node(part))
        case ast.BinOp(left=left, op=sign, right=right):
            return _applied(_ARITHMETIC[type(sign)], _node(left), _node(right))
        case ast.IfExp(test=ast.Compare(left=left, ops=[sign], comparators=[right])):
            parts = (left, right, tree.body, tree.orelse)
            return _chosen(_COMPARISONS[type(sign)], *map(_node, parts))
        case ast.Call(func=ast.Name(id=name), args=parts):
            return _called(name, [*map(_node, parts)])
    raise Wrong("the formula is broken")  # the reader lets nothing else pass


def _called(name: str, parts: list[Node]) -> Node:
    if name in _ONE_PART:
        if len(parts) != 1:
            raise Wrong(f"{name} takes one part, not {len(parts)}")
        return _applied(_ONE_PART[name], parts[0])
    if len(parts) < 2:
        raise Wrong(f"{name} takes two parts or more, as {name}(a, b)")
    return reduce(partial(_applied, _SOME_PARTS[name]), parts)


def _power(base: Floats, exponent: Floats) -> Floats:
    """To numpy, no value to the power of 0 is 1, and so is 1 to the power of no value."""
    known = ~(np.isnan(base) | np.isnan(exponent))
    return np.where(known, np.power(base, exponent), np.nan)


_SIGNED: dict[type[ast.unaryop], Callable[[Floats], Floats]] = {
    ast.UAdd: np.positive,
    ast.USub: np.negative,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Floats, Floats], Floats]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.Pow: _power,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Floats, Floats], Bools]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}


def _number(text: str) -> float:
    value = parse_number(text) if text[-1] in "kKmM" else float(text)
    if not np.isfinite(value):
        raise Wrong(f"{quoted(text)} is too large")
    return value


def _applied(function: Callable[..., Floats], *parts: Node) -> Node:
    def node(columns: Columns) -> Floats:
        values = function(*(part(columns) for part in parts))
        return np.where(np.isfinite(values), values, np.nan)

    return node


def _chosen(
    compare: Callable[[Floats, Floats], Bools], left: Node, right: Node, then: Node, otherwise: Node
) -> Node:
    def node(columns: Columns) -> Floats:
        one, other = left(columns), right(columns)
        chosen = np.where(compare(one, other), then(columns), otherwise(columns))
        return np.where(np.isnan(one) | np.isnan(other), np.nan, chosen)

    return node
