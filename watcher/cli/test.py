"""``watcher test``: rule tests, and a readable difference where one fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from watcher.analysis.ruletests.cases import Suite
from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import Result, run_suite
from watcher.cli import options
from watcher.cli.output import console, print_json
from watcher.cli.progress import progress
from watcher.errors import RulesError
from watcher.units import count_of


@click.command()
@click.argument(
    "files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@options.as_json
def command(files: Sequence[Path], *, as_json: bool) -> None:
    """Run the rule tests in each FILE: series of values, and the alerts they must lead to.

    \b
    rules: rules.yaml              # relative to this file; one or a list
    env: {SLACK_URL: "json://localhost"}
    tests:
      - name: fires when the trend turns
        rule: beauty-rising        # or a list; default: all rules
        start: 2026-01-01          # of the first scan, in UTC
        interval: 24h              # between two scans
        products:
          "1001":
            product_name: Serum
            sales_trend_flag: stable x3 rising x5
            total_sale_7d_cnt: 100x3 120+20x3 _ -
        alerts:                    # just after the scan at that time
          - {at: 2d}
          - {at: 3d, firing: ["1001"], pending: [], told: ["1001"]}

    A series has a value for each scan: 100x3 is 100 three times, 120+20x3 is 120 140 160, "_" is no
    value, "-" is not in the list. A single value holds for all scans.
    """
    broken: list[str] = []
    results: list[tuple[Path, Result]] = []
    suites: list[tuple[Path, Suite]] = []
    for file in files:
        try:
            suites.append((file, read_suite(file, os.environ)))
        except RulesError as error:
            broken.append(str(error))
    total = sum(len(suite.cases) for _, suite in suites)
    with progress("Testing", "tests") as report:
        for file, suite in suites:
            for result in run_suite(suite):
                results.append((file, result))
                report(len(results), total)
    failed = sum(not result.passed for _, result in results)
    if as_json:
        print_json(_json(broken, results))
    else:
        _show(broken, results, failed)
    sys.exit(1 if failed or broken else 0)


def _show(broken: Sequence[str], results: Sequence[tuple[Path, Result]], failed: int) -> None:
    for text in broken:
        console(stderr=True).say(text)
    out = console()
    for file, result in results:
        if result.passed:
            continue
        out.say(f"{file}:{result.line}: {result.name}: failed", "red")
        for difference in result.differences:
            for line in difference.lines():
                out.say(f"  {line}")
        out.print()
    files = f", {count_of(len(broken), 'file')} unreadable" if broken else ""
    out.say(f"{len(results) - failed} passed, {failed} failed{files}")


def _json(broken: Sequence[str], results: Sequence[tuple[Path, Result]]) -> dict[str, object]:
    return {
        "ok": not broken and all(result.passed for _, result in results),
        "problems": broken,
        "tests": [
            {
                "file": str(file),
                "line": result.line,
                "name": result.name,
                "passed": result.passed,
                "differences": result.differences,
            }
            for file, result in results
        ],
    }
