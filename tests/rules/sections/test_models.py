"""The shapes of sections, and their errors in words."""

import pytest

from watcher.model import Severity
from watcher.rules.sections.models import (
    ApiSection,
    ChannelSection,
    KeepSection,
    Misfit,
    QuietSection,
    RuleSection,
    Section,
    shape,
)

RULE = {"name": "a", "watch": "w", "when": {}}


def misfits(model: type[Section], value: object) -> list[str]:
    """Path and message of each problem."""
    with pytest.raises(Misfit) as caught:
        shape(model, value)
    return [f"{'.'.join(map(str, one.path))}: {one.message}" for one in caught.value.mistakes]


def test_reads_a_rule() -> None:
    """Durations are seconds, a severity is one, texts are stripped names."""
    rule = shape(RuleSection, RULE | {"for": "24h", "severity": "Warning", "cooldown": 0})
    assert (rule.for_, rule.severity, rule.cooldown, rule.remind) == (
        86_400,
        Severity.WARNING,
        0,
        None,
    )


@pytest.mark.parametrize(
    ("model", "value", "message"),
    [
        (RuleSection, RULE | {"notifi": 1}, 'notifi: unknown field "notifi", did you mean'),
        (RuleSection, {"name": "a", "when": 1}, ': needs "watch"'),
        (RuleSection, RULE | {"when": None}, "when: is empty: write a value"),
        (RuleSection, RULE | {"for": 24}, "for: 24 needs a unit: write it like 24h"),
        (RuleSection, RULE | {"for": True}, "for: takes a time like 24h, not true"),
        (RuleSection, RULE | {"cooldown": "1 day"}, '"1 day" is no duration'),
        (RuleSection, RULE | {"severity": "warn"}, 'did you mean "warning"?'),
        (RuleSection, RULE | {"severity": 3}, "takes info, warning or critical"),
        (RuleSection, RULE | {"limit": 0}, "limit: must be at least 1"),
        (RuleSection, RULE | {"limit": 5.5}, "takes a whole number"),
        (RuleSection, RULE | {"resolved": "yes"}, "takes true or false"),
        (RuleSection, RULE | {"name": 5}, "takes a text, not the number 5: put it in quotes"),
        (RuleSection, RULE | {"name": "a\nb"}, "on one line"),
        (RuleSection, RULE | {"description": ["a"]}, "takes a text, not a list"),
        (RuleSection, "text", "must be a mapping (name, watch, when, description ...)"),
        (ApiSection, {"requests_per_second": 0}, "must be above 0"),
        (ApiSection, {"requests_per_second": True}, "takes a number, not true"),
        (ApiSection, {"key": "a b"}, "key: has a space"),
        (ApiSection, {"key": 5}, "put the key in quotes"),
        (ApiSection, {"key": " "}, "key: is empty"),
        (ApiSection, {"url": "ftp://x"}, "url: is no address"),
        (ApiSection, {"url": "http://x:99999"}, "url: is no address"),
        (ApiSection, {"url": 5}, "takes an address"),
        (ApiSection, {"credits_per_day": -5}, "must be at least 1"),
        (ChannelSection, {"url": []}, "not an empty list"),
        (ChannelSection, {"url": "abc"}, "this is no Apprise URL"),
        (ChannelSection, {"url": ["json://a", 5]}, "url.1: must be an Apprise URL"),
        (ChannelSection, {"url": "$SLACK_URL"}, "url: a variable is written with braces"),
        (ApiSection, {"key": "$KEYAPI_KEY"}, "as ${KEYAPI_KEY}"),
        (ApiSection, {"credits_per_day": "500%"}, 'not the percentage "500%"'),
        (RuleSection, {"top": 5}, '"top" belongs to the watch'),
        (RuleSection, {"min_total_sale_cnt": 5}, '"min_total_sale_cnt" belongs to the watch'),
        (ChannelSection, {"url": "json://a", "timezone": "Mars"}, '"Mars" is no time zone'),
        (ChannelSection, {"url": "json://a", "timezone": 2}, "takes a time zone"),
        (QuietSection, 5, "must be a mapping"),
        (QuietSection, {"hours": "25:00-1:00"}, "hours: takes a time of day"),
        (QuietSection, {"hour": 1}, 'did you mean "hours"?'),
        (ChannelSection, {"url": "json://a", "digest": "0 9 * * 1"}, "by name"),
        (ChannelSection, {"url": "json://a", "digest": 9}, 'as "09:00"'),
        (KeepSection, {"observations": "1h"}, "must be at least 1d"),
    ],
)
def test_says_what_does_not_fit(model: type[Section], value: object, message: str) -> None:
    """In words that need no programmer."""
    assert message in "\n".join(misfits(model, value))


def test_all_at_once() -> None:
    """A missing key, an empty one, an unknown one and a wrong value."""
    found = misfits(RuleSection, {"watch": None, "nam": "a", "for": "x"})
    assert len(found) == 5  # name and when are missing
