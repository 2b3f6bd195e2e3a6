"""A product's texts: equals, in, contains, matches."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import re2
from msgspec.structs import replace

from watcher.evidence import Criterion, Evidence
from watcher.model import Verdict
from watcher.rules.conditions.base import (
    Condition,
    Masks,
    ScanColumns,
    among_asked,
    judged,
    texts_of,
)
from watcher.rules.conditions.values import Setting, file_of, several
from watcher.rules.metrics import Attribute
from watcher.text.evidence import criterion
from watcher.units import Unit
from watcher.words import Wrong, kind, shortened, told

PARTS_OF_TEXTS = ("contains", "matches")  # operators that take no whole text
_LONGEST = 1_000  # characters of a pattern
# What a pattern may cost: bytes of its automaton, and instructions, for each of which RE2 may look
# at each letter (5,000 on a name of 200 letters take about a millisecond).
_MEMORY = 1 << 20
_LARGEST = 5_000


_TOO_LARGE = "is too large an expression: use fewer or smaller repetitions, as {1,100}"


@dataclass(frozen=True, eq=False)
class TextCondition(Condition):
    """A condition on one text attribute; a missing text is no data."""

    attribute: Attribute

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return (self.attribute,)

    @property
    @abstractmethod
    def criterion(self) -> Criterion:
        """The operator and the texts that it compares with."""

    def plain_evidence(self, table: ScanColumns, row: int, verdict: Verdict) -> Evidence:
        """The text now, and what is said of it."""
        name, label = self.attribute.name, self.attribute.label
        value = texts_of(table, self.attribute)[row]
        return Evidence(name, label, Unit.TEXT, self.criterion, verdict, value)

    def __str__(self) -> str:
        return criterion(self.criterion, self.attribute.name, Unit.TEXT, self.attribute.names)


@dataclass(frozen=True, eq=False)
class Text(TextCondition):
    """A condition on a text as it is now."""

    @property
    @abstractmethod
    def _test(self) -> Callable[[str], object]:
        """The test that a text must pass."""

    def judge(self, table: ScanColumns) -> Masks:
        texts, test, size = texts_of(table, self.attribute), self._test, table.size
        met = np.fromiter((text is not None and bool(test(text)) for text in texts), bool, size)
        known = np.fromiter((text is not None for text in texts), bool, size)
        return Masks(met, known)

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        return (self.plain_evidence(table, row, judged(table, self).verdict(row)),)


@dataclass(frozen=True, eq=False)
class OneOf(Text):
    """The text is (or, negated, is not) exactly one of some."""

    values: tuple[str, ...]
    negated: bool = False
    file: str = ""

    @cached_property
    def _test(self) -> Callable[[str], object]:
        values, negated = frozenset(self.values), self.negated
        return lambda text: (text in values) is not negated

    def canonical(self) -> str:
        # A file is what it is called: who is added to it makes no other rule.
        own = f"file {json.dumps(self.file)}"
        values = own if self.file else json.dumps(sorted(set(self.values)))
        return f"{self.attribute.name} {'not_in' if self.negated else 'in'} {values}"

    @cached_property
    def criterion(self) -> Criterion:
        if len(self.values) == 1 and not self.file:
            return Criterion("not_equals" if self.negated else "equals", (told(self.values[0]),))
        asked = among_asked(self.values, negated=self.negated, file=self.file)
        return replace(asked, limits=tuple(told(str(value)) for value in asked.limits))


@dataclass(frozen=True, eq=False)
class Contains(Text):
    """The text has a part; capitals don't matter."""

    part: str

    @cached_property
    def _test(self) -> Callable[[str], object]:
        part = self.part.casefold()
        return lambda text: part in text.casefold()

    def canonical(self) -> str:
        return f"{self.attribute.name} contains {json.dumps(self.part.casefold())}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("contains", (told(self.part),))


@dataclass(frozen=True, eq=False)
class Matches(Text):
    """A regular expression finds something in the text; RE2 takes linear time."""

    pattern: str

    @cached_property
    def _test(self) -> Callable[[str], object]:
        search = compile_pattern(self.pattern).search
        # A lone surrogate (half an emoji, cut by the source) can't be searched.
        return lambda text: search(text.encode("utf-8", "replace").decode())

    def canonical(self) -> str:
        return f"{self.attribute.name} matches {json.dumps(self.pattern)}"

    @cached_property
    def criterion(self) -> Criterion:
        return Criterion("matches", (shortened(self.pattern),))


@lru_cache(maxsize=256)
def compile_pattern(pattern: str) -> re2._Regexp[str]:
    """An RE2 pattern; ``ValueError`` says what is wrong with it."""
    if len(pattern) > _LONGEST:
        raise Wrong(f"the expression is longer than {_LONGEST:,} characters")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise Wrong(_no_pattern(error)) from None
    if compiled.programsize > _LARGEST:
        raise Wrong(_TOO_LARGE)
    return compiled


def _no_pattern(error: re2.error) -> str:
    reason = error.args[0] if error.args else ""
    reason = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
    if "too large" in reason:
        return _TOO_LARGE
    unknown = "operator" in reason or "escape" in reason
    hint = " (RE2 has no look-ahead, look-behind or back-reference)" if unknown else ""
    return f"is no regular expression that can be used: {reason}{hint}"


def equals(operator: str, attribute: Attribute, setting: Setting) -> Condition:
    """``equals: text``, or the bare text; or ``not_equals: text``."""
    negated = operator == "not_equals"
    better = "not_in" if negated else "in"
    value = text_of(setting.value, f'; for several write "{better}: [...]"')
    return OneOf(attribute, (as_written(attribute, value),), negated)


def among(operator: str, attribute: Attribute, setting: Setting) -> Condition:
    """``in: [...]`` or ``not_in: [...]``."""
    texts = several(setting.value, "texts, as [a, b]")
    written = tuple(as_written(attribute, text_of(one)) for one in texts)
    return OneOf(attribute, written, operator == "not_in", file_of(setting.value))


def contains(_operator: str, attribute: Attribute, setting: Setting) -> Condition:
    """``contains: text``."""
    part = text_of(setting.value, f"; for several write any: with a {attribute.name} for each")
    if not part:
        raise Wrong("takes a text that is not empty: every text contains nothing")
    return Contains(attribute, part)


def matches(_operator: str, attribute: Attribute, setting: Setting) -> Condition:
    """``matches: regular expression``."""
    condition = Matches(attribute, text_of(setting.value, '; for several write "one|other"'))
    if not condition.pattern:
        raise Wrong("takes an expression that is not empty: every text matches nothing")
    compile_pattern(condition.pattern)
    return condition


def text_of(value: object, several: str = "") -> str:
    """A text as it is written; ``several`` is said of a list of them."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)  # an id written without quotes
    if not isinstance(value, str):
        hint = several if isinstance(value, list) else ""
        raise Wrong(f"takes a text, not {kind(value)}{hint}")
    return value


def as_written(attribute: Attribute, value: str) -> str:
    """A text as the API writes it: a market's code is in capitals, here as in a watch."""
    return value.upper() if attribute.name == "region" else value
