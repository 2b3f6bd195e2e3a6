"""The detectors that are judged: the program's own metrics, and what one would do without it.

Every score comes from the table that the program makes of a scan, with the history that it has
recorded by then; nothing is computed a second time here.
"""

from __future__ import annotations

import numpy as np

from benchmarks.sales import View
from benchmarks.told import list_of, listed, scans
from watcher.evaluation.jumps import remember
from watcher.evaluation.table import ScanTable
from watcher.model import Floats
from watcher.rules.conditions.unusual import Unusual, logs
from watcher.rules.metrics import Catalogue
from watcher.store.sqlite.database import Database

# The scores among the metrics, and the values that they are held against to say what they mean.
METRICS: dict[str, tuple[float, ...]] = {
    "sales_growth": (0.5, 1, 2, 4),
    "gmv_growth": (0.5, 1, 2, 4),
    "sales_growth_z": (2, 2.5, 3, 4),
    "sales_surge": (2, 2.5, 3, 4),
    "sales_surge_ratio": (2, 2.5, 3, 4),
    "gmv_surge_ratio": (2, 2.5, 3, 4),
}
NAIVE, UNUSUAL = "week over week", "unusual daily counter"


def scores(view: View) -> dict[str, Floats]:
    """Of each detector, (m, T + 1): the higher the surer, NaN is no value."""
    catalogue = Catalogue()
    metrics = {name: catalogue[name] for name in METRICS}
    unusual = Unusual(catalogue["total_sale_1d_cnt"], 1)
    found = {NAIVE: _week_over_week(view)}
    found |= {name: np.full(view.listed.shape, np.nan) for name in (*metrics, UNUSUAL)}
    watch = list_of(view)
    with Database.in_memory() as database:
        for morning, scan in scans(view, watch):
            recorded = remember(database, scan, watch.schedule)
            table = ScanTable(scan, recorded, database.history, unusual.needs, watch.schedule)
            rows = listed(view, morning)
            for name, metric in metrics.items():
                found[name][rows, morning] = table.number(metric)
            # As the condition has it, but with its sign: only what rises is a take-off.
            usual, spread = (table.baseline(need)[0] for need in unusual.needs)
            found[UNUSUAL][rows, morning] = (logs(table.number(unusual.metric)) - usual) / spread
    return found


def _week_over_week(view: View) -> Floats:
    """The growth of the 7-day sum since that of a week ago, where the product was listed then."""
    week = view.units[7]
    before = np.full(week.shape, np.nan)
    before[:, 7:] = week[:, :-7]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(before > 0, week / before - 1, np.nan)
