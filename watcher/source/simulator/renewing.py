"""A market whose data is renewed at an hour of the day: until then it gives that of the day before.

The hour has luck of its own; on some days nothing comes, on some only every second product is new
for three hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np

from watcher.source.endpoint import Endpoint
from watcher.source.endpoints import PRODUCT_LIST
from watcher.source.simulator.market import Market
from watcher.units import DAY, HOUR

_HALF = 3 * HOUR
_RENEWING = 11  # a sort of luck


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """The hours at which data comes, in seconds of the day; ``spread`` is the deviation.
    ``left_out`` and ``halves`` are the shares of days on which nothing comes, or a half first."""

    middle: float = 5.5 * HOUR
    spread: float = 0.0
    left_out: float = 0.0
    halves: float = 0.0
    seed: int = 7

    def of(self, day: int) -> tuple[float, bool] | None:
        """The hour of a day's data (counted from 1970), and whether it comes in halves."""
        luck = np.random.default_rng([self.seed, day, _RENEWING])
        omitted, half, late = luck.random() < self.left_out, luck.random() < self.halves, luck
        if omitted:
            return None
        return self.middle + self.spread * float(late.standard_normal()), half


@dataclass
class Renewing:
    """Answers as the ``market`` would, with the data that is there ``now`` (Unix seconds). What it
    had at the begin is there."""

    market: Market
    now: Callable[[], float]
    hours: Hours | Callable[[int], tuple[float, bool] | None] = field(default_factory=Hours)

    def __post_init__(self) -> None:
        self._shown = deepcopy(self.market)  # with the newest whole data
        self._ahead: Market | None = None  # with that of which a half is there

    def answer(
        self, params: Mapping[str, str], endpoint: Endpoint = PRODUCT_LIST
    ) -> list[dict[str, object]]:
        """The page of products; raises ``BadParameter``."""
        self._renew()
        rows = self._shown.answer(params, endpoint)
        if self._ahead is None:
            return rows
        return [self._newer(row, self._ahead) for row in rows]

    def _newer(self, row: dict[str, object], ahead: Market) -> dict[str, object]:
        product = str(row["product_id"])
        return row if int(product) % 2 else {**row, **ahead.product(product)}

    def _renew(self) -> None:
        now, begin = self.now(), datetime(1970, 1, 1, tzinfo=UTC).date()
        times = self.hours.of if isinstance(self.hours, Hours) else self.hours
        self._ahead = None
        newest = (self._shown.day - begin).days
        for day in range(newest + 1, int(now // DAY) + 2):
            found = times(day)
            if found is None or day * DAY + found[0] > now:
                continue
            if found[1] and day * DAY + found[0] + _HALF > now:
                self._ahead = deepcopy(self._shown)
                self._ahead.advance(day - newest)
                return
            self._shown.advance(day - newest)
            newest = day
