"""A message such as a rule sends, for trying a channel."""

from __future__ import annotations

from watcher.model import Evidence, Instant, Item, Message, Severity, Verdict
from watcher.units import DAY, Unit


def sample_message(now: Instant) -> Message:
    """One invented product that took off, as of ``now``."""
    why = Evidence(
        metric="total_sale_gmv_7d_amt",
        label="7-day GMV",
        unit=Unit.GMV,
        condition="rises 30% from 7d ago",
        verdict=Verdict.MET,
        value=4_830.0,
        baseline=1_200.0,
        baseline_at=now - 7 * DAY,
    )
    item = Item(
        alert="A0",
        kind="firing",
        region="US",
        product_id="1729000000000000000",
        name="Sample product (this is a test of the channel)",
        since=now,
        currency="USD",
        why=(why,),
        facts={
            "spu_avg_price": 12.99,
            "total_sale_7d_cnt": 372.0,
            "total_sale_gmv_7d_amt": 4_830.0,
            "sales_trend_flag": 1.0,
            "rank": 17.0,
            "total_ifl_cnt": 312.0,
            "creators_7d": 41.0,
            "commission": 0.15,
        },
    )
    return Message(
        kind="test",
        title="[info] a test of this channel: 1 product (US)",
        severity=Severity.INFO,
        created=now,
        rule="a test of this channel",
        description="This is how an alert will look here.",
        region="US",
        data_at=now,
        items=(item,),
    )
