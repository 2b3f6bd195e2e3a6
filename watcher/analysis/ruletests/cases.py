"""A file of rule tests as it was read: typed, whole, and free of behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from watcher.analysis.ruletests.series import Series, TextSeries
from watcher.model import Instant
from watcher.rules.rulebook import Rule, Rulebook, Watch


@dataclass(frozen=True, slots=True)
class Actor:
    """A product of a test. A series has a value a scan, or one for all of them.

    ``texts`` are its text attributes, ``series`` the API's numeric fields and ``rank``.
    """

    product_id: str
    texts: Mapping[str, TextSeries]
    series: Mapping[str, Series]

    @property
    def length(self) -> int:
        """The scans that its series cover; 1 where all of them are constant."""
        return max((len(values) for values in self.all_series.values()), default=1)

    @property
    def all_series(self) -> Mapping[str, Series | TextSeries]:
        """Those of texts, and those of numbers."""
        return {**self.texts, **self.series}


@dataclass(frozen=True, slots=True)
class Expectation:
    """What must be so right after a scan (counted from 0), by product id.

    ``told`` is None where the test does not say who was told of.
    """

    scan: int
    firing: frozenset[str]
    pending: frozenset[str]
    told: frozenset[str] | None
    line: int


@dataclass(frozen=True, slots=True)
class Case:
    """One test: ``size`` scans of one watch, the first at ``start``, ``interval`` seconds apart."""

    name: str
    line: int
    rules: tuple[Rule, ...]
    start: Instant
    interval: int
    size: int
    actors: tuple[Actor, ...]
    expectations: tuple[Expectation, ...]

    @property
    def watch(self) -> Watch:
        return self.rules[0].watch

    def at(self, scan: int) -> Instant:
        """The time of a scan."""
        return self.start + scan * self.interval


@dataclass(frozen=True, slots=True)
class Suite:
    """All tests of a file, and the rules that they are about."""

    file: str
    book: Rulebook
    cases: tuple[Case, ...]
