"""What the numbers of a list mean: what can't be is no value, and commissions are fractions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from watcher.fields import COMMISSION, NUMERIC, NUMERIC_INDEX, RATING
from watcher.model import Floats
from watcher.units import AMOUNTS, Unit

_AT_LEAST_0 = np.array(
    [field.unit in (Unit.COUNT, *AMOUNTS, Unit.FRACTION) for field in NUMERIC], np.bool_
)
_ABOVE_0 = np.array([field.name == RATING for field in NUMERIC], np.bool_)


_ROWS = 1_000  # at a time: a list may have a million, and what is made on the way counts as well


@dataclass(frozen=True, slots=True)
class Settled:
    """``percentages``: the list's commissions were written so; None where it has none.
    ``unrated``: some product says that it has no rating. ``problems`` says which values mean
    nothing."""

    percentages: bool | None
    unrated: bool
    problems: tuple[str, ...]


def settle(numbers: Floats) -> Settled:
    """Change the numbers of a whole list, (n, 88) as the API wrote them, to values: in place.

    A count, an amount or a price below 0 is none, and neither is a rating of 0 (unrated) or a
    commission above 100%. The scale of commissions is the list's: percentages where most of those
    above 0 exceed 1. A product's alone could not tell 1% from 100%.
    """
    commissions = numbers[:, NUMERIC_INDEX[COMMISSION]]
    unrated = bool((numbers[:, NUMERIC_INDEX[RATING]] == 0).any())
    with np.errstate(invalid="ignore"):
        percentages = _are_percentages(commissions)
        if percentages:
            commissions /= 100
        above = commissions > 1
        commissions[above] = np.nan
        negative = np.zeros(len(NUMERIC), np.int64)
        for start in range(0, len(numbers), _ROWS):
            part = numbers[start : start + _ROWS]
            below = (part < 0) & (_AT_LEAST_0 | _ABOVE_0)
            negative += below.sum(axis=0)
            part[below | ((part == 0) & _ABOVE_0)] = np.nan
    problems = [
        f"{NUMERIC[column].name} is below 0 {_in_products(int(negative[column]))}: no value"
        for column in np.flatnonzero(negative).tolist()
    ]
    if above.any():
        problems.append(f"{COMMISSION} is above 100% {_in_products(int(above.sum()))}: no value")
    return Settled(percentages, unrated, tuple(problems))


def _are_percentages(commissions: Floats) -> bool | None:
    some = int(np.count_nonzero(commissions > 0))
    return 2 * int(np.count_nonzero(commissions > 1)) > some if some else None


def _in_products(count: int) -> str:
    return f"in {count:,} product{'' if count == 1 else 's'}"
