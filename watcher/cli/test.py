"""``watcher test``: rule tests, and a readable difference where one fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

import click

from watcher.analysis.ruletests.cases import Suite
from watcher.analysis.ruletests.reading import read_suite
from watcher.analysis.ruletests.running import Difference, Result, run_suite
from watcher.cli import options
from watcher.cli.output import Printed, answer, as_json, console, prints
from watcher.cli.progress import progress
from watcher.errors import RulesError
from watcher.units import count_of


class PrintedTest(Printed, frozen=True, kw_only=True):
    """A rule test, by the line where it begins."""

    file: str
    line: int
    name: str
    passed: bool
    differences: tuple[Difference, ...]


class PrintedTests(Printed, frozen=True, kw_only=True):
    """All rule tests; ``problems`` are those of files that can't be read."""

    ok: bool
    problems: Sequence[str]
    tests: Sequence[PrintedTest]


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=options.PATH)
@as_json
@prints(PrintedTests)
def command(files: Sequence[Path]) -> None:
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
    suites, broken = _read(files)
    total = sum(len(suite.cases) for _, suite in suites)
    results: list[tuple[Path, Result]] = []
    with progress("Testing", "tests") as report:
        for file, suite in suites:
            for result in run_suite(suite):
                results.append((file, result))
                report(len(results), total)
    answer(found := _json(broken, results), lambda: _show(broken, results))
    sys.exit(0 if found.ok else 1)


def _read(files: Sequence[Path]) -> tuple[list[tuple[Path, Suite]], list[str]]:
    """The tests of the files, and what is wrong with those that can't be read."""
    suites, broken = [], []
    for file in files:
        try:
            suites.append((file, read_suite(file, os.environ)))
        except RulesError as error:
            broken.append(str(error))
    return suites, broken


def _show(broken: Sequence[str], results: Sequence[tuple[Path, Result]]) -> None:
    for text in broken:
        console(stderr=True).say(text)
    out = console()
    failed = [each for each in results if not each[1].passed]
    for file, result in failed:
        out.say(f"{file}:{result.line}: {result.name}: failed", "red")
        lines = chain.from_iterable(each.lines() for each in result.differences)
        out.say("".join(f"  {line}\n" for line in lines))
    files = f", {count_of(len(broken), 'file')} unreadable" if broken else ""
    out.say(f"{len(results) - len(failed)} passed, {len(failed)} failed{files}")


def _json(broken: Sequence[str], results: Sequence[tuple[Path, Result]]) -> PrintedTests:
    tests = [PrintedTest.of(result, file=str(file)) for file, result in results]
    passed = all(result.passed for _, result in results)
    return PrintedTests(ok=passed and not broken, problems=broken, tests=tests)
