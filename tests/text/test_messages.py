"""Messages in words, composed of fields; those of earlier versions have their words stored."""

from __future__ import annotations

import msgspec
import pytest

from watcher.message import Item, Message, RuleCount, Waited
from watcher.model import Severity
from watcher.text.messages import text_of, title_of

ALERTS = Message("alerts", "", Severity.INFO, 1, rule="r", region="US", told=30, ended=2)
DIGEST = Message(
    "digest", "", Severity.WARNING, 1, region="US, GB", told=3,
    parts=(RuleCount("low", 1), RuleCount("r", 2, description="Sells well")),
)  # fmt: skip


def test_alerts() -> None:
    """Of what is told and of what ended."""
    assert title_of(ALERTS) == "[info] r: 30 products, 2 ended (US)"
    assert text_of(ALERTS) == ""


def test_a_digest() -> None:
    """A line for each rule."""
    assert title_of(DIGEST) == "1 low, 2 r (US, GB)"
    assert text_of(DIGEST) == "low: 1 product\nr: 2 products - Sells well"


@pytest.mark.parametrize(
    ("parts", "severity", "title"),
    [
        ([("r", 3, 0, "breakout"), ("s", 2, 0, "")], "warning", "3 breakout, 2 s (US)"),
        ([("r", 3, 1, "breakout"), ("s", 0, 2, "")], "info",
         "3 breakout, 1 breakout ended, 2 s ended (US)"),
        ([("r", 1, 0, "error"), ("s", 1_200, 0, "")], "critical",
         "[critical] 1 error, 1,200 s (US)"),
        ([("us", 3, 0, "breakout"), ("gb", 2, 0, "breakout")], "info", "5 breakout (US)"),
        ([(f"rule-number-{n}", 1, 0, "") for n in range(9)], "info",
         "1 rule-number-0, 1 rule-number-1, 1 rule-number-2 and 6 rules more (US)"),
        ([("r" * 100, 1, 0, ""), ("s", 1, 0, "")], "info", f"1 {'r' * 39}…, 1 s (US)"),
    ],
)  # fmt: skip
def test_a_title_for_a_lock_screen(
    parts: list[tuple[str, int, int, str]], severity: str, title: str
) -> None:
    """Of several rules each with its count, by its label; what is critical says so."""
    counts = tuple(RuleCount(rule, told, ended, "", label) for rule, told, ended, label in parts)
    for kind in ("alerts", "digest"):
        message = Message(kind, "", Severity(severity), 1, region="US", parts=counts)
        assert title_of(message) == title


def test_a_label_stands_in_place_of_the_name() -> None:
    """In the title of one rule, and in each rule's line."""
    labelled = msgspec.structs.replace(ALERTS, label="breakout")
    assert title_of(labelled) == "[info] breakout: 30 products, 2 ended (US)"
    part = RuleCount("r", 2, 1, "Sells well", "breakout", Severity.CRITICAL)
    message = msgspec.structs.replace(DIGEST, parts=(part,))
    assert text_of(message) == "breakout (critical): 2 products, 1 ended - Sells well"


def test_groups_are_called_so() -> None:
    """In titles and lines; of products and groups together one speaks of alerts."""
    group = Item("A1", "firing", "US", "seller_id=7", "GlowLab", 1, grouped_by="seller_id")
    alone = msgspec.structs.replace(ALERTS, told=1, ended=0, items=(group,))
    assert title_of(alone) == "[info] r: 1 seller (US)"
    both = (RuleCount("r", 2), RuleCount("g", 1, grouped_by="seller_id"))
    joined = msgspec.structs.replace(
        DIGEST, kind="joined", parts=both, waited=Waited(2, 60), told=3
    )
    assert title_of(joined) == "[warning] what still holds: 3 alerts (US, GB)"
    assert text_of(joined).splitlines()[1:] == ["r: 2 products", "g: 1 seller"]


def test_what_waited() -> None:
    """With the troubles that go on, those that are over, and what is only counted."""
    waited = Waited(25, 7_200, passed=1, troubles=("the disk is full",), over=("key",), others=2)
    joined = msgspec.structs.replace(DIGEST, kind="joined", waited=waited)
    assert title_of(joined) == "[warning] what still holds: 3 products, 1 trouble (US, GB)"
    assert text_of(joined).splitlines() == [
        "25 messages waited for up to 2h. What still holds of them:",
        "low: 1 product",
        "r: 2 products - Sells well",
        "1 alert began and ended meanwhile.",
        "watcher: the disk is full",
        "watcher: over: key",
        "2 troubles of the watcher came and went.",
    ]


def test_what_an_earlier_version_wrote() -> None:
    """It waited through the update, and is told in the words that it was written with."""
    stored = (
        b'{"kind":"digest","title":"[info] 2 rules: 1 product (US)","severity":"info",'
        b'"created":1,"text":"a: 1 product\\nb: 1 ended"}'
    )
    old = msgspec.json.decode(stored, type=Message)
    assert title_of(old) == "[info] 2 rules: 1 product (US)"
    assert text_of(old) == "a: 1 product\nb: 1 ended"
