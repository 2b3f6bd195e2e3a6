"""A product listed for the first time."""

import pytest

from tests.rules.tables import FakeTable, complaints, condition, verdicts
from watcher.model import Verdict

TABLE = FakeTable(appeared=[True, False, None])


def test_appears() -> None:
    """As the table says; no data before the first complete scan."""
    assert verdicts({"appears": True}, TABLE) == "mn?"
    assert verdicts({"not": {"appears": True}}, TABLE) == "nm?"


def test_evidence() -> None:
    """It has words, and no value."""
    (evidence,) = condition({"appears": True}).evidence(TABLE, 0)
    assert (evidence.metric, evidence.value, evidence.verdict) == ("appears", None, Verdict.MET)


@pytest.mark.parametrize("value", [False, "yes", 1, None, {}])
def test_takes_only_true(value: object) -> None:
    """The reverse is written with not."""
    (complaint,) = complaints({"appears": value})
    assert "takes only true" in complaint
