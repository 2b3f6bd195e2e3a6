"""Conditions taken apart: the clauses of which one must hold, and the simple conditions in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice, product
from typing import NamedTuple, TypeAlias

from watcher.rules.conditions.base import Condition
from watcher.rules.conditions.logic import All, Combination, Not, leaves
from watcher.rules.conditions.text import TextCondition

_MOST = 200  # alternatives: who writes more is not doubted


@dataclass(frozen=True, slots=True)
class Literal:
    """A simple condition, or that it is not met."""

    condition: Condition
    negated: bool = False


Clause: TypeAlias = tuple[Literal, ...]


def alternatives(condition: Condition, *, negated: bool = False) -> list[Clause] | None:
    """The clauses of which one must hold for ``condition`` to be met (or, ``negated``, not to be);
    None where there are too many to look at."""
    found = list(islice(_clauses(condition, negated=negated), _MOST + 1))
    return found if len(found) <= _MOST else None


def leaves_of(*conditions: Condition | None) -> Iterator[Condition]:
    """Yield the simple conditions in all of these, in order."""
    return chain.from_iterable(map(leaves, filter(None, conditions)))


def _clauses(condition: Condition, *, negated: bool) -> Iterator[Clause]:
    if isinstance(condition, Not):
        yield from _clauses(condition.part, negated=not negated)
    elif not isinstance(condition, Combination):
        yield (Literal(condition, negated),)
    elif isinstance(condition, All) is not negated:
        # Bounded before they are multiplied: twenty parts of two are a million.
        bounded = (islice(part, _MOST + 1) for part in _of_parts(condition, negated=negated))
        yield from (tuple(chain.from_iterable(chosen)) for chosen in product(*bounded))
    else:
        yield from chain.from_iterable(_of_parts(condition, negated=negated))


def _of_parts(condition: Combination, *, negated: bool) -> Iterator[Iterator[Clause]]:
    return (_clauses(part, negated=negated) for part in condition.parts)


def wanted(clause: Clause) -> list[Condition]:
    """The conditions of a clause that must be met."""
    return [literal.condition for literal in clause if not literal.negated]


class Conflict(NamedTuple):
    """``condition`` is the one to point at; ``said`` is why."""

    condition: Condition
    said: str


def said(condition: Condition) -> str:
    """A simple condition with its subject, as a message quotes it."""
    if isinstance(condition, TextCondition):
        return f"{condition.attribute.name} {condition}"  # the texts in it stand in quotes
    subject = f"{condition.metrics[0].name} " if condition.metrics else ""
    return f'"{subject}{condition}"'


def excluding(one: str, other: str) -> str:
    """The reason of two that are never met together."""
    return f"{one} and {other} exclude each other"
