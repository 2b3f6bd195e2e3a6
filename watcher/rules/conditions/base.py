"""Conditions, compiled at load, that judge a whole scan at once: columns in, two masks out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Protocol, TypeAlias, TypeVar, cast

import numpy as np

from watcher.evidence import Criterion, Evidence, Gap, Member
from watcher.model import LONGEST_LIST, Bools, Floats, Instant, Ints, LastTexts, Verdict
from watcher.rules.derived import SPARSENESS
from watcher.rules.metrics import NORMAL, SPARSE, Attribute, Metric
from watcher.text.evidence import criterion
from watcher.units import WEEK, Unit, written_duration

T = TypeVar("T")

_MOST_ASKED = 10


@dataclass(frozen=True, slots=True)
class Last:
    """The metric's last known value in this watch, not older than two weeks."""

    def __str__(self) -> str:
        return "last"


@dataclass(frozen=True, slots=True)
class Ago:
    """The observation in force ``seconds`` ago; it may be a little younger, or older by half as
    long again and a week at most."""

    seconds: int

    @property
    def older(self) -> int:
        """The most seconds that it may be older than asked for."""
        return min(self.seconds // 2, WEEK)

    def __str__(self) -> str:
        return f"{written_duration(self.seconds)} ago"


@dataclass(frozen=True, slots=True)
class Statistic:
    """Median, mean, min or max (``kind``) of the observations in the ``seconds`` before now."""

    kind: str
    seconds: int

    def __str__(self) -> str:
        return f"{self.kind} {written_duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Usual:
    """The median of ``ln(1+x)`` over the observations in the ``seconds`` before now; of a sum of
    several days (``window``) only values so many days apart count: neighbours are nearly one."""

    seconds: int
    window: int = 1

    def __str__(self) -> str:
        return f"usual {written_duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class Spread:
    """The usual distance of ``ln(1+x)`` from ``Usual``, as one standard deviation; never 0."""

    seconds: int
    window: int = 1


@dataclass(frozen=True, slots=True)
class Throughout:
    """The lowest ("min") or highest ("max") value in force in the ``seconds`` before now, from the
    one that was in force at their begin on; none where that is not known. Of kind "hole" the most
    seconds in which the product was not seen, where these are too many; else 0."""

    kind: str
    seconds: int

    def __str__(self) -> str:
        return f"in {written_duration(self.seconds)}"


@dataclass(frozen=True, slots=True)
class LastList:
    """The rank at this watch's last scan that read the first ``places`` without a gap (all, by
    default: a complete one); infinite for who was not on that list."""

    places: int = LONGEST_LIST


From: TypeAlias = Last | Ago | Statistic | Usual | Spread | Throughout | LastList


@dataclass(frozen=True, slots=True)
class Need:
    """A baseline that a condition wants to be read for each product of a scan. Of a figure of many
    products a ``level`` is what it was; else it is of those that were listed at both times."""

    metric: Metric
    from_: From
    level: bool = False


# Keys (m,) of which the first that differs decides: the larger is the stronger, NaN is no value.
Strength: TypeAlias = tuple[Floats, ...]


class Masks(NamedTuple):
    """A verdict for each row: ``met`` implies ``known``; not known is no data."""

    met: Bools
    known: Bools

    def verdict(self, row: int) -> Verdict:
        if not self.known[row]:
            return Verdict.NO_DATA
        return Verdict.MET if self.met[row] else Verdict.NOT_MET


class ScanColumns(Protocol):
    """One scan of n products as columns; NaN is no value."""

    @property
    def at(self) -> Instant: ...

    @property
    def size(self) -> int: ...

    @property
    def products(self) -> Ints:
        """The store's key of each product, (n,)."""

    def number(self, metric: Metric) -> Floats:
        """The metric of each product, (n,)."""

    def value(self, metric: Metric, row: int) -> float: ...

    def text(self, name: str) -> Sequence[str | None]:
        """A text attribute of each product."""

    def regions(self) -> Sequence[str]:
        """(n,) the market that each is of: the list's, where the row names none."""

    def last_text(self, name: str) -> LastTexts:
        """The text attribute as this watch knew it before this scan."""

    def text_gap(self, name: str, row: int) -> Gap | None:
        """The reason why a row's last known text is older than others, where it is."""

    def baseline(self, need: Need) -> tuple[Floats, Ints]:
        """Values (n,) of a declared need, and the instants of their observation (0: none); of what
        is taken over a time, its begin."""

    def comparable(self, need: Need) -> Floats:
        """The values of now (n,) that a need's baseline may be held against: of products those of
        its metric, of groups those of the products that the baseline is of, too. There is one
        wherever there is a baseline and the metric has a value."""

    def compared(self, need: Need, row: int) -> tuple[int, int] | None:
        """The number of a group's products that a baseline is of, and of all that it has now; None
        where that says nothing, as of a product."""

    def members(self, metric: Metric, need: Need | None, row: int) -> tuple[Member, ...]:
        """The products that did most of a group's value, or of its change since the baseline; none
        of a product."""

    def gap(self, need: Need, row: int) -> Gap | None:
        """The reason why a row's baseline is older than others, where it is."""

    def count(self, need: Need, row: int) -> int:
        """The number of values, so far apart as it asks for, that a row's ``Usual`` of a sum of
        several days is taken of, or was to be."""

    def days(self, need: Need, row: int) -> int | None:
        """The number of days on which a row's value is known, in the time that a need is taken
        over; None of a need that is of one moment."""

    def everyone(self) -> tuple[ScanColumns, Ints]:
        """All that the list had at this scan, and (n,) the row there of each of these products, -1
        where it is none of them: itself, where these are not but some that are asked about."""

    @property
    def cut(self) -> bool:
        """Whether the list was not read to its end: it says nothing of many products at once."""

    @property
    def waits(self) -> str:
        """The reason for which no baseline has a value at this scan; empty where they have."""

    def fallen(self) -> Bools:
        """Products that the last list had and this scan, a complete one, does not: they are below
        the scanned depth, and have no value of any metric."""

    def appeared(self) -> Masks:
        """Whether this watch lists the product for the first time."""

    def returned(self) -> tuple[Masks, Ints]:
        """Whether this watch lists the product again that it proved to be gone, and the instants
        (n,) of the last scans before that listed it (0: not known)."""

    def gone(self) -> Masks:
        """Whether the product is gone from the list as of ``gone_at``."""

    @property
    def gone_at(self) -> Instant | None:
        """The time of the scan that proves that all of these products, in the scan that listed them
        last, are gone; None of any other table."""


class Condition(ABC):
    """A condition of a rule, compiled. Equal by meaning."""

    @property
    def needs(self) -> tuple[Need, ...]:
        """The baselines to read before it can judge."""
        return ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics it names, in order of appearance."""
        return ()

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        return ()

    @property
    def follows(self) -> tuple[Attribute, ...]:
        """The texts that it holds against what was known of them last."""
        return ()

    @property
    def of_gone(self) -> bool:
        """Whether it speaks of products that are gone from the list."""
        return False

    @abstractmethod
    def judge(self, table: ScanColumns) -> Masks:
        """The verdict on every product; ask through ``judged``, which remembers."""

    @abstractmethod
    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        """The reasons: what each simple condition in it says of one product."""

    @property
    def leading(self) -> Metric | None:
        """The metric that says which product meets it most; None where all meet it alike."""
        return None

    def strength(self, table: ScanColumns, rows: Ints) -> Strength:
        """The distance (m,) that each of the ``rows`` went beyond the condition, in its direction;
        no keys where there is no ``leading`` metric."""
        return ()

    def shortfall(self, table: ScanColumns, rows: Ints) -> Strength:
        """The distance that each stayed behind: the strength of the condition's opposite."""
        return tuple(-key for key in self.strength(table, rows))

    @abstractmethod
    def canonical(self) -> str:
        """A text that is equal for conditions of equal meaning, and stable over versions."""

    @cached_property
    def key(self) -> str:
        return self.canonical()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Condition) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@dataclass(frozen=True, eq=False)
