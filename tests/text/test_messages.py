"""Messages in words, composed of fields; those of earlier versions have their words stored."""

from __future__ import annotations

import msgspec

from watcher.message import Message, RuleCount, Waited
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
    assert title_of(DIGEST) == "[warning] 2 rules: 3 products (US, GB)"
    assert text_of(DIGEST) == "low: 1 product\nr: 2 products - Sells well"


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
