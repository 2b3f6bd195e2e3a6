"""What numbers of one's own cost: a file of 100,000 products read, and a scan of 10,000 that asks.

python -m benchmarks.facts   # one measurement, as JSON
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from statistics import median

import numpy as np

from benchmarks.processes import answer, child, measured, ratios
from benchmarks.report import Line
from watcher.rules.files.fact_files import read_facts

_ROWS, _SCAN = 100_000, 10_000
_FIRST_ID = 1_729_873_073_559_015_752
MOST = 8.0  # times what it takes to split the lines


def lines(times: int) -> Iterator[Line]:
    """CPU of the reading against Python's own of CSV, and of three columns for a scan."""
    found = [child("benchmarks.facts") for _ in range(times)]
    ours, bare, asked = ([each[name] for each in found] for name in ("read", "bare", "asked"))
    yield Line(
        "CPU of reading 100,000 rows of one's own, five columns, against splitting them alone",
        ratios(ours, bare), "x", MOST,
        beside=f"{median(ours):,.0f} ms against {median(bare):,.0f} ms; three columns for a scan "
        f"of 10,000 products: {median(asked):.1f} ms",
    )  # fmt: skip


def main() -> None:
    """A file as a spreadsheet saves it, and a scan of every tenth product."""
    content = _file().encode()
    with measured() as reading:
        table = read_facts(content, "products.csv").table
    with measured() as bare:
        list(csv.reader(io.StringIO(content.decode(), newline="")))
    ids = tuple(str(_FIRST_ID + 7 * row) for row in range(0, _ROWS, _ROWS // _SCAN))
    columns = list(table.columns())[:3]
    with measured() as asking:
        for column in columns:
            column.numbers(ids)
    found = {"read": reading.cpu, "bare": bare.cpu, "asked": asking.cpu}
    answer({name: seconds * 1_000 for name, seconds in found.items()})


def _file() -> str:
    chance = np.random.default_rng(16)
    prices = chance.uniform(1, 50, (_ROWS, 2)).round(2)
    rows = (
        f'{_FIRST_ID + 7 * row},{price:.2f},{cost:.2f},"1,{row % 900 + 100}.50",set{row % 50},1'
        for row, (price, cost) in enumerate(prices.tolist())
    )
    return "\n".join(["product_id,target,cost,map,set,mine", *rows])


if __name__ == "__main__":
    main()