class MetricCondition(Condition):
    """A condition on one metric, maybe against one baseline: ``need``."""

    metric: Metric

    @property
    def need(self) -> Need | None:
        return None

    @property
    def needs(self) -> tuple[Need, ...]:
        return (self.need,) if self.need is not None else ()

    @property
    def metrics(self) -> tuple[Metric, ...]:
        return (self.metric,)

    @property
    @abstractmethod
    def criterion(self) -> Criterion:
        """The operator and its parameters, as evidence has them."""

    def canonical(self) -> str:
        asked = self.criterion
        return f"{self.metric.canonical} {asked.operator} {asked.limits[0]!r}"

    def evidence(self, table: ScanColumns, row: int) -> tuple[Evidence, ...]:
        metric, need = self.metric, self.need
        baseline = baseline_at = gap = days = compared = None
        now = table.number(metric)
        if need is not None:
            now, (values, instants) = table.comparable(need), table.baseline(need)
            baseline, baseline_at = value_at(values, row), int(instants[row]) or None
            gap, days = table.gap(need, row), table.days(need, row)
            compared = table.compared(need, row)
            if np.isnan(now[row]):  # known, though not of what it could be held against
                now = table.number(metric)
        return (
            Evidence(
                metric=metric.name,
                label=metric.label,
                unit=metric.unit,
                condition=self.criterion,
                verdict=judged(table, self).verdict(row),
                value=value_at(now, row),
                baseline=baseline,
                baseline_at=baseline_at,
                gap=gap,
                form=form_at(table, metric, row),
                days=days,
                compared=compared,
                members=table.members(metric, need, row),
            ),
        )

    def __str__(self) -> str:
        return criterion(self.criterion, self.metric.name, self.metric.unit)


