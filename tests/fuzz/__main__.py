"""Long runs: ``python -m tests.fuzz --inputs 100000 --what decoder``.

Goes on after a finding (a kind of failure at a place is shown once, with its shortest input) and
ends with 1 if there were any.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz import pages, rulefiles
from tests.fuzz.checks import (
    check_answer,
    check_failure,
    check_formula,
    check_pattern,
    check_template,
    desk,
)
from tests.fuzz.middle import Middle
from tests.fuzz.words import DATE
from watcher.store.sqlite.database import Database

BATCH = 5_000
TEXTS = ("PureGlow Deluxe Face Serum " * 8, "a" * 1_000, "ab" * 500)

_bodies = st.one_of(pages.answers(), pages.damaged())
_headers = st.fixed_dictionaries(
    {},
    optional={
        "Retry-After": st.one_of(
            st.sampled_from(("5", "-1", "1e9", "nan", "Wed, 21 Oct 2099 07:28:00 GMT", "9" * 400)),
            st.text(max_size=30),
            st.lists(st.sampled_from(DATE), max_size=7).map(" ".join),
        )
    },
)
Check = Callable[[Any], object]


@contextmanager
def _decoder() -> Iterator[tuple[Any, Check]]:
    yield _bodies, check_answer


@contextmanager
def _failures() -> Iterator[tuple[Any, Check]]:
    strategy = st.tuples(st.integers(100, 999), _headers, st.one_of(_bodies, st.binary()))
    yield strategy, lambda parts: check_failure(*parts)


@contextmanager
def _middle() -> Iterator[tuple[Any, Check]]:
    with Database.in_memory() as database:
        yield st.lists(_bodies, min_size=1, max_size=4), Middle(database).check_scan


@contextmanager
def _rules() -> Iterator[tuple[Any, Check]]:
    with desk() as made:
        yield rulefiles.files, made.check_rules


@contextmanager
def _suites() -> Iterator[tuple[Any, Check]]:
    with desk() as made:
        made.rules.write_text(rulefiles.SETTINGS)
        yield rulefiles.suites(), made.check_suite


@contextmanager
def _formulas() -> Iterator[tuple[Any, Check]]:
    yield rulefiles.formulas, check_formula


@contextmanager
def _patterns() -> Iterator[tuple[Any, Check]]:
    yield rulefiles.patterns, lambda pattern: check_pattern(pattern, lambda: TEXTS)


@contextmanager
def _templates() -> Iterator[tuple[Any, Check]]:
    yield rulefiles.templates, check_template


WHAT = {
    "decoder": _decoder,
    "failures": _failures,
    "middle": _middle,
    "rules": _rules,
    "suites": _suites,
    "formulas": _formulas,
    "patterns": _patterns,
    "templates": _templates,
}


@dataclass
class Run:
    """How many inputs were tried, and what failed: by kind and place, the shortest input."""

    inputs: int = 0
    found: dict[tuple[str, str], tuple[str, Any]] = field(default_factory=dict)

    def batch(self, strategy: Any, check: Check, size: int, number: int) -> None:
        """Try so many inputs of the seed ``number``."""

        @seed(number)
        @settings(
            max_examples=size,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(strategy)
        def one(value: Any) -> None:
            self.inputs += 1
            try:
                check(value)
            except Exception as error:  # noqa: BLE001 - that is what is looked for
                self._note(error, value)

        one()

    def _note(self, error: Exception, value: Any) -> None:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = type(error).__name__, f"{last.filename}:{last.lineno}"
        known = self.found.get(place)
        if known is None or len(repr(value)) < len(repr(known[1])):
            self.found[place] = f"{error}"[:500], value


def run(what: str, inputs: int, first_seed: int = 0, size: int = BATCH) -> Run:
    """Try ``inputs`` inputs."""
    done, number = Run(), first_seed
    with WHAT[what]() as (strategy, check):
        while done.inputs < inputs:
            done.batch(strategy, check, min(size, inputs - done.inputs), number)
            number += 1
    return done


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--what", choices=[*WHAT, "all"], default="all")
    parser.add_argument("--seed", type=int, default=0)
    given_ = parser.parse_args()
    bad = False
    for what in WHAT if given_.what == "all" else [given_.what]:
        started = time.monotonic()
        done = run(what, given_.inputs, given_.seed)
        took = time.monotonic() - started
        print(f"{what}: {done.inputs:,} inputs in {took:.0f} s, {len(done.found)} findings")
        for (kind, place), (text, value) in done.found.items():
            print(f"  {kind} at {place}: {text}\n    {value!r:.2000}")
        sys.stdout.flush()
        bad = bad or bool(done.found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
