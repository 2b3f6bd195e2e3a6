"""Quiet hours of channels and rules, one or several."""

from __future__ import annotations

import pytest

from tests.rules.tables import problems_of
from watcher.rules.files.loading import load_text

CHANNEL = """
channels: {me: {url: "json://x", timezone: Asia/Tokyo, quiet: %s}}
defaults: {region: US, notify: [me], timezone: Europe/Berlin}
rules: [{name: a, watch: {}, when: {review_count: 1}}]
"""
RULE = """
channels: {me: {url: "json://x"}}
defaults: {region: US, notify: [me], timezone: Europe/Berlin}
rules: [{name: a, watch: {}, when: {review_count: 1}, quiet: %s}]
"""


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("{hours: 22:00-7:00}", "22:00-07:00 ZONE"),
        ("[{hours: 22:00-7:00}]", "22:00-07:00 ZONE"),
        ("{hours: 22:00-7:00, days: [fri, sat], timezone: UTC}", "fri, sat 22:00-07:00 UTC"),
        ("{days: sat-sun}", "sat, sun 00:00-24:00 ZONE"),
        ("{days: fri-mon}", "mon, fri, sat, sun 00:00-24:00 ZONE"),
        ("{days: 'Sun - tues, thu'}", "mon, tue, thu, sun 00:00-24:00 ZONE"),
        (
            "[{hours: 22:00-07:00, days: mon-fri}, {days: [sat, sun], timezone: UTC}]",
            "mon, tue, wed, thu, fri 22:00-07:00 ZONE; sat, sun 00:00-24:00 UTC",
        ),
    ],
)
def test_quiet_in_a_channel_and_a_rule(written: str, said: str) -> None:
    """In the channel's zone, or that of the defaults, where they have none of their own."""
    channel = load_text(CHANNEL % written).channels["me"]
    assert str(channel.quiet) == said.replace("ZONE", "Asia/Tokyo")
    without = RULE.replace(", quiet: %s", "")
    plain, quiet = load_text(without).rules[0], load_text(RULE % written).rules[0]
    assert str(quiet.quiet) == said.replace("ZONE", "Europe/Berlin")
    assert (plain.quiet, plain.fingerprint) == (None, quiet.fingerprint)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("[]", "quiet: takes hours, as {hours: 22:00-07:00}, or a list of such"),
        ("22:00-07:00", "quiet: must be a mapping (hours, days, timezone ...), not the text"),
        ("[22:00-07:00]", "quiet[0]: must be a mapping (hours, days, timezone ...), not"),
        ("{}", 'quiet: needs "hours", as "22:00-07:00", or "days"'),
        ("{timezone: UTC}", 'quiet: needs "hours"'),
        ("{hours: 22-7}", "quiet.hours: takes a time of day from and to"),
        ("{hours: 24:00-07:00}", "a day begins at 0:00"),
        ("{hours: 07:00-24:30}", "a day ends at 24:00"),
        ("{hours: 07:00-7:00}", "begins when it ends: nothing would ever be told"),
        ("{hours: 07:00-7:00, days: mon-sun}", "begins when it ends"),
        ("{days: mon-sun}", "begins when it ends"),
        ("{days: [sat, suturday]}", 'quiet.days: "suturday" is no day of the week'),
        ("{days: [sat, su]}", 'quiet.days: "su" is no day of the week'),
        ("{days: t}", 'quiet.days: "t" is no day of the week'),
        ("{days: 5}", "takes days of the week, as [sat, sun] or mon-fri, not the number 5"),
        ("{days: []}", "takes days of the week"),
        ("{days: sat, hour: 1}", 'unknown field "hour", did you mean "hours"'),
        ("[{days: sat}, {days: sun, timezone: Berlin}]", "quiet[1].timezone"),
        ("[{days: mon-fri}, {days: sat-sun}]", "together they leave no hour of the week"),
    ],
)
def test_quiet_refuses(written: str, said: str) -> None:
    """Once, with what it should be; in a rule as in a channel."""
    for text in (CHANNEL, RULE):
        problems = problems_of(text % written)
        assert len(problems) == 1, problems
        assert said in problems[0]
