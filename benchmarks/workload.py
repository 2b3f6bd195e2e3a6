"""What is measured with: a list's size, and rules as plain rows.

Our rule file and the bare script's rules are made from the same rows.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

PRODUCTS, PAGES = 10_000, 1_000
KEY = "benchmark-key"
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


def plain(count: int = 100, strict: float = 1) -> list[tuple[Simple, ...]]:
    """Rules of three conditions each: two on the present, in every other one the third on the
    day before; those are silent at first, the others have alerts that go on. The stricter, the
    fewer products meet them."""
    chance = random.Random(count)
    return [tuple(_conditions(chance, strict, past=bool(number % 2))) for number in range(count)]


def _conditions(chance: random.Random, strict: float, *, past: bool) -> list[Simple]:
    first, second, third = chance.sample(sorted(_PRESENT), 3)
    moved = Simple(chance.choice(PAST), "rises", chance.choice((50, 75, 100, 150, 200)))
    return [
        Simple(first, "at_least", round(strict * _PRESENT[first] * chance.uniform(0.5, 1.5))),
        Simple(second, "below", round(_PRESENT[second] * chance.uniform(0.5, 1.5))),
        moved if past else Simple(third, "at_least", strict * _PRESENT[third]),
    ]


def varied(count: int = 1_000) -> list[str]:
    """``when:`` bodies of three conditions each, of every common kind, hardly one twice."""
    chance = random.Random(count)
    return [", ".join(_varied(chance)) for _ in range(count)]


def _varied(chance: random.Random) -> list[str]:
    first, second = chance.sample(sorted(_PRESENT), 2)
    shares = (round(chance.uniform(0.2, 1.5) * _PRESENT[name], 1) for name in (first, second))
    low, high = shares
    ago, moves = chance.choice(("24h ago", "7d ago", "last")), chance.choice(("rises", "falls"))
    least = chance.choice((f"at_least: {low}", f"between: [{low}, {3 * low}]"))
    return [
        f"{first}: {{{least}}}",
        f"{chance.choice(PAST)}: {{{moves}: {chance.randint(20, 99)}%, from: {ago}}}",
        chance.choice(
            (
                "sales_trend_flag: rising",
                f"{second}: {{below: {high}}}",
                f"sales_growth: {{at_least: {chance.randint(10, 90)}%}}",
                f"earnings: {{above: {chance.uniform(0, 4):.2f}}}",
                f"per_creator: {{at_least: {chance.randint(1, 40)}}}",
            )
        ),
    ]


OWN = (
    "metrics:\n  earnings: spu_avg_price * commission\n"
    "  per_creator: total_sale_7d_cnt / max(creators_7d, 1)\n"
)


def file(rules: Sequence[str], top: int = PRODUCTS, more: str = "") -> str:
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
