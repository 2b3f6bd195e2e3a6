"""Evidence of every shape, wherever it can stand in a message: it is told, in words and as data."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC
from itertools import product

import msgspec
import pytest

from tests.delivery.messages import NOW, alerts, item
from watcher.delivery.message import render
from watcher.delivery.payload.building import document_text
from watcher.delivery.rendered import Style
from watcher.evidence import OUTSIDE, Criterion, Evidence
from watcher.message import Also, Item, Message
from watcher.model import Severity, Verdict
from watcher.units import DAY, Unit

_VALUES = (17.0, math.nan, math.inf, OUTSIDE, None)
_METRICS = {
    Unit.PLACE: "rank",
    Unit.TEXT: "product_name",
    Unit.MONEY: "spu_avg_price",
    Unit.GMV: "total_sale_gmv_7d_amt",
    Unit.FLAG: "sales_trend_flag",
}
_RANKS = ("climbs", "enters_top", "leaves_top")
_NO_WORDS = re.compile(r"\b(None|nan|inf)\b")


def _evidence(unit: Unit) -> Iterator[Evidence]:
    """Yield every pair of a value and the one before it."""
    name = _METRICS.get(unit, f"a_{unit.value}")
    operators = _RANKS if unit is Unit.PLACE else ("rises",)
    for operator, value, before in product(operators, _VALUES, _VALUES):
        asked = Criterion(operator, (10.0,), baseline="last")
        yield Evidence(name, unit.value, unit.value, asked, Verdict.MET, value, before, NOW - DAY)


def _items(told: Evidence) -> Iterator[Item]:
    """Yield a product with it in each place: its own, beside others, as what was, and again."""
    lamp, why = item(1, "Lamp"), (told,)
    beside = Also("climbs", "A9", "firing", NOW - DAY)
    for words in (
        {"why": why},
        {"why": why, "now": why},
        {"again": why, "kind": "again"},
        {"grade": why, "severity": Severity.CRITICAL, "told_as": Severity.INFO},
        {"why": why, "kind": "reminder", "now": why},
        {"why": why, "kind": "resolved", "reason": "left the list"},
    ):
        yield msgspec.structs.replace(lamp, **words)
        yield msgspec.structs.replace(lamp, also=(msgspec.structs.replace(beside, **words),))


def _messages(unit: Unit) -> Iterator[Message]:
    for told in _evidence(unit):
        items = tuple(_items(told))
        yield msgspec.structs.replace(alerts([]), items=items, told=len(items))


@pytest.mark.parametrize("unit", Unit)
def test_it_is_told(unit: Unit) -> None:
    """What is unknown by no number."""
    for message in _messages(unit):
        shown = render(message, Style.PLAIN)
        assert not _NO_WORDS.search(shown.body), message
        assert document_text(message, "growth", "key", UTC, "")
