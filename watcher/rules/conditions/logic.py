"""All, any, not, over three values (Kleene's): met, not met, no data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import ClassVar, TypeVar

import numpy as np
from msgspec.structs import replace

from watcher.evidence import Evidence
from watcher.model import Ints, Verdict
from watcher.rules.conditions.base import Condition, Masks, Need, ScanColumns, Strength, judged
from watcher.rules.metrics import Attribute, Metric

_T = TypeVar("_T")

_OPPOSITE = {
    Verdict.MET: Verdict.NOT_MET,
    Verdict.NOT_MET: Verdict.MET,
    Verdict.NO_DATA: Verdict.NO_DATA,
}


class Combination(Condition):
    """Several conditions made into one; ``word`` is how the rule file writes it."""

    word: ClassVar[str]
    parts: tuple[Condition, ...]

    @property
    def needs(self) -> tuple[Need, ...]:
        return _distinct(part.needs for part in self.parts)

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return _distinct(part.metrics for part in self.parts)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return _distinct(part.attributes for part in self.parts)

    @property
    def follows(self) -> tuple[Attribute, ...]:
        return _distinct(part.follows for part in self.parts)

    @property
    def of_gone(self) -> bool:
        return any(part.of_gone for part in self.parts)

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        return tuple(evidence for part in self.parts for evidence in part.evidence(table, row))

    @property
    def leading(self) -> Metric | None:
        """The leading metric of the first part that has one."""
        return next((part.leading for part in self.parts if part.leading is not None), None)

    def canonical(self) -> str:
        """Order, repetition and needless nesting change no meaning."""
        keys = sorted(set(self._keys()))
        return keys[0] if len(keys) == 1 else f"{self.word}({'; '.join(keys)})"

    def _keys(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, type(self)):
                yield from part._keys()  # noqa: SLF001 - of this class
            else:
                yield part.key


def leaves(condition: Condition) -> Iterator[Condition]:
    """Yield the simple conditions in it, in order."""
    if isinstance(condition, Combination):
        for part in condition.parts:
            yield from leaves(part)
    else:
        yield condition


@dataclass(frozen=True, eq=False)
class All(Combination):
    """One that is not met decides; else one without data makes it no data."""

    word: ClassVar[str] = "all"
    parts: tuple[Condition, ...]

    def judge(self, table: ScanColumns) -> Masks:
        masks = [judged(table, part) for part in self.parts]
        met, failed = masks[0].met.copy(), masks[0].met ^ masks[0].known
        for mask in masks[1:]:
            met &= mask.met
            failed |= mask.met ^ mask.known
        return Masks(met, met | failed)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """The keys of the first part; of equals those of the next one decide."""
        return tuple(key for part in self.parts for key in part.strength(table, rows))

    def __str__(self) -> str:
        return " and ".join(str(part) for part in self.parts)


@dataclass(frozen=True, eq=False)
class Any(Combination):
    """One that is met decides; else one without data makes it no data."""

    word: ClassVar[str] = "any"
    parts: tuple[Condition, ...]

    def judge(self, table: ScanColumns) -> Masks:
        masks = [judged(table, part) for part in self.parts]
        met, known = masks[0].met.copy(), masks[0].known.copy()
        for mask in masks[1:]:
            met |= mask.met
            known &= mask.known
        return Masks(met, met | known)

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """First those that meet the first part, by that; then those that meet the next one; last,
        by the first, who meets none. Values of different metrics are not compared."""
        parts = [part for part in self.parts if part.leading is not None]
        if not parts:
            return ()
        places = _first_met(parts, table, rows)
        found = [part.strength(table, rows) for part in parts]
        keys = np.zeros((max(map(len, found)), len(rows)))
        for place, strength in enumerate(found):
            here = places % len(parts) == place  # who meets none goes by the first
            for level, key in enumerate(strength):
                keys[level, here] = key[here]
        return -places.astype(np.float64), *keys

    def __str__(self) -> str:
        return " or ".join(str(part) for part in self.parts)


@dataclass(frozen=True, eq=False)
class Not(Combination):
    """The reverse; no data stays no data."""

    word: ClassVar[str] = "not"
    part: Condition

    @property
    def parts(self) -> tuple[Condition, ...]:  # type: ignore[override]
        return (self.part,)

    def judge(self, table: ScanColumns) -> Masks:
        met, known = judged(table, self.part)
        return Masks(known & ~met, known)

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        inner = self.part.evidence(table, row)
        if len(inner) > 1:
            # What several say cannot be turned round one by one: "not (a and b)".
            return inner
        return tuple(
            replace(one, negations=one.negations + 1, verdict=_OPPOSITE[one.verdict])
            for one in inner
        )

    @property
    def leading(self) -> Metric | None:
        return self._inside.leading

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        if self._inside is self.part:
            return self.part.shortfall(table, rows)
        return self._inside.strength(table, rows)

    @cached_property
    def _inside(self) -> Condition:
        """The condition with every "not" at a single condition; the part, where it is one."""
        match self.part:
            case Not(part):
                return part
            case All(parts):
                return any_of([Not(part) for part in parts])
            case Any(parts):
                return all_of([Not(part) for part in parts])
            case _:
                return self.part

    def canonical(self) -> str:
        if isinstance(self.part, Not):
            return self.part.part.key
        return f"not({self.part.key})"

    def __str__(self) -> str:
        return f"not ({self.part})"


def _first_met(parts: Sequence[Condition], table: ScanColumns, rows: Ints) -> Ints:
    """The place of the first part that each row meets; the number of parts, where it is none."""
    places = np.full(len(rows), len(parts))
    for place in reversed(range(len(parts))):
        places[judged(table, parts[place]).met[rows]] = place
    return places


def _distinct(lists: Iterable[Iterable[_T]]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def all_of(parts: Sequence[Condition]) -> Condition:
    """All of some conditions; a single one is itself."""
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def any_of(parts: Sequence[Condition]) -> Condition:
    """Any of some conditions; a single one is itself."""
    return parts[0] if len(parts) == 1 else Any(tuple(parts))
