"""Every fault of an entry is told at once: none hides another, whichever two there are."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

import pytest

from tests.rules.tables import problems_of
from watcher.rules.sections import models

_LIST = "{region: US, sort: total_sale_7d_cnt desc}"
_RULE = "{name: %s, watch: top, when: {review_count: 1}, notify: me, mutes: broken}"
_QUIET = "{hours: 25-7, days: [someday], timezone: Mars/Base}"

# By key a value that is wrong, besides one that is unknown.
RULE = {
    "name": '"a\\nb"', "watch": "tpo", "when": "{review_cuont: 1}", "description": "[]",
    "label": "[]", "until": "{review_cuont: 2}", "for": "1 while", "keep_firing_for": "long",
    "again": "{review_cuont: {rises: 3}}", "severity": "urgent", "mutes": "othr",
    "notify": "nobody", "cooldown": "8", "remind": "often", "resolved": "perhaps", "limit": "0",
    "quiet": _QUIET, "order_by": "review_cuont", "priority": "high", "enabled": "perhaps",
    "every": "1h",
}  # fmt: skip
CHANNEL = {
    "url": "nowhere", "min_severity": "urgent", "max_severity": "grave",
    "timezone": "Mars/Base", "quiet": _QUIET,
    "digest": "9 o clock", "template": '"{{"', "at_most": "few", "limit": "0", "group_by": "size",
    "language": "klingon", "page": "ftp://x", "payload": "xml", "urls": "1",
}  # fmt: skip
GROUP = {
    "of": "tpo", "by": "colour", "metrics": "{a: {sum: review_cuont}, b: {mean: ales}}",
    "where": "1",
}  # fmt: skip
REPORT = {
    "at": "9 o clock", "watch": "tpo", "timezone": "Mars/Base", "order_by": "review_cuont",
    "compare": "often", "show": "{movers: 1000}", "notify": "nobody", "every": "1h",
}  # fmt: skip
SHOW = {
    "movers": "many", "entered": "101", "left": "-1", "sellers": "[]", "prices": "perhaps",
    "alerts": "1.5", "others": "1",
}  # fmt: skip
QUIET = {"hours": "25-7", "days": "[someday]", "timezone": "Mars/Base", "from": "22:00"}
WATCH = {"region": "Mars", "sort": "luck", "top": "many", "every": "often", "timezone": "Mars/X"}
OWN = {"min": "review_cuont", "among": "colour", "where": "{review_cuont: 2}", "sizes": "1"}
TOP = {"of": "ales", "by": "colour", "first": "0", "when": "1"}
WHOLE = {
    "rule": {"name": "broken", "watch": "top", "when": "{review_count: 1}", "notify": "me"},
    "channel": {"url": '"json://x"'},
    "group": {"of": "top", "by": "seller_id", "metrics": "{gmv: {sum: review_count}}"},
    "quiet": {"hours": '"22:00-07:00"'},
    "watch": {"sort": "total_sale_7d_cnt desc", "region": "US"},
    "own": {"min": "review_count", "among": "category_id"},
    "top": {"of": "review_count", "by": "seller_id", "first": "3"},
    "report": {"at": '"08:00"', "watch": "top"},
    "show": {"movers": "5"},
}
FAULTS = dict(zip(WHOLE, (RULE, CHANNEL, GROUP, QUIET, WATCH, OWN, TOP, REPORT, SHOW), strict=True))
SHAPES: dict[str, type[models.Section]] = {
    "rule": models.RuleSection, "channel": models.ChannelSection, "group": models.GroupSection,
    "quiet": models.QuietSection, "report": models.ReportSection, "show": models.ShowSection,
}  # fmt: skip


def _file(of: str, written: Mapping[str, str]) -> str:
    """A file with an entry of that kind."""
    here = {kind: "{" + ", ".join(f"{key}: {text}" for key, text in entry.items()) + "}"
            for kind, entry in WHOLE.items()}  # fmt: skip
    here[of] = "{" + ", ".join(f"{key}: {text}" for key, text in written.items()) + "}"
    return f"""
channels:
  me: {{url: "json://x"}}
  tested: {here["channel"]}
  quieted: {{url: "json://x", quiet: {here["quiet"]}}}
metrics: {{own: {here["own"]}}}
watches: {{top: {_LIST}, tested: {here["watch"]}}}
groups:
  shelves: {here["group"]}
  tops: {{of: top, by: watch, metrics: {{t: {{top_share: {here["top"]}}}}}}}
reports:
  monday: {here["report"]}
  tuesday: {{at: "08:00", watch: top, show: {here["show"]}}}
rules:
  - {here["rule"]}
  - {{name: other, watch: top, when: {{review_count: 1}}, notify: [me, tested, quieted]}}
  - {{name: of_group, watch: shelves, when: {{size: 9}}, notify: me}}
  - {{name: of_tops, watch: tops, when: {{size: 9}}, notify: me}}
"""


def _said(of: str, *keys: str) -> set[str]:
    """The problems where these keys are wrong, without the columns."""
    written = WHOLE[of] | {key: FAULTS[of][key] for key in keys}
    return {each.split(": ", 1)[1] for each in problems_of(_file(of, written))}


@pytest.mark.parametrize("of", WHOLE)
def test_two_faults_are_both_told(of: str) -> None:
    """Whichever two keys are wrong: what is said of each alone is said of both."""
    if of in SHAPES:
        known = {info.alias or name for name, info in SHAPES[of].model_fields.items()}
        assert known <= FAULTS[of].keys()
    assert _said(of) == set()
    alone = {key: _said(of, key) for key in FAULTS[of]}
    assert all(alone.values()), alone
    for pair in combinations(alone, 2):
        assert _said(of, *pair) >= alone[pair[0]] | alone[pair[1]], pair


@pytest.mark.parametrize("key", [key for key in RULE if key != "name"])
def test_the_name_of_a_broken_rule_is_known(key: str) -> None:
    """To who mutes it, to who takes it, and to its own circle."""
    text = _file("rule", WHOLE["rule"] | {"mutes": "second"} | {key: RULE[key]})
    alone = problems_of(text)
    more = problems_of(text + f"  - {_RULE % 'second'}\n  - {_RULE % 'broken'}\n")
    added = [each for each in more if each not in alone]
    assert not any("unknown rule" in each for each in added)
    assert any("broken" in each and "already used" in each for each in added)
    assert any("a circle: broken mutes second" in each for each in added) is (key != "mutes")
