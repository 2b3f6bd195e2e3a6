"""Rules for the benchmarks, as plain rows: our rule file and the bare script are made from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

WATCH = "all"
PAST = ("total_sale_7d_cnt", "total_sale_gmv_7d_amt", "total_views_7d_cnt")

# Some high value of each.
_PRESENT = {
    "total_sale_30d_cnt": 2_000, "total_video_7d_cnt": 60, "spu_avg_price": 80,
    "review_count": 4_000, "total_sale_1d_cnt": 100, "total_live_sale_7d_cnt": 100,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Simple:
    """One condition. ``how``: at_least, below or rises (by ``value`` percent in 24 hours)."""

    field: str
    how: str
    value: float

    def text(self) -> str:
        """As a rule file has it."""
        after = "%, from: 24h ago" if self.how == "rises" else ""
        return f"{self.field}: {{{self.how}: {self.value:g}{after}}}"


def plain(count: int = 100) -> list[tuple[Simple, ...]]:
    """Rules of three conditions each: two on the present, in every other one the third on the
    day before; those are silent at first, the others have alerts that go on."""
    chance = random.Random(count)
    return [tuple(_conditions(chance, past=bool(number % 2))) for number in range(count)]


def _conditions(chance: random.Random, *, past: bool) -> list[Simple]:
    first, second, third = chance.sample(sorted(_PRESENT), 3)
    moved = Simple(chance.choice(PAST), "rises", chance.choice((50, 75, 100, 150, 200)))
    return [
        Simple(first, "at_least", round(_PRESENT[first] * chance.uniform(0.5, 1.5))),
        Simple(second, "below", round(_PRESENT[second] * chance.uniform(0.5, 1.5))),
        moved if past else Simple(third, "at_least", _PRESENT[third]),
    ]


def file(rules: Sequence[str], top: int = 10_000, more: str = "") -> str:
    """A rule file of these ``when:`` bodies, all on one list."""
    written = "\n".join(
        f"  - {{name: rule-{number}, watch: {WATCH}, when: {{{when}}}}}"
        for number, when in enumerate(rules)
    )
    return (
        'channels: {me: {url: "json://localhost/"}}\n'
        "defaults: {region: US, every: 24h, notify: [me], cooldown: 24h}\n"
        f"watches: {{{WATCH}: {{sort: total_sale_7d_cnt desc, top: {top}}}}}\n{more}"
        f"rules:\n{written}\n"
    )
