"""Sets of numbers: what a value may be, as spans of the number line.

Only what conditions can say is needed: a set is met with another, turned inside out, and asked
whether anything is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import NamedTuple


class Span(NamedTuple):
    """From ``low`` to ``high``; an end that is ``open`` is not in it. Infinity may be in it: it
    is the rank of who is not on the list."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    @property
    def empty(self) -> bool:
        if self.low == self.high:
            return self.low_open or self.high_open
        return self.low > self.high

    def meet(self, other: Span) -> Span:
        """The numbers in both."""
        low, low_open = max((self.low, self.low_open), (other.low, other.low_open))
        high, closed = min((self.high, not self.high_open), (other.high, not other.high_open))
        return Span(low, high, low_open, not closed)


@dataclass(frozen=True, slots=True)
class Numbers:
    """A set of numbers: spans in rising order that don't touch."""

    spans: tuple[Span, ...]

    @property
    def empty(self) -> bool:
        return not self.spans

    @property
    def low(self) -> float:
        """No number in it is smaller; of an empty set infinity."""
        return self.spans[0].low if self.spans else inf

    @property
    def high(self) -> float:
        """No number in it is larger; of an empty set minus infinity."""
        return self.spans[-1].high if self.spans else -inf

    def __and__(self, other: Numbers) -> Numbers:
        met = (one.meet(two) for one in self.spans for two in other.spans)
        return Numbers(tuple(sorted(span for span in met if not span.empty)))

    def __invert__(self) -> Numbers:
        """All other numbers, infinities included."""
        rest, low, low_open = [], -inf, False
        for span in self.spans:
            rest.append(Span(low, span.low, low_open, not span.low_open))
            low, low_open = span.high, not span.high_open
        rest.append(Span(low, inf, low_open))
        return Numbers(tuple(span for span in rest if not span.empty))


EVERY = Numbers((Span(-inf, inf),))
NONE = Numbers(())
FINITE = Numbers((Span(-inf, inf, low_open=True, high_open=True),))


def between(low: float, high: float) -> Numbers:
    """From ``low`` to ``high``, ends included."""
    span = Span(low, high)
    return NONE if span.empty else Numbers((span,))


def above(limit: float) -> Numbers:
    """More than ``limit``, but not infinity."""
    return Numbers((Span(limit, inf, low_open=True, high_open=True),))


def below(limit: float) -> Numbers:
    """Less than ``limit``."""
    return Numbers((Span(-inf, limit, low_open=True, high_open=True),))


def at_least(limit: float) -> Numbers:
    """``limit`` or more, but not infinity."""
    return Numbers((Span(limit, inf, high_open=True),))


def at_most(limit: float) -> Numbers:
    """``limit`` or less."""
    return Numbers((Span(-inf, limit, low_open=True),))


def these(values: Iterable[float]) -> Numbers:
    """Some numbers, and no others."""
    return Numbers(tuple(Span(value, value) for value in sorted(set(values))))
