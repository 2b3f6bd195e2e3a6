"""A file of rule tests, and one moment of a test as the scan that would have been read then."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TypeVar

import numpy as np

from watcher.analysis.ruletests.series import ABSENT, NO_TEXT, Series, TextSeries
from watcher.attributes import MADE, TEXT_OF, VARIANTS, text_with
from watcher.fields import NUMERIC_INDEX, RATING, TEXTS
from watcher.model import Floats, Instant, Scan, ScanState
from watcher.rules.asked_texts import followed_texts, made_texts
from watcher.rules.metrics import RANK
from watcher.rules.rulebook import Rule, Rulebook, Watch
from watcher.source.endpoint import Gives
from watcher.source.scan import NO_REGION

_Values = Mapping[str, float]
_T = TypeVar("_T")


def scene(case: Case, turn: int) -> Scan:
    """The scan number ``turn`` of a test: complete, with the products that are in the list then."""
    present = _present(case, turn)
    ranks = np.zeros(len(present), np.int64)
    if case.watch.query.ranked:
        places = np.array(_places([values.get(RANK) for _, values in present]), np.int64)
        order = np.argsort(np.where(places > 0, places, np.inf), kind="stable")
        present, ranks = [present[row] for row in order], places[order]
    at, query = case.at(turn), case.watch.query
    region = query.region or NO_REGION
    pages = -(-len(present) // case.watch.query.endpoint.page_size)
    return Scan(
        watch=case.watch.key,
        region=region,
        at=at,
        started=at,
        finished=at,
        state=ScanState.COMPLETE,
        requests=pages,
        pages=pages,
        product_ids=tuple(actor.product_id for actor, _ in present),
        ranks=ranks,
        numbers=_numbers([values for _, values in present]),
        texts={
            name: tuple(_text(actor, name, region, turn) for actor, _ in present)
            for name in (*(text.name for text in TEXTS), *made_texts(case.rules))
        },
        followed=followed_texts(case.rules),
        of_market=query.of_market,
        regions=() if query.of_market else (region,) * len(present),
        asked=_ids(case) if query.gives is Gives.LOOKUP else None,
    )


def _ids(case: Case) -> tuple[str, ...]:
    """All products of the test: those that a list of one's own asks for."""
    return tuple(actor.product_id for actor in case.actors)


def _present(case: Case, turn: int) -> list[tuple[Actor, _Values]]:
    found = ((actor, _values(actor, turn)) for actor in case.actors)
    return [(actor, values) for actor, values in found if values is not None]


def _values(actor: Actor, turn: int) -> _Values | None:
    """The values of a product then; None where one of its series says that it is not listed."""
    values: dict[str, float] = {}
    if any(_at(series, turn) is ABSENT for series in actor.texts.values()):
        return None
    for name, series in actor.series.items():
        value = _at(series, turn)
        if value is ABSENT:
            return None
        values[name] = value
    return values


def _at(series: Sequence[_T], turn: int) -> _T:
    return series[turn] if len(series) > 1 else series[0]


def _places(given: Sequence[float | None]) -> list[int]:
    """A place for each product: its own, or the first free one; 0 for a rank without a value."""
    taken = {int(place) for place in given if place is not None and not np.isnan(place)}
    free = (place for place in count(1) if place not in taken)
    return [
        next(free) if place is None else 0 if np.isnan(place) else int(place) for place in given
    ]


def _numbers(rows: Sequence[_Values]) -> Floats:
    numbers = np.full((len(rows), len(NUMERIC_INDEX)), np.nan)
    for row, values in enumerate(rows):
        for name, value in values.items():
            if name != RANK and name not in TEXT_OF:
                numbers[row, NUMERIC_INDEX[name]] = value
    ratings = numbers[:, NUMERIC_INDEX[RATING]]
    ratings[ratings == 0] = np.nan  # unrated, as of a real list
    return numbers


def _text(actor: Actor, name: str, region: str, turn: int) -> str | None:
    match name:
        case "product_id":
            return actor.product_id
        case "region":
            return region
        case "product_name" if name not in actor.texts:
            return f"Product {actor.product_id}"
        case _:
            return _written(actor, name, turn)


FREE_TEXTS = ("product_name", *MADE)  # that may have spaces


def doubled(texts: Container[str], series: Container[str]) -> Iterator[tuple[str, str]]:
    """Numbers of a product that are read of a text which it gives too, and that text."""
    for number, text in TEXT_OF.items():
        if number in series and text in texts:
            yield number, text


def _written(actor: Actor, name: str, turn: int) -> str | None:
    """A text that the test gives, or one of which the number that it gives is read."""
    for number, source in TEXT_OF.items():
        if source == name and number in actor.series:
            value = _at(actor.series[number], turn)
            return None if value is None else text_with(number, value)
    text = _at(actor.texts.get(name, (NO_TEXT,)), turn)
    if not isinstance(text, str):
        return None
    return "\n".join(map(str.strip, text.split(";"))) if name == VARIANTS else text


@dataclass(frozen=True, slots=True)
class Actor:
    """A product of a test; its series have a value a scan, or one for all of them."""

    product_id: str
    texts: Mapping[str, TextSeries]
    series: Mapping[str, Series]

    @property
    def length(self) -> int:
        """The scans that its series cover; 1 where all of them are constant."""
        return max((len(values) for values in self.all_series.values()), default=1)

    @property
    def all_series(self) -> Mapping[str, Series | TextSeries]:
        return {**self.texts, **self.series}


@dataclass(frozen=True, slots=True)
class Expectation:
    """The state right after a scan (counted from 0), by product id; ``told`` is None where the test
    does not say."""

    scan: int
    firing: frozenset[str]
    pending: frozenset[str]
    told: frozenset[str] | None
    line: int

    @property
    def states(self) -> Mapping[str, frozenset[str]]:
        told = {"told": self.told} if self.told is not None else {}
        return {"firing": self.firing, "pending": self.pending, **told}


@dataclass(frozen=True, slots=True)
class Case:
    """One test: ``size`` scans of one watch, the first at ``start``, ``interval`` seconds apart.
    ``book`` are the rules with the user's own numbers as the test gives them, where it does;
    ``others`` are the same test on the further watches of its rules, read right after it each time;
    ``on`` is the key of the watch; ``groups`` are the ids of the groups that products can be in."""

    name: str
    line: int
    rules: tuple[Rule, ...]
    start: Instant
    interval: int
    size: int
    actors: tuple[Actor, ...]
    expectations: tuple[Expectation, ...]
    book: Rulebook | None = None
    on: str = ""
    others: tuple[Case, ...] = ()
    groups: tuple[str, ...] = ()

    @property
    def subjects(self) -> tuple[str, ...]:
        """The ids of all that alerts can be of: products, then groups of them."""
        actors = (actor.product_id for part in self.parts for actor in part.actors)
        return tuple(dict.fromkeys([*actors, *self.groups]))

    @property
    def watch(self) -> Watch:
        watches = (watch for rule in self.rules for watch in rule.watches)
        return next((each for each in watches if each.key == self.on), self.rules[0].watch)

    @property
    def parts(self) -> tuple[Case, ...]:
        """The test on each of its watches."""
        return (self, *self.others)

    def at(self, scan: int) -> Instant:
        return self.start + scan * self.interval


@dataclass(frozen=True, slots=True)
class Suite:
    """All tests of a file, and the rules that they are about."""

    file: str
    book: Rulebook
    cases: tuple[Case, ...]
