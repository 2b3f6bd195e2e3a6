"""Messages for these tests: one scan's alerts on 23 November 2026, 15:00 UTC."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.evidence import Evidence
from watcher.message import Item, Message
from watcher.model import Severity, Verdict
from watcher.units import DAY, HOUR

NOW = 1_795_446_000

GMV = Evidence(
    "total_sale_gmv_7d_amt",
    "7-day GMV",
    "money",
    "rises 30% from 7d ago",
    Verdict.MET,
    4_830.0,
    1_200.0,
    NOW - 7 * DAY,
)
TREND = Evidence(
    "sales_trend_flag", "trend", "flag", "becomes rising", Verdict.MET, 1.0, 0.0, NOW - HOUR
)
FACTS = {
    "spu_avg_price": 4.99,
    "total_sale_7d_cnt": 1_234.0,
    "total_sale_gmv_7d_amt": 4_830.0,
    "sales_trend_flag": 1.0,
    "rank": 3.0,
    "total_ifl_cnt": 312.0,
    "creators_7d": 45.0,
    "commission": 0.12,
}

HOSTILE = (
    "@everyone @here <!channel> <@U012AB3CD> <!subteam^S1|all>",
    '<b>bold</b><script>alert(1)</script><img src="http://evil.example/x.png">',
    "*bold* _italic_ ~struck~ `code` ||spoiler|| [click](http://evil.example)",
    "a\x00b\x1b[31mc\rd\ne\tf\x7fg\x85h",
    "safe\u202egnp.exe\u2066\u200f hidden\u200b\ufefftext\u00ad",
    "N" * 500,
    "z" + "\u0301" * 200 + "algo",
    "{{ 7 * 7 }} {% raw %} ${HOME} %s {0}",
    "&lt;b&gt; & &amp; \"quoted\" 'single'",
    "مصباح ليلي 👩\u200d👩\u200d👧 灯 ไฟ",
    "\ud800 lone surrogate",
    "\\[\\](x) \\<!channel\\> \\@everyone",
    "",
)


def item(number: int, name: str, kind: str = "firing", reason: str | None = None) -> Item:
    """A product whose GMV rose, with everything that is known of it."""
    return Item(
        alert=f"A{number}",
        kind=kind,
        region="US",
        product_id=str(1_729_873_073_559_015_000 + number),
        name=name,
        since=NOW - 3 * DAY,
        currency="USD",
        reason=reason,
        why=(GMV,),
        facts=dict(FACTS),
    )


def alerts(
    names: Sequence[str], more: Sequence[str] = (), rest: int = 0, title: str = ""
) -> Message:
    """A message about these products."""
    return Message(
        kind="alerts",
        title=title or f"[warning] beauty-rising: {len(names)} products (US)",
        severity=Severity.WARNING,
        created=NOW,
        rule="beauty-rising",
        description="Beauty products whose sales took off",
        region="US",
        data_at=NOW,
        items=tuple(item(number, name) for number, name in enumerate(names, start=1)),
        more=tuple(more),
        rest=rest or len(more),
    )


def operator(text: str) -> Message:
    """A message about the watcher itself."""
    return Message("operator", "watcher: trouble", Severity.CRITICAL, NOW, text=text)
