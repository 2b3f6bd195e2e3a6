"""What a scan took is let go of when it is judged: a list has thousands of products, and the next
collection of cycles may be days away."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.store.making import DAY, SALES, START, scan
from watcher.evaluation.table import ScanTable
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.ports import Store

HEAD = f"""
channels: {{me: {{url: "json://h"}}}}
defaults: {{region: US, notify: me}}
watches: {{mine: {{sort: {SALES} desc}}}}
facts: {{file: products.csv}}
metrics: {{room: {SALES} - target}}
"""


@pytest.mark.parametrize(
    "when",
    [
        f"{SALES}: {{rises: 10%}}",
        f"{SALES}: {{rises: 10%, from: 1d ago}}",
        f"{SALES}: {{rises: 10%, from: median 3d}}",
        f"{SALES}: {{at_least: target}}",
        "room: {falls: 1}",
        "room: {falls: 1, from: median 3d}",
        "rank: {enters_top: 1}",
        "product_name: changes",
        "appears: true",
        "disappears: true",
    ],
)
def test_no_table_outlives_its_scan(store: Store, tmp_path: Path, when: str) -> None:
    """By counting references alone, whatever the rule asks the table for."""
    (tmp_path / "products.csv").write_text("product_id,target\n1,20\n2,20\n", "utf-8")
    (tmp_path / "rules.yaml").write_text(
        f"{HEAD}rules: [{{name: r, watch: mine, when: {{{when}}}}}]"
    )
    book = load([tmp_path / "rules.yaml"], {})
    store.rules.sync(book.marks, START)
    (watch,) = book.used_watches
    gc.collect()
    gc.disable()
    try:
        for day, sales in enumerate((10, 30, 12, 40, 20)):
            now = START + day * DAY
            found = scan(now, {"1": sales, "2": 50 - sales, "3": 5}, watch=watch.key)
            evaluate(store, found, book.rules, policies_of(book.channels), book.metrics, now + 60)
        left = [each for each in gc.get_objects() if isinstance(each, ScanTable)]
    finally:
        gc.enable()
    assert not left
