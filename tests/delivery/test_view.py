"""A message in words."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import msgspec
import pytest

from tests.delivery.messages import FACTS, GMV, NOW, TREND, alerts, item
from watcher.delivery.view import Product, View, cut_to, view_of
from watcher.evidence import Criterion, Evidence, Gap, GapKind, MetricLimit
from watcher.message import Item, Message
from watcher.model import Severity, Verdict
from watcher.text.messages import text_of, title_of
from watcher.units import DAY, Unit


def _view(*items: Item, more: tuple[str, ...] = (), rest: int = 0) -> View:
    message = msgspec.structs.replace(alerts([]), items=items, more=more, rest=rest)
    return view_of(message, title_of(message), UTC)


def _product(**changes: object) -> Product:
    return _view(msgspec.structs.replace(item(1, "Lamp"), **changes)).products[0]


def test_says_why_as_the_reader_would() -> None:
    """A moved value is told from where to where, by how much, since when."""
    assert _product().why == ("7-day GMV 1,200 → 4,830 (+303%) since 16 Nov",)


def test_names_a_flags_values() -> None:
    """A flag is told by its names; a baseline of today by its hour."""
    assert _product(why=(TREND,)).why == ("trend stable → rising since 14:00",)


def test_tells_a_plain_comparison_with_its_condition() -> None:
    """A value without baseline says what it was to be."""
    evidence = Evidence("spu_avg_price", "price", "money", "below 5", Verdict.MET, 4.99)
    assert _product(why=(evidence,)).why == ("price 4.99 USD (below 5)",)


def test_tells_a_metric_that_stands_for_a_limit_with_its_value() -> None:
    """By its name; where the condition asks for a part of it, by how much the value is beyond it.
    A limit that moved since the alert began makes no other condition."""
    target = MetricLimit("target", "score", None, 19.9)
    asked = Criterion("at_most", (0.0,), measures=(target,))
    evidence = Evidence("spu_avg_price", "price", "money", asked, Verdict.MET, 17.1)
    assert _product(why=(evidence,)).why == ("price 17.10 USD, at most target (19.90)",)
    part = msgspec.structs.replace(target, factor=0.9)
    below = msgspec.structs.replace(asked, operator="below", measures=(part,))
    told = msgspec.structs.replace(evidence, condition=below)
    assert _product(why=(told,)).why == ("price 17.10 USD, 14% below target (19.90)",)
    moved = msgspec.structs.replace(asked, measures=(MetricLimit("target", "score", None, 25.0),))
    now = msgspec.structs.replace(evidence, condition=moved, value=16.0)
    other = msgspec.structs.replace(evidence, condition=Criterion("above", (5.0,)))
    assert _product(why=(other, evidence), now=(now,)).why == (
        "price 17.10 USD when it began, 16 USD now, at most target (25)",
    )


def test_tells_the_form_of_a_surge() -> None:
    """Normal or sparse, also of what it was when the alert began; older rows have none."""
    surge = Evidence(
        "sales_surge", "sales surge", "score", "at least 4", Verdict.MET, 4.2, form="sparse"
    )
    assert _product(why=(surge,)).why == ("sales surge (sparse form) 4.2 (at least 4)",)
    now = msgspec.structs.replace(surge, value=5.0)
    assert _product(why=(surge,), now=(now,)).why == (
        "sales surge (sparse form) 4.2 when it began, 5 now (at least 4)",
    )
    stored = msgspec.json.decode(msgspec.json.encode(GMV), type=Evidence)
    assert b"form" not in msgspec.json.encode(stored)


def test_tells_a_condition_without_a_value() -> None:
    """An evidence of no metric is its condition."""
    evidence = Evidence("appears", "new in the list", "text", "", Verdict.MET)
    assert _product(why=(evidence,)).why == ("new in the list",)


def test_tells_ranks_without_a_ratio_and_texts_in_quotes() -> None:
    """Places have no percentage; a text is quoted."""
    rank = Evidence("rank", "rank", "place", "climbs 5", Verdict.MET, 3.0, 8.0, NOW - DAY)
    name = Evidence("product_name", "name", "text", "contains glow", Verdict.MET, "<b>Glow")
    assert _product(why=(rank, name)).why == (
        "rank #8 → #3 since 22 Nov",
        'name "<\u200bb>Glow" (contains glow)',
    )


def test_tells_what_a_baseline_is_and_who_was_outside() -> None:
    """A statistic names itself; below the scanned depth there is no number."""
    median = msgspec.structs.replace(GMV, label="7-day GMV (median 7d)")
    rank = Evidence("rank", "rank", "place", "enters the top 5", Verdict.MET, 3.0, "outside", NOW)
    assert _product(why=(median, rank)).why == (
        "7-day GMV (median 7d) 1,200 → 4,830 (+303%) since 16 Nov",
        "rank outside → #3 since 15:00",
    )


def test_a_baseline_of_zero_has_no_ratio() -> None:
    """From nothing to something is no percentage."""
    evidence = msgspec.structs.replace(GMV, baseline=0.0)
    assert _product(why=(evidence,)).why == ("7-day GMV 0 → 4,830 since 16 Nov",)


def test_only_what_was_met_is_a_reason() -> None:
    """Conditions of the rule that did not hold are no reason; if none held, all are told."""
    other = msgspec.structs.replace(TREND, verdict=Verdict.NOT_MET)
    assert len(_product(why=(GMV, other)).why) == 1
    assert len(_product(why=(other,)).why) == 1


def test_facts_leave_out_what_is_unknown() -> None:
    """Absent, infinite and unranked values are not told."""
    assert _product().facts == (
        "4.99 USD",
        "7 days: 1,234 sold, GMV 4,830",
        "rising",
        "#3",
        "312 creators in all, 45 this week",
        "12% commission",
    )
    some = {**FACTS, "spu_avg_price": None, "rank": 0.0, "commission": float("nan")}
    assert _product(facts=some).facts == (
        "7 days: 1,234 sold, GMV 4,830",
        "rising",
        "312 creators in all, 45 this week",
    )
    assert _product(facts={}).facts == ()


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"total_ifl_cnt": 41.0, "creators_7d": 7.0}, ("41 creators in all, 7 this week",)),
        ({"total_ifl_cnt": 41.0}, ("41 creators in all",)),
        ({"creators_7d": 7.0}, ("7 creators this week",)),
        ({"total_ifl_cnt": 0.0, "creators_7d": 0.0}, ("0 creators in all, 0 this week",)),
        ({"total_ifl_cnt": float("nan"), "creators_7d": None}, ()),
    ],
)
def test_creators_of_the_week_and_of_all_time(
    known: dict[str, float | None], said: tuple[str, ...]
) -> None:
    """Two counts, and each says which it is."""
    assert _product(facts=known).facts == said


def test_links_to_the_product_whatever_its_id() -> None:
    """An id stays one segment of the product page's path."""
    assert _product().link == "https://www.tiktok.com/shop/pdp/1729873073559015001"
    link = _product(product_id="../../a?b#c d_e)").link
    assert link == "https://www.tiktok.com/shop/pdp/..%2F..%2Fa%3Fb%23c%20d%5Fe%29"


