"""A scan as conditions see it, written out by hand, and short ways to ask it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

from watcher.errors import ProblemCode, RulesError
from watcher.evidence import Gap, Member
from watcher.model import Bools, Floats, Ints, LastTexts
from watcher.rules.conditions.base import Condition, Judge, Masks, Need, ScanColumns, Spread
from watcher.rules.conditions.compiling import Compiler
from watcher.rules.files.loading import load_text
from watcher.rules.metrics import Catalogue, Metric
from watcher.units import format_duration

AT = 1_795_400_000
THEN = AT - 86_400

Numbers = Sequence[float | None]


class FakeTable:
    """Columns by metric; baselines by metric, or by metric and "from" ("x from 7d ago")."""

    def __init__(
        self,
        now: Mapping[str, Numbers] | None = None,
        then: Mapping[str, Numbers] | None = None,
        texts: Mapping[str, Sequence[str | None]] | None = None,
        appeared: Sequence[bool | None] | None = None,
        fallen: Sequence[bool] | None = None,
        *,
        last_texts: Mapping[str, Sequence[str | None]] | None = None,
        returned: Sequence[bool | None] | None = None,
        gone: Sequence[bool] | None = None,
    ) -> None:
        self.at = AT
        self.waits = ""
        self.cut = False
        self.now = now or {}
        self._then = then or {}
        self._texts = texts or {}
        self._appeared = appeared
        self._fallen = fallen
        self._last_texts = last_texts or {}
        self._returned = returned
        self._gone = gone
        self.gone_at = None if gone is None else AT
        given = (appeared, returned, gone)
        columns = [*self.now.values(), *self._texts.values(), *(each for each in given if each)]
        self.size = len(columns[0])
        self.asked: list[str] = []

    def number(self, metric: Metric) -> Floats:
        self.asked.append(metric.name)
        return column(self.now[metric.name])

    def value(self, metric: Metric, row: int) -> float:
        return float(self.number(metric)[row])

    def text(self, name: str) -> Sequence[str | None]:
        unknown = [None] * self.size if name == "region" else None
        return self._texts.get(name, unknown) or self._texts[name]

    def everyone(self) -> tuple[ScanColumns, Ints]:
        return self, np.arange(self.size)

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        past = need.from_
        said = f"spread {format_duration(past.seconds)}" if isinstance(past, Spread) else past
        full = f"{need.metric.name} from {said}"
        values = column(self._then.get(full, self._then.get(need.metric.name, [])))
        return values, np.where(np.isnan(values), 0, THEN).astype(np.int64)

    def comparable(self, need: Need) -> Floats:
        return self.number(need.metric)

    def compared(self, _need: Need, _row: int) -> None:
        return None

    def members(self, _metric: Metric, _need: Need | None, _row: int) -> tuple[Member, ...]:
        return ()

    def gap(self, need: Need, row: int) -> Gap | None:
        return None

    def count(self, need: Need, row: int) -> int:
        return 8

    def days(self, need: Need, row: int) -> int | None:
        return None

    @property
    def products(self) -> Ints:
        return np.arange(self.size)

    def regions(self) -> Sequence[str]:
        return [each or "" for each in self._texts.get("region", [None] * self.size)]

    def last_text(self, name: str) -> LastTexts:
        values = self._last_texts.get(name, [None] * self.size)
        return LastTexts(values, np.array([0 if each is None else THEN for each in values]))

    def text_gap(self, name: str, row: int) -> Gap | None:
        return None

    def returned(self) -> tuple[Masks, Ints]:
        return _masks(self._returned, self.size), np.full(self.size, THEN)

    def gone(self) -> Masks:
        return _masks(self._gone, self.size)

    def fallen(self) -> Bools:
        return np.array(self._fallen or [False] * self.size)

    def appeared(self) -> Masks:
        return _masks(self._appeared, self.size)


def _masks(given: Sequence[bool | None] | None, size: int) -> Masks:
    marks = given or [None] * size
    met = np.array([mark is True for mark in marks])
    return Masks(met, np.array([mark is not None for mark in marks]))


class CachedTable(FakeTable):
    """Makes each column once, as a real table does."""

    def __init__(self, table: FakeTable) -> None:
        self.__dict__.update(table.__dict__)
        self.number = cache(table.number)  # type: ignore[method-assign]
        self.baseline = cache(table.baseline)  # type: ignore[method-assign]


def column(values: Numbers) -> Floats:
    """A column; None is no value."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def condition(raw: object, catalogue: Catalogue | None = None) -> Condition:
    """The compiled condition of a ``when``; fails where anything is reported."""
    problems: list[str] = []

    def report(
        path: tuple[str | int, ...],
        message: str,
        *,
        at_key: bool = False,
        code: ProblemCode = ProblemCode.INVALID,
    ) -> None:
        problems.append(f"{path}: {message} ({code}) {at_key or ''}")

    compiled = Compiler(catalogue or Catalogue(), report).condition(raw, ())
    assert compiled is not None, problems
    assert not problems
    return compiled


def complaints(raw: object, *, ranked: bool = True) -> list[str]:
    """What is reported of a ``when``."""
    problems: list[str] = []

    def report(
        path: tuple[str | int, ...],
        message: str,
        *,
        at_key: bool = False,
        code: ProblemCode = ProblemCode.INVALID,
    ) -> None:
        place = path[:-1] if at_key else path
        problems.append(": ".join([".".join(str(step) for step in place), message]))

    compiled = Compiler(Catalogue(), report, ranked).condition(raw, ())
    assert (compiled is None) is bool(problems)
    return problems


def verdicts(raw: object, table: FakeTable) -> str:
    """A letter a product: m(et), n(ot met), ? (no data)."""
    masks = Judge(table)(condition(raw))
    assert not np.any(masks.met & ~masks.known), "met implies known"
    return "".join(
        "?" if not known else "m" if met else "n"
        for met, known in zip(masks.met.tolist(), masks.known.tolist(), strict=True)
    )


def problems_of(text: str, env: Mapping[str, str] | None = None) -> list[str]:
    """The problems of a rule file, each as the user sees it."""
    try:
        load_text(text, env=env)
    except RulesError as error:
        return [str(problem) for problem in error.problems]
    return []


# Channels' URLs of which no part is secret, made of the words that messages are made of.
URLS_WITH_WORDS = (
    "json://localhost/?verify=no",
    "json://no:rule@localhost/tells/this/channel/anything",
    "json://localhost/?+X-Format=text&-mode=true&:kind=warning&token=no",
    "mailto://alerts:no@example.com?to=growth@example.com&name=main-team&format=text&mode=ssl",
    "slack://me@no/yes/en/#growth",
    "ntfy://growth/alerts?priority=max&tags=warning,Sales&click=no",
    "json://OPS@localhost:587/main-team/team2/?method=update&cto=10&rto=30",
)
