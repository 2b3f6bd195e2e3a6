"""A condition as alternatives, each a list of simple conditions that must all hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeAlias

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.logic import All, Combination, Not

_MOST = 200  # alternatives: who writes more is not doubted


@dataclass(frozen=True, slots=True)
class Literal:
    """A simple condition, or that it is not met."""

    condition: Condition
    negated: bool = False


Clause: TypeAlias = tuple[Literal, ...]


def alternatives(condition: Condition, *, negated: bool = False) -> list[Clause] | None:
    """The clauses of which one must hold for ``condition`` to be met (or, ``negated``, not to
    be); None where there are too many to look at."""
    found = list(islice(_clauses(condition, negated=negated), _MOST + 1))
    return found if len(found) <= _MOST else None


def leaves(condition: Condition) -> Iterator[Condition]:
    """The simple conditions in it, in order."""
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


def _clauses(condition: Condition, *, negated: bool) -> Iterator[Clause]:
    if isinstance(condition, Not):
        yield from _clauses(condition.part, negated=not negated)
    elif not isinstance(condition, Combination):
        yield (Literal(condition, negated),)
    elif isinstance(condition, All) is not negated:
        # Bounded before they are multiplied: twenty parts of two are a million.
        parts = (_clauses(part, negated=negated) for part in condition.parts)
        for chosen in product(*(list(islice(part, _MOST + 1)) for part in parts)):
            yield tuple(literal for clause in chosen for literal in clause)
    else:
        for part in condition.parts:
            yield from _clauses(part, negated=negated)
