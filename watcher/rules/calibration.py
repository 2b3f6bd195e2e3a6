"""The meaning of scores on real sales: how rare a value was, and how often it went on.

On half of the products of a real shop (UCI "Online Retail", CC BY 4.0, doi 10.24432/C5BW33), told
each morning as the API would tell it; ``benchmarks/signals.py`` measures it on any daily sales.

*Went on*: the 14 days from the alert on were at least 1.5 times the four weeks that ended a week
before it, divided by the market's own move.
"""

from __future__ import annotations

from dataclasses import dataclass

from watcher.rules.metrics import NORMAL, SPARSE

DATA = 'half the products of a real shop over a year, UCI "Online Retail"; no TikTok sales'
ANY = {NORMAL: 0.24, SPARSE: 0.21}  # of all listed product-days went on, by the form
_OFTEN = 0.1  # from here on a share is said in percent


@dataclass(frozen=True, slots=True)
class Mark:
    """A value, the share of listed product-days that reach it, and of what is told at that
    threshold (with a cooldown of 7 days) the share that went on."""

    value: float
    reached: float
    went_on: float

    @property
    def odds(self) -> str:
        """``1 in 109``; of what is not rare ``31% of``."""
        often = self.reached >= _OFTEN
        return f"{self.reached:.0%} of" if often else f"1 in {round(1 / self.reached)}"


def _marks(*rows: tuple[float, float, float]) -> tuple[Mark, ...]:
    return tuple(Mark(*row) for row in rows)


MEASURED: dict[tuple[str, str], tuple[Mark, ...]] = {
    ("sales_surge", NORMAL): _marks(
        (2, 0.049, 0.53), (2.5, 0.027, 0.62), (3, 0.018, 0.68), (4, 0.0092, 0.78)
    ),
    ("sales_surge", SPARSE): _marks(
        (2, 0.156, 0.38), (2.5, 0.096, 0.44), (3, 0.062, 0.52), (4, 0.025, 0.59)
    ),
    ("sales_surge_ratio", NORMAL): _marks(
        (2, 0.083, 0.46), (2.5, 0.052, 0.49), (3, 0.038, 0.53), (4, 0.023, 0.63)
    ),
    ("sales_surge_ratio", SPARSE): _marks(
        (2, 0.50, 0.28), (2.5, 0.39, 0.29), (3, 0.31, 0.32), (4, 0.21, 0.36)
    ),
    ("sales_growth_z", NORMAL): _marks(
        (2, 0.44, 0.33), (2.5, 0.37, 0.35), (3, 0.31, 0.38), (4, 0.22, 0.41)
    ),
    ("sales_growth", NORMAL): _marks(
        (1, 0.40, 0.34), (2, 0.26, 0.39), (3, 0.19, 0.42), (4, 0.15, 0.44)
    ),
}


def reached(metric: str, value: float, form: str = NORMAL) -> Mark | None:
    """The highest mark that a value of a metric reaches; None where none was measured so low."""
    marks = MEASURED.get((metric, form or NORMAL), ())
    return next((mark for mark in reversed(marks) if value >= mark.value), None)
