"""The words that all shapes of documents for programs are made of."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import msgspec

from watcher.model import Instant
from watcher.text.sanitize import plain

# ISO 8601, in UTC: 2026-11-29T08:15:00Z.
Time: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of the document: nothing is left out, what is not known is null."""


def time_of(instant: Instant) -> Time:
    """The instant as documents write it."""
    return datetime.fromtimestamp(instant, UTC)


def time_or_none(instant: Instant | None) -> Time | None:
    """A time that may not be, as a document has it."""
    return None if instant is None else time_of(instant)


def number_or_none(value: float | None) -> float | None:
    """A number; JSON has no word for one that is none."""
    return value if value is not None and math.isfinite(value) else None


def text_or_none(text: str | None) -> str | None:
    """A text on one line; None of an empty one."""
    return plain(text) if text else None
