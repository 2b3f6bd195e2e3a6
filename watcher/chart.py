"""The nouns of a chart: a metric's values, of a message's strongest products."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.evidence import Evidence
from watcher.model import Instant


@dataclass(frozen=True, slots=True)
class Series:
    """One product's values of a metric: ``marks`` are when its alert fired, ``number`` its place in
    the message, ``evidence`` why it is there."""

    number: int
    name: str
    product_id: str
    points: tuple[tuple[Instant, float | None], ...]
    marks: tuple[Instant, ...]
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Chart:
    """A metric of a message's strongest products, up to ``at``, with the ``label`` that it has in
    English; ``currency`` where all share it."""

    label: str
    unit: str
    at: Instant
    series: tuple[Series, ...]
    currency: str | None = None
    metric: str = ""
