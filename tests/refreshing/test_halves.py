"""Which scans count as made in the middle of a refresh: real ones are seen, and on few days none is
seen that was not there, however many products move on a list."""

from __future__ import annotations

import numpy as np
import pytest

from tests.store.making import DAY, SALES, START, scan
from watcher.data_days import DataDay
from watcher.evaluation.refreshed import note_data_day
from watcher.schedule import Refresh
from watcher.store.engine import Engine
from watcher.store.ports import Store
from watcher.units import HOUR, MINUTE

LEARNING, DAYS = 8, 28


class Market:
    """A list of ``size`` products, of which a share moves on a day."""

    def __init__(self, database: Store, size: int, share: float, seed: int) -> None:
        self.database, self.share = database, share
        self.luck = np.random.default_rng([seed, size, int(100 * share)])
        self.sales = self.luck.integers(100, 1_000, size).astype(float)

    def half(self, day: int, part: float = 1.0) -> bool:
        """Read it when so large a part of the day's data is there; whether that counts as half."""
        size = len(self.sales)
        moved = (self.luck.random(size) < self.share) & (self.luck.random(size) < part)
        self.sales = self.sales + moved
        row = scan(
            START + day * DAY,
            {f"{number}": {SALES: sales} for number, sales in enumerate(self.sales.tolist())},
        )
        found = row.at - 15 * MINUTE
        began = DataDay(day, found, found - HOUR, found)
        self.database.refreshes.begin_day("US", began)
        recorded = self.database.history.record(row)
        return note_data_day(self.database, Refresh("US"), row, recorded)


@pytest.mark.parametrize(
    ("size", "share", "false", "seen"),
    [(20, 0.98, 0, 7), (50, 0.9, 0, 8), (200, 0.6, 0, 8), (20, 0.4, 20, 2), (50, 0.4, 12, 3)],
)
def test_halves(size: int, share: float, false: int, seen: int) -> None:
    """Of 160 days so many at most are wrongly taken for half new; of 8 halves so many are seen."""
    wrong = found = 0
    for seed in range(8):
        with Engine.in_memory() as database:
            market = Market(database, size, share, seed)
            wrong += sum([market.half(day) for day in range(DAYS)][LEARNING:])
            found += market.half(DAYS, part=0.5)
    assert wrong <= false
    assert found >= seen