def test_says_what_became_of_an_alert() -> None:
    """A reminder and an end are told as such."""
    assert _product(kind="reminder").notes == ("still firing, since 20 Nov",)
    ended = _product(kind="resolved", reason="left the list")
    assert ended.notes == ("ended: left the list", "fired on 20 Nov")


def test_a_message_of_several_rules_names_them() -> None:
    """Its text is a line for each, and each product says of which it is."""
    message = Message("digest", "2 rules", Severity.INFO, NOW, text="a: 1 product\nb: 1 ended")
    assert view_of(message, title_of(message), UTC).text == text_of(message)
    assert _product(rule="rising").notes == ("rule rising",)
    assert _product(rule="rising", kind="resolved", since=NOW - DAY).notes == (
        "rule rising",
        "ended",
        "fired on 22 Nov",
    )


def test_counts_and_names_the_rest() -> None:
    """What is not shown is counted, and named up to a number."""
    shown = _view(item(1, "Lamp"), more=("Hat", "Cup"), rest=9)
    assert shown.more == "and 9 more: Hat, Cup, …"
    assert cut_to(shown, 0).more == "10 products: Lamp, Hat, Cup, …"
    assert cut_to(shown, 0, named=False).more == "10 products"
    assert _view(item(1, "Lamp")).more == ""


