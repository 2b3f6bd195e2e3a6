"""Some inputs of each kind, always the same ones; long runs are ``python -m tests.fuzz``."""

from __future__ import annotations

import time

import pytest

from tests.fuzz.__main__ import WHAT, run
from tests.fuzz.checks import SECONDS, check_answer
from tests.fuzz.pages import bombs

SHORT = {"middle": 40, "suites": 100, "rules": 150}


@pytest.mark.parametrize("what", WHAT)
def test_nothing_is_found(what: str) -> None:
    """Each input is read, or refused by an error of ours that is fit to be shown."""
    inputs = SHORT.get(what, 150)
    done = run(what, inputs, size=inputs)
    assert done.inputs >= inputs
    assert done.found == {}


def test_bombs() -> None:
    """Depth, size and repetition cost no more than their bytes."""
    for body in bombs(500_000):
        started = time.thread_time()
        check_answer(body)
        assert time.thread_time() - started < SECONDS, body[:60]
