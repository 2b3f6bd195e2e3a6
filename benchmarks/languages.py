"""The cost of a message in Chinese, beside the same one in English.

    python -m benchmarks.languages
    python -m benchmarks.languages --rounds 200

A mail of 50 products and a digest of several rules are rendered in turns, so that whatever else the
machine does meets both languages alike; told is the median processor time of each, and their ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from statistics import median

from benchmarks.report import Line
from tools.marked import table
from watcher.delivery.message import render
from watcher.delivery.rendered import LONGEST, Style
from watcher.evidence import Criterion, Evidence
from watcher.language import Language
from watcher.message import Item, Message, RuleCount
from watcher.model import Severity, Verdict
from watcher.units import DAY

NOW = 1_795_446_000
PRODUCTS = 50
ROUNDS = 60
MOST = 1.1  # "no more", but for what two rounds of the same differ by
_LIMIT = LONGEST * 10  # nothing is to be cut: that would compare other texts


def messages() -> Mapping[str, Message]:
    """A message of many products, and a digest of several rules."""
    items = tuple(map(_item, range(PRODUCTS)))
    one = Message(
        "alerts", "", Severity.WARNING, NOW, rule="breakout", region="US", data_at=NOW,
        items=items, told=PRODUCTS, rest=120, more=("Lamp", "Slippers"),
    )  # fmt: skip
    parts = tuple(
        RuleCount(f"rule-{number}", 10, 2, description="Sells well", severity=Severity.WARNING)
        for number in range(5)
    )
    named = tuple(_of_rule(number) for number in range(PRODUCTS))
    digest = Message(
        "digest", "", Severity.WARNING, NOW, region="US, GB", data_at=NOW, items=named,
        parts=parts, told=PRODUCTS, ended=10,
    )  # fmt: skip
    return {f"a message of {PRODUCTS} products": one, "a digest of 5 rules": digest}


def _of_rule(number: int) -> Item:
    return _item(number, f"rule-{number // 10}")


def _item(number: int, rule: str = "") -> Item:
    rises = Evidence(
        "total_sale_gmv_7d_amt", "7-day GMV", "gmv",
        Criterion("rises", (0.3,), percent=True, baseline="ago", seconds=7 * DAY),
        Verdict.MET, 4_830.0 + number, 1_200.0, NOW - 7 * DAY,
    )  # fmt: skip
    growth = Evidence(
        "sales_growth", "sales growth", "fraction", Criterion("at_least", (0.5,)),
        Verdict.MET, 3.36 + number,
    )  # fmt: skip
    return Item(
        f"A{number}", "firing", "US", str(1_729_873_073_559_015_000 + number),
        f"Portable lamp with a long name, number {number}", NOW - 3 * DAY, "USD",
        why=(rises, growth), gmv_currency="USD", rule=rule,
        facts={
            "spu_avg_price": 4.99 + number, "total_sale_7d_cnt": 1_234.0 + number,
            "total_sale_gmv_7d_amt": 4_830.0 + number, "sales_trend_flag": 1.0,
            "rank": 3.0 + number, "total_ifl_cnt": 312.0, "creators_7d": 45.0, "commission": 0.12,
        },
    )  # fmt: skip


def timed(message: Message, style: Style, rounds: int = ROUNDS) -> dict[Language, float]:
    """Milliseconds of processor time that it takes in each language: the median of some rounds."""
    taken: dict[Language, list[float]] = {language: [] for language in Language}
    for _ in range(rounds + 3):
        for language, each in taken.items():
            begun = time.process_time()
            render(message, style, limit=_LIMIT, language=language)
            each.append((time.process_time() - begun) * 1_000)
    return {language: median(each[3:]) for language, each in taken.items()}  # the first read files


def lines(times: int) -> Iterator[Line]:
    """The cost of a message in Chinese, against the same one in English."""
    for name, message in messages().items():
        for style in (Style.PLAIN, Style.EMAIL):
            runs = [timed(message, style) for _ in range(times)]
            english, chinese = (median(run[each] for run in runs) for each in Language)
            yield Line(
                f"{name} in Chinese, {style.name.lower()}, against English",
                tuple(run[Language.CHINESE] / run[Language.ENGLISH] for run in runs), "x", MOST,
                beside=f"{chinese:.1f} ms against {english:.1f} ms",
            )  # fmt: skip


def report(rounds: int = ROUNDS) -> str:
    """A table: what each takes, and the ratio."""
    rows = []
    for name, message in messages().items():
        for style in (Style.PLAIN, Style.EMAIL):
            found = timed(message, style, rounds)
            english, chinese = found[Language.ENGLISH], found[Language.CHINESE]
            figures = (f"{english:.2f}", f"{chinese:.2f}", f"{chinese / english:.2f}")
            rows.append((f"{name}, {style.name.lower()}", *figures))
    return table(("", "ms in English", "ms in Chinese", "ratio"), rows)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.languages")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each")
    print(report(parser.parse_args().rounds))


if __name__ == "__main__":
    main()
