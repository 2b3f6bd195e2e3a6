"""An export, too large for the memory: columns with their kinds, rows in parts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec
import numpy as np

from watcher.model import Floats

_EXACT = 2.0**53  # up to here each whole number is itself as a float

# What a terminal obeys where the file is looked at, and what turns the reading direction there.
# What joins signs (as in emoji) and letters (as in Persian) is no such thing and stays.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")

# A part's values, column by column: None is absent, a time is an instant, JSON a text.
Part: TypeAlias = Sequence[Sequence[object]]
Convert: TypeAlias = Callable[[Any], object]


class Kind(StrEnum):
    """Type of a column's values."""

    TIME = "time"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    DIGITS = "digits"  # an id: digits, but no number to reckon with
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Column:
    """Column of an export; formats that have a place for them take ``unit`` and ``meaning``."""

    name: str
    kind: Kind
    meaning: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """Rows to write: ``parts`` are read once, ``total`` is how many rows they have at most."""

    columns: tuple[Column, ...]
    total: int
    parts: Iterator[Part]

    def read(self) -> Iterator[Part]:
        """The parts to write: no text has a control character, or turns the reading direction."""
        made = {Kind.TEXT: harmless, Kind.DIGITS: harmless, Kind.JSON: _harmless_json}
        for part in self.parts:
            yield converted(part, self.columns, made)


def converted(part: Part, columns: Sequence[Column], made: Mapping[Kind, Convert]) -> Part:
    """A part with each value ``made`` into another by its kind; what is absent stays so."""
    makes = (made.get(column.kind) for column in columns)
    return [
        [None if value is None else make(value) for value in values] if make else values
        for make, values in zip(makes, part, strict=True)
    ]


def harmless(text: str) -> str:
    """Spaces for control characters, nothing for what turns the reading direction."""
    return text if text.isprintable() else _TURNING.sub("", _OBEYED.sub(" ", text))


def _harmless_json(text: str) -> str:
    """JSON with each text in it made harmless, also where it is written with a backslash."""
    return msgspec.json.encode(_harmless_value(msgspec.json.decode(text))).decode()


def _harmless_value(value: object) -> object:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, dict):
        return {harmless(str(key)): _harmless_value(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_harmless_value(inner) for inner in value]
    return value


def cells(values: Floats) -> list[object]:
    """Numbers as people write them: None for no value, whole ones without decimals."""
    whole = (np.abs(values) <= _EXACT) & (values == np.rint(values))
    found = np.where(whole, values, 0).astype(np.int64).astype(object)
    found[~whole] = values[~whole]
    found[~np.isfinite(values)] = None
    listed: list[object] = found.tolist()
    return listed
