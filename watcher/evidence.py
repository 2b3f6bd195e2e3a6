"""Evidence: what a condition asked of a product, and what it found: operators and values, never
sentences. What is stored as JSON is a msgspec struct."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from watcher.model import Instant, Verdict

OUTSIDE = "outside"  # the place of a product that was not on the list, or is not


class MetricLimit(msgspec.Struct, frozen=True, omit_defaults=True):
    """A metric that stands for a limit, or ``factor`` times it; ``value`` is that of the metric for
    one product, None where it has none or where no product is spoken of."""

    metric: str
    unit: str = ""
    factor: float | None = None
    value: float | None = None


class Criterion(msgspec.Struct, frozen=True, omit_defaults=True):
    """An operator with its parameters: ``limits`` in the metric's unit (fractions, if ``percent``)
    or texts, of very many the first, and ``more`` counts the others; ``baseline`` is last, ago,
    usual or a statistic, ``seconds`` how long ago or over how long; ``floor`` is ``min_change``.
    Of ``measures``, where there are any, each stands in place of its limit; the ``more`` values
    may be those of a ``file``. ``among`` is what products are peers by."""

    operator: str
    limits: tuple[float | str, ...] = ()
    more: int = 0
    percent: bool = False
    baseline: str = ""
    seconds: int = 0
    floor: float | None = None
    measures: tuple[MetricLimit | None, ...] = ()
    file: str = ""
    among: str = ""


class GapKind(StrEnum):
    """Cause of a gap."""

    NO_VALUE = "no_value"
    NOT_LISTED = "not_listed"
    NOT_SEEN = "not_seen"


class Gap(msgspec.Struct, frozen=True):
    """Reason why a baseline is older than the last scans, and its age in ``seconds``."""

    kind: GapKind
    seconds: int


class Peers(msgspec.Struct, frozen=True):
    """The place of a value among those of its peers, itself included: within the first ``share`` of
    ``size`` of them, from the end that is asked about; ``median`` is the middle one's."""

    share: float
    size: int
    median: float


class Member(msgspec.Struct, frozen=True, omit_defaults=True):
    """A product of a group, and its ``value``: of what the evidence is about, or of the change;
    None where that is of another kind, as of a count."""

    product_id: str
    name: str
    value: float | None = None


class Evidence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One condition's verdict on one product or group, and the values that it rests on.

    ``negations`` is how often a "not" turned it round; ``baseline_at`` when the baseline was
    observed, for a statistic the begin of its time; ``form`` normal or sparse, where the formula
    has both; ``score`` how many standard deviations the value lies from the usual one; ``days`` on
    how many days a value is known of the time that a baseline is taken over. ``peers`` is the
    value's place among others, where that is asked for. Of a group ``members`` are the products
    that did most of it, and ``compared`` how many of how many a change holds: those that were
    listed at both times. Words for a criterion or a gap were stored by an earlier version.
    """

    metric: str
    label: str
    unit: str
    condition: Criterion | str
    verdict: Verdict
    value: float | str | None = None
    baseline: float | str | None = None
    baseline_at: Instant | None = None
    gap: Gap | str | None = None
    form: str = ""
    score: float | None = None
    negations: int = 0
    days: int | None = None
    peers: Peers | None = None
    compared: tuple[int, int] | None = None
    members: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class LatestEvidence:
    """Evidence of the newest scan that saw a product; ``current``: it is the watch's newest."""

    at: Instant
    evidence: tuple[Evidence, ...]
    current: bool = True
