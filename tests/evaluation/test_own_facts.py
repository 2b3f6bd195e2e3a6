"""The user's own numbers in a scan: each product's own, and of today."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.store.making import DAY, START, scan
from watcher.notification.policy import policies_of
from watcher.pipeline import evaluate
from watcher.rules.files.loading import load
from watcher.store.sqlite.database import Database

HEAD = """
channels: {me: {url: "json://h"}}
defaults: {region: US, notify: me}
watches: {mine: {sort: total_sale_7d_cnt desc}}
facts: {file: products.csv}
metrics: {room: total_sale_7d_cnt - target}
"""


class Market:
    """One watch and one rule, a day a scan; the file is read anew for each."""

    def __init__(self, store: Database, folder: Path, when: str) -> None:
        self.store, self.folder, self.day = store, folder, 0
        rule = f"rules: [{{name: r, watch: mine, when: {when}}}]\n"
        (folder / "rules.yaml").write_text(HEAD + rule, "utf-8")

    def facts(self, **targets: float | None) -> None:
        rows = "".join(
            f"{key[1:]},{'' if each is None else each}\n" for key, each in targets.items()
        )
        (self.folder / "products.csv").write_text(f"product_id,target\n{rows}", "utf-8")

    def scan(self, **sales: float) -> set[str]:
        """The products whose alerts fire after the next scan."""
        book = load([self.folder / "rules.yaml"], {})
        now = START + self.day * DAY
        self.store.rules.sync(book.marks, now)
        (watch,) = book.used_watches
        products = {key[1:]: each for key, each in sales.items()}
        policies = policies_of(book.channels)
        found = scan(now, products, watch=watch.key)
        evaluate(self.store, found, book.rules, policies, book.metrics, now + 60)
        self.day += 1
        live = self.store.alerts.live(["r"])
        facts = self.store.history.facts([each.product for each in live])
        return {facts[each.product].product_id for each in live if each.state.value == "firing"}


def test_a_new_price_list_moves_alerts_and_restarts_nothing(
    store: Database, tmp_path: Path
) -> None:
    """What fires goes on; what meets the new numbers begins; without a row there is no data."""
    market = Market(store, tmp_path, "{total_sale_7d_cnt: {at_most: target}}")
    market.facts(p1=10, p2=5, p3=None)
    assert market.scan(p1=8, p2=8, p3=8, p4=8) == {"1"}
    (before,) = store.alerts.live(["r"])
    market.facts(p1=9, p2=9, p3=None)
    assert market.scan(p1=8, p2=8, p3=8, p4=8) == {"1", "2"}
    after = next(each for each in store.alerts.live(["r"]) if each.product == before.product)
    assert (after.id, after.fired_at) == (before.id, before.fired_at)
    market.facts(p1=None, p2=2)
    assert market.scan(p1=8, p2=8) == {"1"}, "no data ends nothing"


@pytest.mark.parametrize(
    "when",
    [
        "{room: {falls: 4}}",
        "{room: {falls: 4, from: 1d ago}}",
        "{room: {falls: 4, from: max 3d}}",
    ],
)
def test_a_baseline_has_the_numbers_of_today(store: Database, tmp_path: Path, when: str) -> None:
    """A new target is no move of the product; a move of the product is one, over any baseline."""
    market = Market(store, tmp_path, when)
    market.facts(p1=5, p2=5)
    for _ in range(4):
        assert market.scan(p1=20, p2=20) == set()
    market.facts(p1=50, p2=50)
    assert market.scan(p1=20, p2=20) == set()
    assert market.scan(p1=16, p2=17) == {"1"}


def test_a_crossed_line_is_of_today(store: Database, tmp_path: Path) -> None:
    """That the line was moved is no crossing."""
    market = Market(store, tmp_path, "{total_sale_7d_cnt: {crosses_below: target}}")
    market.facts(p1=10, p2=10)
    assert market.scan(p1=20, p2=20) == set()
    market.facts(p1=30, p2=10)
    assert market.scan(p1=20, p2=9) == {"2"}
