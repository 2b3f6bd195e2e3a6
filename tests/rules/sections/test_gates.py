"""``severity:`` by the data and ``mutes:``, as the rule file has them."""

from __future__ import annotations

import pytest

from watcher.errors import RulesError
from watcher.model import Severity
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook

HEAD = """
channels:
  me: {url: "json://localhost/"}
  boss: {url: "json://localhost/b", min_severity: critical}
defaults: {region: US, notify: [me, boss]}
watches: {top: {region: US, sort: total_sale_7d_cnt desc}}
rules:
"""


def load(*written: tuple[str, str]) -> Rulebook:
    """Rules by name, each on the same list, with further lines."""
    rules = (
        f"  - name: {name}\n    watch: top\n    when: {{total_sale_7d_cnt: {{at_least: 20}}}}\n"
        f"    {more}\n"
        for name, more in written
    )
    return load_text(HEAD + "".join(rules))


def test_what_is_read() -> None:
    """The highest grade first, whichever is written first; and who is muted by whom."""
    book = load(
        ("a", "severity: {warning: {sales_growth: {at_least: 50%}}, critical: {rank: 1}}"),
        ("b", "mutes: [a, c]\n    severity: critical"),
        ("c", "mutes: a"),
        ("off", "mutes: a\n    enabled: false"),
    )
    a, b, c, off = book.rules
    assert [grade.severity for grade in a.grades] == [Severity.CRITICAL, Severity.WARNING]
    assert [rule.severities for rule in (a, b)] == ["info to critical", "critical"]
    assert [rule.mutes for rule in (a, b, c, off)] == [(), ("a", "c"), ("a",), ("a",)]
    assert [rule.muted_by for rule in (a, b, c, off)] == [("b", "c"), (), ("b",), ()]
    plain = load(("a", "severity: critical")).rules[0]
    assert a.fingerprint == plain.fingerprint
    assert book.warnings == ()


@pytest.mark.parametrize(
    ("written", "wrong"),
    [
        ("severity: urgent", '"urgent" is no severity: it is info, warning or critical'),
        ("severity: []", "takes info, warning or critical, not a list"),
        ("severity: {}", "is empty: write critical: or warning: with conditions, or a severity"),
        ("severity: {critical: }", "is empty: write conditions, or leave the line out"),
        ("severity: {info: {rank: 1}}", "info is what an alert is where neither critical nor"),
        ("severity: {warn: {rank: 1}}", '"warn" is no severity, did you mean "warning"?'),
        ("severity: {critical: {sales_growt: 3}}", 'unknown metric "sales_growt", did you mean'),
        ("severity: {critical: 3}", "severity.critical: "),
        ("mutes: {other: true}", "takes a list of rules' names, not a mapping"),
        ("mutes: [3]", "takes a rule's name, not the number 3"),
        ("mutes: [othr]", 'unknown rule "othr", did you mean "other"?'),
        ("mutes: [r]", '"r" can\'t mute itself: leave it out'),
    ],
)
def test_what_is_wrong(written: str, wrong: str) -> None:
    """In the user's words, at its place."""
    with pytest.raises(RulesError) as error:
        load(("r", written), ("other", "priority: 1"))
    (problem,) = error.value.problems
    assert wrong in str(problem)
    assert str(problem).startswith("rules.yaml:11:")


def test_circles() -> None:
    """Each once, with all that are in it."""
    with pytest.raises(RulesError) as error:
        load(("a", "mutes: b"), ("b", "mutes: [c, d]"), ("c", "mutes: a"), ("d", "mutes: b"))
    assert [str(each).split(": ", 2)[2] for each in error.value.problems] == [
        "a circle: a mutes b mutes c mutes a; nobody would know who speaks: leave one of them out",
        "a circle: b mutes d mutes b; nobody would know who speaks: leave one of them out",
    ]


def test_doubts() -> None:
    """What is never so severe, what mutes nothing, and what a channel never hears of."""
    book = load(
        ("never", "severity: {critical: {total_sale_7d_cnt: {below: 9}}, warning: {rank: 1}}"),
        ("higher", "severity: {critical: {rank: {at_most: 9}}, warning: {rank: {at_most: 3}}}"),
        ("apart", "notify: me\n    mutes: other"),
        ("other", "notify: boss\n    severity: {critical: {rank: 1}}"),
    )
    assert [str(each).split(": ", 2)[2] for each in book.warnings] == [
        (
            '"total_sale_7d_cnt at least 20" and "total_sale_7d_cnt below 9" exclude each other: '
            "it is never critical"
        ),
        "what meets this meets critical, too: it is never warning",
        "mutes nothing: apart tells me, and other boss; it is muted in a channel that both tell",
    ]


def test_groups_and_products() -> None:
    """One has no subject of the other's: neither can mute the other."""
    groups = "groups: {shelves: {of: top, by: seller_id}}\nrules:\n"
    shelf = (
        "  - {name: shelf, watch: shelves, when: {size: {at_least: 5}}, mutes: other, "
        "severity: critical}\n"
    )
    other = "  - {name: other, watch: top, when: {rank: 1}}\n"
    book = load_text(HEAD.replace("rules:\n", groups) + shelf + other)
    assert [str(each).split(": ", 2)[2] for each in book.warnings] == [
        "mutes nothing: shelf speaks of groups by seller_id, and other of products"
    ]
