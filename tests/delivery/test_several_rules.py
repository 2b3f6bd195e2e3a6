"""A message of several rules, and of groups, in words and in every service's format."""

from __future__ import annotations

from datetime import UTC

import msgspec
import pytest

from tests.delivery.messages import GMV, HOSTILE, NOW, alerts, item
from watcher.delivery.message import render, values_of
from watcher.delivery.rendered import Style
from watcher.delivery.view import view_of
from watcher.evidence import Criterion, Evidence, Member
from watcher.message import Also, Item, Message, RuleCount
from watcher.model import Severity, Verdict
from watcher.rules.sections.templates import parse_template
from watcher.text.messages import title_of
from watcher.units import DAY

CLIMBS = Evidence(
    "rank", "rank", "place", Criterion("climbs", (10.0,), baseline="last"), Verdict.MET,
    17.0, 34.0, NOW - DAY,
)  # fmt: skip
FALLS = Evidence(
    "spu_avg_price", "price", "money", Criterion("falls", (0.05,), percent=True, baseline="last"),
    Verdict.MET, 4.5, 5.0, NOW - DAY,
)  # fmt: skip
CHEAP = Evidence("spu_avg_price", "price", "money", Criterion("below", (5.0,)), Verdict.MET, 4.5)


def also(*why: Evidence, rule: str = "climbs", **more: object) -> Also:
    """What another rule says of a product."""
    return msgspec.structs.replace(Also(rule, "A9", "firing", NOW, why=why), **more)


def joint(*items: Item, parts: tuple[RuleCount, ...] = (), rest: int = 0) -> Message:
    """What three rules tell; of the last no product stands in it."""
    usual = (
        RuleCount("beauty-rising", 2, 0, "Sales took off", "breakout", Severity.WARNING),
        RuleCount("climbs", 2),
        RuleCount("unseen", 5, 0, "Ten of a kind"),
    )
    return msgspec.structs.replace(
        alerts([]), title="", rule="", description="", items=items, rest=rest, parts=parts or usual
    )


def under(rule: str, number: int, name: str, *words: Also) -> Item:
    """A product in full under a rule."""
    return msgspec.structs.replace(item(number, name), rule=rule, also=words)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (also(CLIMBS), "also climbs: #17, was 34"),
        (also(CLIMBS, label="rank up"), "also rank up: #17, was 34"),
        (also(FALLS), "also climbs: price 4.50 USD, was 5 (-10%)"),
        (also(CHEAP), "also climbs: price 4.50 USD (below 5)"),
        (also(CLIMBS, CHEAP), "also climbs: #17, was 34; price 4.50 USD (below 5)"),
        (also(CLIMBS, watch="rival"), "also climbs (on the list rival): #17, was 34"),
        (also(CLIMBS, kind="reminder", since=NOW - 7 * DAY, now=(CLIMBS,)),
         "also climbs: still firing, since 16 Nov; #17, was 34"),
        (also(CLIMBS, kind="resolved", reason="left the list"), "also climbs ended: left the list"),
        (also(CLIMBS, kind="resolved"), "also climbs ended"),
        (also(CLIMBS, kind="again", again=(FALLS,)),
         "also climbs: again: price 4.50 USD, told with 5 USD on 22 Nov"),
        (also(), "also climbs"),
        (also(CLIMBS, label="@everyone <b>x</b>"),
         "also @\u200beveryone <\u200bb>x<\u200b/b>: #17, was 34"),
    ],
)  # fmt: skip
def test_another_rules_word(word: Also, said: str) -> None:
    """Short: what it is called and its reasons."""
    message = joint(under("beauty-rising", 1, "Lamp", word))
    assert view_of(message, "", UTC).products[0].also == (said,)


@pytest.mark.parametrize("style", list(Style))
def test_every_format(style: Style) -> None:
    """Each rule above its products, which it counts; the word of others at the product; in the end
    a line for a rule of which nothing is shown, and the ids of all alerts."""
    message = joint(
        under("beauty-rising", 1, "Lamp", also(CLIMBS)),
        under("beauty-rising", 2, "Hat"),
        under("climbs", 3, "Mug"),
        rest=5,
    )
    rendered = render(message, style)
    body = rendered.plain or rendered.body
    assert "2 breakout, 2 climbs, 5 unseen (US)" in rendered.title + body
    places = [
        body.index(each)
        for each in (
            "breakout (warning)", "Sales took off", "Lamp", "also climbs: #17, was 34", "Hat",
            "climbs", "Mug", "unseen: 5 products - Ten of a kind", "and 5 more",
            "alerts A1, A9, A2, A3",
        )
        if each != "climbs"
    ]  # fmt: skip
    assert places == sorted(places)
    assert body.count("Sales took off") == 1


