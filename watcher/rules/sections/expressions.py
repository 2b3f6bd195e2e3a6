"""The user's arithmetic: ``spu_avg_price * commission``, over whole columns.

``+ - * / **``, parentheses, min, max, abs, ln, log10, sqrt, round, and ``a if b else c`` where b
is a comparison; nothing else parses. There is no value (NaN) where a part has none, where the
division is by zero, or where the result is not finite. Of ``a if b else c`` only the part that
is chosen must have a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from watcher.model import Bools, Floats
from watcher.rules.words import Wrong, either, nearest, quoted
from watcher.units import parse_number

MAX_LENGTH = 1_000
MAX_DEPTH = 30

Columns: TypeAlias = Mapping[str, Floats]
Node: TypeAlias = Callable[[Columns], Floats]
Test: TypeAlias = Callable[[Columns], tuple[Bools, Bools]]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?[kKmM]?(?![\w.]))"
    r"|(?P<name>[A-Za-z_]\w*)|(?P<sign>\*\*|<=|>=|==|!=|[-+*/()<>,])|(?P<end>$))",
    re.ASCII,
)
_COMPARISONS: dict[str, Callable[[Floats, Floats], Bools]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_ONE_PART: dict[str, Callable[[Floats], Floats]] = {
    "abs": np.abs,
    "ln": np.log,
    "log10": np.log10,
    "sqrt": np.sqrt,
    "round": np.round,
}
_SOME_PARTS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "min": np.minimum,
    "max": np.maximum,
}
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
    """Read an expression; ``ValueError`` says what is wrong with it."""
    if len(text) > MAX_LENGTH:
        raise Wrong(f"the formula is longer than {MAX_LENGTH:,} characters")
    if not text.strip():
        raise Wrong("the formula is empty")
    parser = _Parser(_tokens(text))
    node = parser.whole()
    if not parser.names:
        raise Wrong("the formula names no metric, so it is the same for every product")
    return Expression(" ".join(text.split()), tuple(parser.names), node)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    while True:
        match = _TOKEN.match(text, position)
        if match is None:
            raise Wrong(_no_token(text[position:].strip()))
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind]))
        if kind == "end":
            return tokens
        position = match.end()


def _no_token(rest: str) -> str:
    if rest.startswith("%"):
        return 'a formula takes no "%": write 0.1 for 10%'
    if rest.startswith("^"):
        return 'a formula takes no "^": a power is written "**"'
    if rest.startswith("="):
        return 'a formula takes no "=": equal is written "=="'
    return f"the formula can't be read from {quoted(rest[:20])} on"


class _Parser:
    """Recursive descent, by rising strength: if, comparison, sum, product, sign, power, atom."""

    def __init__(self, tokens: list[_Token]) -> None:
        self.names: dict[str, None] = {}
        self._tokens = tokens
        self._next = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._choice()
        if self._peek.kind != "end":
            self._fail()
        return node

    @property
    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *texts: str) -> str | None:
        """The next token if it is one of these."""
        token = self._peek
        if token.kind in {"end", "number"} or token.text not in texts:
            return None
        self._next += 1
        return token.text

    def _need(self, text: str) -> None:
        if self._take(text) is None:
            self._fail(text)

    def _fail(self, wanted: str = "") -> None:
        token = self._peek
        where = f"before {quoted(token.text)}" if token.kind != "end" else "at its end"
        if token.text in _COMPARISONS:
            raise Wrong(f'a comparison stands only between "if" and "else": {token.text}')
        if wanted:
            raise Wrong(f'the formula needs a "{wanted}" {where}')
        raise Wrong(f"the formula is broken {where}")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Wrong(f"the formula is nested more than {MAX_DEPTH} deep")

    def _choice(self) -> Node:
        self._deeper()
        node = self._sum()
        if self._take("if"):
            test = self._comparison()
            self._need("else")
            node = _chosen(test, node, self._choice())
        self._depth -= 1
        return node

    def _comparison(self) -> Test:
        left = self._sum()
        sign = self._take(*_COMPARISONS)
        if sign is None:
            raise Wrong('between "if" and "else" stands a comparison, as a > 0')
        return _compared(_COMPARISONS[sign], left, self._sum())

    def _sum(self) -> Node:
        node = self._product()
        while sign := self._take("+", "-"):
            node = _joined(np.add if sign == "+" else np.subtract, node, self._product())
        return node

    def _product(self) -> Node:
        node = self._signed()
        while sign := self._take("*", "/"):
            node = _joined(np.multiply if sign == "*" else np.divide, node, self._signed())
        return node

    def _signed(self) -> Node:
        sign = self._take("-", "+")
        if sign is None:
            return self._power()
        self._deeper()
        node = self._signed()
        self._depth -= 1
        return _applied(np.negative, node) if sign == "-" else node

    def _power(self) -> Node:
        node = self._atom()
        if self._take("**"):
            self._deeper()
            node = _joined(_power, node, self._signed())
            self._depth -= 1
        return node

    def _atom(self) -> Node:
        token = self._peek
        if token.kind == "number":
            self._next += 1
            return _constant(_number(token.text))
        if self._take("("):
            node = self._choice()
            self._need(")")
            return node
        if token.kind != "name" or token.text in ("if", "else"):
            self._fail()
        self._next += 1
        if self._take("("):
            return self._call(token.text)
        if token.text in FUNCTIONS:
            raise Wrong(f"{token.text} needs its parts in parentheses: {token.text}(...)")
        self.names[token.text] = None
        return _column(token.text)

    def _call(self, name: str) -> Node:
        if name not in FUNCTIONS:
            hint = nearest(name, FUNCTIONS) or f": there are {either(FUNCTIONS)}"
            raise Wrong(f"unknown function {quoted(name)}{hint}")
        parts = [self._choice()]
        while self._take(","):
            parts.append(self._choice())
        self._need(")")
        if name in _ONE_PART:
            if len(parts) != 1:
                raise Wrong(f"{name} takes one part, not {len(parts)}")
            return _applied(_ONE_PART[name], parts[0])
        if len(parts) < 2:
            raise Wrong(f"{name} takes two parts or more, as {name}(a, b)")
        node = parts[0]
        for part in parts[1:]:
            node = _joined(_SOME_PARTS[name], node, part)
        return node


def _number(text: str) -> float:
    value = parse_number(text) if text[-1] in "kKmM" else float(text)
    if not np.isfinite(value):
        raise Wrong(f"{quoted(text)} is too large")
    return value


def _constant(value: float) -> Node:
    whole = np.float64(value)
    return lambda _columns: whole  # type: ignore[return-value]  # a scalar stands for a column


def _column(name: str) -> Node:
    return lambda columns: columns[name]


def _applied(function: Callable[[Floats], Floats], part: Node) -> Node:
    return lambda columns: _finite(function(part(columns)))


def _joined(function: Callable[[Floats, Floats], Floats], left: Node, right: Node) -> Node:
    return lambda columns: _finite(function(left(columns), right(columns)))


def _compared(function: Callable[[Floats, Floats], Bools], left: Node, right: Node) -> Test:
    def test(columns: Columns) -> tuple[Bools, Bools]:
        one, other = left(columns), right(columns)
        return function(one, other), ~(np.isnan(one) | np.isnan(other))

    return test


def _chosen(test: Test, then: Node, otherwise: Node) -> Node:
    def node(columns: Columns) -> Floats:
        met, known = test(columns)
        return np.where(known, np.where(met, then(columns), otherwise(columns)), np.nan)

    return node


def _power(base: Floats, exponent: Floats) -> Floats:
    """To numpy, no value to the power of 0 is 1, and so is 1 to the power of no value."""
    known = ~(np.isnan(base) | np.isnan(exponent))
    return np.where(known, np.power(base, exponent), np.nan)


def _finite(values: Floats) -> Floats:
    return np.where(np.isfinite(values), values, np.nan)
