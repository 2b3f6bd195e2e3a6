"""Rules of several watches, and rules that are not enabled, as they are read."""

from __future__ import annotations

import pytest

from tests.rules.tables import problems_of
from watcher.data_days import DataDays
from watcher.errors import RulesError
from watcher.rules.files.loading import load_text
from watcher.rules.rulebook import Rulebook

WATCHES = """
defaults: {region: US}
watches:
  a: {sort: total_sale_7d_cnt desc}
  b: {top: 50}
  c: {sort: total_sale_7d_cnt desc, every: 6h}
  same: {sort: total_sale_7d_cnt, top: 100}
"""


def text(watch: str, when: str = "{review_count: 1}", more: str = "") -> str:
    """A file with one rule."""
    return f"{WATCHES}rules: [{{name: r, watch: {watch}, when: {when}, notify: []{more}}}]\n"


def read(watch: str, when: str = "{review_count: 1}", more: str = "") -> Rulebook:
    """That file as a book."""
    return load_text(text(watch, when, more))


@pytest.mark.parametrize(
    ("watch", "names"),
    [
        ("a", ["a"]),
        ("[a]", ["a"]),
        ("[b, a]", ["b", "a"]),
        ("[a, {region: GB}]", ["a", "r"]),
        ("[{region: GB}, {region: DE}, b]", ["r", "r (2)", "b"]),
        ("[a, c]", ["a", "c"]),
        ("{region: GB}", ["r"]),
    ],
)
def test_a_name_a_mapping_or_a_list_of_them(watch: str, names: list[str]) -> None:
    """In the order in which they are written; each is read."""
    book = read(watch)
    (rule,) = book.rules
    assert [each.name for each in rule.watches] == names
    assert {*rule.watches} == {*book.used_watches}
    assert all(book.rules_of(each) == (rule,) for each in rule.watches)
    assert rule.watched == ", ".join(names)


@pytest.mark.parametrize(
    ("watch", "message"),
    [
        ("[]", "rules[0].watch: takes a watch, or a list of them, not an empty list"),
        ("[a, b, a]", 'rules[0].watch[2]: names "a" twice'),
        ("[a, same]", "rules[0].watch[1]: is the same list as the one before it"),
        ("[{region: GB}, {region: gb}]", "rules[0].watch[1]: is the same list as the one before"),
        ("[a, beauti]", 'rules[0].watch[1]: unknown watch "beauti": there are a, b, c, same'),
        ("[a, [b]]", "rules[0].watch[1]: must be the name of a watch, or a mapping"),
        ("[a, {regoin: GB}]", 'rules[0].watch[1]: unknown field "regoin", did you mean "region"?'),
    ],
)
def test_what_is_wrong_with_a_list(watch: str, message: str) -> None:
    """Said at its place."""
    (problem,) = problems_of(text(watch))
    assert message in problem


@pytest.mark.parametrize(
    ("when", "more", "message"),
    [
        ("{rank: {at_most: 5}}", "", "rank needs a sorted list, which b is not: give the watch a"),
        (
            "{review_count: 1}",
            ", order_by: rank",
            "rank needs a watch with a sort, which b has not",
        ),
    ],
)
def test_ranks_need_a_sort_of_every_list(when: str, more: str, message: str) -> None:
    """Which one has none is said."""
    (problem,) = problems_of(text("[a, b]", when, more))
    assert message in problem
    assert read("[a, c]", when, more).rules[0].watches


def test_the_order_of_watches_and_schedules_begin_nothing_anew() -> None:
    """A rule is what its lists ask for, and its conditions."""

    def mark(watch: str) -> str:
        return read(watch).rules[0].fingerprint

    assert mark("[a, b]") == mark("[b, a]")
    assert mark("a") == mark("c") == mark("[c]")
    assert mark("a") != mark("b") != mark("[a, b]")


class _WithoutDays:
    """A history in which nothing was read with the refresh."""

    def data_days(self, region: str) -> DataDays:
        return DataDays()


def test_the_least_of_a_time_is_that_of_who_looks_most_often() -> None:
    """A cooldown counts for all lists of a rule."""
    (rule,) = read("[a, c]").rules
    assert rule.least(86_400, _WithoutDays(), 0) == max(each.least(86_400) for each in rule.watches)


def test_a_doubt_that_is_of_one_list_says_so() -> None:
    """One that is of all does not."""
    book = read("[{region: US, every: 30d}, c]", "{review_count: {rises: 10, from: 7d ago}}")
    (doubt,) = (each for each in book.warnings if "finds no scan" in each.message)
    assert doubt.message.startswith("on r: ")
    book = read("[a, c]", "{sales_growth: {at_least: 50}}")
    (doubt,) = (each for each in book.warnings if "percent sign" in each.message)
    assert not doubt.message.startswith("on ")


@pytest.mark.parametrize("off", ["false", "False", '"false"'])
def test_what_only_rules_that_are_not_enabled_use_is_not_read(off: str) -> None:
    """They are checked all the same; and it is said of each such list."""
    book = read("[a, {region: GB}]", more=f", enabled: {off}")
    assert not book.rules[0].enabled
    assert book.used_watches == ()
    told = {each.path: each.message for each in book.warnings}
    assert told["watches.a"] == "only rules with enabled: false use this watch: it is not read"
    assert told["rules[0].watch[1]"] == "the rule has enabled: false: this list is not read"
    assert "no rule uses this watch" in told["watches.b"]
    with pytest.raises(RulesError, match="unknown"):
        read("a", "{no_such_metric: 1}", f", enabled: {off}")


def test_what_another_rule_uses_is_read() -> None:
    """Though this one is not enabled."""
    rules = "{name: s, watch: same, when: {review_count: 1}, notify: []}"
    book = load_text(text("a", more=", enabled: false").replace("}]\n", f"}}, {rules}]\n"))
    assert [each.name for each in book.used_watches] == ["a"]
    assert [each.name for each in book.rules_of(book.used_watches[0])] == ["s"]
    assert not [each for each in book.warnings if "enabled" in each.message]


@pytest.mark.parametrize("value", ["maybe", "0", "[]"])
def test_enabled_is_true_or_false(value: str) -> None:
    """Nothing else."""
    (problem,) = problems_of(text("a", more=f", enabled: {value}"))
    assert "takes true or false" in problem
