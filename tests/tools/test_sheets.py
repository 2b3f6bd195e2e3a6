"""The sheets of one scan's messages: what they show is what the program says."""

from __future__ import annotations

import pytest

from tools.sheets import FAMILIES, told
from watcher.delivery.apprise.target import Target
from watcher.delivery.message import render
from watcher.rules.channel import Secret
from watcher.text.messages import title_of

TOLD = told()


def test_five_rules_on_ten_products() -> None:
    """A message a rule, or one with each product once and the words of the others beside it."""
    (one,) = TOLD["one"]
    assert len(TOLD["each"]) == len(one.parts) == 5
    products = [item.product_id for item in one.items]
    assert len(products) == len(set(products)) == 10
    apart = sorted(alert for each in TOLD["each"] for ids in each.alerts.values() for alert in ids)
    assert sorted(alert for ids in one.alerts.values() for alert in ids) == apart
    assert len(apart) == len(products) + sum(len(item.also) for item in one.items)
    assert title_of(one).startswith("6 breakout, 5 price-cut, ")


@pytest.mark.parametrize("family", FAMILIES)
def test_fits_every_family(family: str) -> None:
    """Within its limit; where products are cut, they are counted, and each rule is named."""
    target = Target("sheet/1", Secret(FAMILIES[family]))
    rendered = render(TOLD["one"][0], target.style, limit=target.limit)
    assert target.limit.size(rendered.title + rendered.body) <= target.limit
    text = rendered.title + (rendered.plain or rendered.body)
    assert "6 breakout" in text
    assert "also climbs: #6, was 23" in text or "more" in text or "10 products" in text