class Judge:
    """A table that remembers what was asked of it: equal conditions are judged once a scan."""

    def __init__(self, table: ScanColumns) -> None:
        self._table = table
        self.at = table.at
        self.size = table.size
        self.products = table.products
        self.number = table.number
        self.value = table.value
        self.text = table.text
        self.regions = table.regions
        self.baseline = table.baseline
        self.comparable = table.comparable
        self.compared = table.compared
        self.members = table.members
        self.gap = table.gap
        self.count = table.count
        self.days = table.days
        self.fallen = table.fallen
        self.last_text = table.last_text
        self.text_gap = table.text_gap
        self._masks: dict[str, Masks] = {}
        self._computed: dict[Hashable, object] = {}

    def __call__(self, condition: Condition) -> Masks:
        masks = self._masks.get(condition.key)
        if masks is None:
            masks = self._masks[condition.key] = condition.judge(self)
        return masks

    @property
    def cut(self) -> bool:
        return self._table.cut

    @property
    def waits(self) -> str:
        return self._table.waits

    @property
    def gone_at(self) -> Instant | None:
        return self._table.gone_at

    def everyone(self) -> tuple[ScanColumns, Ints]:
        judge, rows = self.remembered("everyone", self._everyone)
        return judge or self, rows

    def _everyone(self) -> tuple[Judge | None, Ints]:
        """None is itself: one that remembers itself stays, with its scan, for long."""
        table, rows = self._table.everyone()
        return (None if table is self._table else Judge(table)), rows

    def appeared(self) -> Masks:
        return self.remembered("appeared", self._table.appeared)

    def returned(self) -> tuple[Masks, Ints]:
        return self.remembered("returned", self._table.returned)

    def gone(self) -> Masks:
        return self.remembered("gone", self._table.gone)

    def remembered(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value that ``compute`` gave when it was asked for ``key`` first."""
        if key not in self._computed:
            self._computed[key] = compute()
        return cast("T", self._computed[key])


def among_asked(values: Sequence[float | str], *, negated: bool, file: str = "") -> Criterion:
    """``in`` or ``not_in``; of many values the first alone, for they stand in each alert, and of a
    ``file`` none."""
    shown = () if file else tuple(values[:_MOST_ASKED])
    more = len(values) - len(shown)
    return Criterion("not_in" if negated else "in", shown, more=more, file=file)


def remembered(table: ScanColumns, key: Hashable, compute: Callable[[], T]) -> T:
    """A value that many conditions need of a scan, computed for the first of them: from
    the judge's memory where ``table`` is one. A key always stands for the same type."""
    return table.remembered(key, compute) if isinstance(table, Judge) else compute()


def texts_of(table: ScanColumns, attribute: Attribute) -> Sequence[str | None]:
    """A text of each product: of the source, or of the user's own."""
    fact = attribute.fact
    if fact is None:
        return table.text(attribute.name)
    ids = table.text("product_id")
    return remembered(table, ("fact", fact.name), lambda: fact.texts(ids))


def judged(table: ScanColumns, condition: Condition) -> Masks:
    """The verdict, from the judge's memory where ``table`` is one."""
    return table(condition) if isinstance(table, Judge) else condition.judge(table)


def present(table: ScanColumns, metric: Metric) -> Bools:
    """A mask of the products that have a value of the metric."""
    return remembered(table, ("present", metric.name), lambda: ~np.isnan(table.number(metric)))


def by_size(table: ScanColumns, metric: Metric, rows: Ints) -> Floats:
    """A metric as a key of strength: the largest is the strongest, of places the first."""
    values = table.number(metric)[rows]
    return -values if metric.unit is Unit.PLACE else values


def has_sizes(metric: Metric) -> bool:
    """Whether one value of it can be further than another: the values of a flag are names."""
    return metric.unit is not Unit.FLAG


def value_at(column: Floats, row: int) -> float | None:
    """A cell as evidence shows it: None for no value."""
    value = float(column[row])
    return None if np.isnan(value) else value


def form_at(table: ScanColumns, metric: Metric, row: int) -> str:
    """The form of its formula that a value has; empty where the formula has but one."""
    if not metric.has_forms or np.isnan(table.number(metric)[row]):
        return ""
    return SPARSE if table.number(SPARSENESS)[row] > 0 else NORMAL