@pytest.mark.parametrize("style", list(Style))
def test_hostile_rules_and_products(style: Style) -> None:
    """Names, labels and descriptions do nothing, in any format."""
    words = [also(CLIMBS, rule=f"r{number}", label=each) for number, each in enumerate(HOSTILE)]
    parts = tuple(RuleCount(f"r{number}", 1, 0, each, each) for number, each in enumerate(HOSTILE))
    items = [under(f"r{number}", number, each, *words) for number, each in enumerate(HOSTILE)]
    rendered = render(joint(*items, parts=parts), style)
    for text in (rendered.body, rendered.plain, rendered.title):
        assert "<script" not in text
        assert "@everyone" not in text
        assert "<!channel>" not in text
        assert "http://evil" not in text
        assert "\u202e" not in text


def test_is_cut_at_a_product() -> None:
    """The rules of those that are cut have their line; where no product has room all have."""
    message = joint(
        *(under("beauty-rising", number, f"Lamp {number}") for number in range(5)),
        *(under("climbs", number, f"Mug {number}") for number in range(5, 9)),
    )
    whole = render(message, Style.PLAIN)
    assert "climbs: 2 products" not in whole.body
    cut = render(message, Style.PLAIN, limit=1_200)
    assert len(cut.title) + len(cut.body) <= 1_200
    assert "Lamp 0" in cut.body
    assert "climbs: 2 products" in cut.body
    least = render(message, Style.PLAIN, limit=260)
    assert "breakout (warning): 2 products - Sales took off" in least.body
    assert "9 products" in least.body
    tiny = render(message, Style.PLAIN, limit=120)
    assert len(tiny.title) + len(tiny.body) <= 120


def test_what_an_earlier_version_wrote() -> None:
    """A digest without labels and words of others is told as it was."""
    old = msgspec.structs.replace(
        joint(under("climbs", 1, "Lamp")), kind="digest", parts=(RuleCount("climbs", 1),)
    )
    assert title_of(old) == "1 climbs (US)"
    (product,) = view_of(old, "", UTC).products
    assert product.heading is not None
    assert (product.heading.called, product.also) == ("climbs", ())
    alone = msgspec.structs.replace(old, parts=())
    assert view_of(alone, "", UTC).products[0].notes == ("rule climbs",)


def test_templates_name_the_rules() -> None:
    """``products[].rules``; the words of others are among the reasons, so that a channel's own
    layout of before loses none of what counts as told."""
    message = joint(under("beauty-rising", 1, "Lamp", also(CLIMBS)), under("climbs", 3, "Mug"))
    values = values_of(message, view_of(message, title_of(message), UTC))
    assert [each["rules"] for each in values["products"]] == [
        ["breakout", "climbs"],
        ["climbs"],
    ]
    assert values["products"][0]["why"][-1] == "also climbs: #17, was 34"
    assert values["rule"] == "breakout, climbs, unseen"
    assert values["text"].startswith("breakout (warning): 2 products - Sales took off\n")
    template = parse_template(
        "{% for product in products %}{{ product.name }}: {{ product.rules | join(' + ') }}\n"
        "{% endfor %}"
    )
    for style in Style:
        assert "Lamp: breakout + climbs" in render(message, style, template=template).body
    single = alerts(["Lamp"])
    values = values_of(single, view_of(single, "", UTC))
    assert values["products"][0]["rules"] == ["beauty-rising"]


@pytest.mark.parametrize("style", list(Style))
def test_a_group(style: Style) -> None:
    """Its name without a link, its reasons, how many of its products they hold, and the three that
    did most of it."""
    members = (
        Member("1", "Lamp", 900.0),
        Member("2", "Hat", 400.0),
        Member("3", "@everyone", 50.0),
    )
    why = msgspec.structs.replace(GMV, compared=(34, 37), members=members)
    group = msgspec.structs.replace(
        item(1, "GlowLab"), product_id="seller_id=749", grouped_by="seller_id", size=37,
        why=(why,), facts={},
    )  # fmt: skip
    message = msgspec.structs.replace(alerts([]), items=(group,))
    (product,) = view_of(message, "", UTC).products
    assert product.why == (
        "7-day GMV 1,200 → 4,830 (+303%) since 16 Nov, of 34 of 37 products",
        "most of it: Lamp +900, Hat +400, @\u200beveryone +50",
    )
    assert (product.facts, product.link) == (("37 products",), "")
    body = render(message, style).body
    assert "GlowLab" in body
    assert "/shop/pdp/" not in body
    values = values_of(message, view_of(message, "", UTC))
    assert values["products"][0]["id"] == "seller_id=749"


def test_what_members_did() -> None:
    """Of a sum their values, of a number of products or a median none: it is not theirs."""
    members = (Member("1", "Lamp", 900.0), Member("2", "Hat", 400.0))
    level = msgspec.structs.replace(GMV, baseline=None, baseline_at=None, members=members)
    for value, said in ((4_830.0, "Lamp 900, Hat 400"), (5.0, "Lamp, Hat")):
        why = msgspec.structs.replace(level, value=value)
        group = msgspec.structs.replace(item(1, "GlowLab"), grouped_by="seller_id", why=(why,))
        message = msgspec.structs.replace(alerts([]), items=(group,))
        assert view_of(message, "", UTC).products[0].why[-1] == f"most of it: {said}"
