"""Compiled conditions over a real past say what the plainly written language says."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.rules.conditions.reference import METRICS, Reference, Seen, Sight
from tests.rules.conditions.worlds import LEAVES, START, condition_of, past, scan_of
from tests.rules.tables import condition
from watcher.evaluation.table import ScanTable
from watcher.model import Verdict
from watcher.rules.conditions.base import Judge
from watcher.rules.conditions.registry import NUMBER_BY_NAME, TEXT_BY_NAME, WORDS
from watcher.rules.files.loading import load_text
from watcher.schedule import Every
from watcher.store.sqlite.database import Database
from watcher.units import DAY

CATALOGUE = load_text(
    "metrics: {earnings: total_sale_7d_cnt * commission, heat: sales_surge * 2 + 1}\n"
    "rules: [{name: r, watch: {region: US}, when: {earnings: 1}, notify: []}]"
).metrics
SAID = {Verdict.MET: True, Verdict.NOT_MET: False, Verdict.NO_DATA: None}

Said = dict[str, bool | None]


def compiled_says(scans: list[Seen], written: list[Mapping[str, Any]]) -> list[Said]:
    """By product, of each condition; all judged on one table, as those of one watch are."""
    with Database.in_memory() as store:
        recorded = [store.history.record(scan_of(seen)) for seen in scans][-1]
        conditions = [condition(one, CATALOGUE) for one in written]
        needs = [need for one in conditions for need in one.needs]
        table = ScanTable(scan_of(scans[-1]), recorded, store.history, needs, Every(DAY))
        judge = Judge(table)
        facts = store.history.facts(table.products.tolist())
        ids = [facts[key].product_id for key in table.products.tolist()]
        return [
            {key: SAID[judge(one).verdict(row)] for row, key in enumerate(ids)}
            for one in conditions
        ]


def reference_says(scans: list[Seen], written: list[Mapping[str, Any]]) -> list[Said]:
    """The same from the reference, for every product that there ever was."""
    reference = Reference(scans)
    return [{key: reference.verdict(one, key) for key in "123456"} for one in written]


def compare(scans: list[Seen], written: list[Mapping[str, Any]]) -> list[Said]:
    """Fails where the two differ; a product without a row must be one without a verdict."""
    compiled, reference = compiled_says(scans, written), reference_says(scans, written)
    for one, ours, theirs in zip(written, compiled, reference, strict=True):
        for key, expected in theirs.items():
            assert ours.get(key) is expected, (one, key)
    return compiled


@settings(max_examples=60, deadline=None)
@example(2498, 28)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_any_condition_on_any_past(seed: int, size: int) -> None:
    """All operators, metrics, baselines and nestings, over two watches that see the same."""
    random = Random(seed)
    compare(past(random, size), [condition_of(random) for _ in range(25)])


@pytest.mark.parametrize("beside", [[], [{"rank": {"enters_top": 10}}]])
def test_a_list_that_was_cut_off_is_not_left(beside: list[Mapping[str, Any]]) -> None:
    """Nor does a condition beside it that reads this list change the verdict."""
    scans = [
        Seen("a", START + day * DAY, complete, {key: Sight({}, int(key), None) for key in keys})
        for day, (complete, keys) in enumerate([(True, "12"), (False, "123"), (True, "2")])
    ]
    said, *_ = compare(scans, [{"rank": {"leaves_top": 10}}, *beside])
    assert [said.get(key) for key in "123"] == [True, False, None]


@pytest.mark.parametrize("operator", LEAVES)
def test_each_operator_alone(operator: str) -> None:
    """And the random pasts are rich enough for it to be met, not met, and without data."""
    random, said = Random(operator), set[bool | None]()
    # Sums of a week need eight of them; to be missed twice in a row is rare.
    long = {"unusual": (90,), "reappears": (60,) * 6}.get(operator, ())
    for size in (1, 2, 3, 3, 4, 5, 8, 20, 30, 40, *long):
        scans = past(random, size)
        for found in compare(scans, [LEAVES[operator](random) for _ in range(25)]):
            said.update(found.values())
    # Who is gone has no row in any list: see tests/evaluation/test_presence.py.
    assert said == ({False} if operator == "disappears" else {True, False, None})


def test_every_operator_is_in_it() -> None:
    """A new one must be written down in the reference too."""
    texts = {f"name {name}" for name in TEXT_BY_NAME}
    assert set(NUMBER_BY_NAME) | texts | set(WORDS) == set(LEAVES)
    assert all(CATALOGUE.get(name) for name in METRICS)