def test_ends_with_the_datas_time_and_the_alerts() -> None:
    """The last line has the data's time in the channel's zone, and short ids."""
    message = alerts(["Lamp", "Hat"])
    view = view_of(message, "", ZoneInfo("Asia/Bangkok"))
    assert view.footer == "Data of 23 Nov 2026, 22:00 Asia/Bangkok · alerts A1, A2"
    old = msgspec.structs.replace(item(1, "Lamp"), since=NOW - 400 * DAY, kind="reminder")
    assert _view(old).products[0].notes == ("still firing, since 19 Oct 2025",)


def test_an_operators_message_is_its_text() -> None:
    """It has no products and no data's time."""
    view = view_of(Message("operator", "t", Severity.INFO, NOW, text="a\nb"), "t", UTC)
    assert (view.text, view.products, view.more, view.footer) == ("a\nb", (), "", "")


def test_tells_of_another_region_in_its_zone() -> None:
    """Rupiah without cents, large numbers in groups, and days as they are there."""
    price = Evidence(
        "spu_avg_price", "price", "money", "falls 10%", Verdict.MET, 112_500.4, 125_000.0, NOW - DAY
    )
    facts = {
        **FACTS,
        "spu_avg_price": 112_500.4,
        "total_sale_7d_cnt": 1_234_567.0,
        "total_sale_gmv_7d_amt": 138_888_787_500.0,
    }
    lamp = msgspec.structs.replace(
        item(1, "Lampu", kind="reminder"),
        region="ID",
        currency="IDR",
        why=(GMV, price),
        facts=facts,
    )
    message = msgspec.structs.replace(alerts([]), items=(lamp,), region="ID")
    view = view_of(message, "", ZoneInfo("Asia/Jayapura"))
    (product,) = view.products
    assert product.notes == ("still firing, since 21 Nov",)
    assert product.why == (
        "7-day GMV 1,200 → 4,830 (+303%) since 17 Nov",
        "price 125,000 → 112,500 (-10%) since 23 Nov",
    )
    assert product.facts[:2] == ("112,500 IDR", "7 days: 1,234,567 sold, GMV 138,888,787,500")
    assert view.footer == "Data of 24 Nov 2026, 00:00 Asia/Jayapura · alert A1"
    west = view_of(message, "", ZoneInfo("America/Los_Angeles"))
    assert west.products[0].why[0].endswith("since 16 Nov")
    assert west.footer.startswith("Data of 23 Nov 2026, 07:00 America/Los_Angeles")


def test_a_text_that_changed_is_shown_where_it_did() -> None:
    """Both, each short, and variants on one line."""
    same = "a long description that begins as ever and goes on like that, word by word, "
    asked = Criterion("changes", baseline="last")
    evidence = Evidence(
        "description", "description", Unit.TEXT, asked, Verdict.MET, f"{same}to a new end",
        f"{same}to the old end", NOW - DAY,
    )  # fmt: skip
    (why,) = _product(why=(evidence,)).why
    assert "to the old end" in why
    assert "to a new end" in why
    assert len(why) < 170
    told = {"metric": "variants", "label": "variants", "value": "S\nM", "baseline": "S"}
    (why,) = _product(why=(msgspec.structs.replace(evidence, **told),)).why
    assert 'variants "S" \u2192 "S; M"' in why


def test_how_long_a_product_was_away() -> None:
    """Of what has no value the gap is told all the same."""
    gap, asked = Gap(GapKind.NOT_LISTED, 9 * DAY), Criterion("reappears")
    evidence = Evidence("reappears", "list", Unit.TEXT, asked, Verdict.MET, gap=gap)
    assert _product(why=(evidence,)).why == ("list: is listed again (not on the list for 9 days)",)
