"""All benchmarks, one after the other: a table in Markdown.

    make bench                             # all of them, about a quarter of an hour
    python -m benchmarks cycle start       # some
    python -m benchmarks --write docs/benchmarks.md # puts the table between the file's two marks

Each case measures in processes of its own, several times, ours and the bare libraries in turn.
Exits with 1 where a figure is over its goal. On a busy machine times grow; ratios hardly do.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import (
    backtests,
    crowds,
    cycle,
    delivery,
    engines,
    facts,
    fleet,
    holds,
    judgement,
    languages,
    memory,
    million,
    reports,
    shelves,
    shops,
    start,
    surges,
    upkeep,
    year,
)
from benchmarks.report import Line, machine, table
from tools.marked import fill

MARK = "benchmarks"

# A case yields its lines; its argument is how often to measure.
CASES: dict[str, Callable[[int], Iterator[Line]]] = {
    "cycle": cycle.lines,
    "memory": memory.lines,
    "judgement": judgement.lines,
    "surges": surges.lines,
    "shops": shops.lines,
    "shelves": shelves.lines,
    "crowds": crowds.lines,
    "million": million.lines,
    "year": year.lines,
    "backtests": backtests.lines,
    "facts": facts.lines,
    "upkeep": upkeep.lines,
    "start": start.lines,
    "holds": holds.lines,
    "delivery": delivery.lines,
    "languages": languages.lines,
    "reports": reports.lines,
    "engines": engines.lines,
    "fleet": fleet.lines,
}


def main() -> int:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("cases", nargs="*", help=f"of: {', '.join(CASES)} (all)")
    parser.add_argument("--times", type=int, default=5, help="how often each is measured (5)")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the table there, too")
    chosen = parser.parse_args()
    if unknown := set(chosen.cases) - set(CASES):
        parser.error(f"no such case: {', '.join(sorted(unknown))}")
    if chosen.write:
        fill(chosen.write.read_text("utf-8"), MARK, "")  # or all would be measured for nothing
    lines: list[Line] = []
    for name in chosen.cases or CASES:
        begin = time.monotonic()
        for line in CASES[name](chosen.times):
            lines.append(line)
            print(line.row(), file=sys.stderr)
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    day = datetime.now(UTC).date().isoformat()
    text = f"{table(lines)}\n\nMeasured {day} on {machine()}; medians of up to {chosen.times}."
    print(text)
    if chosen.write:
        page = fill(chosen.write.read_text("utf-8"), MARK, text)
        chosen.write.write_text(page, "utf-8")
    return 0 if all(line.good for line in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
