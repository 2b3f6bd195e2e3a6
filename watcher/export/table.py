"""A table that is too large for the memory: columns with their kinds, rows in parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from watcher.model import Floats

_EXACT = 2.0**53  # up to here each whole number is itself as a float

# A part's values, column by column: None is absent, a time is an instant, JSON a text.
Part: TypeAlias = Sequence[Sequence[object]]


class Kind(StrEnum):
    """What the values of a column are."""

    TIME = "time"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    DIGITS = "digits"  # an id: digits, but no number to reckon with
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """``unit`` and ``meaning`` are for formats that have a place for them."""

    name: str
    kind: Kind
    meaning: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """``parts`` are read once; ``total`` is how many rows they have together at most."""

    columns: tuple[Column, ...]
    total: int
    parts: Iterator[Part]


def cells(values: Floats) -> list[object]:
    """Numbers as people write them: None for no value, whole ones without decimals."""
    whole = (np.abs(values) <= _EXACT) & (values == np.rint(values))
    found = np.where(whole, values, 0).astype(np.int64).astype(object)
    found[~whole] = values[~whole]
    found[~np.isfinite(values)] = None
    listed: list[object] = found.tolist()
    return listed


def height(part: Part) -> int:
    """How many rows a part has."""
    return len(part[0])
